"""Embeddings as pictures: the first three principal components as red, green and blue."""

from __future__ import annotations

import numpy as np
import xarray as xr

#: Dimension of the vectors in results.
FEATURE = "feature"
COLORS = ("red", "green", "blue")
#: Number of vectors that decide the directions, at most.
SAMPLES = 20_000


def holds_vectors(result: xr.Dataset) -> bool:
    """Return whether a result has vectors in place of numbers."""
    return FEATURE in result.dims


def principal_colors(result: xr.Dataset) -> xr.Dataset:
    """Return three bands, 0 to 1, from the vectors of a result: equal colours are similar vectors.

    Parameters
    ----------
    result : Dataset
        With one variable ([time,] feature, y, x).

    Returns
    -------
    Dataset ([time,] y, x)
        The bands ``red``, ``green`` and ``blue``; NaN where there is no vector. Components that the vectors do not have
        are 0.5.

    Examples
    --------
    >>> vectors = xr.DataArray(np.random.default_rng(0).random((5, 4, 4)), dims=("feature", "y", "x"))
    >>> list(principal_colors(vectors.to_dataset(name="embedding")).data_vars)
    ['red', 'green', 'blue']
    """
    vectors = next(v for v in result.data_vars.values() if FEATURE in v.dims)
    rest = [d for d in vectors.dims if d != FEATURE]
    flat = vectors.transpose(*rest, FEATURE).values.astype("float64").reshape(-1, vectors.sizes[FEATURE])
    seen = np.isfinite(flat).all(axis=1)
    colors = np.full((len(flat), len(COLORS)), np.nan)
    if seen.any():
        given = flat[seen]
        some = given[:: max(1, len(given) // SAMPLES)]
        _, _, axes = np.linalg.svd(some - some.mean(axis=0), full_matrices=False)
        axes = axes[: len(COLORS)]
        # The sign of an axis is arbitrary: the largest entry counts as positive, so that equal runs have equal colours.
        axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
        parts = (given - some.mean(axis=0)) @ axes.T
        low, high = np.quantile(parts, [0.02, 0.98], axis=0)
        scaled = np.full((len(given), len(COLORS)), 0.5)
        scaled[:, : len(axes)] = np.where(high > low, (parts - low) / np.where(high > low, high - low, 1), 0.5).clip(
            0, 1
        )
        colors[seen] = scaled
    shape = tuple(vectors.sizes[d] for d in rest)
    coords = {k: v for k, v in result.coords.items() if FEATURE not in v.dims}
    bands = {c: (rest, colors[:, i].reshape(shape).astype("float32"), {"role": "band"}) for i, c in enumerate(COLORS)}
    return xr.Dataset(bands, coords, dict(result.attrs))
