"""Suggestions for the next question, from the content of the cube and the previous questions."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import xarray as xr

from eowidgets.analysis.ask import season
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.asking import ask
from eowidgets.analysis.ask.context import span
from eowidgets.analysis.ask.landcover import needs
from eowidgets.analysis.ask.language import COVERS
from eowidgets.analysis.ask.screen import checksums, screened
from eowidgets.cube.indices import present
from eowidgets.cube.schema import bands
from eowidgets.errors import InputError

HERE = " in the drawn area"
SURE = "How sure is that figure?"
#: Number of questions whose result is cached.
KEPT = 200
_kept: OrderedDict[Any, bool] = OrderedDict()


def suggestions(
    cube: xr.Dataset,
    history: Sequence[Answer] = (),
    *,
    drawn: bool = False,
    date: str = "",
    layers: Collection[str] = (),
    most: int = 4,
    tick: Callable[[], None] | None = None,
) -> list[str]:
    """Return questions that this cube answers with enough confidence, and that were not asked yet; each is tested.

    Parameters
    ----------
    cube : Dataset
    history : sequence of Answer
        The dialogue so far.
    drawn : bool
        Whether an area is drawn.
    date : str
        ISO date in view.
    layers : collection of str
        Names of the user's layers, or the layers by their names.
    tick : callable, optional
        Called before each question is tested; an exception that it raises ends the search.
    """
    last = span(cube)[1]
    land = not needs(cube)
    try:
        counted = season.whole_years(screened(cube)) if land else []
    except InputError:
        counted = []
    a, b = (counted[0], counted[-1]) if counted else (int(last[:4]), int(last[:4]))
    here = HERE if drawn else ""
    years = b > a
    wanted = []
    last_program = history[-1].program if history and not history[-1].abstained else None
    if last_program is not None and last_program.kind != "outlook":  # a forecast has no other year and no half
        scope = last_program.scope
        year = scope.start[:4] if scope.start[:4] == scope.end[:4] else ""
        if years and year:
            wanted.append(f"and in {int(year) + 1 if int(year) < b else int(year) - 1}?")
        wanted.append("and in the north?" if not drawn else "")
        asked_why = last_program.kind != "change" or getattr(last_program, "ask", "") == "cause"
        if land and not asked_why and getattr(last_program, "of", "") in ("", *COVERS):
            wanted.insert(0, "What caused it?")
    if history and history[-1].interval is not None:
        wanted.insert(0, SURE)
    if land:
        wanted += [
            f"What is there{here}?" if drawn else "Describe this scene.",
            f"How much forest is there{here} in {date[:4] or b}?",
        ]
    green = {"red", "nir"} <= set(bands(cube)) or present(cube, "NDVI")
    wanted += [f"Where was forest lost{here} between {a} and {b}?"] if land and years else []
    if green and span(cube)[0][:4] < last[:4]:
        wanted += [f"When does the growing season start{here}?", f"Is NDVI rising{here}?"]
    wanted += [f"What changed{here} between {a} and {b}?"] if land and years else []
    wanted += [f"When is NDVI highest{here}?"] if green else []
    wanted += [f"Which of my {str(n)[:40]} is the greenest?" for n in list(layers)[:1]]
    wanted += [f"How cloudy was {date[:4] or b}?"] if "clouds" in cube else []
    asked = {a.question.strip().lower() for a in history}
    chosen = [w for w in dict.fromkeys(wanted) if w and w.lower() not in asked]

    def passing() -> Iterator[str]:
        for question in chosen:
            if tick is not None:
                tick()
            if _passes(cube, question, history, layers):
                yield question

    return list(islice(passing(), most))


def _passes(cube: xr.Dataset, question: str, history: Sequence[Answer], layers: Collection[str]) -> bool:
    """Return whether a question has a certain answer; questions about a drawn area are tested for the whole cube."""
    if question.startswith("Which of my") and not isinstance(layers, Mapping):
        return True  # only the names of the layers are given
    plain = question.replace(HERE, "")
    key = (checksums(cube), plain, history[-1].program if history else None, tuple(layers))
    if key not in _kept:
        given = layers if isinstance(layers, Mapping) else None
        answer = ask(cube, plain, history=history[-1:], layers=given)
        _kept[key] = not answer.abstained and not answer.uncertain
        if len(_kept) > KEPT:
            _kept.popitem(last=False)
    return _kept[key]
