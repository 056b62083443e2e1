"""The first step of every export: north up, georeferenced, fixed-width text, no private attributes."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.admission import admit
from eowidgets.cube.grid import georeference, north_up
from eowidgets.cube.legends import with_legends
from eowidgets.cube.private import scrub
from eowidgets.errors import InputError


def prepare(cube: xr.Dataset) -> xr.Dataset:
    """Return a cube, or a series without a place on a grid, as it is exported; lazy variables stay lazy.

    Raises
    ------
    InputError
        With pixels but without their coordinates or a CRS, or with Python objects other than text.
    """
    ready = admit(cube, time=False, grid=False)
    if {"y", "x"} <= set(ready.dims):
        ready = with_legends(georeference(north_up(ready)))
    for name, variable in ready.variables.items():
        if variable.dtype.kind in "OT":
            text = xr.Variable(variable.dims, as_text(name, variable.values), variable.attrs)
            ready = ready.assign_coords({name: text}) if name in ready.coords else ready.assign({name: text})
    ready.attrs = scrub(ready.attrs)
    for variable in ready.variables.values():
        variable.attrs = scrub(variable.attrs)
    return ready


def as_text(name: Any, values: Any) -> Any:
    """Return an array of Python strings as fixed-width text; missing ones become empty.

    Raises
    ------
    InputError
        If anything else is in it.
    """
    listed = np.asarray(values, dtype=object).ravel().tolist()
    plain = ["" if v is None or v != v else v for v in listed]
    if not all(isinstance(v, str) for v in plain):
        raise InputError(
            f"{str(name)[:40]!r} holds Python objects, of which only text can be written: drop or convert it."
        )
    return np.array(plain, dtype=str).reshape(np.shape(values))
