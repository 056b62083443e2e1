"""Changes within one of the two compared years, whose map shows both states."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.ask import season, tools
from eowidgets.analysis.ask.landcover import class_mask
from eowidgets.cube.schema import DIMS, usable

Mask = npt.NDArray[np.bool_]
#: Minimum decrease of NDVI on the same days of two years, relative to the median of the place, for cleared land.
CLEARED = 0.2
#: Pairs of dates at each end of the years that are used, as a share of all, and their minimum number.
ENDS, FEWEST = 0.25, 2


def moved_within(
    years: tuple[xr.Dataset, xr.Dataset], states: Mapping[str, xr.Dataset], where: Mask, source: str, target: str
) -> float:
    """Return the hectares cleared at the end of the later year, or built on at the beginning of the earlier one.

    Parameters
    ----------
    years : (Dataset, Dataset)
        The dates of the two years.
    states : mapping of Dataset
        Land cover ``before`` and ``after``.
    where : ndarray (y, x), bool
    source, target : str
        The lost or gained kind of land. Supported are the loss of forest and the gain of built-up and bare land; other
        changes of this size within a year may be seasonal.
    """
    if source != "forest" and target not in ("built-up", "bare"):
        return 0.0
    before, after = season.paired(*years, fewest=2 * FEWEST)
    order = np.argsort(before["time"].values)
    falls = (_ndvi(after) - _ndvi(before))[order]
    with np.errstate(all="ignore"):
        falls = falls - np.nanmedian(falls.reshape(len(falls), -1), axis=1)[:, None, None]
    ends = max(FEWEST, round(ENDS * len(falls)))
    if source == "forest":
        mask = class_mask(states["before"], "forest") & ~_left(states, "forest") & (_median(falls[-ends:]) < -CLEARED)
    else:
        came = class_mask(states["after"], target) | class_mask(states["loose"], target)
        mask = came & ~_came(states, target) & (_median(falls[:ends]) < -CLEARED)
    return float(tools.area(tools.objects(mask & where, years[1])["mask"], years[1]))


def _left(states: Mapping[str, xr.Dataset], of: str) -> Mask:
    out: Mask = class_mask(states["before"], of) & ~class_mask(states["after"], of)
    return out


def _came(states: Mapping[str, xr.Dataset], of: str) -> Mask:
    out: Mask = class_mask(states["after"], of) & ~class_mask(states["before"], of)
    return out


def _median(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a pixel without any observation
        out: npt.NDArray[np.float32] = np.nanmedian(values, axis=0)
    return out


def _ndvi(cube: xr.Dataset) -> npt.NDArray[np.float32]:
    red, nir = (cube[n].transpose(*DIMS).values for n in ("red", "nir"))
    with np.errstate(all="ignore"):
        ndvi = (nir - red) / (nir + red)
    out: npt.NDArray[np.float32] = np.where(usable(cube).transpose(*DIMS).values, ndvi, np.nan)
    return out
