"""Tables of facts and small outlines as HTML, for the representation of values in notebooks: text is escaped, no scripts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

#: Characters of a fact, and longer side of an outline in CSS pixels.
LONGEST, SIDE = 400, 96


def facts_table(title: str, facts: Mapping[str, object]) -> str:
    """Return a title and a table of two columns; facts that are None or empty are left out.

    Parameters
    ----------
    title : str
    facts : mapping of str to object
        Each value is written as text of at most 400 characters.

    Returns
    -------
    str
        HTML in which all text is escaped.

    Examples
    --------
    >>> facts_table("<b>", {"pixels": 12, "limits": ""})
    '<p><b>&lt;b&gt;</b></p><table><tr><th>pixels</th><td>12</td></tr></table>'
    """
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(_short(value))}</td></tr>"
        for name, value in facts.items()
        if value is not None and str(value) != ""
    )
    return f"<p><b>{escape(_short(title))}</b></p>{f'<table>{rows}</table>' if rows else ''}"


def code_block(code: str) -> str:
    """Return code as HTML that is folded; empty for no code."""
    return f"<details><summary>Code</summary><pre>{escape(code)}</pre></details>" if code.strip() else ""


def outline_svg(geometry: BaseGeometry, words: str) -> str:
    """Return the outline of an area in degrees as a small SVG, north up.

    Parameters
    ----------
    geometry : shapely geometry
        Polygons in degrees.
    words : str
        Text for readers that show no pictures.
    """
    from eowidgets.cube.antimeridian import polygons

    west, south, east, north = geometry.bounds
    squeeze = max(math.cos(math.radians((south + north) / 2)), 0.01)
    width, height = max((east - west) * squeeze, 1e-12), max(north - south, 1e-12)
    scale = SIDE / max(width, height)
    simple = geometry.simplify(1 / (4 * scale))

    def path(ring: object) -> str:
        corners = getattr(ring, "coords", ())
        return (
            "M" + "L".join(f"{(c[0] - west) * squeeze * scale:.1f} {(north - c[1]) * scale:.1f}" for c in corners) + "Z"
        )

    rings = (r for p in polygons(simple) for r in (p.exterior, *p.interiors))
    drawn = "".join(path(ring) for ring in rings)
    across, down = width * scale + 4, height * scale + 4
    return (
        f'<svg role="img" aria-label="{escape(words, quote=True)}" width="{across:.0f}" height="{down:.0f}" '
        f'viewBox="-2 -2 {across:.1f} {down:.1f}"><path d="{drawn}" fill="#0072b2" fill-opacity="0.2" fill-rule="evenodd" '
        f'stroke="#0072b2"/></svg>'
    )


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
