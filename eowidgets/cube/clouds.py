"""Clouds and shadows that the scene classification missed, found by looking at the neighbours in time.

A cloud brightens the blue band on one date and is gone on the next; a shadow darkens the near infrared
in the same fleeting way. A clear-cut brightens the blue band too, but it stays. So a pixel is called
cloudy only if it differs, in the same direction, from what was seen *before* and from what was seen
*after* it. This is the idea of multi-temporal cloud detection (Hagolle et al. 2010,
doi:10.1016/j.rse.2010.03.002), made symmetric in time because whole series are at hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.cube.schema import DIMS, bands, usable, valid

Array = npt.NDArray[np.float32]

#: Neighbours on each side whose median is "what was seen before / after".
NEIGHBOURS = 3
#: A brightening of the blue band that no clear sky makes (reflectance), and how many sigmas of a pixel's own noise.
CLOUD, SHADOW, SIGMAS = 0.025, 0.08, 4.0
#: At the ends of the series, with neighbours on one side only, a lasting change looks like a cloud: be stricter.
ONE_SIDED = 2.0
#: When so much of what a date shows is cloud, the rest is haze that the threshold did not reach.
WHOLE_DATE = 0.5
_BLUE = ("blue", "coastal", "green", "red")
_NIR = ("nir", "nir08", "swir16")


def robust_clouds(cube: xr.Dataset) -> xr.DataArray:
    """Cloud and shadow mask: the scene's own, and what it missed.

    Parameters
    ----------
    cube : Dataset
        With a blue (else green or red) band for clouds, and a near-infrared one for shadows; without
        these the scene's own mask comes back.

    Returns
    -------
    DataArray, dims (time, y, x), bool
        Never less than ``cube["clouds"]``. ``attrs["added"]`` tells how many pixels were added. Snow that
        the scene classification knows is not called cloud. A series of fewer than five dates is
        returned as it is: there are too few neighbours to judge by.
    """
    known = cube["clouds"].transpose(*DIMS) if "clouds" in cube else xr.zeros_like(valid(cube))
    names = bands(cube)
    blue = next((b for b in _BLUE if b in names), None)
    nir = next((b for b in _NIR if b in names), None)
    seen = usable(cube).transpose(*DIMS).values
    if blue is None or cube.sizes["time"] < NEIGHBOURS + 2:
        return known.copy()
    snow = cube["scl"].transpose(*DIMS).values == 11 if "scl" in cube else np.zeros(seen.shape, bool)
    brightness = cube[blue].transpose(*DIMS).values
    darkness = -cube[nir].transpose(*DIMS).values if nir else None
    found = np.zeros(seen.shape, bool)
    for _ in range(2):  # what the first pass finds no longer misleads the second about its neighbours
        now = seen & ~found
        new = _fleeting(brightness, now, CLOUD)
        if darkness is not None:
            new |= _fleeting(darkness, now, SHADOW)
        found |= _tidy(new & ~snow, now)
    result = known | found
    result.attrs = {"long_name": "Cloud or cloud shadow", "added": int((found & ~known.values).sum())}
    return result


def _fleeting(values: Array, seen: npt.NDArray[np.bool_], least: float) -> npt.NDArray[np.bool_]:
    """Where a value is higher than before and than after by more than ``least`` and the pixel's own noise."""
    # Seen dates first, in order, so that "the three before" are the three rows above, whatever lies between.
    order = np.argsort(~seen, axis=0, kind="stable")
    packed = np.where(np.take_along_axis(seen, order, 0), np.take_along_axis(values, order, 0), np.nan)
    before, after = _side(packed, -1), _side(packed, +1)
    both = np.isfinite(before) & np.isfinite(after)
    reference = np.fmax(before, after)
    excess = packed - reference
    noise = _noise(packed, before, after)
    limit = np.maximum(least, SIGMAS * noise) * np.where(both, 1.0, ONE_SIDED)
    with np.errstate(invalid="ignore"):
        high = excess > limit
    out = np.zeros(seen.shape, bool)
    np.put_along_axis(out, order, high, 0)
    return out & seen


def _side(packed: Array, direction: int) -> Array:
    """Median of the neighbours on one side, NaN where there are fewer than two."""
    shifted = np.full((NEIGHBOURS, *packed.shape), np.nan, dtype="float32")
    for k in range(1, NEIGHBOURS + 1):
        if direction < 0:
            shifted[k - 1, k:] = packed[:-k]
        else:
            shifted[k - 1, :-k] = packed[k:]
    return _median(shifted, least=2)


def _noise(packed: Array, before: Array, after: Array) -> Array:
    """Robust sigma of each pixel around the middle of its neighbours, dims (1, y, x)."""
    residual = np.abs(packed - (before + after) / 2)
    return 1.4826 * _median(residual, least=3)[None]


def _median(stack: Array, least: int) -> Array:
    """Median along the first axis, NaN where fewer than ``least`` values are there, without warnings."""
    ordered = np.sort(stack, axis=0)  # NaN last
    count = np.isfinite(stack).sum(0)
    middle: Any = np.take_along_axis(ordered, np.maximum(count - 1, 0)[None] // 2, 0)[0]
    upper: Any = np.take_along_axis(ordered, np.minimum(count // 2, len(stack) - 1)[None], 0)[0]
    return np.where(count >= least, (middle + upper) / 2, np.nan).astype("float32")


def _tidy(found: npt.NDArray[np.bool_], seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Drop specks, grow what is left over its soft edge, and give up dates that are mostly cloud."""
    from scipy.ndimage import binary_dilation, binary_opening

    plane = np.ones((1, 3, 3), bool)
    small = min(found.shape[1:]) < 3  # nothing to open in a strip or a single pixel
    solid = found if small else binary_opening(found, plane)
    grown = solid if small else binary_dilation(solid, plane, iterations=2)
    share = grown.sum((1, 2)) / np.maximum(seen.sum((1, 2)), 1)
    grown[share > WHOLE_DATE] = True
    result: npt.NDArray[np.bool_] = grown & seen
    return result
