"""A cache of codes read from a disk or a network: with a limit in bytes, the oldest are dropped first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

import numpy as np

#: Bytes of the codes of one source.
MOST = 48_000_000


class Kept:
    """Arrays by key, with a limit on their bytes."""

    def __init__(self, most: int = MOST) -> None:
        self.most, self.bytes = most, 0
        self._arrays: OrderedDict[Hashable, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, read: Callable[[], np.ndarray]) -> np.ndarray:
        """Return the array under a key; it is read if it is not cached, without blocking other threads."""
        with self._lock:
            if key in self._arrays:
                self._arrays.move_to_end(key)
                return self._arrays[key]
        found = read()
        with self._lock:
            if key not in self._arrays and found.nbytes <= self.most // 4:
                self._arrays[key] = found
                self.bytes += found.nbytes
                while self.bytes > self.most:
                    self.bytes -= self._arrays.popitem(last=False)[1].nbytes
        return found
