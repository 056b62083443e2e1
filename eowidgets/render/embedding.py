"""Embeddings as pictures: the first three principal components as red, green and blue."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.cube.schema import FEATURE
from eowidgets.cube.vectors import holds_vectors, vectors_of

__all__ = ["COLORS", "holds_vectors", "principal_colors"]

#: Bands of a picture of vectors.
COLORS = ("component_1", "component_2", "component_3")
#: Largest number of vectors that determine the directions.
SAMPLES = 20_000
#: Side, and number along each axis, of the squares of lazy vectors that determine the directions.
SIDE, SQUARES = 32, 4

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Components:
    """The directions in which vectors differ most, and the range along each.

    Attributes
    ----------
    mean : array (features,)
    axes : array (3 or fewer, features)
    low, high : array (3 or fewer,)
        Drawn darkest and brightest: the 2nd and the 98th percentile.
    """

    mean: Floats
    axes: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, vectors: Floats) -> Self:
        """Fit the components to vectors (n, features) without NaN."""
        mean = vectors.mean(axis=0)
        _, _, axes = np.linalg.svd(vectors - mean, full_matrices=False)
        axes = axes[: len(COLORS)]
        # The sign of an axis is arbitrary: the largest entry counts as positive, so that equal runs have equal colours.
        axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
        low, high = np.quantile((vectors - mean) @ axes.T, [0.02, 0.98], axis=0)
        return cls(*(a.astype("float32") for a in (mean, axes, low, high)))  # blocks of vectors are large

    def colors(self, vectors: Floats) -> npt.NDArray[np.float32]:
        """Return the colours, 0 to 1, of vectors (..., features): (..., 3), NaN where a number is missing."""
        parts = (vectors - self.mean) @ self.axes.T
        found = np.full((*parts.shape[:-1], len(COLORS)), 0.5, "float32")
        span = np.where(self.high > self.low, self.high - self.low, 1)
        found[..., : len(self.axes)] = np.where(self.high > self.low, (parts - self.low) / span, 0.5).clip(0, 1)
        found[~np.isfinite(vectors).all(axis=-1)] = np.nan
        return found


def principal_colors(result: xr.Dataset) -> xr.Dataset:
    """Return three bands, 0 to 1, from the vectors of a result or a cube: equal colours are similar vectors.

    Parameters
    ----------
    result : Dataset
        With one variable ([time,] feature, y, x); of lazy vectors, a sample is read, and the bands are lazy.

    Returns
    -------
    Dataset ([time,] y, x)
        The bands ``component_1`` to ``component_3``; NaN where there is no vector. Components that the vectors do not have
        are 0.5.

    Examples
    --------
    >>> vectors = xr.DataArray(np.random.default_rng(0).random((5, 4, 4)), dims=("feature", "y", "x"))
    >>> list(principal_colors(vectors.to_dataset(name="embedding")).data_vars)
    ['component_1', 'component_2', 'component_3']
    """
    vectors = vectors_of(result)
    rest = [d for d in vectors.dims if d != FEATURE]
    some = _sample(vectors, rest)
    if len(some):
        components = Components.of(some)
    else:
        nothing = np.zeros((0, vectors.sizes[FEATURE]))
        components = Components(np.zeros(vectors.sizes[FEATURE]), nothing, np.zeros(0), np.zeros(0))
    colors = xr.apply_ufunc(
        components.colors,
        vectors.drop_attrs(),
        input_core_dims=[[FEATURE]],
        output_core_dims=[["color"]],
        dask="parallelized",
        output_dtypes=["float32"],
        dask_gufunc_kwargs={"output_sizes": {"color": len(COLORS)}, "allow_rechunk": True},
    )
    coords = {k: v for k, v in result.coords.items() if FEATURE not in v.dims}
    bands = {c: colors.isel(color=i).transpose(*rest).variable for i, c in enumerate(COLORS)}
    found = xr.Dataset(bands, coords, dict(result.attrs))
    for band in bands:
        found[band].attrs = {"role": "band"}
    return found


def _sample(vectors: xr.DataArray, rest: list[Hashable]) -> Floats:
    """Return at most SAMPLES of the vectors that have all numbers, (n, features)."""
    parts = [vectors] if isinstance(vectors.variable._data, np.ndarray) else list(_squares(vectors))
    rows = [p.transpose(*rest, FEATURE).values.reshape(-1, vectors.sizes[FEATURE]) for p in parts]
    seen = np.concatenate([r[np.isfinite(r).all(axis=1)] for r in rows])
    return seen[:: max(1, len(seen) // SAMPLES)].astype("float64")


def _squares(vectors: xr.DataArray) -> Iterator[xr.DataArray]:
    """Yield squares spread over the picture, on the middle date."""
    frame = vectors.isel(time=vectors.sizes["time"] // 2) if "time" in vectors.dims else vectors
    frame = frame.expand_dims("time") if "time" in vectors.dims else frame
    tops, lefts = (np.unique(np.linspace(0, max(0, frame.sizes[d] - SIDE), SQUARES).astype(int)) for d in ("y", "x"))
    for top in tops:
        for left in lefts:
            yield frame.isel(y=slice(top, top + SIDE), x=slice(left, left + SIDE))
