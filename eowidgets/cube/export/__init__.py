"""Export of cubes: files are written next to their target and then moved, so that a file is either complete or absent."""

from __future__ import annotations

from eowidgets.cube.export.geotiff import to_geotiff
from eowidgets.cube.export.stores import to_netcdf, to_zarr

__all__ = ["to_geotiff", "to_netcdf", "to_zarr"]
