"""Write the table of publications: which of their systems are in the package, from ``publications.toml`` and the models."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from docsite.systems import System, linked, origin_of

SOURCE = Path(__file__).with_suffix(".toml")
INTRO = """# Publications

One row for each publication whose system belongs in a notebook on satellite time series, and where it stands: {inside} of
{all} are in the package. The page is generated from a list and from the [systems](index.md), whenever the site is built.

*Status* is that of the weights here. *Figures* are those of the cards, measured here, the first three of each; where a card
has none, the page of the system has what was measured, or says that nothing was. What the authors report is in their paper.
*Their code* is the licence of the public code of the authors, which this package does not contain.
"""
HEAD = (
    "| | publication | reads → returns | status | where | figures | licence here | their code |\n" + "|---" * 8 + "|\n"
)
#: A card may have many figures, and the page of systems has them all.
FIGURES = 3


@dataclass(frozen=True, slots=True)
class Publication:
    """A row of the table.

    Attributes
    ----------
    title, reads, code : str
        Title, input and output, and the licence of the authors' code.
    models : tuple of str
        Names in ``models.toml``; empty where there is no model.
    partly : str
        What of it is in the package where the system itself is not; empty: nothing.
    """

    title: str
    reads: str
    code: str
    models: tuple[str, ...] = ()
    partly: str = ""


def publications(source: Path = SOURCE) -> list[Publication]:
    """Read the list."""
    rows = tomllib.loads(source.read_text(encoding="utf-8"))["publication"]
    return [Publication(**{**row, "models": tuple(row.get("models", ()))}) for row in rows]


def page(found: list[Publication], systems: list[System], pages: Mapping[str, str], package: Path) -> str:
    """Return the Markdown of the page.

    Parameters
    ----------
    found : list of Publication
    systems : list of System
    pages : mapping of str to str
        Path in the repository -> path in the site.
    package : Path

    Raises
    ------
    ValueError
        If a publication names a model that there is not.
    """
    by_name = {one.row.name: one for one in systems}
    if missing := {name for one in found for name in one.models} - set(by_name):
        raise ValueError(f"{SOURCE.name} names {sorted(missing)}, which models.toml does not have.")
    inside = sum(bool(one.models) for one in found)
    links = {name: linked(by_name[name], pages, package) for one in found for name in one.models}
    rows = [_row(i, one, [by_name[name] for name in one.models], links) for i, one in enumerate(found, 1)]
    return INTRO.format(inside=inside, all=len(found)) + "\n" + HEAD + "".join(rows)


def _row(number: int, one: Publication, systems: list[System], links: Mapping[str, str]) -> str:
    names = "<br>".join(links[system.row.name] for system in systems)
    weights = [checkpoint for system in systems for checkpoint in system.weights]
    said = [origin_of(weights)] if weights else []
    status = "<br>".join(dict.fromkeys([*said, *(system.status for system in systems if not system.weights)]))
    if one.partly:
        status = f"{status}<br>{one.partly}" if status else f"not a model here. {one.partly}"
    scores = "<br>".join(dict.fromkeys(_first(system.row.scores) for system in systems if system.row.scores))
    licences = "; ".join(sorted({w.licence for s in systems for w in s.weights} | {s.row.licence for s in systems}))
    cells = (str(number), one.title, one.reads, status or "not in the package", names or "–")
    cells += (scores or ("on its page" if systems else "–"), licences or "–", one.code)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _first(scores: str | None) -> str:
    """Return the first figures of a card."""
    parts = re.split(r";\s+", scores or "")
    return "; ".join(parts[:FIGURES]) + ("; ..." if len(parts) > FIGURES else "")
