"""Kinds of change: classes before and after by fixed rules on reflectance, for a legend and a sentence."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.contract.labels import ClassInfo
from eowidgets.cube.schema import bands, usable

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

#: Classes of ground of the rules. "green" is all green vegetation except forest: grass, crops, young regrowth.
GROUND = ("forest", "green", "bare", "water")
FOREST, GREEN, BARE, WATER = range(4)
#: NDVI in the growing season: at or above DENSE forest or green, below SPARSE bare.
DENSE, SPARSE = 0.75, 0.65
#: A canopy is dark in red and in the shortwave infrared, because of its own shadows.
CANOPY_RED, CANOPY_SWIR = 0.035, 0.22
#: Water is dark in the near infrared.
WATER_NIR = 0.08
#: The ground is classified within this many days before and after the change; after it on the first few dates only,
#: because cleared land soon becomes green again.
REACH, FIRST = 400, 3
#: A date belongs to the growing season where the median NDVI of the area reaches this share of its high level.
GROWING = 0.85

NONE = 255
_COLORS = {
    (FOREST, BARE): "#d55e00",
    (FOREST, GREEN): "#e69f00",
    (GREEN, BARE): "#cc79a7",
    (BARE, GREEN): "#009e73",
    (GREEN, FOREST): "#0072b2",
}


def kinds() -> tuple[ClassInfo, ...]:
    """Return every kind of change, ``value = 4 · before + after``."""
    return tuple(
        ClassInfo(4 * a + b, f"{GROUND[a]} to {GROUND[b]}" if a != b else f"within {GROUND[a]}", _color(a, b))
        for a in range(4)
        for b in range(4)
    )


def _color(before: int, after: int) -> str:
    if WATER in (before, after):
        return "#56b4e9"
    return _COLORS.get((before, after), "#999999")


def kind_of(
    cube: xr.Dataset, changed: npt.NDArray[np.bool_], first: npt.NDArray[np.float64]
) -> npt.NDArray[np.uint8] | None:
    """Classify the kind of change of every changed pixel.

    Parameters
    ----------
    cube : Dataset
        Needs red and nir; swir16 makes the class forest more reliable.
    changed : ndarray (y, x), bool
    first : ndarray (y, x)
        Day since 1970-01-01 on which the change is first observed.

    Returns
    -------
    ndarray (y, x), uint8, or None
        255 where nothing changed or one side was not observed. None where bands are missing.
    """
    names = bands(cube)
    if not {"red", "nir"} <= set(names):
        return None
    out = np.full(changed.shape, NONE, np.uint8)
    rows, columns = np.nonzero(changed)
    if not len(rows):
        return out
    y, x = xr.DataArray(rows, dims="pixel"), xr.DataArray(columns, dims="pixel")
    wanted = [n for n in ("red", "nir", "swir16") if n in names]
    small = cube[wanted].isel(y=y, x=x).transpose("time", "pixel").compute()
    days = cube.time.values.astype("datetime64[D]").astype(float)[:, None]
    since = days - first[rows, columns][None]
    seen, grows = usable(cube).isel(y=y, x=x).transpose("time", "pixel").values, growing(cube)[:, None]
    earlier, later = seen & (since < 0), seen & (since >= 0)
    # Where no clear date of the growing season is near, any clear date is used.
    before = _ground(small, _best(earlier & grows & (since >= -REACH), earlier & grows, earlier))
    after = _ground(small, _best(*(_first(w) for w in (later & grows & (since < REACH), later))))
    known = (before != NONE) & (after != NONE)
    out[rows[known], columns[known]] = (4 * before + after)[known]
    return out


def growing(cube: xr.Dataset) -> Mask:
    """Return the dates of the growing season by the median NDVI of the area, (t,); of a short series, all dates."""
    step = {k: slice(None, None, -(-cube.sizes[k] // 128)) for k in ("y", "x")}
    thin = cube[[*(n for n in ("red", "nir", "valid", "clouds") if n in cube)]].isel(step)
    if cube.sizes["time"] < 6:
        return np.ones(cube.sizes["time"], bool)
    seen = usable(thin).transpose("time", "y", "x").values
    level = _ndvi(thin["red"].transpose("time", "y", "x").values, thin["nir"].transpose("time", "y", "x").values)
    median = np.array([np.median(v[s]) if s.mean() > 0.1 else np.nan for v, s in zip(level, seen, strict=True)])
    if not np.isfinite(median).any():
        return np.ones(cube.sizes["time"], bool)
    grows: Mask = median >= GROWING * np.nanquantile(median, 0.9)
    return grows


def _best(*choices: Mask) -> Mask:
    """Select, for each pixel, the first choice that has any date, shape (t, pixel)."""
    chosen = choices[-1]
    for choice in reversed(choices[:-1]):
        chosen = np.where(choice.any(axis=0), choice, chosen)
    return chosen


def _first(where: Mask) -> Mask:
    return where & (where.cumsum(axis=0) <= FIRST)


def _ndvi(red: Array, nir: Array) -> Array:
    total = red + nir
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 1e-3, (nir - red) / total, 0).astype("float32")


def _ground(pixels: xr.Dataset, where: Mask) -> npt.NDArray[np.uint8]:
    """Classify each pixel by its medians over some dates, (pixel,)."""

    def median(values: Array) -> Array:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # no date: NaN is intended
            return np.nanmedian(np.where(where, values, np.nan), axis=0)

    red, nir = pixels["red"].values, pixels["nir"].values
    green, dark = median(_ndvi(red, nir)), median(nir) < WATER_NIR
    canopy = median(red) < CANOPY_RED
    if "swir16" in pixels:
        canopy &= median(pixels["swir16"].values) < CANOPY_SWIR
    found = np.full(where.shape[1], BARE, np.uint8)
    found[green >= SPARSE] = GREEN
    found[(green >= DENSE) & canopy] = FOREST
    found[(green < SPARSE) & dark] = WATER
    found[~where.any(axis=0)] = NONE
    return found
