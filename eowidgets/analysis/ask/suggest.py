"""What could be asked next, from what the cube holds and what was asked before."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import xarray as xr

from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.context import span
from eowidgets.analysis.ask.landcover import needs
from eowidgets.analysis.ask.language import COVERS
from eowidgets.cube.indices import present
from eowidgets.cube.schema import bands


def suggestions(
    cube: xr.Dataset,
    history: Sequence[Answer] = (),
    *,
    drawn: bool = False,
    date: str = "",
    layers: Collection[str] = (),
    most: int = 4,
) -> list[str]:
    """Questions that this cube can answer and that were not asked yet.

    Parameters
    ----------
    cube : Dataset
    history : sequence of Answer
        The dialogue so far.
    drawn : bool
        Whether an area is drawn.
    date : str
        ISO date that is looked at.
    layers : collection of str
        Names of the person's layers.
    """
    first, last = span(cube)
    a, b = int(first[:4]) + (first[5:] > "04-01"), int(last[:4]) - (last[5:] < "09-30")
    here = " in the drawn area" if drawn else ""
    land, years = not needs(cube), b > a
    wanted = []
    told_last = history[-1].program if history and not history[-1].abstained else None
    if told_last is not None and told_last.kind != "outlook":  # what comes has neither another year nor a half
        scope = told_last.scope
        told = scope.start[:4] if scope.start[:4] == scope.end[:4] else ""
        if years and told:
            wanted.append(f"and in {int(told) + 1 if int(told) < b else int(told) - 1}?")
        wanted.append("and in the north?" if not drawn else "")
        asked_why = told_last.kind != "change" or getattr(told_last, "ask", "") == "cause"
        if land and not asked_why and getattr(told_last, "of", "") in ("", *COVERS):
            wanted.insert(0, "What caused it?")
    if land:
        wanted += [
            f"What is there{here}?" if drawn else "Describe this scene.",
            f"How much forest is there{here} in {date[:4] or b}?",
        ]
    if land and years:
        wanted += [f"Where was forest lost{here} between {a} and {b}?", f"What changed{here} between {a} and {b}?"]
    wanted += [f"When is NDVI highest{here}?"] if {"red", "nir"} <= set(bands(cube)) or present(cube, "NDVI") else []
    wanted += [f"Which of my {str(n)[:40]} is the greenest?" for n in list(layers)[:1]]
    wanted += [f"How cloudy was {date[:4] or b}?"] if "clouds" in cube else []
    wanted += [f"Is NDVI rising{here}?"] if years else []
    asked = {a.question.strip().lower() for a in history}
    return [w for w in dict.fromkeys(wanted) if w and w.lower() not in asked][:most]
