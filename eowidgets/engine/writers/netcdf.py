"""Result as one NetCDF file, copied strip by strip from the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import xarray as xr

from eowidgets.cube.reading import reading
from eowidgets.cube.sources.checked import open_checked
from eowidgets.engine.result import Frame
from eowidgets.engine.writers.store import COLUMNS, ZarrWriter


def export(
    store: ZarrWriter, frame: Frame, path: Path, rows: int, attrs: dict[str, Any], checkpoint: Callable[[], None]
) -> None:
    """Write ``path`` from a complete store, never holding more than one strip."""
    import netCDF4

    frame.template.assign_attrs(attrs).to_netcdf(path, engine="netcdf4")
    with netCDF4.Dataset(path, "a") as file:
        height = frame.template.sizes["y"]
        for v in frame.variables:
            shape = frame.shape(v)
            target = file.createVariable(
                v.name,
                "i1" if v.dtype == "bool" else v.dtype,
                v.dims,
                zlib=True,
                complevel=4,
                chunksizes=(*(1 for _ in shape[:-2]), min(rows, shape[-2]), min(COLUMNS, shape[-1])),
                # A fill value would make xarray turn classes and masks into floats.
                fill_value=v.fill if v.dtype == "float32" else False,
            )
            target.set_auto_maskandscale(False)
            target.setncatts({**v.attrs, "grid_mapping": "spatial_ref"})
            if v.dtype == "bool":
                target.setncattr("dtype", "bool")
            for start in range(0, height, rows):
                checkpoint()
                stop = min(start + rows, height)
                values = store.read(v.name, start, stop)
                target[..., start:stop, :] = values.astype("i1") if v.dtype == "bool" else values


def open_file(path: Path) -> xr.Dataset:
    """Open lazily.

    Raises
    ------
    SourceError
        If it is damaged, here or where it is read.
    """
    with reading("The pixels", path.name):
        return open_checked(path, path.name, "netcdf4", None, decode_coords="all")
