"""The cloud mask for questions: the robust one, unless the cube was explicitly opened with another."""

from __future__ import annotations

import zlib
from collections import OrderedDict

import numpy as np
import xarray as xr

from eowidgets.cube.clouds import robust_clouds
from eowidgets.cube.opened import noted
from eowidgets.cube.schema import DIMS, bands

#: Maximum number of values of a band for the computation of the mask, whose time grows with it (1.4 million: 0.8 s).
LARGEST = 10_000_000
#: Composites of the best of many days, in which short-term changes are seasonal, not clouds.
COMPOSITES = ("modis-vi",)
#: Number of cached masks, so that a dialogue computes one only.
KEPT = 4
_masks: OrderedDict[tuple[int, ...], xr.DataArray] = OrderedDict()


def screened(cube: xr.Dataset) -> xr.Dataset:
    """Return the cube with the robust cloud mask, or the cube itself.

    The mask is kept if there is none, if the robust one or that of a network is already in use, if the cube is not in
    memory or has more than ten million values a band, and if images are composites of many days.

    Parameters
    ----------
    cube : Dataset (time, y, x)
        Not modified.

    Returns
    -------
    Dataset
        ``cube`` itself if the mask is kept: compare by identity.
    """
    if not _wants(cube):
        return cube
    key = checksums(cube)
    found = _masks.get(key)
    if found is None:
        found = robust_clouds(cube)
        _masks[key] = found
        if len(_masks) > KEPT:
            _masks.popitem(last=False)
    _masks.move_to_end(key)
    return cube.assign(clouds=found)


def _wants(cube: xr.Dataset) -> bool:
    if "clouds" not in cube or "added" in cube["clouds"].attrs or "clouds" in noted(cube.attrs)[1]:
        return False
    if cube.attrs.get("sensor") in COMPOSITES:
        return False
    size = int(np.prod([cube.sizes[d] for d in DIMS]))
    return 0 < size <= LARGEST and not any(cube[n].chunks for n in (*bands(cube), "clouds"))


def checksums(cube: xr.Dataset) -> tuple[int, ...]:
    """Compute checksums of bands, masks and dates, so that caches are not used for a cube that was edited in place."""
    names = [n for n in (*bands(cube), "clouds", "valid", "scl", "time") if n in cube.variables]
    values = (np.ascontiguousarray(cube[n].values) for n in names)
    return tuple(zlib.crc32(v.view(np.uint8).reshape(-1).data) if v.size else 0 for v in values)
