"""A report as one HTML document without scripts, which opens offline and prints as a PDF."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from eowidgets.cube.private import scrub

if TYPE_CHECKING:
    from eowidgets.analysis.measure.report.content import Figure, Report, Table

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>
{css}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p class="answer">{answer}</p>
{body}
</main>
</body>
</html>
"""


def page(report: Report) -> str:
    """Return the HTML of a report; all texts are escaped."""
    parts = [
        *(_figure(f) for f in report.figures),
        *(_table(t) for t in report.tables),
        _section("Definitions", _terms(report.definitions)),
        _section("How it was computed", _terms(report.method)),
        _section("Sources", "".join(f"<li>{escape(c)}</li>" for c in report.citations), "ul"),
        _section("Text to paste", escape(report.text), "blockquote"),
        _section("Code that computes the same", escape(report.code), "pre"),
        _notes(report),
        '<p class="note screen">To get a PDF, print this page and choose “Save as PDF”.</p>',
    ]
    css = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    return _PAGE.format(
        title=escape(report.title), answer=escape(report.answer), css=css, body="\n".join(filter(None, parts))
    )


def _section(title: str, content: str, tag: str = "dl") -> str:
    return f"<section><h2>{title}</h2><{tag}>{content}</{tag}></section>" if content else ""


def _terms(terms: Mapping[str, str]) -> str:
    return "".join(f"<dt>{escape(term)}</dt><dd>{escape(words)}</dd>" for term, words in terms.items())


def _figure(figure: Figure) -> str:
    legend = f'<div class="legend">{figure.legend.html()}</div>' if figure.legend is not None else ""
    note = f'<div class="note">{escape(figure.note)}</div>' if figure.note else ""
    kind = "map" if figure.width else "chart"
    image = f'<img src="{figure.url}" alt="{escape(figure.caption)}">'
    return (
        f'<figure class="{kind}">{image}{_scale(figure.width)}{legend}{note}'
        f"<figcaption>{escape(figure.caption)}</figcaption></figure>"
    )


def _scale(width: float) -> str:
    """Draw a scale bar of a round length, between a sixth and a third of the width of the map."""
    if not width:
        return ""
    power = 10.0 ** (len(str(int(width / 3))) - 1)
    length = max(step * power for step in (0.1, 0.2, 0.5, 1, 2, 5) if step * power <= width / 3)
    label = f"{length:g} m" if length < 1000 else f"{length / 1000:g} km"
    return f'<div class="scale" style="width:{100 * length / width:.2f}%">{label}</div>'


def _table(table: Table) -> str:
    numeric = [all(_is_number(row[i]) for row in table.rows) for i in range(len(table.columns))]
    classes = [' class="number"' if n and table.rows else "" for n in numeric]
    head = "".join(f"<th{c}>{escape(name)}</th>" for name, c in zip(table.columns, classes, strict=True))
    rows = "".join(
        "<tr>" + "".join(f"<td{c}>{escape(v)}</td>" for v, c in zip(row, classes, strict=True)) + "</tr>"
        for row in table.rows
    )
    more = f'<p class="note">{table.left_out} further rows are not shown.</p>' if table.left_out else ""
    return (
        f'<div class="wide"><table><caption>{escape(table.caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{more}"
    )


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "").replace("±", "").replace("%", "").strip() or "x")
    except ValueError:
        return text in ("–", "")
    return True


def _notes(report: Report) -> str:
    if not report.notes:
        return ""
    text = escape(json.dumps(scrub(dict(report.notes)), indent=1, default=str))
    return f'<details class="notes"><summary>Provenance, complete</summary><pre>{text}</pre></details>'
