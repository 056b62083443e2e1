"""Labels on the grid of a cube: pixels, periods, conflicts and clouds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from eowidgets.contract.labels.patches import on_grid, patches
from eowidgets.contract.labels.pixels import Ints, cover
from eowidgets.contract.labels.placed import LabelReport, PlacedLabels
from eowidgets.cube import schema
from eowidgets.cube.admission import admit
from eowidgets.cube.grid import bounds, geobox
from eowidgets.cube.reading import reading
from eowidgets.errors import InputError

if TYPE_CHECKING:
    from eowidgets.contract.labels.labels import Labels

Bools = npt.NDArray[np.bool_]

#: Rows and columns of a cube that are read at a time, and pixels whose dates are counted at a time.
_TILE, _LARGEST_TILE, _PIECE = 512, 1024, 65_536
#: First and last moment of a label that always holds.
_FIRST, _LAST = np.iinfo(np.int64).min + 1, np.iinfo(np.int64).max


def place(labels: Labels, cube: xr.Dataset) -> PlacedLabels:
    """Return the pixels of a cube that labels cover; see `Labels.place`."""
    cube = admit(cube)
    grid = geobox(cube)
    days = cube["time"].values.astype("datetime64[D]")
    counts = {}
    if labels.raster is not None:
        classes = on_grid(labels.raster, grid)
        entries = _entries(*patches(classes), width=grid.width) if classes is not None else _none()
        counts["labels"] = int(entries["label"].max() + 1) if len(entries) else 0
    else:
        table = labels.table
        start, end = (table[name].to_numpy("datetime64[D]") for name in ("start", "end"))
        dated = ~((start > days[-1]) | (end < days[0]))
        kept = np.flatnonzero(dated)
        found = cover(table["geometry"].to_numpy()[kept], grid)
        at = kept[found.label]
        entries = _entries(found.row, found.column, table["target"].to_numpy()[at], at, table, width=grid.width)
        counts |= {"labels": len(table), "outside": len(kept) - _distinct(found.label, len(kept))}
        counts |= {"other_dates": int((~dated).sum()), "slivers": len(found.slivers)}
    if not len(entries):
        raise _nothing(labels, cube, int(counts.get("other_dates", 0)))
    entries, counts["conflicts"] = _settled(entries, grid.height * grid.width, labels.numeric)
    row, column = np.divmod(entries["pixel"].to_numpy(), grid.width)
    seen = _observed(cube, days, row, column, entries)
    counts["cloudy"] = _distinct(entries["pixel"].to_numpy()[~seen], grid.height * grid.width)
    if not seen.any():
        raise _lost(counts)
    counts["pixels"] = _distinct(entries["pixel"].to_numpy()[seen], grid.height * grid.width)
    return _placed(labels, entries[seen], row[seen], column[seen], counts)


def _entries(
    row: Ints, column: Ints, target: Any, label: Ints, table: pd.DataFrame | None = None, *, width: int
) -> pd.DataFrame:
    made = {"pixel": row * width + column, "target": target, "label": label}
    for name, always in (("start", _FIRST), ("end", _LAST)):
        if table is None:
            made[name] = np.full(len(row), always)
        else:
            moments = table[name].to_numpy("datetime64[ns]")
            made[name] = np.where(np.isnat(moments), always, moments.astype(np.int64))[label]
    return pd.DataFrame(made)


def _none() -> pd.DataFrame:
    nothing = np.zeros(0, np.int64)
    return _entries(nothing, nothing, nothing, nothing, width=1)


def _distinct(numbers: Ints, size: int) -> int:
    """Return how many different numbers below a size there are; faster than sorting millions of them."""
    found = np.zeros(size, bool)
    found[numbers] = True
    return int(np.count_nonzero(found))


def _settled(entries: pd.DataFrame, size: int, numeric: bool) -> tuple[pd.DataFrame, int]:
    """Settle pixels with several labels; return the entries and how many pixels were left out.

    Numbers whose periods overlap are averaged, and periods of one class that overlap are joined. Different classes at the
    same time are left out.
    """
    pixel = entries["pixel"].to_numpy()
    latest = np.zeros(size, np.int32 if len(pixel) < 2**31 else np.int64)
    number = np.arange(len(pixel), dtype=latest.dtype)
    latest[pixel] = number
    shared = np.zeros(size, bool)
    shared[pixel[latest[pixel] != number]] = True
    several = shared[pixel]
    if not several.any():
        return entries, 0
    part = entries[several].sort_values(["pixel", "start"], kind="stable").reset_index(drop=True)
    conflicts = 0
    if not numeric:
        part = part.drop_duplicates(["pixel", "target", "start", "end"])
        against = _against(part)
        conflicts = _distinct(part["pixel"].to_numpy()[against], size)
        part = part[~against]
    by = ["pixel"] if numeric else ["pixel", "target"]
    return pd.concat([entries[~several], _joined(part, by)], ignore_index=True), conflicts


def _against(part: pd.DataFrame) -> Bools:
    """Return which entries, sorted by pixel, overlap in time with an entry of another class at the same pixel."""
    pixel, target, start, end = (part[name].to_numpy() for name in ("pixel", "target", "start", "end"))
    found = np.zeros(len(part), bool)
    for step in range(1, len(part)):
        same = np.flatnonzero(pixel[step:] == pixel[:-step])
        if not len(same):
            break
        other = same + step
        clash = (target[same] != target[other]) & (start[same] <= end[other]) & (start[other] <= end[same])
        found[same[clash]] = found[other[clash]] = True
    return found


def _joined(part: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Join entries that agree in some columns and whose periods overlap; their targets are averaged."""
    if part.empty:
        return part
    part = part.sort_values([*by, "start"], kind="stable")
    reached = part.groupby(by)["end"].cummax()
    follows = ~part.duplicated(by) | (part["start"] > reached.shift())
    groups = part.groupby(follows.cumsum().to_numpy())
    found = groups.agg({"pixel": "first", "target": "mean", "label": "min", "start": "min", "end": "max"})
    # The mean of class numbers, which agree, is the number itself.
    return found.astype({"target": part["target"].dtype})


def _observed(cube: xr.Dataset, days: Any, row: Ints, column: Ints, entries: pd.DataFrame) -> Bools:
    """Return which entries were observed on a date of their period; only windows around labels are read.

    Where the cube has no date in the period, the dates just before and after it are used.
    """
    # Within the last day of the range of int64, NumPy's division by the length of a day overflows.
    start = np.maximum(entries["start"].to_numpy(), np.iinfo("int64").min + 2 * 86_400 * 10**9)
    end = entries["end"].to_numpy()
    first = np.searchsorted(days, start.astype("datetime64[ns]").astype("datetime64[D]"), "left")
    last = np.searchsorted(days, end.astype("datetime64[ns]").astype("datetime64[D]"), "right")
    between = first >= last
    first = np.where(between, np.maximum(first - 1, 0), first)
    last = np.where(between, np.minimum(first + 2, len(days)), last)
    high, wide = (_side(cube, axis) for axis in ("y", "x"))
    tile = row // high * (cube.sizes["x"] // wide + 1) + column // wide
    order = np.argsort(tile, kind="stable")
    seen = np.zeros(len(row), bool)
    for chosen in np.split(order, np.flatnonzero(np.diff(tile[order])) + 1):
        r, c = row[chosen], column[chosen]
        part = cube.isel(y=slice(r.min(), r.max() + 1), x=slice(c.min(), c.max() + 1))
        with reading():
            usable = schema.usable(part).transpose("time", "y", "x").values
        for at in np.array_split(np.arange(len(chosen)), len(chosen) // _PIECE + 1):
            picked = usable[:, r[at] - r.min(), c[at] - c.min()]
            total = np.zeros((len(picked) + 1, len(at)), np.int32)
            np.cumsum(picked, axis=0, out=total[1:])
            number = np.arange(len(at))
            seen[chosen[at]] = total[last[chosen[at]], number] > total[first[chosen[at]], number]
    return seen


def _side(cube: xr.Dataset, axis: str) -> int:
    chunks = cube.chunksizes.get(axis)
    return min(_LARGEST_TILE, max(_TILE // 2, *chunks)) if chunks else _TILE


def _placed(labels: Labels, entries: pd.DataFrame, row: Ints, column: Ints, counts: dict[str, int]) -> PlacedLabels:
    values = np.array([c.value for c in labels.classes], np.int64)
    target: Any = entries["target"].to_numpy()
    per_class: dict[str, int] = {}
    if labels.numeric:
        target = target.astype(np.float32)
    else:
        order = np.argsort(values)
        target = order[np.searchsorted(values[order], target)].astype(np.int64)
        found = np.bincount(target, minlength=len(values)).tolist()
        per_class = {c.name: n for c, n in zip(labels.classes, found, strict=True)}
    report = LabelReport(**counts, counts=per_class, notes=labels.notes)
    start, end = (_moments(entries[name].to_numpy(), always) for name, always in (("start", _FIRST), ("end", _LAST)))
    return PlacedLabels(row, column, target, entries["label"].to_numpy(), start, end, labels.classes, report)


def _moments(numbers: Ints, always: int) -> Any:
    return np.where(numbers == always, np.datetime64("NaT", "ns"), numbers.astype("datetime64[ns]"))


def _nothing(labels: Labels, cube: xr.Dataset, other_dates: int) -> InputError:
    """Return the error for labels that all lie outside the cube."""
    if labels.raster is None and other_dates == len(labels.table):
        known = labels.table[["start", "end"]]
        times = cube["time"].values
        return InputError(
            f"No label is from the dates of the cube: the labels are from {_span(known.min().min(), known.max().max())}, "
            f"the cube from {_span(times[0], times[-1])}."
        )
    where = _degrees(*_extent(labels))
    return InputError(f"No label lies in the cube: the labels reach {where}, the cube {_degrees(*bounds(cube))}.")


def _lost(counts: dict[str, int]) -> InputError:
    cloudy, conflicts = counts["cloudy"], counts["conflicts"]
    return InputError(
        f"No labelled pixel is left: {cloudy:,} were not observed on any date of their labels, and {conflicts:,} have labels "
        "of different classes; choose other dates, or correct the labels."
    )


def _extent(labels: Labels) -> tuple[float, float, float, float]:
    import shapely

    if labels.raster is not None:
        return bounds(labels.raster.to_dataset(name="classes"))
    west, south, east, north = shapely.total_bounds(labels.table["geometry"].to_numpy())
    return float(west), float(south), float(east), float(north)


def _degrees(west: float, south: float, east: float, north: float) -> str:
    return f"from {west:.4f} to {east:.4f}° E and {south:.4f} to {north:.4f}° N"


def _span(first: Any, last: Any) -> str:
    return f"{str(first)[:10]} to {str(last)[:10]}"
