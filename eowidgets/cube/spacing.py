"""Check that rows and columns are evenly spaced, as an affine transform assumes."""

from __future__ import annotations

import numpy as np
import xarray as xr

from eowidgets.errors import InputError

#: Share of a pixel by which a coordinate may lie off the regular grid: coordinates kept as float32 are rounded.
TOLERANCE = 0.05


def check_axis(cube: xr.Dataset, axis: str) -> None:
    """Refuse rows or columns that a transform cannot describe.

    Parameters
    ----------
    cube : Dataset
    axis : {"y", "x"}

    Raises
    ------
    InputError
        Without coordinates, or where they are not numbers or not evenly spaced.
    """
    if axis not in cube.coords:
        raise InputError(f"The data have no {axis} coordinates: add them, so that pixels can be found on the ground.")
    if cube[axis].dims != (axis,) or cube[axis].dtype.kind not in "fiu":
        raise InputError(f"The {axis} coordinates are not numbers: give each row and column a coordinate.")
    values = cube[axis].values.astype("float64")
    if not np.isfinite(values).all():
        raise InputError(f"Some {axis} coordinates are not numbers: give each row and column a coordinate.")
    if len(values) < 2:
        return
    step = (values[-1] - values[0]) / (len(values) - 1)
    off = np.abs(values - (values[0] + step * np.arange(len(values))))
    if not step or off.max() > TOLERANCE * abs(step):
        raise InputError(f"The {axis} coordinates are not evenly spaced: reproject the data to a regular grid first.")
