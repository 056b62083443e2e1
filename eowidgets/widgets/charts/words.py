"""Description of a figure in one line of text, the same for the same figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from eowidgets.errors import short

if TYPE_CHECKING:
    from bokeh.model import Model

#: Words for glyphs whose class has another name than the chart.
_KINDS = {
    "ImageRGBA": "image",
    "MultiLine": "line",
    "VArea": "area",
    "HArea": "area",
    "VBar": "bar",
    "HBar": "bar",
    "Quad": "bar",
    "Rect": "heatmap",
    "Patch": "area",
}


def describe(root: Model) -> str:
    """Return a description of a figure or layout.

    Examples
    --------
    >>> from bokeh.plotting import figure
    >>> plot = figure(title="Greenness", x_axis_label="time", y_axis_label="NDVI")
    >>> _ = plot.line([1, 2, 3], [0.2, 0.4, 0.3])
    >>> describe(plot)
    "'Greenness', line, NDVI by time, 3 points"
    """
    parts = [_figure(p) if hasattr(p, "renderers") else _table(p) for p in _parts(root)]
    if not parts:
        return type(root).__name__
    return parts[0] if len(parts) == 1 else f"{len(parts)} charts: {'; '.join(parts)}"


def _parts(model: Any) -> Iterator[Any]:
    """Return the figures and tables of a layout in the order in which they are shown."""
    from bokeh.models.plots import Plot
    from bokeh.models.widgets.tables import DataTable

    if isinstance(model, Plot | DataTable):
        yield model
        return
    inside = getattr(model, "children", None) or [tab.child for tab in getattr(model, "tabs", ())]
    for child in inside:
        yield from _parts(child[0] if isinstance(child, tuple) else child)


def _figure(figure: Any) -> str:
    from bokeh.models.renderers import GlyphRenderer

    drawn = [r for r in figure.renderers if isinstance(r, GlyphRenderer) and r.visible]
    kinds = Counter(_kind(r) for r in drawn)
    names = [kind if count == 1 else f"{count} × {kind}" for kind, count in kinds.items()]
    title = " ".join(str(getattr(figure.title, "text", "") or "").split())
    x, y = _label(figure.xaxis), _label(figure.yaxis)
    axes = f"{y} by {x}" if x and y else x or y
    return ", ".join(filter(None, [f"'{short(title)}'" if title else "", " and ".join(names), axes, _size(drawn)]))


def _kind(renderer: Any) -> str:
    name = type(renderer.glyph).__name__
    return _KINDS.get(name, name.lower())


def _label(axes: Iterable[Any]) -> str:
    return next((short(a.axis_label) for a in axes if isinstance(a.axis_label, str) and a.axis_label), "")


def _size(drawn: list[Any]) -> str:
    sizes = [_pixels(r) for r in drawn if _kind(r) == "image"]
    rows = sum(_rows(r.data_source) for r in drawn if _kind(r) != "image")
    return ", ".join([s for s in sizes if s] + ([f"{rows} point{'s' * (rows != 1)}"] if rows or not sizes else []))


def _pixels(renderer: Any) -> str:
    images = renderer.data_source.data.get(getattr(renderer.glyph.image, "field", renderer.glyph.image), ())
    shape = list(np.shape(images[0])) if len(images) else []
    return f"{shape[1]} × {shape[0]} pixels" if len(shape) >= 2 else ""


def _rows(source: Any) -> int:
    return max((len(column) for column in source.data.values()), default=0)


def _table(table: Any) -> str:
    rows = _rows(table.source)
    columns = ", ".join(short(str(c.title or c.field)) for c in table.columns)
    return f"table, {columns}, {rows} row{'s' * (rows != 1)}"
