"""Training material of a cube: labelled pixels, their positions, and the features or examples that a model needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from torch import Tensor

from eowidgets.contract.feeds import Batch, Series
from eowidgets.contract.labels import PlacedLabels
from eowidgets.contract.prepare import METRES_PER_DEGREE
from eowidgets.contract.target import Target
from eowidgets.contract.trainable import NO_TARGET, Examples, Trainable
from eowidgets.cube.grid import georeference
from eowidgets.engine.labelled import Source, read_blocks, read_series, read_windows
from eowidgets.engine.provenance import content_hash
from eowidgets.errors import InputError, shown
from eowidgets.learn.cache import FEATURES, kind_of
from eowidgets.learn.thinning import ones, stands_for, thinned
from eowidgets.models.taught.model import TaughtModel

Array = npt.NDArray[Any]
#: Number of unlabelled pixels by which features are standardised, and number of squares along each side for them.
AROUND, SQUARES, SQUARE = 900, 3, 32


class Material(ABC):
    """Labelled examples and their positions.

    Attributes
    ----------
    target : Target
    truth : array, shape (n,)
        int64 index of the class, or float32.
    x, y : array, shape (n,)
        Position in metres, NaN if unknown.
    label : array, shape (n,), int64
        Label that each example belongs to.
    stands_for : array, shape (classes,)
        Number of labelled pixels that each used one represents, by class; 1 if all are used.
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
        """Return the features of a model, (n, features) with NaN rows where missing, and the bands."""

    @abstractmethod
    def around(self, model: TaughtModel, labelled: Array) -> Array:
        """Return the features of unlabelled places, (m, features), without NaN, given those of labelled ones."""

    @abstractmethod
    def examples(self, model: Trainable, group: Array) -> Examples:
        """Return examples in the form that a model reads."""

    @property
    @abstractmethod
    def years(self) -> bool:
        """Whether the labels have dates."""


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
        Seed of the choice of pixels, if not all are used.
    raster : bool
        Whether the labels are a class raster, whose patches are not samples.
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
            stands_for(placed.target, kept, len(self.target.classes)) if self.raster else ones(self.target)
        )
        self.notes = tuple(placed.report.sentences)
        if len(kept) < len(placed.rows):
            self.notes += (
                f"{len(kept):,} of {len(placed.rows):,} labelled pixels were used, with a larger share of rare classes; "
                "scores and map are corrected for this.",
            )
        box = georeference(self.main).odc.geobox
        self.x, self.y = box.affine @ (self.columns + 0.5, self.rows + 0.5)
        if box.crs is not None and box.crs.geographic:
            self.y = self.y * METRES_PER_DEGREE
            self.x = self.x * METRES_PER_DEGREE * np.cos(np.radians(np.mean(self.y) / METRES_PER_DEGREE))

    @property
    def years(self) -> bool:
        """Whether the labels have dates."""
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
        """Read series of the pixels, or windows around them with the labels in each."""
        source = Source(model.feed, self.cube, model.title)
        if isinstance(model.feed, Series):
            batch = read_series(source, self.rows, self.columns)
            if self.years:
                keep = [in_period(batch.days.numpy(), a, b) for a, b in zip(self.start, self.end, strict=True)]
                usable = batch.usable & torch.from_numpy(np.stack(keep))
                batch = replace(batch, usable=usable, x=batch.x * usable[..., None])
            return Examples(batch, torch.from_numpy(self.truth), group)
        if model.side is None:
            raise InputError(
                f"The model {shown(model.name)} does not define the side of its training windows: choose another model."
            )
        return self._windows(source, model.side, group)

    def _windows(self, source: Source, side: int, group: Array) -> Examples:
        """Read windows that contain labels; a window belongs to the block of most of its labels, and keeps only these labels."""
        height, width = (self.main.sizes[name] for name in ("y", "x"))
        if min(height, width) < side:
            raise InputError(
                f"The model is trained on windows of {side} pixels, but the cube has {height} x {width}: open a larger cube."
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


def prepared_model(model: TaughtModel, source: Source) -> TaughtModel:
    """Return a copy of a model that has surveyed the cube."""
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


def in_period(days: Array, start: Any, end: Any) -> Array:
    """Return a mask of the dates that belong to a label: its period, or the calendar year of a period shorter than a season.

    Parameters
    ----------
    days : array of float64
        Days since 1970-01-01.
    start, end : datetime64
        NaT without a period.
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


#: Days below which a period counts as a date within a year.
SEASON = 60
