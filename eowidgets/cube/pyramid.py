"""Coarse levels of a Zarr store: where they lie, how they are stated, and which values they hold.

The statement is that of the Zarr convention ``multiscales``, which GeoZarr uses: an attribute of a group with the paths of
the levels below it. In stores of this package the data lie in the root, and the level of factor 4 in the group
``levels/4``: arrays of the same names, with coordinates of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

#: Attribute of a group that states levels, and the group that holds those of this package.
STATED, GROUP = "multiscales", "levels"
#: Attributes of a store that a cube read from it does not have.
STATEMENTS = (STATED, "zarr_conventions")
#: The coarsest level is the first one whose sides have no more pixels than this; smaller rasters have no levels.
ENOUGH = 512
#: What the convention is, for readers that look for it.
_CONVENTION = {
    "uuid": "d35379db-88df-4056-af3a-620245f8e347",
    "name": "multiscales",
    "spec_url": "https://github.com/zarr-conventions/multiscales/blob/v1/README.md",
    "schema_url": "https://raw.githubusercontent.com/zarr-conventions/multiscales/refs/tags/v1/schema.json",
    "description": "Multiscale layout of zarr datasets",
}


def factors_of(height: int, width: int) -> tuple[int, ...]:
    """Return the factors of the levels of a raster: powers of two.

    Examples
    --------
    >>> factors_of(10_980, 10_980), factors_of(500, 300)
    ((2, 4, 8, 16, 32), ())
    """
    found, longest = [1], max(height, width)
    while -(-longest // found[-1]) > ENOUGH:
        found.append(2 * found[-1])
    return tuple(found[1:])


def statement(factors: Sequence[int]) -> dict[str, Any]:
    """Return the attributes of a root group whose levels lie in :data:`GROUP`."""
    layout: list[dict[str, Any]] = [{"asset": ".", "transform": {"scale": [1.0, 1.0], "translation": [0.0, 0.0]}}]
    for k in factors:
        shift = (k - 1) / 2  # of the middle of the first cell, in pixels
        moved = {"scale": [float(k)] * 2, "translation": [shift] * 2}
        layout.append({"asset": f"{GROUP}/{k}", "derived_from": ".", "transform": moved})
    return {STATED: {"layout": layout, "resampling_method": "average"}, "zarr_conventions": [_CONVENTION]}


def assets_of(attributes: Any) -> list[str]:
    """Return the paths of the levels that the attributes of a group state, the full resolution among them.

    Read are the convention ``multiscales``, tile matrix sets of earlier drafts of GeoZarr, and lists of data sets (ndpyramid).
    Anything else gives an empty list.
    """
    stated = attributes.get(STATED) if isinstance(attributes, dict) else None
    if isinstance(stated, list):
        stated = stated[0] if stated else None
    if not isinstance(stated, dict):
        return []
    matrices = stated.get("tile_matrix_set")
    for entries, key in (
        (stated.get("layout"), "asset"),
        (stated.get("datasets"), "path"),
        (matrices.get("tileMatrices") if isinstance(matrices, dict) else None, "id"),
    ):
        if isinstance(entries, list):
            named = [e.get(key) for e in entries if isinstance(e, dict)]
            return [p.strip("/") for p in named if isinstance(p, str) and p and ".." not in p.split("/")]
    return []


def coarser(values: np.ndarray, factors: Sequence[int]) -> Iterator[np.ndarray]:
    """Yield the levels of a raster.

    Of floating-point numbers a pixel of a level is the mean of those pixels of its cell that are not NaN, computed in double
    precision; NaN where there is none. Of whole numbers and booleans, which may be classes or flags, it is the pixel in
    the middle of the cell. Cells at the right and the lower edge may be smaller.

    Parameters
    ----------
    values : array (rows, columns)
    factors : sequence of int
        Powers of two: 2, 4, 8, ...

    Yields
    ------
    array (ceil(rows / factor), ceil(columns / factor))
        Of the type of ``values``.
    """
    if values.dtype.kind != "f":
        for k in factors:
            rows, columns = (np.minimum(np.arange(0, n, k) + k // 2, n - 1) for n in values.shape)
            yield values[np.ix_(rows, columns)]
        return
    there = ~np.isnan(values)
    sums, counts = np.where(there, values, 0).astype("float64"), there.astype("int64")
    for _ in factors:
        sums, counts = _pairs(sums), _pairs(counts)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            yield (sums / counts).astype(values.dtype)


def _pairs(values: np.ndarray) -> np.ndarray:
    """Return the sums of 2 x 2 neighbours; what lies beyond the edge is 0."""
    height, width = values.shape
    even = np.pad(values, ((0, height % 2), (0, width % 2)))
    found: np.ndarray = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return found
