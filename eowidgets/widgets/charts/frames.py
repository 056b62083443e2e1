"""Figures of a chart: one, or one for each position of its sliders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eowidgets.errors import InputError, MissingExtraError, shown, words

if TYPE_CHECKING:
    from bokeh.models import LayoutDOM

_KINDS = "give a Bokeh figure or layout, a HoloViews object or what hvPlot returns"
#: How HoloViews writes the title of a layout: as HTML, with the unescaped title.
_TITLE = re.compile(r"<span [^>]*>(.*)</span>", re.DOTALL)


@dataclass(frozen=True)
class Slider:
    """A dimension that is not an axis: its name, and its values with their labels."""

    name: str
    values: tuple[Any, ...]
    labels: tuple[str, ...]


class Frames:
    """One figure without sliders."""

    sliders: tuple[Slider, ...] = ()

    def __init__(self, root: LayoutDOM) -> None:
        self._root = root

    def at(self, positions: Sequence[int]) -> LayoutDOM:
        """Return the figure at these positions of the sliders."""
        return self._root


class HoloViewsFrames(Frames):
    """A HoloViews object; its key dimensions become sliders.

    Parameters
    ----------
    given : object
        HoloViews object.
    """

    def __init__(self, given: Any) -> None:
        import holoviews
        from holoviews.core.options import SkipRendering

        try:
            self._plot = holoviews.renderer("bokeh").get_plot(given)
        except SkipRendering as error:
            raise InputError(f"{shown(given)} cannot be drawn ({words(error)}): {_KINDS}.") from error
        self.sliders = _sliders(given)

    def at(self, positions: Sequence[int]) -> LayoutDOM:
        """Return the figure at these positions of the sliders."""
        if self.sliders:
            key = tuple(s.values[p] for s, p in zip(self.sliders, positions, strict=True))
            if key != self._plot.current_key:
                self._plot.update(key)
        self._plot.traverse(_plain_title)
        root: LayoutDOM = self._plot.state
        return root


def frames(given: Any) -> Frames:
    """Return the figures of an object.

    Parameters
    ----------
    given : object
        Bokeh figure or layout, HoloViews object, or the panel that hvPlot returns with ``widget_location``.

    Raises
    ------
    InputError
        For any other object.
    MissingExtraError
        Where bokeh or HoloViews is not installed.
    """
    try:
        from bokeh.models import LayoutDOM
        from holoviews.core.dimension import Dimensioned
    except ImportError as error:
        raise MissingExtraError("A chart", "charts") from error

    if isinstance(given, LayoutDOM):
        return Frames(given)
    given = _inside(given)
    if isinstance(given, Dimensioned):
        return HoloViewsFrames(given)
    raise InputError(f"{shown(given)} is not a chart: {_KINDS}.")


def _inside(given: Any) -> Any:
    """Return the one HoloViews object in a layout of Panel, whose sliders would need its page scripts."""
    if type(given).__module__.partition(".")[0] != "panel":
        return given
    from panel.pane import HoloViews
    from panel.viewable import Viewable

    panes: list[Any] = list(given.select(HoloViews)) if isinstance(given, Viewable) else []
    return panes[0].object if len(panes) == 1 else given


def _sliders(given: Any) -> tuple[Slider, ...]:
    from holoviews.core.traversal import unique_dimkeys
    from holoviews.core.util import unique_iterator

    dims, keys = unique_dimkeys(given)
    if [d.name for d in dims] == ["Frame"]:
        return ()
    known = dict(zip(dims, zip(*keys, strict=True), strict=False)) if keys else {}
    found = []
    for dim in dims:
        values = tuple(unique_iterator(dim.values or known.get(dim, ())))
        if not values:
            raise InputError(f"The dimension {shown(dim.name)} has no values: give some with .redim.values(...).")
        found.append(Slider(dim.pprint_label, values, tuple(str(dim.pprint_value(v)) for v in values)))
    return tuple(found)


def _plain_title(plot: Any) -> None:
    """Show the title of a layout as text, so that a name from data cannot become part of the page."""
    from bokeh.models.widgets.markups import Div

    title = plot.handles.get("title")
    if isinstance(title, Div) and (found := _TITLE.fullmatch(title.text)):
        title.update(text=found[1], render_as_text=True, styles={"font-weight": "bold", "white-space": "nowrap"})
