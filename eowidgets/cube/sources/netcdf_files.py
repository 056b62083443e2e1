"""NetCDF and HDF4 files as one Dataset: with dates, tiles or variables in separate files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.layout import as_dataset, in_order
from eowidgets.cube.scale import ABSENT
from eowidgets.cube.sources.dates import moment_in
from eowidgets.cube.sources.hdf4 import ENDINGS as HDF4
from eowidgets.cube.sources.hdf4 import open_hdf4
from eowidgets.cube.sources.store import open_store
from eowidgets.errors import EowidgetsError, InputError, shown, warn_user


def open_netcdf_files(paths: Sequence[Path], where: str, chunks: Any) -> xr.Dataset:
    """Join NetCDF or HDF4 files along time, by place, or variable by variable.

    A file without a time axis takes the date in its name.

    Raises
    ------
    InputError
        If the files do not fit together.
    """
    parts = [_part(path, chunks) for path in sorted(paths)]
    if len(parts) == 1:
        return parts[0]
    try:
        joined = _join(parts)
    except ValueError as error:
        raise InputError(
            f"The files of {where[-60:]!r} do not fit together ({' '.join(str(error).split())[:80]}): open them "
            "one by one, or join them with xarray.open_mfdataset."
        ) from error
    return _note_absent(joined, parts)


def _note_absent(joined: xr.Dataset, parts: list[xr.Dataset]) -> xr.Dataset:
    """Note the bands that some dates lack, for the mask of measured pixels, and warn of them once."""
    if "time" not in joined.dims:
        return joined
    lacking = []
    for name in joined.data_vars:
        held = {t for p in parts if name in p.data_vars for t in np.atleast_1d(p["time"].values)}
        absent = [t for t in joined["time"].values if t not in held]
        if absent:
            joined[name].attrs[ABSENT] = np.array(absent, "datetime64[ns]")
            lacking.append(f"{name} ({len(absent)} of {joined.sizes['time']})")
    if lacking:
        warn_user(f"Some dates lack bands, which are NaN there: {', '.join(lacking)[:80]}.")
    return joined


def _part(path: Path, chunks: Any) -> xr.Dataset:
    ds = open_hdf4(path) if path.suffix.lower() in HDF4 else open_store(path, chunks)
    dated = (
        "time" in ds.dims or "time" in ds.coords or any(str(d).lower() in ("t", "date", "valid_time") for d in ds.dims)
    )
    if not dated and (moment := moment_in(path.name)) is not None:
        ds = ds.assign_coords(time=moment.astype("datetime64[ns]"))
    try:
        return in_order(as_dataset(ds))
    except EowidgetsError as error:
        raise InputError(f"{shown(path.name)}: {error}") from error


def _join(parts: list[xr.Dataset]) -> xr.Dataset:
    grids = {(p["y"].values.tobytes(), p["x"].values.tobytes()) for p in parts}
    if len({p["spatial_ref"].attrs.get("crs_wkt") for p in parts}) > 1:
        raise ValueError("they have several CRS")
    options: dict[str, Any] = {"compat": "override", "combine_attrs": "override", "coords": "minimal"}
    if len(grids) > 1:
        joined: Any = xr.combine_by_coords(parts, data_vars="minimal", join="outer", **options)
        ordered: xr.Dataset = joined.sortby("y", ascending=False)
        return ordered
    groups: dict[frozenset[Any], list[xr.Dataset]] = {}
    for part in parts:
        groups.setdefault(frozenset(part.data_vars), []).append(part)
    times = [np.concatenate([p["time"].values for p in g]) if "time" in g[0].dims else None for g in groups.values()]
    same = all(t is not None and times[0] is not None and np.array_equal(t, times[0]) for t in times)
    if len(groups) > 1 and same:  # a file for each variable
        along = [xr.concat(g, "time", data_vars="minimal", join="override", **options) for g in groups.values()]
        return xr.merge(along, compat="override", combine_attrs="override")
    return xr.concat(parts, "time", data_vars="minimal", join="override", **options)
