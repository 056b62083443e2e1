"""A cache of the ranges of bands and indices, by digests of the values.

Viewer, map and every further viewer of a cube need the ranges of the same bands and of some 150 indices. They are stored under a
digest of the values they are computed from, so that a cube whose values were changed in place gets new ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

Range = tuple[float, float, float, float]

#: Ranges that are kept at most; about 200 belong to one cube.
_MOST = 4000
_kept: dict[tuple[Any, ...], Range] = {}


def digest(*arrays: np.ndarray) -> bytes:
    """Return a digest of the values, type and shape of arrays."""
    found = hashlib.blake2b(digest_size=16)
    for array in arrays:
        found.update(f"{array.dtype} {array.shape}".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.digest()


def remembered(key: tuple[Any, ...], compute: Callable[[], Range]) -> Range:
    """Return the cached result of a key, or compute it.

    Parameters
    ----------
    key : tuple
        Everything that the result depends on.
    compute : callable
    """
    if key not in _kept:
        value = compute()
        while len(_kept) >= _MOST:  # the oldest are dropped first
            _kept.pop(next(iter(_kept)), None)
        _kept[key] = value
    return _kept[key]
