"""Exact blending of windows: equal values blend to themselves, bit for bit.

The blend of two windows is written ``a + w * (b - a)`` and only where they differ. So a constant field,
and a model that gives back its input, come through without a rounding error whatever the windows are.
NaN has no weight: where only one window has a value, that value is the result.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.engine.windows import Axis

Array = npt.NDArray[Any]


def mix(before: Array, after: Array, weight: Array) -> Array:
    """Blend two arrays of one shape; ``weight`` (0..1) is that of ``after``.

    Examples
    --------
    >>> mix(np.float32([1, 1, np.nan]), np.float32([1, 3, 5]), np.float32([0.5, 0.5, 0.5]))
    array([1., 2., 5.], dtype=float32)
    """
    # In place: seams are blended for every class of every window, and each array saved is a pass over memory.
    with np.errstate(invalid="ignore", over="ignore"):
        mixed: Array = after - before
        mixed *= weight
        mixed += before
    np.copyto(mixed, before, where=before == after)
    if np.isnan(mixed).any():
        np.copyto(mixed, after, where=np.isnan(before))
        np.copyto(mixed, before, where=np.isnan(after))
    return mixed


def paste(canvas: Array, window: Array, axis: Axis, index: int, dim: int, origin: int = 0) -> None:
    """Put the reach of one window into ``canvas`` along ``dim``, blended over the seam with its content.

    Windows are pasted in order: window ``index - 1`` is pasted before window ``index``.

    Parameters
    ----------
    canvas : array
        Changed in place; along ``dim`` its first pixel is pixel ``origin`` of the axis.
    window : array
        As ``canvas``, but ``axis.size`` (or ``axis.length``, if that is less) along ``dim``.
    """
    reach, start = axis.reach(index), axis.starts[index]
    window = _cut(window, dim, reach.start - start, reach.stop - start)
    target = _cut(canvas, dim, reach.start - origin, reach.stop - origin)
    blended = 2 * axis.ramp if index > 0 else 0
    _cut(target, dim, blended, None)[...] = _cut(window, dim, blended, None)
    if blended:
        seam = _cut(target, dim, 0, blended)
        shape = [1] * canvas.ndim
        shape[dim] = blended
        seam[...] = mix(seam, _cut(window, dim, 0, blended), axis.weights.reshape(shape))


def _cut(array: Array, dim: int, start: int, stop: int | None) -> Array:
    return array[(slice(None),) * (dim % array.ndim) + (slice(start, stop),)]
