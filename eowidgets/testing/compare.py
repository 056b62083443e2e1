"""Compare two results of one model."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

#: Object edges have large coordinates: their tolerance is this multiple of that of values.
EDGES = 100


def apart(one: Any, two: Any, most: float, what: str) -> str:
    """Return a sentence if two results differ by more than ``most``; empty if they do not."""
    if not isinstance(one, xr.Dataset):
        return _rows_apart(one, two, most, what)
    for name in one.data_vars:
        a, b = one[name].values, two[name].values
        if a.dtype.kind != "f":
            if most == 0 and not np.array_equal(a, b):
                return f"{what} return different {name}"
            continue
        if not np.array_equal(np.isnan(a), np.isnan(b)):
            return f"{what} return {name} at different pixels"
        scale = max(1.0, float(np.nanmax(np.abs(a), initial=1.0)))
        apart = float(np.nanmax(np.abs(a - b), initial=0.0))
        if apart > most * scale:
            return f"{what} differ by {apart:.2g} in {name}"
    return ""


def _rows_apart(one: Any, two: Any, most: float, what: str) -> str:
    shapes = [t.get("geometry") for t in (one, two)]
    one, two = (t.drop(columns="geometry", errors="ignore") for t in (one, two))
    if len(one) != len(two) or not one.columns.equals(two.columns) or not one.index.equals(two.index):
        return f"{what} return different rows"
    for name in one:
        a, b = one[name], two[name]
        if not a.isna().equals(b.isna()):
            return f"{what} return {name} in different rows"
        a, b = a.dropna(), b.dropna()
        if a.dtype.kind != "f" or b.dtype.kind != "f":
            if (a != b).any():
                return f"{what} return different {name}"
        elif len(a) and (apart := float((a - b).abs().max())) > most * max(1.0, float(a.abs().max())):
            return f"{what} differ by {apart:.2g} in {name}"
    if any(shape is None for shape in shapes):
        return ""
    return _shapes_apart(shapes[0], shapes[1], most, what)


def _shapes_apart(one: Any, two: Any, most: float, what: str) -> str:
    """Compare geometries row by row: corners of their bounds, relative to the extent of each."""
    a, b = one.bounds.to_numpy(), two.bounds.to_numpy()
    extent = (a[:, 2:] - a[:, :2]).max(axis=1, initial=0.0)
    extent[extent == 0] = 1.0  # of points
    apart = float((np.abs(a - b).max(axis=1, initial=0.0) / extent).max(initial=0.0))
    return f"{what} differ by {apart:.2g} of the extent of an object" if apart > EDGES * most else ""
