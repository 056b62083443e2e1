"""How much the vectors of a place differ from one year to the next."""

from __future__ import annotations

import numpy as np
import xarray as xr

from eowidgets.arguments import checked
from eowidgets.cube.schema import FEATURE
from eowidgets.cube.vectors import vectors_of
from eowidgets.errors import InputError


@checked
def vector_change(cube: xr.Dataset) -> xr.Dataset:
    """Compare the vectors of each date with those of the date before.

    Parameters
    ----------
    cube : Dataset (time, feature, y, x)
        Embeddings of several years; lazy ones stay lazy.

    Returns
    -------
    Dataset (time, y, x)
        ``change``: 1 minus the cosine of the angle between both vectors, 0 (equal) to 2 (opposite), under the later date; NaN
        where a vector is missing. ``valid``.

    Raises
    ------
    InputError
        Without vectors, or with one date only.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> values = np.array([[[[1.0]], [[0.0]]], [[[0.0]], [[1.0]]]])  # the direction turns by 90 degrees
    >>> cube = xr.Dataset({"embedding": (("time", "feature", "y", "x"), values)}, {"time": [0, 1]})
    >>> vector_change(cube)["change"].values.ravel()
    array([1.], dtype=float32)
    """
    vectors = vectors_of(cube)
    if vectors.sizes.get("time", 1) < 2:
        raise InputError("The vectors have one date: open embeddings of at least two years to compare them.")
    before, after = vectors.isel(time=slice(None, -1)), vectors.isel(time=slice(1, None))
    change = xr.apply_ufunc(
        _cosine_distance,
        before.drop_vars("time"),
        after.drop_vars("time"),
        input_core_dims=[[FEATURE], [FEATURE]],
        dask="parallelized",
        output_dtypes=["float32"],
    )
    change = change.assign_coords(time=after["time"])
    change.attrs = {"long_name": "Change since the date before", "units": "1", "role": "result"}
    valid = change.notnull().assign_attrs(long_name="Measured")
    found = xr.Dataset({"change": change, "valid": valid}, {k: v for k, v in cube.coords.items() if not v.dims})
    found.attrs = {k: v for k, v in cube.attrs.items() if k not in ("opened", "opened_with")}
    return found


def _cosine_distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
        found: np.ndarray = (1 - (one * other).sum(axis=-1) / lengths).astype("float32")
    return found
