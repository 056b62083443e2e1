"""A figure of Bokeh, HoloViews or hvPlot, drawn by a widget instead of scripts in the page."""

from __future__ import annotations

import zlib
from typing import Any

import anywidget
import traitlets

from eowidgets.errors import InputError, shown, warn_user
from eowidgets.widgets.base import PlainErrors, ReadableRepr, css, esm
from eowidgets.widgets.charts.frames import frames
from eowidgets.widgets.charts.scripts import compressed, needed
from eowidgets.widgets.charts.words import describe
from eowidgets.widgets.viewer.checks import ErrorsBelow

#: Hubs and proxies may refuse larger messages.
_MOST_BYTES = 10_000_000


class Chart(ReadableRepr, PlainErrors, ErrorsBelow, anywidget.AnyWidget):
    """A chart that needs no network and no page script.

    BokehJS is taken from the installed bokeh package and sent over the widget's comm, once for each page. It is not
    stored in the notebook. Pan, zoom and hover work in the browser alone; where a HoloViews object has further
    dimensions (the dates of a cube), each has a slider, and the kernel draws the chosen frame.

    Parameters
    ----------
    figure : object
        Bokeh figure or layout, HoloViews object, or what hvPlot returns.

    Attributes
    ----------
    positions : list of int
        Position of each slider, from 0.

    Raises
    ------
    InputError
        Where the object is not a chart.
    MissingExtraError
        Where bokeh or HoloViews is not installed (``pip install 'eowidgets[charts]'``).

    Examples
    --------
    >>> import eowidgets as eow
    >>> cube = eow.open("romania")
    >>> eow.Chart(cube.red.mean(("x", "y")).hvplot.line(x="time", ylabel="red reflectance"))
    Chart: line, red reflectance by time, 140 points
    """

    _esm = esm("charts/chart")
    _css = css("charts/chart")
    item: Any = traitlets.Bytes().tag(sync=True)
    scripts: Any = traitlets.List(traitlets.Unicode()).tag(sync=True)
    version: Any = traitlets.Unicode().tag(sync=True)
    text: Any = traitlets.Unicode().tag(sync=True)
    sliders: Any = traitlets.List(traitlets.Dict()).tag(sync=True)
    positions: Any = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(self, figure: Any) -> None:
        self._frames = frames(figure)
        sliders = [{"name": s.name, "labels": list(s.labels)} for s in self._frames.sliders]
        state = self._drawn([0] * len(sliders))
        super().__init__(sliders=sliders, positions=[0] * len(sliders), **state)
        self.observe(self._redraw, names="positions")
        self.on_msg(self._answer)

    def _drawn(self, positions: list[int]) -> dict[str, Any]:
        from bokeh import __version__
        from bokeh.core.json_encoder import serialize_json
        from bokeh.embed import json_item

        root = self._frames.at(positions)
        # With the positions, so that the browser also receives a frame that equals the one before.
        text = serialize_json({**json_item(root), "positions": positions})
        item = zlib.compress(text.encode(), 1)
        if len(item) > _MOST_BYTES:
            warn_user(f"This chart has {len(item) / 1e6:.0f} MB, more than some servers accept: draw fewer points.")
        return {
            "item": item,
            "scripts": list(needed(root, text)),
            "version": __version__,
            "text": f"Chart: {describe(root)}",
        }

    def _redraw(self, _: Any) -> None:
        with self.hold_sync():
            for name, value in self._drawn(self.positions).items():
                setattr(self, name, value)

    @traitlets.validate("positions")
    def _check_positions(self, proposal: dict[str, Any]) -> list[int]:
        given = proposal["value"]
        sizes = [len(s["labels"]) for s in self.sliders]
        if len(given) != len(sizes) or any(not 0 <= p < n for p, n in zip(given, sizes, strict=False)):
            raise InputError(f"positions is {shown(given)}: give one number from 0 for each slider, below {sizes}.")
        return [int(p) for p in given]

    def _answer(self, _: Any, content: dict[str, Any], buffers: list[memoryview]) -> None:
        name = content.get("script")
        if name in self.scripts:
            self.send({"script": name}, [compressed(name)])

    def __repr__(self) -> str:
        """Return what is shown; the same for the same chart."""
        return str(self.text)
