"""Select the best matches that keep a minimum distance from each other on the ground."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from eowidgets.learn.index.cells import Ints
from eowidgets.learn.index.space import Floats

#: Mean radius of the Earth in metres.
RADIUS = 6_371_008.8

Points = npt.NDArray[np.float64]


def on_sphere(lon: Points, lat: Points) -> Points:
    """Return points (n, 3) on a sphere of the Earth's size, in metres."""
    a, b = np.radians(lon), np.radians(lat)
    return RADIUS * np.stack([np.cos(b) * np.cos(a), np.cos(b) * np.sin(a), np.sin(b)], axis=-1)


def choose(
    ranked: Iterable[tuple[Ints, Floats]],
    place: Callable[[Ints], Points],
    k: int,
    apart: float,
    taken: Points,
    skip: Ints,
) -> tuple[Ints, Floats]:
    """Select the best rows one by one, and skip those near a selected one (non-maximum suppression).

    Parameters
    ----------
    ranked : iterable of (rows, scores)
        By decreasing score within each.
    place : callable
        Returns the points of rows, from :func:`on_sphere`.
    k : int
        Number of rows to select.
    apart : float
        Minimum distance in metres between two of them, and from ``taken``; 0 selects all.
    taken : array (m, 3)
        Points near which nothing is selected.
    skip : array
        Rows that are never selected.

    Returns
    -------
    rows, scores : array
        Fewer than ``k`` if there are no more.
    """
    # Chord length that corresponds to a distance along the sphere.
    chord = 2 * RADIUS * np.sin(min(apart / (2 * RADIUS), np.pi / 2))
    rows: list[int] = []
    scores: list[float] = []
    for order, values in ranked:
        keep = ~np.isin(order, skip) & ~np.isin(order, rows)
        order, values = order[keep], values[keep]
        if not apart:
            rows += order[: k - len(rows)].tolist()
            scores += values[: k - len(scores)].tolist()
        else:
            points = place(order)
            free = np.ones(len(order), bool)
            if len(taken):
                free &= cKDTree(taken).query(points, distance_upper_bound=chord)[0] >= chord
            while len(rows) < k and free.any():
                best = int(free.argmax())
                rows.append(int(order[best]))
                scores.append(float(values[best]))
                taken = np.concatenate([taken, points[best][None]])
                free &= ((points - points[best]) ** 2).sum(axis=1) >= chord**2
                free[best] = False
        if len(rows) >= k:
            break
    return np.array(rows, np.int64), np.array(scores, np.float32)
