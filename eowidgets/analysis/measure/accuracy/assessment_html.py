"""An accuracy assessment as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from eowidgets.analysis.measure.accuracy.assessment_words import UNIT_WORDS, digits, number

if TYPE_CHECKING:
    from eowidgets.analysis.measure.accuracy.assessment import Accuracy


def page(found: Accuracy) -> str:
    """Return an HTML page with sentence, areas and accuracies, error matrix, notes and method."""
    unit = UNIT_WORDS[found.unit]
    head = (
        "class",
        f"area ({unit})",
        "interval",
        "± SE",
        f"in the map ({unit})",
        "user's accuracy",
        "producer's accuracy",
        "samples",
    )
    rows = []
    for i, name in enumerate(found.classes):
        area = found.areas[i]
        places = digits(area.high - area.low)
        rows.append(
            (
                name,
                number(area.value, places),
                f"{number(area.low, places)} to {number(area.high, places)}",
                number(area.se, places),
                number(float(found.mapped_areas[i]), places),
                _share(found.users[i]),
                _share(found.producers[i]),
                str(int(found.matrix[:, i].sum())),
            )
        )
    counts = [(name, *map(str, row)) for name, row in zip(found.classes, found.matrix.tolist(), strict=True)]
    parts = [
        f"<p>{escape(found.sentence())}</p>",
        _table(head, rows),
        "<details><summary>Error matrix (samples; rows: map, columns: ground)</summary>",
        _table(("", *found.classes), counts),
        "</details>",
    ]
    if found.kappa is not None:
        parts.append(f"<p>Kappa {found.kappa:.3f}: it adds no information to the matrix.</p>")
    if found.by_tolerance is not None:
        lines = [
            (str(r.tolerance), f"{r.precision:.2f} ({r.precision_low:.2f} to {r.precision_high:.2f})",
             f"{r.recall:.2f} ({r.recall_low:.2f} to {r.recall_high:.2f})")
            for r in found.by_tolerance.itertuples()
        ]  # fmt: skip
        title = "<details><summary>Change by tolerance of its date</summary>"
        parts += [title, _table(("days", "user's accuracy", "producer's accuracy"), lines), "</details>"]
    if found.notes:
        parts.append("<ul>" + "".join(f"<li>{escape(note)}</li>" for note in found.notes) + "</ul>")
    return "".join([*parts, f"<p><small>{escape(found.method)}</small></p>"])


def _share(one: Any) -> str:
    if not np.isfinite(one.value):
        return "no sample"
    return f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
