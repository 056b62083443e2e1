"""Types of the keyword arguments of the time viewer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from eowidgets.cube.area import AreaLike

Stretch = Literal["percentile", "minmax"]
CloudMode = Literal["show", "hide"]
CompareMode = Literal["none", "swipe", "difference", "blink"]


class Pin(TypedDict, total=False):
    """A place on the ground: longitude and latitude in degrees, a colour and a name."""

    lon: float
    lat: float
    color: str
    name: str


class Event(TypedDict, total=False):
    """A mark on the time axis: an ISO date, a label and a colour."""

    date: str
    label: str
    color: str


class ViewerOptions(TypedDict, total=False):
    """Keyword arguments of ``TimeViewer``: the traits that a caller sets.

    Keys are those of the attributes of :class:`eowidgets.TimeViewer`, which describes each.
    """

    date: str
    bands: Sequence[str]
    index: str | None
    vmin: float | None
    vmax: float | None
    stretch: Stretch
    gamma: float
    cmap: str
    opacity: float
    favourites: Sequence[str]
    clouds: CloudMode
    compare_mode: CompareMode
    compare_date: str
    swipe: float
    selection: Sequence[str]
    bounds: Sequence[float]
    pins: Sequence[Pin | Mapping[str, Any]]
    area: AreaLike | None
    polygons: Sequence[Any]
    transect: Sequence[tuple[float, float]]
    bookmarks: Sequence[Mapping[str, Any]]
    events: Sequence[Event | Mapping[str, Any]]
    playing: bool
    loop: bool
    clear_only: bool
    speed: float
    height: int
    chart: bool
    budget: int
    layout: Any


class TimeLayerOptions(ViewerOptions, total=False):
    """Keyword arguments of ``TimeLayer``: those of the viewer, and whether the layer is visible."""

    visible: bool


class ExplorerOptions(ViewerOptions, total=False):
    """Keyword arguments of ``Explorer``: those of its viewer."""

    compare: Any
