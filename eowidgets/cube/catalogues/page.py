"""The result of a search as HTML: a timeline of days with cloud cover and coverage, and a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape

from eowidgets.cube.catalogues.reading import size_in_words
from eowidgets.cube.catalogues.selection import SolarDay

#: Rows of the table; ``.table`` has all of them.
ROWS = 30
#: Problems that are listed.
_PROBLEMS = 5
_LEGEND = "Height: share of the area covered. Filled: clear; hollow: cloudy; dashed: cloud cover not stated."
_WIDTH, _HEIGHT, _BASE = 720, 64, 44
_CELL = 'style="text-align:left;padding:2px 12px 2px 0"'


def page(title: str, cost: str, problems: Sequence[str], days: Sequence[SolarDay], sizes: Sequence[int | None]) -> str:
    """Return the result as HTML.

    Parameters
    ----------
    title, cost : str
        Sentences.
    problems : sequence of str
    days : sequence of SolarDay
    sizes : sequence of int or None
        Bytes of each day.
    """
    shown = [f"<li>{escape(p)}</li>" for p in problems[:_PROBLEMS]]
    if len(problems) > _PROBLEMS:
        shown.append(f"<li>and {len(problems) - _PROBLEMS} more: see <code>.problems</code></li>")
    listed = f'<p style="margin:4px 0">Not complete:</p><ul>{"".join(shown)}</ul>' if shown else ""
    parts = (
        f'<p style="margin:4px 0"><b>{escape(title)}</b></p>',
        timeline(days),
        f'<p style="margin:0 0 4px;font-size:85%">{_LEGEND}</p>',
        f'<p style="margin:4px 0">{escape(cost)}</p>',
        listed,
        _table(days, sizes),
    )
    return f"<div>{''.join(parts)}</div>"


def timeline(days: Sequence[SolarDay]) -> str:
    """Return a drawing of the days along a line of time: the height is the coverage, hollow bars are cloudy days."""
    first, last = (date.fromisoformat(days[i].date).toordinal() for i in (0, -1))
    step = (_WIDTH - 20) / max(1, last - first)
    bars = []
    for day in days:
        x = 10 + (date.fromisoformat(day.date).toordinal() - first) * step
        tall = 6 + 30 * day.coverage
        share = 0.5 if day.cloud is None else day.cloud / 100
        dashed = ' stroke-dasharray="2 2"' if day.cloud is None else ""
        bars.append(
            f'<rect x="{x - 2:.1f}" y="{_BASE - tall:.1f}" width="4" height="{tall:.1f}" fill="currentColor" '
            f'fill-opacity="{1 - 0.95 * share:.2f}" stroke="currentColor" stroke-width="0.7"{dashed}>'
            f"<title>{escape(_words(day))}</title></rect>"
        )
    ends = "".join(
        f'<text x="{x}" y="{_HEIGHT - 4}" font-size="11" fill="currentColor" text-anchor="{anchor}">{days[i].date}</text>'
        for i, x, anchor in ((0, 4, "start"), (-1, _WIDTH - 4, "end"))
    )
    axis = f'<line x1="4" x2="{_WIDTH - 4}" y1="{_BASE}" y2="{_BASE}" stroke="currentColor" stroke-opacity="0.4"/>'
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="100%" style="max-width:{_WIDTH}px" role="img" aria-label="Timeline of '
        f'{len(days)} days; tall bars cover more of the area, hollow bars are cloudy">{axis}{"".join(bars)}{ends}</svg>'
    )


def _words(day: SolarDay) -> str:
    cloud = "cloud cover not stated" if day.cloud is None else f"{day.cloud:.0f} % clouds"
    return f"{day.date}, {day.platform or day.product}: {cloud}, {100 * day.coverage:.0f} % of the area"


def _table(days: Sequence[SolarDay], sizes: Sequence[int | None]) -> str:
    head = "".join(f"<th {_CELL}>{h}</th>" for h in ("Date", "Platform", "Clouds", "Area covered", "Images", "To read"))
    rows = []
    for day, size in zip(days[:ROWS], sizes, strict=False):
        cells = (
            day.date,
            day.platform or day.product,
            "not stated" if day.cloud is None else f"{day.cloud:.0f} %",
            f"{100 * day.coverage:.0f} %",
            str(len(day.items)),
            "unknown" if size is None else size_in_words(size),
        )
        rows.append("<tr>" + "".join(f"<td {_CELL}>{escape(c)}</td>" for c in cells) + "</tr>")
    more = f"<p>The first {ROWS} of {len(days)} days; all are in <code>.table</code>.</p>" if len(days) > ROWS else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>{more}"
