"""Cubes to NetCDF and Zarr."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.export import place
from eowidgets.cube.export.packing import NODATA, SCALE, scale_of
from eowidgets.cube.export.prepare import prepare

#: Attribute with the names of all variables in order: a Zarr store lists them in any order.
ORDER = "variable_order"
#: Attribute with shape and chunks of every array of a Zarr store all of whose chunks were written, fill values too.
WRITTEN = "chunks_written"


def to_netcdf(cube: xr.Dataset, path: str | Path) -> Path:
    """Write a cube as NetCDF-4, reflectance packed as int16, all other variables unchanged; see :func:`to_geotiff`."""
    target = place.target(path, (".nc",))
    place.need_room(cube, target.parent)
    ready, encoding = encoded(prepare(cube))
    for name, variable in ready.data_vars.items():
        if variable.ndim and variable.dtype.kind in "fiub":
            encoding.setdefault(str(name), {}).update(zlib=True, complevel=4, shuffle=True)
    with place.beside(target) as folder:
        whole = folder / target.name
        ready.to_netcdf(whole, engine="netcdf4", encoding=encoding)
        place.move([(whole, target)])
    return target


def to_zarr(cube: xr.Dataset, path: str | Path) -> Path:
    """Write a cube as a Zarr (v3) store, reflectance packed as int16; see :func:`to_geotiff`.

    Only a Zarr store is ever replaced, never another folder, file or link of that name.
    """
    target = place.target(path, (".zarr",), folder=True)
    place.need_room(cube, target.parent)
    ready, encoding = encoded(prepare(cube))
    ready = with_long_text(ready)
    with place.beside(target) as folder:
        whole = folder / target.name
        ready.to_zarr(whole, encoding=encoding, zarr_format=3, consolidated=False, write_empty_chunks=True)
        note_chunks(whole)
        place.move([(whole, target)])
    return target


def with_long_text(ready: xr.Dataset) -> xr.Dataset:
    """Return a Dataset with text of variable length, the only text with a stable specification in Zarr v3."""
    return ready.assign({n: v.astype(object) for n, v in ready.variables.items() if v.dtype.kind == "U"})


def note_chunks(path: Path) -> None:
    """Note in a Zarr store that every chunk of its arrays is written, so that a reader can tell which are missing."""
    import zarr

    group = zarr.open_group(path, mode="r+")
    group.attrs[WRITTEN] = json.dumps({n: [list(a.shape), list(a.chunks)] for n, a in sorted(group.arrays())})


def encoded(ready: xr.Dataset) -> tuple[xr.Dataset, dict[str, dict[str, Any]]]:
    """Return a prepared Dataset with attributes that NetCDF and Zarr hold, and the encoding of packed variables."""
    encoding: dict[str, dict[str, Any]] = {}
    for name, array in ready.data_vars.items():
        if scale_of(array) is not None:
            encoding[str(name)] = {"dtype": "int16", "scale_factor": SCALE, "add_offset": 0.0, "_FillValue": NODATA}
    for variable in ready.variables.values():
        variable.attrs = {k: _plain(v) for k, v in variable.attrs.items()}
        # As an attribute: xarray replaces the whole encoding of a variable for which an encoding is given.
        variable.attrs |= {k: variable.encoding.pop(k) for k in ("grid_mapping",) if k in variable.encoding}
    attrs = {k: _plain(v) for k, v in ready.attrs.items()}
    ready.attrs = {**attrs, ORDER: json.dumps([str(n) for n in ready.data_vars])}
    return ready, encoding


def _plain(value: Any) -> Any:
    """Return an attribute in a type that NetCDF and Zarr both hold."""
    if isinstance(value, bool | np.bool_):
        return int(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiuU":
        return value
    if isinstance(value, str | int | float | np.integer | np.floating):
        return value
    if (
        isinstance(value, list | tuple)
        and value
        and len({type(v) for v in value}) == 1
        and isinstance(value[0], str | int | float)
    ):
        return list(value)
    return json.dumps(value, default=str)
