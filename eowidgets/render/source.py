"""Frames of a cube for the viewer: any window and stride, never the whole raster at once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from itertools import count
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube import schema
from eowidgets.cube.direct import Origin, direct
from eowidgets.cube.legends import with_legends
from eowidgets.cube.quantity import Quantity, quantity
from eowidgets.errors import InputError, unknown
from eowidgets.render.admit import band_names, shown
from eowidgets.render.blocks import MOST_PIXELS, read_thinned, thinning
from eowidgets.render.classes import ClassRow, classes_of
from eowidgets.render.formula import Formula, catalogue, evaluate, index_program
from eowidgets.render.kept import Kept
from eowidgets.render.pack import Bits, Codec, codec_for, pack_mask, unpack_mask
from eowidgets.render.place import Place
from eowidgets.render.purposes import domain, purpose
from eowidgets.render.remembered import digest, remembered
from eowidgets.render.style import as_json, quantiles
from eowidgets.render.window import Window

MASK = "clouds"
_versions = count(1)
#: Longest and shortest side of the first, coarse picture, and bytes that those of all dates of three lazy bands may have.
COARSE, LEAST_COARSE, COARSE_BYTES = 256, 96, 12_000_000
#: Pixels sampled for stretches, so that opening a cube takes the same time at any size.
_SAMPLE = 40_000


class FrameSource:
    """Frames of a cube, ready to be packed.

    Parameters
    ----------
    cube : xarray.Dataset or xarray.DataArray
        Over ``(time, y, x)``; variables over ``(y, x)`` count as one frame that holds for every date.
    bits : {8, 16}
        Bits per value in the browser.
    key : str
        Name of this source among those of a viewer.

    Raises
    ------
    InputError
        If it isn't a cube, has no band, or times that cannot be put in order.
    """

    def __init__(self, cube: xr.Dataset | xr.DataArray, *, bits: Bits = 16, key: str = "cube") -> None:
        self.cube = with_legends(shown(cube))
        self.key, self.bits = key, bits
        self.bands = band_names(self.cube)
        #: Bands for pictures and indices, without quality bands and layers if there are others.
        self.main = schema.bands(self.cube) or self.bands
        if not self.bands:
            raise InputError("This cube has no band to draw: no variable over (time, y, x). Check  cube.eow.bands.")
        first = self.cube[self.bands[0]]
        self.height, self.width = first.sizes["y"], first.sizes["x"]
        if not (self.height and self.width):
            raise InputError(f"This cube is empty: it has {self.height} rows and {self.width} columns.")
        self.times: np.ndarray = (
            self.cube["time"].to_numpy().astype("datetime64[ns]")
            if "time" in self.cube.dims
            else np.array([], "datetime64[ns]")
        )
        self.dates = max(1, len(self.times))
        self.has_clouds = MASK in self.cube and set(self.cube[MASK].dims) == set(schema.DIMS)
        self.lazy = any(self._is_lazy(b) for b in self.bands)
        self.place = Place.of(self.cube)
        self._codecs: dict[str, Codec] = {}
        self._classes: dict[str, list[ClassRow]] = {}
        self._quantiles: dict[str | Formula, tuple[float, float, float, float]] = {}
        self._digests: dict[str, bytes] = {}
        self._cover: list[float | None] = [None] * self.dates
        self._measured: dict[int, np.ndarray] = {}
        self._origins: dict[str, Origin | None] = {}
        self._kept = Kept()
        #: Version number by which the browser detects that its pixels under this key are outdated.
        self.version = next(_versions)

    def _is_lazy(self, band: str) -> bool:
        return not isinstance(self.cube[band].variable._data, np.ndarray)

    # --- reading -----------------------------------------------------------------------------------------------

    @property
    def whole(self) -> Window:
        """The full raster at full resolution."""
        return Window(0, 0, self.width, self.height)

    @property
    def coarse(self) -> Window:
        """The full raster, at most `COARSE` pixels on its longer side; fewer of a lazy cube of many dates."""
        longest = max(self.width, self.height)
        side = COARSE
        if self.lazy and longest > COARSE:
            # All dates are sent, so that none is blank during stepping.
            per_date = 6 * self.width * self.height / longest**2
            side = min(COARSE, max(LEAST_COARSE, int((COARSE_BYTES / self.dates / per_date) ** 0.5)))
        return Window(0, 0, self.width, self.height, max(1, -(-longest // side)))

    def _origin(self, band: str) -> Origin | None:
        if band not in self._origins:
            self._origins[band] = direct(self.cube[band]) if self._is_lazy(band) else None
        return self._origins[band]

    def values(self, band: str, dates: slice | list[int], window: Window) -> np.ndarray:
        """Return the unconverted values ``(dates, y, x)`` of the cube (floats or integers).

        Windows are read directly from the source if it is known (`cube/direct.py`), coarse ones from its overviews.
        A window of another lazy raster that would touch very many blocks is thinned, see `read_thinned`.
        """
        var, origin = self.cube[band], self._origin(band)
        if origin is not None and origin.cost(window.cells) <= MOST_PIXELS:
            chosen = list(range(self.dates))[dates] if isinstance(dates, slice) else dates
            return np.stack([origin.read(t, window.cells) for t in (chosen if "time" in var.dims else [0])])
        array = read_thinned(var.isel(time=dates) if "time" in var.dims else var, *window.slices())
        return array if array.ndim == 3 else array[None]

    @cached_property
    def thinned(self) -> int:
        """Thinning factor of the whole picture if blocks limit it; else 1."""
        rows, columns = self.coarse.slices()
        origin = self._origin(self.bands[0])
        if origin is not None and origin.cost(self.coarse.cells) <= MOST_PIXELS:
            return 1
        factor = thinning(self.cube[self.bands[0]], rows, columns)
        return 1 if factor == 1 else (self.coarse.stride * factor) ** 2

    def read(self, band: str, dates: slice | list[int], window: Window) -> np.ndarray:
        """Return codes ``(dates, y, x)``, or bit planes ``(dates, y, ceil(x / 8))`` for the cloud mask."""
        if band == MASK:
            return pack_mask(self._recent(band, dates, window).astype(bool))
        return self.codec(band).encode(self._recent(band, dates, window))

    def _recent(self, band: str, dates: slice | list[int], window: Window) -> np.ndarray:
        """Return `values`; those of a lazy cube are cached."""
        if not self.lazy:
            return self.values(band, dates, window)
        chosen = tuple(range(self.dates)[dates]) if isinstance(dates, slice) else tuple(dates)
        return self._kept.get((band, chosen, window), lambda: self.values(band, dates, window))

    def floats(self, band: str, dates: slice | list[int], window: Window) -> np.ndarray:
        """Return values ``(dates, y, x)`` at the browser's precision: encoded and decoded, float32."""
        codec = self.codec(band)
        return codec.decode(codec.encode(self.values(band, dates, window)))

    def clouds(self, dates: slice | list[int], window: Window) -> np.ndarray:
        """Return a boolean ``(dates, y, x)``; all False where the cube has no cloud mask."""
        if not self.has_clouds:
            count = len(dates) if isinstance(dates, list) else len(range(*dates.indices(self.dates)))
            return np.zeros((count, *window.shape), bool)
        return self.values(MASK, dates, window).astype(bool)

    # --- content -----------------------------------------------------------------------------------------------

    @cached_property
    def _sample_dates(self) -> list[int]:
        # A lazy cube is sampled at its middle date only: each further date is a read from disk or network.
        return [self.dates // 2] if self.lazy else list(range(self.dates))

    @cached_property
    def _sample_window(self) -> Window:
        stride = self.coarse.stride
        if not self.lazy:
            width, height = self.cube.sizes["x"], self.cube.sizes["y"]  # the same classes on the map
            stride = max(1, min(round((width * height * self.dates / _SAMPLE) ** 0.5), min(width, height)))
            return Window(0, 0, width, height, stride)
        return Window(0, 0, self.width, self.height, stride)

    def _sampled(self, band: str) -> np.ndarray:
        read = self._recent if self.lazy else partial(FrameSource.values, self)
        return read(band, self._sample_dates, self._sample_window)

    @cached_property
    def _sample_clear(self) -> np.ndarray:
        cells = self._sample_dates, self._sample_window
        clear = ~(self._sampled(MASK).astype(bool) if self.has_clouds else self.clouds(*cells))
        # Where everything is cloudy, a stretch of the clouds is better than none.
        return clear if clear.any() else np.ones_like(clear)

    def codec(self, band: str) -> Codec:
        """Return how a band is stored; chosen once."""
        if band not in self._codecs:
            if band not in self.cube:
                raise unknown("band", band, self.bands)
            self._codecs[band] = self._choose(band)
        return self._codecs[band]

    def classes(self, band: str) -> list[ClassRow]:
        """Return the classes of a band with their names and colours; empty for numbers."""
        if band not in self._classes:
            values, found = self.cube[band], None
            # The values of a lazy band are unknown.
            if values.attrs.get("role") == "quality" and values.dtype == np.uint8 and not self._is_lazy(band):
                found = np.flatnonzero(np.bincount(values.to_numpy().ravel()))
            self._classes[band] = classes_of(values, found)
        return self._classes[band]

    def _choose(self, band: str) -> Codec:
        kind = self.cube[band].dtype.kind
        what = quantity(self.cube[band])
        if kind in "iu" and what.key in ("classes", "quality") and self.cube[band].dtype.itemsize <= 2:
            return Codec(1.0, float(np.iinfo(self.cube[band].dtype).min), 16)
        if self.cube[band].dtype == np.uint8 or kind == "b":
            return Codec(1.0, 0.0, 8) if kind == "b" else Codec(1.0, 0.0, 16)
        # In memory the whole range is used, so that nothing is clipped; the range of a lazy cube is widened.
        values = self._sampled(band) if self.lazy else self.cube[band].to_numpy()
        if kind == "f":
            with np.errstate(invalid="ignore"):
                low, high = _finite_range(values)
        else:
            low, high = float(values.min()), float(values.max())
        reflectance = what.key in ("reflectance", "brightness", "index", "unknown")
        if self.lazy and self.bits == 16:
            low, high = _room(low, high, what)
        return codec_for(low, high, bits=self.bits, integers=kind in "iu", reflectance=reflectance)

    @cached_property
    def wavelengths(self) -> dict[str, float]:
        """Centre wavelength by band, nm, where known."""
        found = {b: self.cube[b].attrs.get("center_wavelength") for b in self.bands}
        return {b: float(w) for b, w in found.items() if w}

    @cached_property
    def programs(self) -> dict[str, Formula]:
        """Every index that can be computed from these bands."""
        return catalogue(self.bands, self.wavelengths)  # an index may exist as a layer

    def program(self, index: str) -> Formula:
        """Compile an index by name or a formula; the error names missing bands."""
        return self.programs.get(index) or index_program(index, self.bands, self.wavelengths)

    @cached_property
    def _sample_values(self) -> dict[str, np.ndarray]:
        return {}

    def _band_sample(self, band: str) -> np.ndarray:
        if band not in self._sample_values:
            codec = self.codec(band)
            sample = codec.decode(codec.encode(self._sampled(band)))
            clear = self._sample_clear
            self._sample_values[band] = np.broadcast_to(sample, clear.shape)[clear]
        return self._sample_values[band]

    def quantiles(self, what: str | Formula) -> tuple[float, float, float, float]:
        """Return (min, 2 %, 98 %, max) of a band or an index over clear pixels, rounded to the codec's precision."""
        if what not in self._quantiles:
            self._quantiles[what] = self._look_up(what)
        return self._quantiles[what]

    def _digest(self, band: str) -> bytes:
        if band not in self._digests:
            self._digests[band] = digest(self._sampled(band), self._sample_clear)
        return self._digests[band]

    def _look_up(self, what: str | Formula) -> tuple[float, float, float, float]:
        bands = what.bands if isinstance(what, Formula) else (what,)
        key = tuple((self._digest(b), self.codec(b)) for b in bands)
        steps = what.steps if isinstance(what, Formula) else self.has_clouds
        return remembered((steps, key), lambda: self._compute(what))

    def _compute(self, what: str | Formula) -> tuple[float, float, float, float]:
        if isinstance(what, Formula):
            return _four(quantiles(evaluate(what, {b: self._band_sample(b) for b in what.bands})))
        low, p2, p98, high = quantiles(self._band_sample(what))
        # A date with snow or missed clouds must not darken all others: the median over dates is used.
        usual = self._usual_range(what)
        return _four((low, *(usual or (p2, p98)), high))

    def _usual_range(self, band: str) -> tuple[float, float] | None:
        """Return the median over dates of each date's 2nd and 98th percentile; None with too few clear dates.

        With one or two dates without a mask the darker one is used: next to a cloud the ground would be black.
        """
        values, clear = self._sampled(band), self._sample_clear
        if len(values) != len(clear):
            return None
        dates = [v[c & np.isfinite(v)] for v, c in zip(values, clear, strict=True)]
        full = [d for d, c in zip(dates, clear, strict=True) if d.size > max(8, 0.5 * c.size)]
        if len(full) < 3:
            if self.has_clouds or len(full) < 2:
                return None
            full = [min(full, key=np.median)]
        low, high = np.median([np.quantile(d, (0.02, 0.98)) for d in full], axis=0)
        return float(low), float(high)

    @property
    def cloud_cover(self) -> list[float | None]:
        """Cloudy part of each date (0..1), None if nothing was measured or the date was not read yet (lazy)."""
        return list(self._cover) if self.lazy or not self.has_clouds else self._whole_cover

    @cached_property
    def _whole_cover(self) -> list[float | None]:
        window = Window(0, 0, self.width, self.height, max(1, max(self.width, self.height) // 512))
        cloudy = self.clouds(slice(None), window)
        seen = np.isfinite(self.values(self.main[0], slice(None), window)) | cloudy
        return [_share(c, s) for c, s in zip(cloudy, seen, strict=True)]

    def look(self, band: str, date: int, codes: np.ndarray) -> float | None:
        """Compute the cloud cover of a date from the coarse picture, which is read anyway.

        Parameters
        ----------
        band : str
            The bands of a date are passed before its mask.
        date : int
        codes : ndarray
            One date as returned by `read`.

        Returns
        -------
        float or None
            The cover, once the mask was passed.
        """
        if band == MASK:
            cloudy = unpack_mask(codes, self.coarse.shape[1])[0]
            seen = self._measured.pop(date, np.ones_like(cloudy)) | cloudy
            self._cover[date] = _share(cloudy, seen)
        elif self._cover[date] is None:
            self._measured.setdefault(date, codes[0] != 0)
        return self._cover[date]

    @cached_property
    def typical(self) -> int:
        """The clear date that looks most like the others: no cloud, snow or low winter sun; the middle one if unknown."""
        cover = np.array([np.nan if c is None else c for c in self.cloud_cover])
        if self.lazy or np.isnan(cover).all():
            return self.dates // 2
        clear = np.flatnonzero(cover <= np.nanmin(cover) + 0.02)
        step = max(1, max(self.width, self.height) // 64)
        sample = self.values(self.main[-1], [int(i) for i in clear], Window(0, 0, self.width, self.height, step))
        level = np.array([np.median(v[np.isfinite(v)]) if np.isfinite(v).any() else np.nan for v in sample])
        if np.isnan(level).all():
            return self.dates // 2
        # In a tie, the latest.
        return int(clear[::-1][np.nanargmin(np.abs(level - np.nanmedian(level))[::-1])])

    @cached_property
    def labels(self) -> list[str]:
        """ISO dates, with the time of day only if two scenes have the same date."""
        days = [str(t)[:10] for t in self.times]
        return days if len(set(days)) == len(days) else [str(t)[:23] for t in self.times]

    def head(self, *, indices: bool = True) -> dict[str, Any]:
        """Return all metadata of the source as JSON, without pixels."""
        return {
            "key": self.key,
            "version": self.version,
            "width": self.width,
            "height": self.height,
            "dates": self.dates,
            "times": self.labels,
            "bands": [self.band_head(b) for b in self.bands],
            "mask": self.has_clouds,
            "lazy": self.lazy,
            "cover": self.cloud_cover,
            "coarse": self.coarse.stride,
            "thinned": self.thinned,
            "place": self.place.head(),
            "title": str(self.cube.attrs.get("title", ""))[:200],
            "indices": [self.index_head(p) for p in self.programs.values()] if indices else [],
        }

    def band_head(self, band: str) -> dict[str, Any]:
        """Return the metadata that the browser needs to draw a band."""
        attrs = self.cube[band].attrs
        head: dict[str, Any] = {
            "name": band,
            "long_name": str(attrs.get("long_name", band))[:120],
            "unit": _unit(attrs),
        }
        classes = self.classes(band)
        head |= {"classes": classes} if classes else {}
        if self.lazy and band not in self._codecs:
            return {**head, "q": None}  # sent when the band is first requested: each needs a read
        codec = self.codec(band)
        numbers = {"scale": codec.scale, "offset": codec.offset, "bits": codec.bits}
        return {**head, **numbers, "q": as_json(self.quantiles(band))}

    def index_head(self, program: Formula) -> dict[str, Any]:
        """Return the metadata that the browser needs to draw an index."""
        known = not self.lazy or all(b in self._codecs for b in program.bands)
        words = {"domain": domain(program.name), "use": purpose(program.name)}
        return {**program.as_json(), **words, "q": as_json(self.quantiles(program)) if known else None}


def _share(cloudy: np.ndarray, seen: np.ndarray) -> float | None:
    count = int(seen.sum())
    return round(float((cloudy & seen).sum()) / count, 4) if count else None


def _four(values: tuple[float, ...]) -> tuple[float, float, float, float]:
    a, b, c, d = as_json(values)
    return (a, b, c, d)


def _unit(attrs: Mapping[Any, Any]) -> str:
    unit = str(attrs.get("units", attrs.get("unit", "")))[:24]
    return "" if unit == "1" else unit


def _room(low: float, high: float, what: Quantity) -> tuple[float, float]:
    """Widen the range of one date so that other dates fit: to the normal range of a quantity, or by several spans."""
    span = max(high - low, 1e-6)
    if what.key in ("temperature", "celsius", "backscatter_db"):
        return min(low - span, what.low), max(high + span, what.high)
    margin = span if what.key == "reflectance" else 4 * span
    return low - margin, high + margin


def _finite_range(values: np.ndarray) -> tuple[float, float]:
    low, high = float(np.nanmin(values, initial=np.inf)), float(np.nanmax(values, initial=-np.inf))
    if not (np.isfinite(low) and np.isfinite(high)):
        seen = values[np.isfinite(values)]
        low, high = (float(seen.min()), float(seen.max())) if seen.size else (np.nan, np.nan)
    return low, high
