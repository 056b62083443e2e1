"""The time viewer: a satellite series in the browser, scrubbed, swiped and measured without a kernel round trip."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from typing import Any, Unpack, cast

import anywidget
import numpy as np
import traitlets
import xarray as xr

from eowidgets.arguments import checked
from eowidgets.engine.scheduler import LIGHT
from eowidgets.errors import unknown
from eowidgets.render import feed
from eowidgets.render.answers import Queue
from eowidgets.render.colormaps import builtin, colormap
from eowidgets.render.source import MASK, FrameSource
from eowidgets.render.style import COMPOSITES, Style, default_bands, describe
from eowidgets.render.window import Frame, Window
from eowidgets.widgets.base import AreaTrait, ChoiceTrait, PlainErrors, ReadableRepr, css, esm
from eowidgets.widgets.places import PinsTrait, PolygonsTrait
from eowidgets.widgets.viewer.bookmarks import Bookmarks
from eowidgets.widgets.viewer.checks import Checks, ErrorsBelow
from eowidgets.widgets.viewer.exports import Exports
from eowidgets.widgets.viewer.layers import Layers, class_colors
from eowidgets.widgets.viewer.typed import CloudMode, CompareMode, Stretch, ViewerOptions

#: Common indices: the favourites until others are chosen.
FAVOURITES = ("NDVI", "EVI", "NDWI", "MNDWI", "NBR", "NDMI", "NDBI", "NDSI", "SAVI", "GNDVI", "NDREI")
#: Colour map of differences: red for a decrease, blue for an increase.
DIVERGING = "RdBu"
#: The default date to compare with is clear, and within this number of days of the year of the current one.
CLEAR, SEASON, DAYS_PER_YEAR = 0.05, 45, 365.2425
#: Traits that the user drags: a late echo of the kernel would reset them to an older value.
_MOVES = {"sync": True, "echo_update": False}


@checked
class TimeViewer(ReadableRepr, PlainErrors, Checks, Layers, Exports, Bookmarks, ErrorsBelow, anywidget.AnyWidget):
    """A satellite series at screen speed.

    The cube travels to the browser once, as integers; from then on date, bands, index, stretch, colour map, cloud
    mask, swipe and difference are drawn there. Cubes larger than ``budget`` are loaded by level and window.

    Parameters
    ----------
    cube : Dataset or DataArray
        Over time, y and x.
    compare : Dataset, optional
        A second cube to swipe against.
    date : str, optional
        ISO date; the latest clear one if not given.
    bands, index : optional
        What is drawn: one band, three, or a spectral index (any of spyndex's, or a formula over band names).
    height : int
        Of the picture, in CSS pixels.
    chart : bool
        Whether the pixel chart is shown below.
    budget : int
        Bytes that the whole raster of the bands drawn may take in the browser. Without a GPU, pictures of the dates around
        the current one are kept in what is left of it.
    **traits
        Any trait below.

    Attributes
    ----------
    date : str
    bands : list of str
    index : str or None
    vmin, vmax : float or None
        Limits of the stretch; None is automatic (2nd to 98th percentile of clear pixels over all dates).
    stretch : {"percentile", "minmax"}
    gamma, opacity, speed : float
    cmap : str
    favourites : list of str
        Indices that are listed first; the star in the list of indices adds and removes one.
    clouds : {"show", "hide"}
    compare_mode : {"none", "swipe", "difference", "blink"}
    compare_date : str
    swipe : float
        Place of the swipe line, 0..1.
    selection : list of str
        First and last date: the median of the clear values between them is shown.
    bounds : list of float
        West, south, east, north of the view in the CRS of the cube.
    pins : list of dict
        ``{"lon", "lat", "color", "name"}``; without a colour they get one, and a name is written next to it. The chart has
        the series of each.
    area : dict or None
        GeoJSON geometry in degrees: what was drawn last, and what panels work on.
    polygons : list of dict
        ``{"geometry", "color", "name"}``: what was drawn before; may be set to a list of whatever ``eow.Area.of``
        takes. The chart has mean and spread of each, and of ``area``.
    transect : list of (float, float)
        Longitude and latitude of the corners of the line that is measured: length, area, and profile of what is drawn.
    bookmarks : list of dict
        Views with a ``"name"`` and any of ``date``, ``bands``, ``index``, ``vmin``, ... ``bounds``.
    events : list of dict
        ``{"date", "label", "color"}`` marked on the time axis.
    playing, loop : bool
    clear_only : bool
        Whether stepping and playing leave out dates of which clouds hide more than a fifth.

    Raises
    ------
    InputError
        If it is not a cube, has no band, no date, or dates that cannot be ordered.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.TimeViewer(eow.open("romania"), index="NDVI")
    TimeViewer: Forest in Romania, Sentinel-2, 2015-08 to 2021-01, 140 dates, 100 × 100 px, 2020-08-04, NDVI (viridis)
    """

    _esm = esm("viewer/time_viewer")
    _css = css("viewer/time_viewer")
    _open = False
    _serving = False
    _queue: Queue
    _own: set[tuple[str, str]]
    head: Any = traitlets.Dict().tag(sync=True)
    first: Any = traitlets.List().tag(sync=True)
    store_id: Any = traitlets.Unicode().tag(sync=True)
    group: Any = traitlets.Unicode().tag(sync=True)
    date: str = cast("str", traitlets.Unicode().tag(**_MOVES))
    bands: list[str] = cast("list[str]", traitlets.List(traitlets.Unicode()).tag(sync=True))
    index: str | None = cast("str | None", traitlets.Unicode(None, allow_none=True).tag(sync=True))
    vmin: float | None = cast("float | None", traitlets.Float(None, allow_none=True).tag(sync=True))
    vmax: float | None = cast("float | None", traitlets.Float(None, allow_none=True).tag(sync=True))
    stretch: Stretch = cast("Stretch", ChoiceTrait(("percentile", "minmax"), "percentile").tag(sync=True))
    gamma: float = cast("float", traitlets.Float(1.0).tag(**_MOVES))
    cmap: str = cast("str", traitlets.Unicode("viridis").tag(sync=True))
    opacity: float = cast("float", traitlets.Float(1.0).tag(sync=True))
    favourites: list[str] = cast("list[str]", traitlets.List(traitlets.Unicode(), list(FAVOURITES)).tag(sync=True))
    clouds: CloudMode = cast("CloudMode", ChoiceTrait(("show", "hide"), "show").tag(sync=True))
    compare_mode: CompareMode = cast(
        "CompareMode", ChoiceTrait(("none", "swipe", "difference", "blink"), "none").tag(sync=True)
    )
    compare_key: Any = traitlets.Unicode("cube").tag(sync=True)
    compare_date: str = cast("str", traitlets.Unicode().tag(sync=True))
    swipe: float = cast("float", traitlets.Float(0.5).tag(**_MOVES))
    selection: list[str] = cast("list[str]", traitlets.List(traitlets.Unicode()).tag(sync=True))
    bounds: list[float] = cast("list[float]", traitlets.List(traitlets.Float()).tag(**_MOVES))
    pins: Any = PinsTrait(traitlets.Dict()).tag(sync=True)
    area: Any = AreaTrait(allow_none=True).tag(sync=True)
    polygons: Any = PolygonsTrait().tag(sync=True)
    transect: Any = traitlets.List().tag(sync=True)
    events: list[dict[str, Any]] = cast("list[dict[str, Any]]", traitlets.List(traitlets.Dict()).tag(sync=True))
    layers: Any = traitlets.List(traitlets.Dict()).tag(sync=True)
    playing: bool = cast("bool", traitlets.Bool(False).tag(sync=True))
    loop: bool = cast("bool", traitlets.Bool(True).tag(sync=True))
    clear_only: bool = cast("bool", traitlets.Bool(False).tag(sync=True))
    speed: float = cast("float", traitlets.Float(6.0).tag(**_MOVES))
    height: int = cast("int", traitlets.Int(380).tag(sync=True))
    chart: bool = cast("bool", traitlets.Bool(True).tag(sync=True))
    budget: int = cast("int", traitlets.Int(400_000_000).tag(sync=True))

    def __init__(
        self,
        cube: xr.Dataset | xr.DataArray,
        *,
        compare: xr.Dataset | xr.DataArray | None = None,
        **traits: Unpack[ViewerOptions],
    ) -> None:
        for name in traits:
            if name not in self.trait_names():
                raise unknown("option of TimeViewer", name, [t for t in self.trait_names() if not t.startswith("_")])
        self.sources: dict[str, FrameSource] = {}
        source = self._source(cube)
        index = traits.get("index")
        if index:  # before anything is drawn
            source.program(index)
        self.sources["cube"] = source
        if compare is not None:
            self.sources["compare"] = self._beside(compare, "compare")
        first: dict[str, Any] = {
            "store_id": uuid.uuid4().hex,
            "bands": list(default_bands(source.bands)),
            "date": source.labels[source.typical] if source.labels else "",
            "compare_date": _earlier(source),
        }
        if compare is not None:
            first |= {"compare_key": "compare", "compare_mode": "swipe"}
        given: dict[str, Any] = {**first, **dict(traits)}
        super().__init__(head=self._make_head(), **given)
        self.first = self._first_picture()
        self._queue, self._own = Queue(), set()
        self._open = True
        self.on_msg(self._hear)

    def _source(self, cube: xr.Dataset | xr.DataArray, key: str = "cube") -> FrameSource:
        return FrameSource(cube, key=key)

    # --- state for the browser ----------------------------------------------------------------------------------

    def _make_head(self) -> dict[str, Any]:
        own = (k.get("style", {}).get("cmap") for k in self.layers)
        maps = dict.fromkeys([*builtin(), self.cmap, DIVERGING, *filter(None, own)])
        return {
            "sources": [self._source_head(s) for s in self.sources.values()],
            "composites": {name: list(mix) for name, mix in COMPOSITES.items()},
            "cmaps": {name: base64.b64encode(colormap(name).tobytes()).decode() for name in maps},
            "diverging": DIVERGING,
        }

    def _source_head(self, source: FrameSource) -> dict[str, Any]:
        head = source.head(indices=source.key in ("cube", "compare"))
        for layer in self.layers:
            index = layer.get("style", {}).get("index")
            if index and layer.get("key") == source.key:
                head["indices"] = [source.index_head(source.program(index))]
        return head | {"layer": source.key not in ("cube", "compare")}

    def _first_picture(self) -> list[dict[str, Any]]:
        """Draw the date in view at low resolution; the picture is part of the widget's state and needs no request."""
        source = self.sources["cube"]
        if source.lazy:  # it would have to be read first
            return []
        bands = source.program(self.index).bands if self.index else tuple(self.bands)
        parts = feed.pixels(source, [*bands, MASK], source.coarse, dates=[self.step])
        return [{**head, "data": data} for head, data in parts if data is not None]

    def _hear(self, _: Any, content: Mapping[str, Any], __: Any) -> None:
        # A read may wait for a disk or a network: never in the thread that answers messages.
        if self._open:
            if content.get("type") == "need":  # immediately, so that a read in progress that it replaces stops
                self._need(content)
            LIGHT.submit("answer to a viewer", lambda _: self._answer(content), owner=self)

    def _need(self, content: Mapping[str, Any]) -> None:
        try:
            frames = [
                Frame(str(f["source"]), tuple(map(str, f["bands"])), Window(*map(int, f["window"])), int(f["date"]))
                for f in content["frames"]
            ]
            near = {str(k): int(t) for k, t in content.get("near", {}).items()}
            self._queue.need(frames, near, deflate=bool(content.get("zip")))
        except Exception as problem:  # noqa: BLE001  (any error is shown under the widget)
            self.complain(problem, "The data could not be read")

    def _answer(self, content: Mapping[str, Any]) -> None:
        try:
            if content.get("type") == "need":
                self._go_on()
                return
            source = self.sources.get(str(content.get("source", "cube")))
            if source is None:  # a layer that was removed meanwhile
                return
            if content.get("type") == "remove_layer":
                self.remove_layer(str(content.get("name")))
            elif content.get("type") == "want":
                window = Window(*(int(v) for v in content["window"]))
                near, deflate = int(content.get("date") or 0), bool(content.get("zip"))
                self._queue.add(source, list(content["bands"]), window, near, deflate=deflate)
                self._go_on()
            elif content.get("type") == "series":
                self.send(feed.series(source, content))
        except Exception as problem:  # noqa: BLE001  (any error is shown under the widget)
            self.complain(problem, "The data could not be read")

    def _go_on(self) -> None:
        """Answer pending requests, unless that is in progress."""
        if not self._serving:  # work of one widget never runs twice at a time
            self._serving = True
            self._serve()

    def _serve(self) -> None:
        """Send one message, then give newer requests priority."""
        message, failed = None, False
        try:
            message = self._queue.next(self.sources) if self._open else None
            if message is not None and self._open:
                self.send(message[0], [] if message[1] is None else [message[1]])
        except Exception as problem:  # noqa: BLE001
            failed = True
            self.complain(problem, "The data could not be read")
        self._serving = self._open and (failed or message is not None)
        if self._serving:
            LIGHT.submit("pixels of a viewer", lambda _: self._serve(), owner=self)

    # --- cubes and layers ---------------------------------------------------------------------------------------

    @property
    def cube(self) -> xr.Dataset:
        """Return the cube shown, rows from north to south, dates in order."""
        return self.sources["cube"].cube

    # --- pictures and text --------------------------------------------------------------------------------------

    @property
    def style(self) -> Style:
        """Return the style of the picture as one value."""
        return Style(
            bands=tuple(self.bands),
            index=self.index,
            vmin=self.vmin,
            vmax=self.vmax,
            stretch=self.stretch,
            gamma=self.gamma,
            cmap=self.cmap,
            opacity=self.opacity,
            clouds=self.clouds,
            classes=class_colors(self.sources["cube"], self.bands),
        )

    @property
    def step(self) -> int:
        """Return the place of ``date`` in the series."""
        labels = self.sources["cube"].labels
        return labels.index(self.date) if self.date in labels else 0

    def __repr__(self) -> str:
        """Return what the viewer shows; the same in every run."""
        source = self.sources["cube"]
        title = str(self.cube.attrs.get("title", "cube"))[:80]
        dates = f"{source.dates} date{'s' if source.dates != 1 else ''}"
        size = f"{source.height} × {source.width} px"
        versus = f", {self.compare_mode} against {self.compare_key}" if self.compare_mode != "none" else ""
        return f"TimeViewer: {title}, {dates}, {size}, {self.date}, {describe(self.style)}{versus}"

    def close(self) -> None:
        """Release the sources of the viewer.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> viewer = eow.TimeViewer(tiny_cube())
        >>> viewer.close()
        """
        self._open = False
        LIGHT.drop(self)
        super().close()


def _earlier(source: FrameSource) -> str:
    """Return the label of the earliest clear date in the season of the typical one; the first label if there is none."""
    if not source.labels:
        return ""
    days = source.times.astype("datetime64[D]").astype(int)
    apart = np.abs(days - days[source.typical]) % DAYS_PER_YEAR
    season = np.minimum(apart, DAYS_PER_YEAR - apart) <= SEASON
    clear = np.array([c is not None and c <= CLEAR for c in source.cloud_cover]) | ~np.array(
        [source.has_clouds] * source.dates
    )
    found = np.flatnonzero(season & clear)
    return source.labels[int(found[0])] if len(found) else source.labels[0]
