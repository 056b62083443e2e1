"""Weights of a stacked average: non-negative, summing to one, computed from products of the members' errors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

#: Number of independent cases, such as hidden dates, whose influence equals that of the common weights.
PRIOR = 4.0
ROUNDS = 400


def onto_simplex(w: Array) -> Array:
    """Return the nearest weights (..., m) that are non-negative and sum to one (Duchi et al., 2008)."""
    ordered = -np.sort(-w, axis=-1)
    over = ordered.cumsum(axis=-1) - 1
    count = np.arange(1, w.shape[-1] + 1)
    last = (ordered - over / count > 0).sum(axis=-1, keepdims=True)
    shift = np.take_along_axis(over, last - 1, axis=-1) / last
    return np.asarray(np.maximum(w - shift, 0), dtype="float64")


def stack(products: Array, groups: int, cases: float) -> Array:
    """Minimise ``w' G w`` over weights of members, in each group on the simplex.

    Parameters
    ----------
    products : array, shape (groups * m, groups * m)
        Sums of products of errors, each error weighted by the share of its group; members vary fastest.
    groups : int
        Number of groups, such as classes of lead, that have separate weights.
    cases : float
        Number of independent cases in the sums: the fewer, the closer the groups stay to common weights.

    Returns
    -------
    array, shape (groups, m)
        Groups without data get the weights of all groups together.
    """
    m = len(products) // groups
    grid = products.reshape(groups, m, groups, m)
    pooled = _descend(grid.sum(axis=(0, 2)), np.full((1, m), 1 / m), None, 0.0)
    if groups == 1:
        return pooled
    start = np.repeat(pooled, groups, axis=0)
    pull = PRIOR / max(cases, 1.0) * float(np.trace(products)) / len(products)
    return _descend(products, start, start, pull)


def _descend(products: Array, w: Array, prior: Array | None, pull: float) -> Array:
    """Minimise by accelerated projected gradient descent (Beck and Teboulle, 2009)."""
    steepest = float(np.linalg.norm(products, 2)) + pull
    if steepest <= 0:
        return w
    ahead, momentum = w, 1.0
    for _ in range(ROUNDS):
        slope = (products @ ahead.ravel()).reshape(w.shape)
        if prior is not None:
            slope = slope + pull * (ahead - prior)
        new = onto_simplex(ahead - slope / steepest)
        later = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = new + (momentum - 1) / later * (new - w)
        w, momentum = new, later
    return w
