"""The coarse levels that a Zarr store states (:mod:`~eowidgets.cube.pyramid`): found in its metadata, opened on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.pyramid import assets_of
from eowidgets.cube.sources.complete import arrays_of, attributes_of, shapes_of


@dataclass(frozen=True)
class Level:
    """One coarse level of a variable.

    Attributes
    ----------
    factor : int
        Pixels of the full resolution along a side of one of its pixels.
    size : mapping of str to int
        Rows ``y`` and columns ``x``.
    opened : callable
        Returns the array, with the dimensions of the variable, opened without dask.
    """

    factor: int
    size: Mapping[str, int]
    opened: Callable[[], xr.DataArray] = field(compare=False)


def finest_group(notes: Mapping[str, Any]) -> str | None:
    """Return the group with the most pixels of those that the root states as levels; None where it states none."""
    arrays = arrays_of(notes)
    pixels = {
        asset: max(
            (int(np.prod(shapes_of(n)[0])) for p, n in arrays.items() if p.rpartition("/")[0] == asset), default=0
        )
        for asset in assets_of(attributes_of(notes, ""))
        if asset != "."
    }
    found = max(pixels, key=lambda asset: pixels[asset], default=None)
    return found if found is not None and pixels[found] else None


def levels_of(
    notes: Mapping[str, Any], group: str | None, values: xr.DataArray, opened: Callable[[str], xr.Dataset]
) -> tuple[Level, ...]:
    """Return the levels of a variable, the finest first.

    A level counts if its array has the name, the number of dates, and sides that are a whole number of times smaller.

    Parameters
    ----------
    notes : mapping
        Parsed metadata of the store.
    group : str or None
        Group that holds the variable.
    values : DataArray
    opened : callable
        Opens a group of the store without dask.
    """
    arrays = arrays_of(notes)
    axes = {d: values.dims.index(d) for d in ("y", "x")}
    other = [n for i, n in enumerate(values.shape) if i not in axes.values()]
    found = {}
    for path in _groups(notes, group):
        shape = shapes_of(arrays.get(f"{path}/{values.name}", {}))[0]
        if len(shape) != values.ndim or [n for i, n in enumerate(shape) if i not in axes.values()] != other:
            continue
        size = {d: shape[i] for d, i in axes.items()}
        factor = _factor([(values.sizes[d], size[d]) for d in ("y", "x")])
        if factor:
            found[factor] = Level(factor, size, partial(_variable, opened, path, str(values.name)))
    return tuple(found[k] for k in sorted(found))


def _variable(opened: Callable[[str], xr.Dataset], path: str, name: str) -> xr.DataArray:
    return opened(path)[name]


def _groups(notes: Mapping[str, Any], group: str | None) -> list[str]:
    """Return the groups of the levels that a group states, or the one above it."""
    own = group or ""
    for stating in dict.fromkeys((own, own.rpartition("/")[0])):
        paths = [f"{stating}/{asset}".strip("/") for asset in assets_of(attributes_of(notes, stating)) if asset != "."]
        if paths:
            return [p for p in paths if p != own]
    return []


def _factor(sides: Sequence[tuple[int, int]]) -> int | None:
    """Return by what whole number sides are smaller, whether a last part of a cell counts or not; None for any other ratio."""
    most = max(sides)  # the longest side tells most
    for factor in (-(-most[0] // most[1]), most[0] // most[1], round(most[0] / most[1])) if most[1] else ():
        if factor > 1 and all(coarse in (full // factor, -(-full // factor)) for full, coarse in sides):
            return factor
    return None
