"""Labelled data of a cube or a table: what was labelled, where, and the features or examples that a model needs of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
import xarray as xr
from torch import Tensor

from eowidgets.contract.feeds import Batch, Series
from eowidgets.contract.labels import PlacedLabels
from eowidgets.contract.prepare import METRES_PER_DEGREE
from eowidgets.contract.target import Target
from eowidgets.contract.trainable import NO_TARGET, Examples, Trainable
from eowidgets.cube.grid import georeference
from eowidgets.engine.labelled import Source, joined, read_blocks, read_series, read_windows
from eowidgets.engine.long import Long, long_form
from eowidgets.engine.provenance import content_hash
from eowidgets.errors import InputError, shown
from eowidgets.learn.cache import FEATURES, kind_of
from eowidgets.models.classical.series import DAYS_PER_YEAR
from eowidgets.models.taught.model import TaughtModel

Array = npt.NDArray[Any]
#: Pixels of one label, and of all labels, that are used.
MOST_PER_LABEL, MOST = 400, 20_000
#: Pixels without a label by which features are standardised, and the squares along each side that they lie in.
AROUND, SQUARES, SQUARE = 900, 3, 32


class Material(ABC):
    """Labelled examples, and where they are.

    Attributes
    ----------
    target : Target
    truth : array, shape (n,)
        int64 index of the class, or float32.
    x, y : array, shape (n,)
        Place in metres, NaN where it is not known.
    label : array, shape (n,), int64
        Label that each comes from.
    stands_for : array, shape (classes,)
        Labelled pixels that each used one stands for, by class; 1 where all are used.
    notes : tuple of str
    """

    target: Target
    truth: Array
    x: Array
    y: Array
    label: Array
    stands_for: Array
    notes: tuple[str, ...] = ()

    @abstractmethod
    def features(self, model: TaughtModel) -> tuple[Array, tuple[str, ...]]:
        """Return the features that a model uses, (n, features) with NaN rows where there are none, and the bands."""

    @abstractmethod
    def around(self, model: TaughtModel, labelled: Array) -> Array:
        """Return the features of places without a label, (m, features), given those of labelled ones; without NaN."""

    @abstractmethod
    def examples(self, model: Trainable, group: Array) -> Examples:
        """Return examples in the form in which a model reads data."""

    @property
    @abstractmethod
    def years(self) -> bool:
        """Whether labels are of certain years."""


@dataclass
class CubeMaterial(Material):
    """Labelled pixels of a cube.

    Parameters
    ----------
    cube : Dataset or mapping of Datasets
    main : Dataset
        The cube whose grid the labels lie on.
    placed : PlacedLabels
    target : Target
    seed : int
        Chooses pixels where there are more than are used.
    raster : bool
        The labels are a class raster, whose patches are no samples.
    """

    cube: xr.Dataset | Mapping[str, xr.Dataset]
    main: xr.Dataset
    placed: PlacedLabels
    target: Target
    seed: int
    raster: bool = False

    def __post_init__(self) -> None:
        placed = self.placed
        kept = thinned(None if self.raster else placed.label, placed.target, self.seed)
        self.rows, self.columns = placed.rows[kept], placed.columns[kept]
        self.truth, self.label = placed.target[kept], np.unique(placed.label[kept], return_inverse=True)[1]
        self.start, self.end = placed.start[kept], placed.end[kept]
        self.stands_for = (
            _stands_for(placed.target, kept, len(self.target.classes)) if self.raster else _ones(self.target)
        )
        self.notes = tuple(placed.report.sentences)
        if len(kept) < len(placed.rows):
            self.notes += (
                f"{len(kept):,} of {len(placed.rows):,} labelled pixels were used, of rare classes a larger share; "
                "scores and map correct for it.",
            )
        box = georeference(self.main).odc.geobox
        self.x, self.y = box.affine @ (self.columns + 0.5, self.rows + 0.5)
        if box.crs is not None and box.crs.geographic:
            self.y = self.y * METRES_PER_DEGREE
            self.x = self.x * METRES_PER_DEGREE * np.cos(np.radians(np.mean(self.y) / METRES_PER_DEGREE))

    @property
    def years(self) -> bool:
        """Whether labels are of certain years."""
        return bool((~np.isnat(self.start)).any())

    def features(self, model: TaughtModel) -> tuple[Array, tuple[str, ...]]:
        """Compute features at the labelled pixels."""
        return self._features(model, self.rows, self.columns, (self.start, self.end))

    def around(self, model: TaughtModel, labelled: Array) -> Array:
        """Compute features of pixels in squares spread over the cube."""
        height, width = (self.main.sizes[name] for name in ("y", "x"))
        tops, lefts = (
            np.unique(np.linspace(0, max(0, n - SQUARE), SQUARES).round().astype("int64")) for n in (height, width)
        )
        rng, count = np.random.default_rng(self.seed), AROUND // (len(tops) * len(lefts))
        rows, columns = (
            np.concatenate([one + rng.integers(0, min(SQUARE, n), count) for one in corners])
            for corners, n in ((np.repeat(tops, len(lefts)), height), (np.tile(lefts, len(tops)), width))
        )
        which = rng.integers(0, len(self.start), len(rows))
        found, _ = self._features(model, rows, columns, (self.start[which], self.end[which]))
        return found[np.isfinite(found).all(axis=1)]

    def _features(
        self, model: TaughtModel, rows: Array, columns: Array, periods: tuple[Array, Array]
    ) -> tuple[Array, tuple[str, ...]]:
        source = Source(model.feed, self.cube, model.title)
        task = source.workload()
        bands, start, end = task.site.bands, *(p.astype("int64") for p in periods)
        cubes = [content_hash(task.cube, bands), *(content_hash(c.cube, c.bands) for c in task.site.companions)]
        kind = kind_of(*cubes, repr(task.site.geobox), model.features, repr(sorted(model.encoder.items())))
        places = np.stack([rows, columns, start, end], axis=1)
        return FEATURES.rows(kind, places, partial(self._computed, model, source, rows, columns, periods)), bands

    def _computed(
        self,
        model: TaughtModel,
        source: Source,
        rows: Array,
        columns: Array,
        periods: tuple[Array, Array],
        wanted: Array,
    ) -> Array:
        """Compute the features of some pixels."""
        prepared = prepared_model(model, source)
        rows, columns, periods = rows[wanted], columns[wanted], (periods[0][wanted], periods[1][wanted])
        found: Array | None = None
        with torch.inference_mode():
            for numbers, batch, (top, left) in read_blocks(source, rows, columns, model.feed.halo):
                for some, cut in self._by_period(numbers, batch, periods):
                    values = pixel_features(prepared, cut, rows[some] - top, columns[some] - left)
                    if found is None:
                        found = np.full((len(rows), values.shape[1]), np.nan, "float32")
                    found[some] = values
        assert found is not None  # noqa: S101  (there is at least one pixel)
        return found

    def _by_period(self, numbers: Array, batch: Batch, all_periods: tuple[Array, Array]) -> list[tuple[Array, Batch]]:
        """Return pixels of one period with the batch of its dates."""
        if not self.years:
            return [(numbers, batch)]
        periods = np.stack([p[numbers].astype("int64") for p in all_periods])
        unique, which = np.unique(periods, axis=1, return_inverse=True)
        found = []
        for k in range(unique.shape[1]):
            low, high = unique[:, k].astype("datetime64[ns]")
            keep = torch.from_numpy(in_period(batch.days.numpy(), low, high))
            usable = batch.usable & keep[None, :, None, None]
            found.append((numbers[which.ravel() == k], replace(batch, usable=usable, x=batch.x * usable[:, :, None])))
        return found

    def examples(self, model: Trainable, group: Array) -> Examples:
        """Read series of the pixels, or windows around them with what is labelled in each."""
        source = Source(model.feed, self.cube, model.title)
        if isinstance(model.feed, Series):
            batch = read_series(source, self.rows, self.columns)
            if self.years:
                keep = [in_period(batch.days.numpy(), a, b) for a, b in zip(self.start, self.end, strict=True)]
                usable = batch.usable & torch.from_numpy(np.stack(keep))
                batch = replace(batch, usable=usable, x=batch.x * usable[..., None])
            return Examples(batch, torch.from_numpy(self.truth), group)
        if model.side is None:
            raise InputError(f"The model {shown(model.name)} states no side of the windows that it is trained on.")
        return self._windows(source, model.side, group)

    def _windows(self, source: Source, side: int, group: Array) -> Examples:
        """Read windows that hold labels; a window belongs to the block of most of its labels, and has labels of it only."""
        height, width = (self.main.sizes[name] for name in ("y", "x"))
        if min(height, width) < side:
            raise InputError(
                f"The model is trained on windows of {side} pixels, and the cube has {height} x {width}: open a larger one."
            )
        truth = torch.from_numpy(self.truth)
        empty = torch.full((height, width), torch.nan if self.target.numeric else NO_TARGET, dtype=truth.dtype)
        corners_of: list[tuple[int, int, int]] = []
        targets: list[Tensor] = []
        for one in np.unique(group):
            here = np.flatnonzero(group == one)
            image = empty.clone()
            image[self.rows[here], self.columns[here]] = truth[here]
            step = max(1, side // 2)
            corners = np.unique(np.stack([self.rows[here] // step, self.columns[here] // step]), axis=1) * step
            for top, left in corners.T.tolist():
                y, x = min(max(0, top - side // 4), height - side), min(max(0, left - side // 4), width - side)
                corners_of.append((y, x, int(one)))
                targets.append(image[y : y + side, x : x + side])
        tops, lefts, groups = np.array(corners_of, "int64").T
        return Examples(read_windows(source, tops, lefts, side), torch.stack(targets), groups)


@dataclass
class TableMaterial(Material):
    """Labelled series of a table.

    Parameters
    ----------
    table : DataFrame
        In long form; see :func:`eowidgets.run`.
    of_series : Series
        Label of each series, by id; missing ones are left out.
    target : Target
    truth_of : mapping
        Index of the class, or number, by id.
    """

    table: pd.DataFrame
    truth_of: Mapping[Any, float]
    target: Target

    def __post_init__(self) -> None:
        long = self._long(TaughtModel())
        known = [i for i, name in enumerate(long.ids) if name in self.truth_of]
        self.ids = [long.ids[i] for i in known]
        kind = "float32" if self.target.numeric else "int64"
        self.truth = np.array([self.truth_of[name] for name in self.ids], kind)
        self.label = np.arange(len(known))
        self.stands_for = _ones(self.target)
        place = np.array([long.lonlat(i) for i in known], "float64").reshape(-1, 2)
        self.x = place[:, 0] * METRES_PER_DEGREE * np.cos(np.radians(place[:, 1]))
        self.y = place[:, 1] * METRES_PER_DEGREE
        left = len(long.ids) - len(known)
        self.notes = (f"{left} of {len(long.ids)} series have no label and were left out.",) if left else ()

    @property
    def years(self) -> bool:
        """Return False: a series has the dates that it was labelled for."""
        return False

    def _long(self, model: Trainable) -> Long:
        return long_form(model, self.table)

    def around(self, model: TaughtModel, labelled: Array) -> Array:
        """Return no features: labelled series are many."""
        return labelled[:0]

    def features(self, model: TaughtModel) -> tuple[Array, tuple[str, ...]]:
        """Compute the features of the labelled series."""
        if not isinstance(model.feed, Series):
            raise InputError(f"The features {shown(model.features)} need pictures, and this is a table: choose others.")
        long = self._long(model)
        number = {name: i for i, name in enumerate(self.ids)}
        found: Array | None = None
        with torch.inference_mode():
            for some in long.groups():
                labelled = [i for i in some if long.ids[i] in number]
                if not labelled:
                    continue
                values = model.compute(table_batch(long, labelled)).numpy()
                if found is None:
                    found = np.full((len(self.ids), values.shape[1]), np.nan, "float32")
                found[[number[long.ids[i]] for i in labelled]] = values
        if found is None:
            raise InputError("No series of the table has a label: give labels by the names in its column 'id'.")
        return found, long.bands

    def examples(self, model: Trainable, group: Array) -> Examples:
        """Return the labelled series on common dates: those of other years are moved by whole years."""
        if not isinstance(model.feed, Series):
            raise InputError(f"The model {shown(model.name)} needs pictures, and this is a table: choose another.")
        long = self._long(model)
        where = {name: i for i, name in enumerate(long.ids)}
        numbers = [where[name] for name in self.ids]
        lengths = {int(long.lengths[i]) for i in numbers}
        if len(lengths) > 1:
            raise InputError(
                f"The series of the table have from {min(lengths)} to {max(lengths)} dates, and {shown(model.name)} learns "
                "from series of equal length: bring them to common dates first, or use features."
            )
        first = table_batch(long, numbers[:1]).days
        apart = max(_apart(table_batch(long, [i]).days, first) for i in numbers)
        if apart > SAME_SEASON:
            raise InputError(
                f"The series of the table are up to {apart:.0f} days apart within the year, and {shown(model.name)} learns from "
                "common dates: bring them to these first, or use features."
            )
        batch = joined([replace(table_batch(long, [i]), days=first) for i in numbers])
        return Examples(batch, torch.from_numpy(self.truth), group)


def prepared_model(model: TaughtModel, source: Source) -> TaughtModel:
    """Return a copy of a model that has looked at the cube."""
    if isinstance(model.feed, Series):
        return model
    made = model.with_params()
    cube = source.workload().cube
    made.survey(cube)
    return made


def pixel_features(model: TaughtModel, batch: Batch, rows: Array, columns: Array) -> Array:
    """Return the features of some pixels of a batch of one window."""
    if isinstance(model.feed, Series):
        picked = _picked(batch, rows, columns)
        return np.asarray(model.compute(picked).numpy())
    found = model.compute(batch)[0]
    return np.asarray(found[:, rows, columns].T.numpy())


def _picked(batch: Batch, rows: Array, columns: Array) -> Batch:
    """Return some pixels of a batch of one window as series."""
    x = batch.x[0][:, :, rows, columns].permute(2, 0, 1)
    usable = batch.usable[0][:, rows, columns].T
    return replace(batch, x=x, raw=x, usable=usable, measured=usable, lonlat=batch.lonlat.expand(len(x), -1))


def table_batch(long: Long, numbers: list[int]) -> Batch:
    """Return series of a table with the same dates as a batch."""
    dates = long.dates[long.part(numbers[0])]
    days = torch.from_numpy(dates.astype("datetime64[ns]").astype("int64") / 86_400e9)
    parts = [long.part(i) for i in numbers]
    raw = torch.from_numpy(np.stack([long.raw[p] for p in parts]))
    measured, usable = (torch.from_numpy(np.stack([m[p] for p in parts])) for m in (long.measured, long.usable))
    place = torch.tensor([long.lonlat(i) for i in numbers], dtype=torch.float32)
    return Batch(raw * usable[..., None], usable, measured, raw, days, days, long.bands, place, 1.0)


def _apart(one: Tensor, other: Tensor) -> float:
    """Return the largest distance between dates, years apart left out."""
    rest = (one - other) % DAYS_PER_YEAR
    return float(torch.minimum(rest, DAYS_PER_YEAR - rest).max())


def in_period(days: Array, start: Any, end: Any) -> Array:
    """Return which dates belong to a label: its period, or the calendar year of a period shorter than a season.

    Parameters
    ----------
    days : array of float64
        Days since 1970-01-01.
    start, end : datetime64
        NaT without one.
    """
    dates = np.floor(days).astype("int64").astype("datetime64[D]")
    if np.isnat(start) and np.isnat(end):
        return np.ones(len(days), bool)
    low = start if not np.isnat(start) else np.datetime64("1677-09-22")
    high = end if not np.isnat(end) else np.datetime64("2262-04-10")
    low, high = low.astype("datetime64[D]"), high.astype("datetime64[D]")
    if (high - low).astype(int) < SEASON:
        return np.asarray(dates.astype("datetime64[Y]") == high.astype("datetime64[Y]"))
    return np.asarray((dates >= low) & (dates <= high))


#: Days by which the dates of series may differ that a network learns together.
SAME_SEASON = 10.0
#: Days below which a period is taken as a date within a year.
SEASON = 60


def thinned(label: Array | None, target: Array, seed: int) -> Array:
    """Choose pixels: at most :data:`MOST_PER_LABEL` of a label, and :data:`MOST` of all.

    Of classes, as many are taken as the square root of their pixels is to that of the others, so that a rare one counts.
    """
    order = np.random.default_rng(seed).permutation(len(target))
    kept = order if label is None else order[_turn(label[order]) < MOST_PER_LABEL]
    if len(kept) <= MOST:
        return np.sort(kept)
    if target.dtype.kind == "f":
        return np.sort(kept[:MOST])
    count = np.bincount(target[kept])
    share = np.sqrt(count) / np.sqrt(count).sum()
    return np.sort(kept[_turn(target[kept]) < np.ceil(MOST * share)[target[kept]]])


def _ones(target: Target) -> Array:
    return np.ones(max(1, len(target.classes)))


def _stands_for(target: Array, kept: Array, classes: int) -> Array:
    """Return how many labelled pixels each used one stands for, by class."""
    counts = [np.bincount(values, minlength=classes) for values in (target, target[kept])]
    return np.asarray(np.maximum(counts[0], 1) / np.maximum(counts[1], 1))


def _turn(values: Array) -> Array:
    """Return how many equal values stand before each."""
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    first = np.searchsorted(ranked, ranked)
    found = np.empty(len(values), "int64")
    found[order] = np.arange(len(values)) - first
    return found
