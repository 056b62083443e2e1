"""Conversion of masks of any type and shape to boolean masks over all axes of a cube."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.schema import DIMS, MASKS
from eowidgets.errors import InputError, short, warn_user

#: Side in pixels of the window on the first and last date that is read of a lazy mask to recognise its coding.
SIDE = 64


def with_masks(cube: xr.Dataset) -> xr.Dataset:
    """Return a cube whose masks ``valid`` and ``clouds`` are boolean over ``(time, y, x)``.

    Masks of 0 and 1 (or 255) are converted, with a warning; where such a mask has no value (NaN), the pixel counts as not usable.
    Masks over ``(y, x)`` or in another order of dimensions are spread over all dates.

    Raises
    ------
    InputError
        For a mask with other values, such as a cloud probability, or with other dimensions.
    """
    axes = [d for d in DIMS if d in cube.dims]
    for name in (n for n in MASKS if n in cube.data_vars):
        mask = cube[name]
        if not set(mask.dims) <= set(axes):
            raise InputError(
                f"The mask {name!r} has the dimensions {short(', '.join(map(str, mask.dims)))}: give it time, y and x."
            )
        mask = mask if mask.dtype == bool else _boolean(mask)
        if set(mask.dims) != set(axes):
            missing = {d: cube.sizes[d] for d in axes if d not in mask.dims}
            mask = mask.expand_dims(missing)
        cube = cube.assign({name: mask.transpose(*axes).assign_attrs(cube[name].attrs)})
    return cube


def _boolean(mask: xr.DataArray) -> xr.DataArray:
    seen = mask.variable
    if not isinstance(seen._data, np.ndarray):
        seen = seen.isel(
            {d: [0, -1] if d == "time" else slice(SIDE) for d in seen.dims if d == "time" or seen.sizes[d] > SIDE}
        )
    values = np.asarray(seen.values)
    if not _is_binary(values):
        raise InputError(
            f"The mask {mask.name!r} ({mask.dtype}) holds other values than true and false: convert it to boolean, for instance "
            f"with  cube[{mask.name!r}] > 0.5 , or give the variable another name."
        )
    warn_user(f"The mask {mask.name!r} ({mask.dtype}) was read as boolean: 0 is false.")
    found: xr.DataArray = mask != 0
    return found & mask.notnull() if mask.name == "valid" else found


def _is_binary(values: Any) -> bool:
    import pandas as pd

    if values.dtype.kind not in "fiuO":
        return False
    true = values == (255 if values.dtype == np.uint8 and values.max(initial=0) == 255 else 1)
    return bool(((values == 0) | true | pd.isna(values)).all())
