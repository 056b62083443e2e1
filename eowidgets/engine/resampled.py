"""A model on a cube of another pixel size than it was made for: resample, run, and bring the answer back.

What a network saw in training decides what it makes of a pixel, and nothing tells when it is fed at another size. So no
model is run at a pixel size that it does not state.
"""

from __future__ import annotations

import dataclasses
import math

import torch
import xarray as xr
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.contract.feeds import Batch
from eowidgets.contract.model import Dates, Model
from eowidgets.contract.outputs import Output
from eowidgets.contract.prepare import interpolate, resample, resolution_of
from eowidgets.engine.windows import round_up


def at_its_resolution(model: Model, cube: xr.Dataset) -> Model:
    """Give the model itself where it fits the cube's pixels, else the model with resampling around it."""
    wanted, found = model.feed.resolution, resolution_of(cube)
    # Within one percent it is the same grid: 9.99 m is 10 m.
    if wanted is None or found is None or model.resamples or abs(found / wanted - 1) < 0.01:
        return model
    return Resampled(model, found / wanted)


class Resampled(Model):
    """A model that sees its own pixel size, whatever the cube has.

    Measurements are resampled bilinearly (averaged where pixels become larger), never across what was not seen; results
    come back the same way, class probabilities before a class is chosen.

    Parameters
    ----------
    model : Model
    ratio : float
        The model's pixels per pixel of the cube, along one side.
    """

    def __init__(self, model: Model, ratio: float) -> None:
        self.model, self.ratio = model, ratio
        self.name, self.task, self.card = model.name, model.task, model.card  # type: ignore[misc]
        self.params, self.device = model.params, model.device
        spec = model.feed
        self.feed = dataclasses.replace(  # type: ignore[misc]
            spec,
            size=None if spec.size is None else max(1, math.floor(spec.size / ratio)),
            halo=math.ceil(spec.halo / ratio),
            blend=None if spec.blend is None else math.ceil(spec.blend / ratio),
            multiple=1,
        )

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Those of the model."""
        return self.model.outputs(bands)

    def out_dates(self, dates: Dates) -> Dates:
        """Those of the model."""
        return self.model.out_dates(dates)

    def survey(self, cube: xr.Dataset) -> None:
        """Let the model look at the cube as it is."""
        self.model.survey(cube)

    def module(self) -> nn.Module | None:
        """That of the model."""
        return self.model.module()

    def to(self, device: torch.device) -> Model:
        """Move the model."""
        self.model.to(device)
        self.device = device
        return self

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Run the model at its pixel size; the answers have the batch's."""
        h, w = batch.x.shape[-2:]
        size = (max(1, round(h * self.ratio)), max(1, round(w * self.ratio)))
        spec = self.model.feed
        full = (spec.size, spec.size) if spec.size else tuple(round_up(n, spec.multiple) for n in size)
        same = batch.x is batch.raw
        usable, measured = (_mask(m, size, full) for m in (batch.usable, batch.measured))
        raw = _pad(resample(batch.raw, batch.measured, size), full) * measured[:, :, None]
        x = raw if same else _pad(resample(batch.x, batch.usable, size), full) * usable[:, :, None]
        inner = dataclasses.replace(
            batch, x=x, raw=raw, usable=usable, measured=measured, resolution=batch.resolution / self.ratio
        )
        found = self.model.predict(inner)
        return {name: _back(y.float()[..., : size[0], : size[1]], (h, w)) for name, y in found.items()}


def _mask(seen: Tensor, size: tuple[int, int], full: tuple[int, ...]) -> Tensor:
    """Where at least half of a new pixel was seen."""
    return _pad(interpolate(seen.float(), size)[:, :, None], full)[:, :, 0] >= 0.5


def _pad(x: Tensor, full: tuple[int, ...]) -> Tensor:
    rows, columns = full[0] - x.shape[-2], full[1] - x.shape[-1]
    if not rows and not columns:
        return x
    # Replicated, not zero: a hard edge would be seen as one.
    padded = functional.pad(x.flatten(0, 1), (0, columns, 0, rows), mode="replicate")
    return padded.reshape(*x.shape[:2], *padded.shape[1:])


def _back(y: Tensor, size: tuple[int, int]) -> Tensor:
    """Bring an answer to the cube's pixels; where it is NaN there is none, and none is made up."""
    given = ~y.isnan()
    if given.all():
        return interpolate(y, size)
    share = interpolate(given.float(), size)
    mean = interpolate(y.nan_to_num(), size) / share.clamp_min(1e-6)
    return mean.masked_fill(share < 0.5, torch.nan)
