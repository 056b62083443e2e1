"""Check that two arrays are comparable, and mask their valid values."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.errors import InputError

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def compared(
    predicted: npt.ArrayLike, target: npt.ArrayLike, where: npt.ArrayLike | None, least: int = 0
) -> tuple[Array, Array, Mask]:
    """Return both arrays in double precision and the mask of valid values: known in `target` and inside `where`."""
    a, b = np.asarray(predicted, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if a.shape != b.shape:
        raise InputError(f"The prediction has shape {a.shape}, but the target has {b.shape}: give the same shape.")
    if b.ndim < least:
        raise InputError(f"This score compares images, but the shape is {b.shape}: give (..., y, x).")
    return a, b, np.isfinite(b) & mask(where, b.shape)


def mask(where: npt.ArrayLike | None, shape: tuple[int, ...]) -> Mask:
    """Return `where` as booleans of a shape; None means everywhere."""
    if where is None:
        return np.ones(shape, dtype=bool)
    try:
        return np.broadcast_to(np.asarray(where, dtype=bool), shape)
    except ValueError:
        raise InputError(f"where has shape {np.shape(where)}, which does not fit the data's {shape}.") from None


def mean(values: Any, where: Mask) -> float:
    """Return the mean over a mask."""
    if not where.any():
        raise InputError("There is nothing to compare: give a target with known values inside where.")
    return float(np.asarray(values)[where].mean())
