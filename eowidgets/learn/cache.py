"""Cache of computed features, because labels change more often than the cube."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
#: Size limit in bytes.
MOST = 256 << 20


class RowCache:
    """Rows of features by pixel, for each kind of features of each cube; the oldest kind is removed first.

    Parameters
    ----------
    most : int
        Size limit in bytes.
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._kinds: OrderedDict[str, dict[bytes, Array]] = OrderedDict()
        self._bytes = 0

    def rows(self, kind: str, places: Array, compute: Callable[[Array], Array]) -> Array:
        """Return a row for each place, and compute the missing ones.

        Parameters
        ----------
        kind : str
            Identifies the cube and the features.
        places : array, shape (n, k), int64
            Key of each row.
        compute : callable
            Takes the positions of some places; returns their rows.

        Returns
        -------
        array, shape (n, features)
        """
        known = self._kinds.setdefault(kind, {})
        self._kinds.move_to_end(kind)
        keys = [place.tobytes() for place in np.ascontiguousarray(places)]
        missing = np.array([i for i, key in enumerate(keys) if key not in known], "int64")
        if len(missing):
            for i, row in zip(missing, compute(missing), strict=True):
                known[keys[i]] = row.copy()
                self._bytes += row.nbytes
        found = np.stack([known[key] for key in keys])
        while self._bytes > self.most and self._kinds:
            _, gone = self._kinds.popitem(last=False)
            self._bytes -= sum(row.nbytes for row in gone.values())
        return found


def kind_of(*parts: str) -> str:
    """Return a short identifier of a cube and features."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


FEATURES = RowCache()
