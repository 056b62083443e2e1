"""A cube on another CRS."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.schema import bands
from eowidgets.errors import InputError


def check_crs(crs: Any) -> Any:
    """Return an odc-geo CRS.

    Raises
    ------
    InputError
        If PROJ does not read it.
    """
    from odc.geo.crs import CRS
    from pyproj.exceptions import ProjError

    try:
        return CRS(crs)
    except (ProjError, ValueError, TypeError):
        raise InputError(f"crs={str(crs)[:60]!r} is not a coordinate system: write it like 'EPSG:32634'.") from None


def reproject(cube: xr.Dataset, crs: Any, resolution: float | None = None) -> xr.Dataset:
    """Return a cube on the grid of another CRS, by nearest neighbour.

    Parameters
    ----------
    cube : Dataset
    crs : anything that odc-geo's CRS takes
    resolution : float, optional
        Pixel size in units of the CRS; by default that which keeps the number of pixels.

    Raises
    ------
    InputError
        If the CRS is not known to PROJ.
    """
    from eowidgets.cube.grid import geobox

    target = check_crs(crs)
    box = geobox(cube)
    if box.crs == target:
        return cube
    grid = box.to_crs(target, resolution=resolution) if resolution else box.to_crs(target)
    names = [*bands(cube)]
    layers = [n for n, v in cube.data_vars.items() if n not in names and {"y", "x"} <= set(v.dims)]
    out: xr.Dataset = cube[names].odc.reproject(grid, resampling="nearest", dst_nodata=np.nan)
    axes = {d: a for d, a in zip(grid.dimensions, ("y", "x"), strict=True) if d != a}
    for name in layers:
        variable = cube[name]
        whole = variable.astype("uint8") if variable.dtype == bool else variable
        fill = np.nan if whole.dtype.kind == "f" else int(variable.attrs.get("nodata", 0))
        out[name] = whole.odc.reproject(grid, resampling="nearest", dst_nodata=fill).astype(variable.dtype)
    out = out.rename(axes) if axes else out
    for name in out.data_vars:
        out[name].attrs = cube[name].attrs
    out.attrs = cube.attrs
    return out[list(cube.data_vars)] if set(cube.data_vars) == set(out.data_vars) else out
