"""Land cover by explicit rules: a year of dates, three indices, five thresholds.

Each pixel is described by its clear observations over a year: the median of NDVI, its highest level (the 90th
percentile), the median of MNDWI (green against short-wave infrared), and the green reflectance on the greenest dates.
The rules apply in this order:

======== ==============================================================================================
water    median MNDWI above 0 and median NDVI below 0.2
forest   greenest NDVI at least 0.75 and green reflectance then at most 0.058: crowns shade each other,
         grass and crops of the same NDVI are brighter
field    greenest NDVI at least 0.40: grass, crops, young growth and all other green land except forest
built-up median MNDWI above -0.38: brick, concrete and asphalt reflect short-wave infrared less than soil does
bare     the rest
======== ==============================================================================================

The thresholds were set on the simulator's five classes and on the tree cover layer of the Romanian sample; docs/ask.md
states the measured agreement. The confidence of a pixel follows from its distance to the nearest deciding threshold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.ask.language import COVERS
from eowidgets.cube.schema import bands, usable
from eowidgets.errors import InputError, shown

#: Value, name and colour, as in the simulator.
CLASSES = (
    (0, "water", "#3b78b5"),
    (1, "forest", "#1b7837"),
    (2, "field", "#e3c34c"),
    (3, "built-up", "#b2433f"),
    (4, "bare", "#a08c78"),
)
CODE = {name: value for value, name, _ in CLASSES}
COLOR = {name: color for _, name, color in CLASSES} | {"vegetation": "#4dac26", "snow": "#56b4e9", "cloud": "#999999"}
UNSEEN = 255

GREEN_FOREST, GREEN_FIELD, DARK_FOREST = 0.75, 0.40, 0.058
WATER_MNDWI, WATER_NDVI, BUILT_MNDWI = 0.0, 0.2, -0.38
#: Distances to a threshold that scale the confidence: the noise of a yearly statistic.
_SCALE = {"green": 0.05, "dark": 0.006, "wet": 0.06}
#: Minimum number of clear dates of a pixel for a year.
FEWEST = 3
#: Snow: NDSI and near infrared above, shortwave infrared below. Ice clouds have the NDSI of snow, but snow absorbs at
#: 1.6 µm: brighter pixels are cloud.
SNOW_NDSI, SNOW_NIR, SNOW_SWIR = 0.4, 0.11, 0.13
#: NDSI of deep snow, at any brightness at 1.6 µm; minimum ratio of near infrared to green reflectance.
SNOW_DEEP, SNOW_WHITE = 0.65, 0.7

Floats = npt.NDArray[np.float32]


def needs(cube: xr.Dataset) -> str:
    """Return the bands that the rules need and the cube lacks, as text; empty if there are none."""
    missing = [b for b in ("green", "red", "nir", "swir16") if b not in bands(cube)]
    return ", ".join(missing)


def classify(cube: xr.Dataset) -> xr.Dataset:
    """Classify every pixel from all dates of a cube.

    Parameters
    ----------
    cube : Dataset
        A year of dates, or some years; bands ``green``, ``red``, ``nir``, ``swir16``.

    Returns
    -------
    Dataset
        ``cover`` (y, x) uint8, 255 with fewer than three clear dates, and ``sure`` (y, x) float32, 0.5..1.

    Raises
    ------
    InputError
        If a band is missing or no pixel was observed often enough.
    """
    missing = needs(cube)
    if missing:
        raise InputError(f"Land cover needs the bands {missing}, which this cube lacks.")
    seen = usable(cube).transpose("time", "y", "x").values
    green, red, nir, swir = (cube[b].transpose("time", "y", "x").values for b in ("green", "red", "nir", "swir16"))
    with np.errstate(divide="ignore", invalid="ignore"):
        ndvi = np.where(seen, (nir - red) / (nir + red), np.nan)
        mndwi = np.where(seen, (green - swir) / (green + swir), np.nan)
        ndvi[~np.isfinite(ndvi)] = np.nan
        mndwi[~np.isfinite(mndwi)] = np.nan
    counts = np.isfinite(ndvi).sum(axis=0)
    enough = counts >= FEWEST
    if not enough.any():
        raise InputError("Too few cloud-free dates to map land cover: at least three are needed.")
    ndvi_mid, greenest = quantile(ndvi, 0.5), quantile(ndvi, 0.9)
    wet = quantile(mndwi, 0.5)
    dark = quantile(np.where(ndvi >= greenest - 0.05, green, np.nan), 0.5)
    cover, sure = _decide(ndvi_mid, greenest, wet, dark)
    cover[~enough] = UNSEEN
    sure[~enough] = np.nan
    coords = {k: cube.coords[k] for k in ("y", "x", "spatial_ref") if k in cube.coords}
    attrs = {
        "role": "result",
        "long_name": "Land cover",
        "flag_values": np.array([v for v, _, _ in CLASSES], np.uint8),
        "flag_meanings": " ".join(n for _, n, _ in CLASSES),
        "colors": " ".join(c for _, _, c in CLASSES),
        "nodata": UNSEEN,
    }
    return xr.Dataset(
        {"cover": (("y", "x"), cover, attrs), "sure": (("y", "x"), sure, {"role": "result", "units": "1"})}, coords
    )


def _decide(ndvi: Floats, greenest: Floats, wet: Floats, dark: Floats) -> tuple[npt.NDArray[np.uint8], Floats]:
    water = (wet > WATER_MNDWI) & (ndvi < WATER_NDVI)
    forest = (greenest >= GREEN_FOREST) & (dark <= DARK_FOREST)
    rules = [water, forest, greenest >= GREEN_FIELD, wet > BUILT_MNDWI]
    cover = np.select(rules, [CODE[n] for n in ("water", "forest", "field", "built-up")], CODE["bare"]).astype(np.uint8)
    to_forest = np.minimum((greenest - GREEN_FOREST) / _SCALE["green"], (DARK_FOREST - dark) / _SCALE["dark"])
    to_field = (greenest - GREEN_FIELD) / _SCALE["green"]
    to_built = (wet - BUILT_MNDWI) / _SCALE["wet"]
    to_water = np.minimum((wet - WATER_MNDWI) / _SCALE["wet"], (WATER_NDVI - ndvi) / _SCALE["green"])
    margin = np.select(
        [cover == CODE[n] for n in ("water", "forest", "field", "built-up")],
        [to_water, to_forest, np.minimum(to_field, np.abs(to_forest)), np.minimum(to_built, -to_field)],
        np.minimum(-to_built, -to_field),
    )
    return cover, (1 / (1 + np.exp(-np.clip(margin, 0, 20)))).astype(np.float32)


def quantile(values: Floats, q: float) -> Floats:
    """Compute a quantile along the first axis, ignoring NaN, a hundred times as fast as ``numpy.nanquantile``."""
    ordered = np.sort(values, axis=0)  # NaN last
    count = np.isfinite(ordered).sum(axis=0)
    place = (np.maximum(count, 1) - 1) * q
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, np.maximum(count, 1) - 1)
    a, b = (np.take_along_axis(ordered, i[None], axis=0)[0] for i in (low, high))
    out: Floats = (a + (b - a) * (place - low)).astype(np.float32)
    return out


def water(cube: xr.Dataset) -> xr.Dataset:
    """Map water by the rule of :func:`classify`, from any number of dates.

    Returns
    -------
    Dataset
        As from :func:`classify`, but ``cover`` is water, bare for all other land, or 255 without an observation.

    Raises
    ------
    InputError
        If a band is missing or no pixel was observed.
    """
    missing = needs(cube)
    if missing:
        raise InputError(f"Water needs the bands {missing}, which this cube lacks.")
    seen = usable(cube).transpose("time", "y", "x").values & ~snow(cube).values
    green, red, nir, swir = (cube[b].transpose("time", "y", "x").values for b in ("green", "red", "nir", "swir16"))
    with np.errstate(divide="ignore", invalid="ignore"):
        ndvi, mndwi = ((a - b) / (a + b) for a, b in ((nir, red), (green, swir)))
        seen &= np.isfinite(ndvi) & np.isfinite(mndwi)
    there = seen.any(axis=0)
    if not there.any():
        raise InputError("The place has no observation without cloud or snow in that time.")
    green_mid, wet = (quantile(np.where(seen, v, np.nan), 0.5) for v in (ndvi, mndwi))
    margin = np.minimum((wet - WATER_MNDWI) / _SCALE["wet"], (WATER_NDVI - green_mid) / _SCALE["green"])
    found = np.where(there, np.where(margin > 0, CODE["water"], CODE["bare"]), UNSEEN).astype(np.uint8)
    sure = np.where(there, 1 / (1 + np.exp(-np.clip(np.abs(margin), 0, 20))), np.nan).astype(np.float32)
    coords = {k: cube.coords[k] for k in ("y", "x", "spatial_ref") if k in cube.coords}
    return xr.Dataset({"cover": (("y", "x"), found), "sure": (("y", "x"), sure)}, coords)


def snow(cube: xr.Dataset) -> xr.DataArray:
    """Detect snow (time, y, x): clear, NDSI above 0.4, NIR above 0.11, and SWIR below 0.13 or NDSI above 0.65.

    The first two tests are those of MODIS' snow product; the third excludes ice clouds. Near infrared must be at least
    0.7 of green, which excludes foam, glint and shallow water. Pixels under the cloud mask are cloud.

    Source: Hall, Riggs and Salomonson (1995), doi:10.1016/0034-4257(95)00137-P.
    """
    lacking = [b for b in ("green", "nir", "swir16") if b not in bands(cube)]
    if lacking:
        raise InputError(f"Snow needs the bands {', '.join(lacking)}, which this cube lacks.")
    ndsi = (cube["green"] - cube["swir16"]) / (cube["green"] + cube["swir16"])
    bright = (ndsi > SNOW_NDSI) & (cube["nir"] > SNOW_NIR) & ((cube["swir16"] < SNOW_SWIR) | (ndsi > SNOW_DEEP))
    bright &= cube["nir"] > SNOW_WHITE * cube["green"]
    found: xr.DataArray = usable(cube) & bright
    return found.transpose("time", "y", "x")


def class_mask(land: xr.Dataset, name: str) -> npt.NDArray[Any]:
    """Return the mask of the pixels of a land cover map with a kind of land, or a union of kinds."""
    from eowidgets.analysis.ask.language import UNIONS

    names = UNIONS.get(name, (name,))
    unknown = set(names) - set(COVERS)
    if unknown:
        raise InputError(f"There is no kind of land {shown(name)}: there are {', '.join(COVERS)}.")
    return np.isin(land["cover"].values, [CODE[n] for n in names])
