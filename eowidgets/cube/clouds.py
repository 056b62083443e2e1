"""Clouds and shadows that the scene classification missed, detected by comparison with the neighbours in time.

A cloud brightens the blue band on one date and is gone on the next; a shadow darkens the near infrared
in the same way. A clear-cut brightens the blue band too, but it stays. So a pixel is called
cloudy only if it differs, in the same direction, from the observations *before* and *after*
it. This is the idea of multi-temporal cloud detection (Hagolle et al. 2010,
doi:10.1016/j.rse.2010.03.002), made symmetric in time because whole series are available. Bare soil that
comes and goes is told from haze by the haze-optimised transform (Zhang et al. 2002,
doi:10.1016/S0034-4257(02)00034-2): soil brightens red more than blue.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.cube.schema import DIMS, bands, usable, valid

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
CloudMethod = Callable[[xr.Dataset], xr.DataArray]

#: Least number of dates of a series that is tested.
FEWEST = 5
#: Observed neighbours on each side, and their largest distance in days, beyond which the season differs.
NEIGHBOURS, DAYS = 4, 60
#: The least rise of blue and of the haze-optimised transform, and fall of near infrared, above noise (reflectance).
BLUE, HAZE, SHADOW = 0.015, 0.006, 0.04
#: A shadow leaves at most this share of the near and shortwave infrared, a wetter or browner canopy more.
SHADED, SHADED_SWIR = 0.65, 0.8
#: Differences below this number of sigmas of the series' noise are noise.
SIGMAS = 2.0
#: Stricter factor with neighbours on one side only, where a lasting change looks like a cloud.
ONE_SIDED = 2.0
#: Cloudy share of a date from which the rest counts as haze below the threshold.
WHOLE_DATE = 0.6
#: Snow: the normalised difference snow index and the near infrared (Dozier 1989); a date with more of it is not tested.
NDSI, SNOW_NIR, SNOWY = 0.4, 0.11, 0.1


#: Ways to find clouds that the scene's mask missed, by the value of ``clouds`` in ``eow.open``: from a cube with its
#: scene's mask to a mask (time, y, x). Packages above this one add theirs with :func:`add_cloud_method`.
_METHODS: dict[str, CloudMethod] = {}


def add_cloud_method(name: str, method: CloudMethod) -> None:
    """Register a way to find clouds, so that ``eow.open(..., clouds=name)`` uses it."""
    _METHODS[name] = method


def cloud_method(name: object) -> CloudMethod | None:
    """Return the way to find clouds of that name, or None."""
    return _METHODS.get(name) if isinstance(name, str) else None


def robust_clouds(cube: xr.Dataset) -> xr.DataArray:
    """Return the cloud and shadow mask of the scene, completed with what it missed.

    Parameters
    ----------
    cube : Dataset
        With a blue (else coastal, green or red) band for clouds, and a near-infrared one for shadows; without
        the first the scene's mask is returned unchanged. Red, green and shortwave infrared improve the test.

    Returns
    -------
    DataArray, dims (time, y, x), bool
        Never less than ``cube["clouds"]``. ``attrs["added"]`` is the number of added pixels. Snow is not
        called cloud, and a date with snow on a tenth of it or more keeps the scene's mask, since thin cloud and
        thin snow cannot be separated there; so does a series of fewer than five dates.
    """
    known = cube["clouds"].transpose(*DIMS) if "clouds" in cube else xr.zeros_like(valid(cube)).transpose(*DIMS)
    names = bands(cube)
    if cube.sizes["time"] < FEWEST or not {"blue", "coastal", "green", "red"} & set(names):
        return known.copy()
    band = {name: cube[name].transpose(*DIMS).values for name in names}
    snow = _snow(cube, band)
    snowy = snow.mean((1, 2)) >= SNOWY
    seen = usable(cube).transpose(*DIMS).values & ~snow & ~snowy[:, None, None]
    days = ((cube["time"].values - cube["time"].values[0]) / np.timedelta64(1, "D")).astype("float32")
    found = np.zeros(seen.shape, bool)
    for _ in range(2):  # clouds of the first pass are no longer neighbours in the second
        now = seen & ~found
        found |= _tidy(_fleeting(band, days, now), now)
    result = known | found
    result.attrs = {"long_name": "Cloud or cloud shadow", "added": int((found & ~known.values).sum())}
    return result


def _snow(cube: xr.Dataset, band: dict[str, Array]) -> Mask:
    snow = np.zeros([cube.sizes[d] for d in DIMS], bool)
    if "scl" in cube:
        snow |= cube["scl"].transpose(*DIMS).values == 11
    if {"green", "swir16", "nir"} <= set(band):
        green, swir = band["green"], band["swir16"]
        with np.errstate(invalid="ignore"):
            snow |= (green - swir > NDSI * (green + swir)) & (band["nir"] > SNOW_NIR)
    return snow


def _fleeting(band: dict[str, Array], days: Array, seen: Mask) -> Mask:
    """Return where a pixel is brighter (cloud) or darker (shadow) than on the dates before and after."""
    # Observed dates first, in order, so that "the four before" are the four rows above, whatever the gaps.
    order = np.argsort(~seen, axis=0, kind="stable")
    there = np.take_along_axis(seen, order, 0)
    when = np.where(there, days[order], np.inf).astype("float32")

    def usual(values: Array) -> tuple[Array, Array, Array]:
        """Return the packed values, their rise over the neighbours, and the limit that follows from the noise."""
        packed = np.where(there, np.take_along_axis(values, order, 0), np.inf)
        packed[~np.isfinite(packed)] = np.inf
        before, after = _low(packed, when, -1), _low(packed, when, +1)
        both = np.isfinite(before) & np.isfinite(after)
        reference = np.where(both, np.maximum(before, after), np.minimum(before, after))
        limit = np.where(both, 1.0, ONE_SIDED) * SIGMAS * _noise(packed)
        return packed, packed - reference, limit.astype("float32")

    with np.errstate(invalid="ignore"):
        bright = next(band[name] for name in ("blue", "coastal", "green", "red") if name in band)
        _, rise, noise = usual(bright)
        high = rise > np.maximum(BLUE, noise)
        if "red" in band and bright is not band["red"]:
            _, rise, noise = usual(bright - 0.5 * band["red"])
            high &= rise > np.maximum(HAZE, noise)
        dark = next((band[name] for name in ("nir", "nir08") if name in band), None)
        if dark is not None:
            packed, rise, noise = usual(-dark)
            # One-sided shadows are not tested: the end of a season looks the same.
            low = (rise > np.maximum(SHADOW, noise)) & (packed > SHADED * (packed - rise)) & _between(when)
            if "swir16" in band:
                packed, rise, _ = usual(-band["swir16"])
                low &= packed > SHADED_SWIR * (packed - rise)
            high |= low
    out = np.zeros(seen.shape, bool)
    np.put_along_axis(out, order, high & there, 0)
    return out


def _low(packed: Array, when: Array, direction: int) -> Array:
    """Return the second lowest of the neighbours on one side, or the only one; infinite without neighbours.

    The second lowest, because among four neighbours some may be undetected clouds, and one may be
    a shadow.
    """
    lowest, second = np.full((2, *packed.shape), np.inf, dtype="float32")
    for k in range(1, min(NEIGHBOURS, len(packed) - 1) + 1):
        near, here = (slice(None, -k), slice(k, None)) if direction < 0 else (slice(k, None), slice(None, -k))
        value = np.where(np.abs(when[here] - when[near]) <= DAYS, packed[near], np.inf)
        second[here] = np.minimum(second[here], np.maximum(lowest[here], value))
        lowest[here] = np.minimum(lowest[here], value)
    low: Array = np.where(np.isfinite(second), second, lowest)
    return low


def _between(when: Array) -> Mask:
    """Return where there is a neighbour within reach on both sides."""
    near = np.zeros((len(when) + 1, *when.shape[1:]), bool)
    near[1:-1] = np.diff(when, axis=0) <= DAYS
    return near[1:] & near[:-1]


def _noise(packed: Array) -> float:
    """Return sigma of the series around the line through the neighbours in time.

    From the lower quartile, which is robust if a quarter of the pixels is undisturbed; a tenth of them is sampled.
    """
    some = packed[:, ::3, ::3]
    bend = np.abs(some[1:-1] - (some[:-2] + some[2:]) / 2)
    bend = bend[np.isfinite(bend)]
    # Of |N(0, 1)| a quarter lies below 0.3186; the bend of three independent values has sigma √1.5.
    return float(np.quantile(bend, 0.25)) / 0.3186 / np.sqrt(1.5) if bend.size else 0.0


def _tidy(found: Mask, seen: Mask) -> Mask:
    """Drop specks, grow the rest over its soft edge, and mask dates that are mostly cloud completely."""
    from scipy.ndimage import binary_dilation, binary_opening

    plane = np.ones((1, 3, 3), bool)
    small = min(found.shape[1:]) < 3  # no morphological opening of a strip or a single pixel
    solid = found if small else binary_opening(found, plane)
    grown = solid if small else binary_dilation(solid, plane, iterations=2)
    share = grown.sum((1, 2)) / np.maximum(seen.sum((1, 2)), 1)
    grown[share > WHOLE_DATE] = True
    result: Mask = grown & seen
    return result


add_cloud_method("robust", robust_clouds)
