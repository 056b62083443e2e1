"""A model fitted to one cube: at the model's pixel size, on the dates of its output.

A network trained at one pixel size fails silently at another, so no model is run at a pixel size that it does not
declare.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import torch
import xarray as xr
from torch import Tensor
from torch.nn import functional

from eowidgets.contract.feeds import Batch, Feed, Windows
from eowidgets.contract.model import Dates, Model
from eowidgets.contract.prepare import interpolate, resample, resolution_of
from eowidgets.engine.windows import round_up
from eowidgets.errors import ModelError, shown


@dataclass(frozen=True)
class Fitted:
    """A model with its pixel size and dates for the windows of a cube.

    Measurements are resampled bilinearly (averaged where pixels become larger), without pixels that were not
    observed; results are resampled back the same way, class probabilities before a class is chosen.

    Attributes
    ----------
    model : Model
    ratio : float
        The model's pixels per pixel of the cube, along one side.
    when : array of datetime64, optional
        Dates of the output, if the model does not choose them.
    step : int
        Windows start at multiples of this many pixels of the cube, where pixels of all further sources start too.
    """

    model: Model
    ratio: float = 1.0
    when: Dates | None = None
    step: int = 1

    @classmethod
    def of(cls, model: Model, cube: xr.Dataset, when: Dates | None = None) -> Fitted:
        """Fit a model to the pixels of a cube.

        Raises
        ------
        ModelError
            When windows of the model's size do not start where pixels of its sources do.
        """
        wanted, found = model.feed.resolution, resolution_of(cube)
        step = _step(model, found or 1.0)
        # Within one percent it is the same grid: 9.99 m is 10 m.
        if wanted is None or found is None or model.resamples or abs(found / wanted - 1) < 0.01:
            return cls(model, when=when, step=step)
        return cls(model, found / wanted, when, step)

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.model.name

    @property
    def resamples(self) -> bool:
        """Whether measurements are resampled for the model."""
        return self.ratio != 1

    @property
    def feed(self) -> Feed:
        """Feed of the model, its windows measured in pixels of the cube."""
        feed = self.model.feed
        if not isinstance(feed, Windows):
            return feed
        if not self.resamples:
            if self.step == 1:
                return feed
            multiple = math.lcm(feed.multiple, self.step)
            return replace(feed, multiple=multiple, halo=round_up(feed.halo, self.step))
        return replace(
            feed,
            size=None
            if feed.size is None
            else max(self.step, math.floor(feed.size / self.ratio) // self.step * self.step),
            halo=round_up(math.ceil(feed.halo / self.ratio), self.step),
            blend=None if feed.blend is None else math.ceil(feed.blend / self.ratio),
            multiple=self.step,
        )

    def inner(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the rows and columns of a window on the model's grid."""
        rows, columns = (max(1, round(n * self.ratio)) for n in size)
        return rows, columns

    def out_dates(self, dates: Dates) -> Dates:
        """Return the dates of the output.

        Raises
        ------
        ModelError
            For anything but an array of dates.
        """
        found = np.asarray(self.model.out_dates(dates) if self.when is None else self.when).astype("datetime64[ns]")
        if found.ndim != 1 or np.isnat(found).any():
            raise ModelError(f"The model {shown(self.name)} must return an array of dates from out_dates(dates).")
        return found

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Run a batch of windows; the results have the batch's pixels."""
        model = self.model
        if not self.resamples:
            return model.feed.ask(model.predict, batch)
        h, w = batch.x.shape[-2:]
        size = self.inner((h, w))
        feed = model.feed
        full = (feed.size, feed.size) if feed.size else tuple(round_up(n, feed.multiple) for n in size)
        same = batch.x is batch.raw
        usable, measured = (_mask(m, size, full) for m in (batch.usable, batch.measured))
        raw = _pad(resample(batch.raw, batch.measured, size), full) * measured[:, :, None]
        x = raw if same else _pad(resample(batch.x, batch.usable, size), full) * usable[:, :, None]
        metres = batch.resolution / self.ratio
        sources = {n: _extended(s, full, metres) for n, s in batch.sources.items()}
        inner = replace(batch, x=x, raw=raw, usable=usable, measured=measured, resolution=metres, sources=sources)
        found = feed.ask(model.predict, inner)
        return {
            name: _back(y.float()[..., : size[0], : size[1]], (h, w)) if isinstance(y, Tensor) and y.dim() > 2 else y
            for name, y in found.items()
        }


def _step(model: Model, metres: float) -> int:
    """Return the pixels of the cube between two places where pixels of all sources start together."""
    ratios = [Fraction(s.resolution / metres).limit_denominator(16) for s in model.feed.sources if s.resolution]
    step = math.lcm(*(max(1, ratio.numerator) for ratio in ratios))
    if model.feed.size is not None and model.feed.size % step:
        raise ModelError(
            f"The model {shown(model.name)} has windows of {model.feed.size} pixels, and pixels of its sources start at every "
            f"{step}. pixel of this cube: declare a size that is a multiple of {step}."
        )
    return step


def _extended(source: Batch, full: tuple[int, ...], metres: float) -> Batch:
    """Pad a source to the ground of a window that was padded to ``full`` pixels of ``metres``."""
    size = tuple(max(n, round(m * metres / source.resolution)) for n, m in zip(source.x.shape[-2:], full, strict=True))
    usable, measured = (_pad(m[:, :, None], size)[:, :, 0] for m in (source.usable, source.measured))
    return replace(source, x=_pad(source.x, size), raw=_pad(source.raw, size), usable=usable, measured=measured)


def _mask(seen: Tensor, size: tuple[int, int], full: tuple[int, ...]) -> Tensor:
    """Return where at least half of a new pixel was observed."""
    return _pad(interpolate(seen.float(), size)[:, :, None], full)[:, :, 0] >= 0.5


def _pad(x: Tensor, full: tuple[int, ...]) -> Tensor:
    rows, columns = full[0] - x.shape[-2], full[1] - x.shape[-1]
    if not rows and not columns:
        return x
    # Replicated, not zero: networks respond to the hard edge of a zero border.
    padded = functional.pad(x.flatten(0, 1), (0, columns, 0, rows), mode="replicate")
    return padded.reshape(*x.shape[:2], *padded.shape[1:])


def _back(y: Tensor, size: tuple[int, int]) -> Tensor:
    """Resample a result to the cube's pixels; NaN stays NaN."""
    given = ~y.isnan()
    if given.all():
        return interpolate(y, size)
    share = interpolate(given.float(), size)
    mean = interpolate(y.nan_to_num(), size) / share.clamp_min(1e-6)
    return mean.masked_fill(share < 0.5, torch.nan)
