"""A fitted curve on evenly spaced nodes, with the variance of the fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: Days between two nodes; between them a curve is linear.
STEP = 5.0


@dataclass(frozen=True, slots=True)
class Curve:
    """Curves of many series on the same nodes.

    Attributes
    ----------
    nodes : array, shape (g,), float64
        Days since 1970-01-01, :data:`STEP` apart.
    value : array, shape (g, n), float64
    variance : array, shape (g, n), float64
        Variance of the fitted value, without the noise of a single observation.
    noise : array, shape (n,), float64
        Variance of a single observation.
    """

    nodes: Array
    value: Array
    variance: Array
    noise: Array

    def part(self, first: float, last: float) -> Curve:
        """Return the nodes from one day to another, both included."""
        keep = (self.nodes >= first) & (self.nodes <= last)
        low, high = int(np.argmax(keep)), len(keep) - int(np.argmax(keep[::-1]))
        pick = slice(low, high) if keep.any() else slice(0, 0)
        return Curve(self.nodes[pick], self.value[pick], self.variance[pick], self.noise)


def nodes_between(first: float, last: float) -> Array:
    """Return nodes that cover two days: multiples of :data:`STEP`, so they do not depend on the start of a series."""
    return np.arange(np.floor(first / STEP), np.ceil(last / STEP) + 1) * STEP
