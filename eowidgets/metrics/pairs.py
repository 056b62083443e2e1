"""Two arrays side by side: what may be compared with what."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.errors import InputError

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def compared(
    made: npt.ArrayLike, truth: npt.ArrayLike, where: npt.ArrayLike | None, least: int = 0
) -> tuple[Array, Array, Mask]:
    """Both arrays in double precision and the mask of what counts: known in `truth` and inside `where`."""
    a, b = np.asarray(made, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if a.shape != b.shape:
        raise InputError(f"What was made has shape {a.shape} and the truth {b.shape}: they must be the same.")
    if b.ndim < least:
        raise InputError(f"This score compares pictures (..., y, x), but the shape is {b.shape}.")
    return a, b, np.isfinite(b) & mask(where, b.shape)


def mask(where: npt.ArrayLike | None, shape: tuple[int, ...]) -> Mask:
    """`where` as booleans of a shape; None means everywhere."""
    if where is None:
        return np.ones(shape, dtype=bool)
    try:
        return np.broadcast_to(np.asarray(where, dtype=bool), shape)
    except ValueError:
        raise InputError(f"where has shape {np.shape(where)}, which does not fit the data's {shape}.") from None


def mean(values: Any, where: Mask) -> float:
    """Mean over a mask."""
    if not where.any():
        raise InputError("There is nothing to compare: no pixel is known and inside where.")
    return float(np.asarray(values)[where].mean())
