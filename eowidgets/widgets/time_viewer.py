"""The time viewer: a satellite series in the browser, scrubbed, swiped and measured without asking the kernel."""

from __future__ import annotations

import base64
import traceback
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anywidget
import numpy as np
import traitlets
import xarray as xr

from eowidgets.errors import EowidgetsError, InputError, unknown
from eowidgets.render.colormaps import builtin, colormap
from eowidgets.render.formula import Program, evaluate
from eowidgets.render.pack import dates_per_chunk
from eowidgets.render.picture import draw, png
from eowidgets.render.source import MASK, FrameSource, Window
from eowidgets.render.style import COMPOSITES, Style, default_bands, describe
from eowidgets.widgets.base import AreaTrait, css, esm

#: Indices that most people look for, shown before the long list.
FAVOURITES = ("NDVI", "EVI", "NDWI", "MNDWI", "NBR", "NDMI", "NDBI", "NDSI", "SAVI", "GNDVI", "NDRE")
DIVERGING = "RdBu_r"


class TimeViewer(anywidget.AnyWidget):
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
        Bytes that the whole raster of the bands drawn may take in the browser.
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
    clouds : {"show", "hide"}
    compare_mode : {"none", "swipe", "difference", "blink"}
    compare_date : str
    swipe : float
        Place of the swipe line, 0..1.
    selection : list of str
        Two dates: the median of what was seen between them is shown.
    bounds : list of float
        West, south, east, north of the view in the CRS of the cube.
    pins : list of dict
        ``{"lon", "lat", "color"}``.
    area : dict or None
        GeoJSON geometry in degrees.
    events : list of dict
        ``{"date", "label", "color"}`` marked on the time axis.
    playing, loop : bool

    Raises
    ------
    InputError
        If it is not a cube, has no band, no date, or dates that cannot be ordered.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.TimeViewer(eow.open("romania"), index="NDVI")
    TimeViewer: Forest in Romania, Sentinel-2, 2015-08 to 2021-01, 140 dates, 100 × 100 px, 2018-09-19, NDVI (viridis)
    """

    _esm = esm("time_viewer")
    _css = css("time_viewer")
    _worker: ThreadPoolExecutor | None = None
    head: Any = traitlets.Dict().tag(sync=True)
    store_id: Any = traitlets.Unicode().tag(sync=True)
    date: Any = traitlets.Unicode().tag(sync=True)
    bands: Any = traitlets.List(traitlets.Unicode()).tag(sync=True)
    index: Any = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    vmin: Any = traitlets.Float(None, allow_none=True).tag(sync=True)
    vmax: Any = traitlets.Float(None, allow_none=True).tag(sync=True)
    stretch: Any = traitlets.Enum(("percentile", "minmax"), "percentile").tag(sync=True)
    gamma: Any = traitlets.Float(1.0).tag(sync=True)
    cmap: Any = traitlets.Unicode("viridis").tag(sync=True)
    opacity: Any = traitlets.Float(1.0).tag(sync=True)
    clouds: Any = traitlets.Enum(("show", "hide"), "show").tag(sync=True)
    compare_mode: Any = traitlets.Enum(("none", "swipe", "difference", "blink"), "none").tag(sync=True)
    compare_key: Any = traitlets.Unicode("cube").tag(sync=True)
    compare_date: Any = traitlets.Unicode().tag(sync=True)
    swipe: Any = traitlets.Float(0.5).tag(sync=True)
    selection: Any = traitlets.List(traitlets.Unicode()).tag(sync=True)
    bounds: Any = traitlets.List(traitlets.Float()).tag(sync=True)
    pins: Any = traitlets.List(traitlets.Dict()).tag(sync=True)
    area: Any = AreaTrait(allow_none=True).tag(sync=True)
    events: Any = traitlets.List(traitlets.Dict()).tag(sync=True)
    layers: Any = traitlets.List(traitlets.Dict()).tag(sync=True)
    playing: Any = traitlets.Bool(False).tag(sync=True)
    loop: Any = traitlets.Bool(True).tag(sync=True)
    speed: Any = traitlets.Float(6.0).tag(sync=True)
    height: Any = traitlets.Int(380).tag(sync=True)
    chart: Any = traitlets.Bool(True).tag(sync=True)
    budget: Any = traitlets.Int(400_000_000).tag(sync=True)
    error: Any = traitlets.Dict(default_value={"message": "", "details": ""}).tag(sync=True)

    def __init__(
        self,
        cube: xr.Dataset | xr.DataArray,
        *,
        compare: xr.Dataset | xr.DataArray | None = None,
        **traits: Any,
    ) -> None:
        for name in traits:
            if name not in self.trait_names():
                raise unknown("option of TimeViewer", name, [t for t in self.trait_names() if not t.startswith("_")])
        self.sources: dict[str, FrameSource] = {}
        source = FrameSource(cube)
        index = traits.get("index")
        if index:  # before anything is drawn
            source.program(index)
        self.sources["cube"] = source
        if compare is not None:
            self.sources["compare"] = FrameSource(compare, key="compare")
        first = {
            "store_id": uuid.uuid4().hex,
            "bands": list(default_bands(source.bands)),
            "date": source.labels[source.typical] if source.labels else "",
            "compare_date": source.labels[0] if source.labels else "",
        }
        if compare is not None:
            first |= {"compare_key": "compare", "compare_mode": "swipe"}
        super().__init__(head=self._make_head(), **{**first, **traits})
        self._worker = ThreadPoolExecutor(1, "eow-viewer")
        self.on_msg(self._hear)

    # --- what the browser is told -------------------------------------------------------------------------------

    def _make_head(self) -> dict[str, Any]:
        maps = dict.fromkeys([*builtin(), self.cmap, DIVERGING])
        return {
            "sources": [self._source_head(s) for s in self.sources.values()],
            "composites": {name: list(mix) for name, mix in COMPOSITES.items()},
            "favourites": list(FAVOURITES),
            "cmaps": {name: base64.b64encode(colormap(name).tobytes()).decode() for name in maps},
            "diverging": DIVERGING,
        }

    def _source_head(self, source: FrameSource) -> dict[str, Any]:
        head = source.head(indices=source.key in ("cube", "compare"))
        for band in head["bands"]:
            classes = _classes_of(source.cube[band["name"]])
            if classes:
                band["classes"] = classes
        return head | {"layer": source.key not in ("cube", "compare")}

    def _hear(self, _: Any, content: Mapping[str, Any], __: Any) -> None:
        # A read may wait for a disk or a network: never in the thread that answers messages.
        if self._worker is not None:
            self._worker.submit(self._answer, content)

    def _answer(self, content: Mapping[str, Any]) -> None:
        try:
            if content.get("type") == "want":
                self._send_bands(content)
            elif content.get("type") == "series":
                self.send(self._series(content))
        except Exception as problem:  # noqa: BLE001  (whatever it is, the person sees it under the widget)
            sentence = str(problem) if isinstance(problem, EowidgetsError) else f"The data could not be read: {problem}"
            self.error = {"message": sentence, "details": traceback.format_exc()}

    def _send_bands(self, content: Mapping[str, Any]) -> None:
        source = self.sources.get(str(content["source"]))
        if source is None:
            return
        window = Window(*(int(v) for v in content["window"]))
        names = [b for b in content["bands"] if b in source.bands or (b == MASK and source.has_clouds)]
        if source.lazy:
            for name in names:
                if name != MASK:
                    source.codec(name)
            known = [source.index_head(p) for p in source.programs.values()]
            told = [source.band_head(b) for b in names if b != MASK]
            self.send({"type": "bands", "source": source.key, "bands": told, "indices": [i for i in known if i["q"]]})
        near = int(content.get("date") or 0)
        # The date in view in all bands first: the picture appears before the rest has come.
        for message, data in _interleave([list(self._chunks(source, n, window, near)) for n in names]):
            self.send(message, [data])

    def _chunks(
        self, source: FrameSource, band: str, window: Window, near: int
    ) -> Iterator[tuple[dict[str, Any], Any]]:
        rows, columns = window.shape
        bits = 8 if band == MASK else source.codec(band).bits
        per_date = rows * (-(-columns // 8) if band == MASK else columns * bits // 8)
        dates = source.dates if band == MASK or "time" in source.cube[band].dims else 1
        count = dates_per_chunk(per_date) if not source.lazy else 1
        common = {
            "type": "chunk",
            "source": source.key,
            "band": band,
            "shape": [rows, columns],
            "dates": dates,
            "bits": bits,
        }
        common["window"] = [window.x0, window.y0, window.x1, window.y1, window.stride]
        starts = sorted(range(0, dates, count), key=lambda t: abs(t + count / 2 - near - 0.5))
        per_message = max(1, 4_000_000 // max(1, per_date // rows))
        for t in starts:
            data = source.read(band, slice(t, min(t + count, dates)), window)
            for row in range(0, rows, per_message if count == 1 else rows):
                part = data[:, row : row + per_message] if count == 1 else data
                message = common | {"t": t, "count": len(part), "row": row, "rows": part.shape[1]}
                yield message, np.ascontiguousarray(part).tobytes()

    def _series(self, content: Mapping[str, Any]) -> dict[str, Any]:
        source = self.sources["cube"]
        program = Program("", "", tuple(content["bands"]), tuple(content["rpn"]))
        answer: dict[str, Any] = {"type": "series", "id": content["id"]}
        if "pixel" in content:
            x, y = (int(v) for v in content["pixel"])
            window = Window(x, y, x + 1, y + 1)
            values = evaluate(program, {b: source.floats(b, slice(None), window) for b in program.bands})[:, 0, 0]
            answer["hollow"] = source.clouds(slice(None), window)[:, 0, 0].astype(int).tolist()
            return answer | {"values": _numbers(values)}
        cut, inside = _window_of(source, content["area"])
        values = evaluate(program, {b: source.floats(b, slice(None), cut) for b in program.bands})
        values = np.where(inside & ~source.clouds(slice(None), cut), values, np.nan)
        seen = np.isfinite(values).sum((1, 2))
        total = np.nansum(values, (1, 2))
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = total / seen
            spread = np.sqrt(np.maximum(0, np.nansum(values**2, (1, 2)) / seen - mean**2))
        return answer | {
            "values": _numbers(mean),
            "low": _numbers(mean - spread),
            "high": _numbers(mean + spread),
            "hollow": [0] * len(mean),
        }

    # --- traits -------------------------------------------------------------------------------------------------

    @traitlets.validate("date", "compare_date")
    def _check_date(self, proposal: dict[str, Any]) -> str:
        labels = self.sources["cube"].labels
        value = str(proposal["value"])
        if not labels or value in labels or not value:
            return value
        try:
            asked = np.datetime64(value)
        except ValueError:
            raise InputError(f"{value!r} is not a date: write it as 2019-07-06.") from None
        return labels[int(np.abs(self.sources["cube"].times - asked).argmin())]

    @traitlets.validate("bands")
    def _check_bands(self, proposal: dict[str, Any]) -> list[str]:
        value = list(proposal["value"])
        have = self.sources["cube"].bands
        for band in value:
            if band not in have:
                raise unknown("band", band, have)
        if len(value) not in (1, 3):
            raise InputError(f"{len(value)} bands were given: draw one band, or three as red, green, blue.")
        return value

    @traitlets.validate("index")
    def _check_index(self, proposal: dict[str, Any]) -> str | None:
        value: str | None = proposal["value"]
        if not value:
            return None
        source = self.sources["cube"]
        program = source.program(value)
        if program.name not in source.programs:  # a formula of one's own joins the list
            source.programs[program.name] = program
            if self.head:
                self.head = self._make_head()
        return program.name

    @traitlets.validate("cmap")
    def _check_cmap(self, proposal: dict[str, Any]) -> str:
        name = str(proposal["value"])
        lut = base64.b64encode(colormap(name).tobytes()).decode()
        if self.head and name not in self.head["cmaps"]:
            self.head = {**self.head, "cmaps": {**self.head["cmaps"], name: lut}}
        return name

    # --- cubes and layers ---------------------------------------------------------------------------------------

    @property
    def cube(self) -> xr.Dataset:
        """The cube shown, rows from north to south, dates in order."""
        return self.sources["cube"].cube

    def set_cube(self, cube: xr.Dataset | xr.DataArray, *, compare: xr.Dataset | None = None) -> None:
        """Show another cube; date, bands and index are kept where it has them."""
        source = FrameSource(cube)
        self.sources = {"cube": source} | (
            {"compare": FrameSource(compare, key="compare")} if compare is not None else {}
        )
        with self.hold_sync():
            self.layers, self.selection = [], []
            if any(b not in source.bands for b in self.bands):
                self.bands = list(default_bands(source.bands))
            if self.index and self.index not in source.programs:
                self.index = None
            self.head = self._make_head()
            self.date = self.date if self.date in source.labels else source.labels[source.typical]
            self.compare_mode = "swipe" if compare is not None else "none"
            self.compare_key = "compare" if compare is not None else "cube"

    def compare_with(self, cube: xr.Dataset | xr.DataArray | None, mode: str = "swipe") -> None:
        """Swipe (or difference, blink) against a second cube; None goes back to one."""
        if cube is None:
            self.compare_mode, self.compare_key = "none", "cube"
            return
        self.sources["compare"] = FrameSource(cube, key="compare")
        with self.hold_sync():
            self.head = self._make_head()
            self.compare_key, self.compare_mode = "compare", mode

    def add_layer(
        self, data: xr.Dataset | xr.DataArray, name: str, style: Mapping[str, Any] | None = None, opacity: float = 1.0
    ) -> None:
        """Put a result above the picture; a layer of the same name is replaced.

        Parameters
        ----------
        data : Dataset or DataArray
            On the grid of the cube or another grid of the same CRS, with or without time. Class maps
            (``flag_values``, ``flag_meanings``, ``colors`` in the attributes) keep their colours.
        style : mapping, optional
            Any of ``bands``, ``index``, ``vmin``, ``vmax``, ``cmap``, ``gamma``.
        """
        if name in ("cube", "compare"):
            raise InputError(f"A layer cannot be called {name!r}: choose another name.")
        self.sources[name] = FrameSource(data, key=name)
        first = self.sources[name].bands
        own = {"bands": list(default_bands(first)), "index": None, "vmin": None, "vmax": None, **(style or {})}
        layer = {"key": name, "visible": True, "opacity": float(opacity), "style": own}
        with self.hold_sync():
            self.head = self._make_head()
            self.layers = [*(k for k in self.layers if k["key"] != name), layer]

    def remove_layer(self, name: str) -> None:
        """Take a layer away."""
        if name not in [k["key"] for k in self.layers]:
            raise unknown("layer", name, [k["key"] for k in self.layers])
        with self.hold_sync():
            self.layers = [k for k in self.layers if k["key"] != name]
            del self.sources[name]
            self.head = self._make_head()

    def update_region(self, name: str, t: int, y: int, x: int, values: np.ndarray, band: str | None = None) -> None:
        """Paint a part of a layer's frame that a running model has just finished.

        Parameters
        ----------
        name : str
            The layer (or ``"cube"``, ``"compare"``).
        t, y, x : int
            Date, and the upper left pixel.
        values : ndarray, shape (h, w)
        """
        source = self.sources[name]
        band = band or source.bands[0]
        codec = source.codec(band)
        data = np.ascontiguousarray(codec.encode(np.asarray(values)))
        message = {"type": "region", "source": name, "band": band, "t": t, "x": x, "y": y, "bits": codec.bits}
        self.send(message | {"height": data.shape[0], "width": data.shape[1]}, [data.tobytes()])

    # --- pictures and text --------------------------------------------------------------------------------------

    @property
    def style(self) -> Style:
        """The style of the picture as one value."""
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
            classes=_class_colors(self.cube, self.bands),
        )

    @property
    def step(self) -> int:
        """Place of ``date`` in the series."""
        labels = self.sources["cube"].labels
        return labels.index(self.date) if self.date in labels else 0

    def snapshot(self) -> bytes:
        """PNG of the date shown, at most 512 pixels on its longer side."""
        source = self.sources["cube"]
        stride = max(1, -(-max(source.width, source.height) // 512))
        return png(draw(source, self.style, self.step, Window(0, 0, source.width, source.height, stride)))

    def __repr__(self) -> str:
        """What is shown, the same every time."""
        source = self.sources["cube"]
        title = str(self.cube.attrs.get("title", "cube"))[:80]
        dates = f"{source.dates} date{'s' if source.dates != 1 else ''}"
        size = f"{source.height} × {source.width} px"
        versus = f", {self.compare_mode} against {self.compare_key}" if self.compare_mode != "none" else ""
        return f"TimeViewer: {title}, {dates}, {size}, {self.date}, {describe(self.style)}{versus}"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle: Any = super()._repr_mimebundle_(**kwargs)
        # A notebook without widgets (or a test) still gets something to read.
        (bundle[0] if isinstance(bundle, tuple) else bundle)["text/plain"] = repr(self)
        return bundle

    def close(self) -> None:
        """Free what the viewer holds."""
        if self._worker is not None:  # None where the cube was refused
            self._worker.shutdown(wait=False, cancel_futures=True)
        super().close()


def _classes_of(band: xr.DataArray) -> list[dict[str, Any]]:
    values, colors = band.attrs.get("flag_values"), str(band.attrs.get("colors", "")).split()
    if values is None or len(colors) != len(np.atleast_1d(values)):
        return []
    names = str(band.attrs.get("flag_meanings", "")).split()
    names += [str(v) for v in np.atleast_1d(values)[len(names) :]]
    rows = zip(np.atleast_1d(values).tolist(), names, colors, strict=False)
    return [{"value": int(v), "name": n.replace("_", " "), "color": c} for v, n, c in rows]


def _class_colors(cube: xr.Dataset, bands: list[str]) -> dict[int, str] | None:
    if len(bands) != 1:
        return None
    return {c["value"]: c["color"] for c in _classes_of(cube[bands[0]])} or None


def _numbers(values: Any) -> list[float | None]:
    return [None if not np.isfinite(v) else float(v) for v in values]


def _window_of(source: FrameSource, area: Any) -> tuple[Window, Any]:
    from eowidgets.cube.area import Area
    from eowidgets.cube.grid import geobox

    inside = Area.of(area).mask(geobox(source.cube))
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    if not len(rows):
        raise InputError("The area does not touch the picture: draw it there.")
    window = Window(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return window, inside[window.y0 : window.y1, window.x0 : window.x1]


def _interleave(lists: list[list[Any]]) -> Iterator[Any]:
    for i in range(max(map(len, lists), default=0)):
        yield from (items[i] for items in lists if i < len(items))
