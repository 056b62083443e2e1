"""U-Nets for field boundaries: one that is trained on labels, and one with weights for red, green and blue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from eowidgets.contract.feeds import Batch, Feed, Windows
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Classes, Output
from eowidgets.contract.registry import register
from eowidgets.contract.target import Target
from eowidgets.contract.task import Task
from eowidgets.contract.trainable import Examples, Progress, Trainable
from eowidgets.contract.weights import load_checkpoint
from eowidgets.cube import schema
from eowidgets.models.blocks.scaled import Scaled
from eowidgets.models.blocks.supervised import Recipe, balanced, rate_param, steps_param, train_on
from eowidgets.models.blocks.unet import UNet, UNetConfig
from eowidgets.models.classical.series import masked_median
from eowidgets.models.fields.unet.card import CLASSES, OWN, SHIPPED, WEIGHTS
from eowidgets.models.fields.unet.config import SHIPPED as SIZES

#: Maximum number of dates of a stack.
DATES = 3
#: Rows and columns of a cube from which the scale of its bands is computed.
SURVEY = 512


@dataclass(frozen=True, slots=True)
class FieldsParams:
    """Settings of the training."""

    steps: int = steps_param(300)
    rate: float = rate_param(2e-3)


@register
class FieldsUNet(Trainable):
    """Train a U-Net on stacks of dates: of NDVI if the bands allow it, otherwise of all bands."""

    name = "fields-unet"
    task = Task.SEGMENT
    card = OWN
    feed: ClassVar[Feed] = Windows(min_dates=1, max_dates=DATES, size=128, halo=24, multiple=8)
    Params = FieldsParams
    side = 64
    teaches = ("classes",)

    def measure(self, examples: Examples) -> dict[str, int]:
        """Return the numbers of dates and of bands."""
        batch = examples.batch
        return {"dates": min(len(batch.days), DATES), "bands": len(stack_of(batch)[1])}

    def build(self, sizes: dict[str, int]) -> nn.Module:
        """Return a small U-Net."""
        network = UNet(UNetConfig(sizes["dates"] * sizes["bands"], sizes["outputs"]))
        return Scaled(network, sizes["bands"])

    def train(self, network: nn.Module, examples: Examples, seed: int, progress: Progress) -> None:
        """Train with a loss that weights classes by the square root of their inverse frequency, because boundaries are rare."""
        assert isinstance(network, Scaled)  # noqa: S101  (see build)
        x, bands = stack_of(examples.batch)
        network.learn(Examples(replace(examples.batch, x=x, bands=bands), examples.target, examples.group))
        loss = balanced(examples.target, len(self._taught_classes()))
        recipe = Recipe(self.params.steps, self.params.rate, rows=8, turns=True)

        def forward(batch: Batch) -> Tensor:
            return self.forward(network, batch)

        train_on(network, examples, forward, recipe, seed=seed, progress=progress, loss=loss)

    def forward(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return scores (n, classes, h, w); NaN for a pixel without any clear date."""
        assert isinstance(network, Scaled)  # noqa: S101
        x, _ = stack_of(batch)
        found = network.body(network.bands(x, batch.usable).flatten(1, 2))
        return network.answer(found).masked_fill(~batch.usable.any(1)[:, None], torch.nan)

    def _describe(self, target: Target) -> None:
        """Set the required number of dates to that of the training."""
        super()._describe(target)
        dates = dict(self.sizes or {})["dates"]
        self.feed = replace(self.feed, min_dates=dates, max_dates=dates)  # type: ignore[misc]

    def _taught_classes(self) -> Sequence[Any]:
        assert self.target is not None  # noqa: S101  (see fit)
        return self.target.classes


def stack_of(batch: Batch) -> tuple[Tensor, tuple[str, ...]]:
    """Return NDVI (b, t, 1, h, w), or all bands if red or near infrared is missing, and their names."""
    if not {"red", "nir"} <= set(batch.bands):
        return batch.x, batch.bands
    red, nir = (batch.x[:, :, batch.bands.index(band)] for band in ("red", "nir"))
    whole = nir + red
    ndvi = torch.where(whole > 0, (nir - red) / whole.clamp_min(1e-6), 0.0).clamp(-1, 1)
    return ndvi[:, :, None], ("ndvi",)


@register
class Fields(Model):
    """Map fields, their boundaries and other land from the median of the clear dates, at 2 m.

    Every band is scaled by its mean and standard deviation over the whole cube, so its unit has no influence.
    """

    name = "fields"
    task = Task.SEGMENT
    card = SHIPPED
    feed: ClassVar[Feed] = Windows(bands=WEIGHTS.bands, resolution=WEIGHTS.resolution, size=256, halo=48, multiple=16)
    checkpoint = WEIGHTS

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        super().__init__(**params)
        self._network = network
        self.scale: Tensor | None = None

    def module(self) -> nn.Module:
        """Return the network; load its weights at the first call."""
        if self._network is None:
            self._network = load_checkpoint(UNet(SIZES), self.checkpoint)
        return self._network

    def survey(self, cube: xr.Dataset) -> None:
        """Compute the scale of the bands from the whole cube: windows would be scaled differently."""
        steps: dict[Any, slice] = {k: slice(None, None, -(-cube.sizes[k] // SURVEY)) for k in ("y", "x")}
        thin = cube.isel(steps)
        x = torch.as_tensor(np.asarray(schema.stack(thin, WEIGHTS.bands).values, np.float32))
        seen = torch.as_tensor(np.asarray(schema.usable(thin).transpose(*schema.DIMS).values, bool))
        self.scale = scale_of(picture(x.nan_to_num()[None], (seen & x.isfinite().all(1))[None])[0])

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs: classes and their probabilities."""
        return (Classes("field", classes=CLASSES, long_name="Fields and their boundaries"),)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return probabilities (b, 3, h, w)."""
        seen = picture(batch.x, batch.usable)
        scale = scale_of(seen) if self.scale is None else self.scale.to(seen.device)
        scores = self.module()(scaled(seen, scale)).float()
        blank = ~batch.usable.any(1)[:, None]
        return {"field": scores.softmax(1).masked_fill(blank, torch.nan)}


def picture(x: Tensor, usable: Tensor) -> Tensor:
    """Return the median (b, c, h, w) of the clear dates; NaN where there is none."""
    return masked_median(x, usable[:, :, None])


def scale_of(seen: Tensor) -> Tensor:
    """Return mean and standard deviation of the bands of images (..., c, h, w), shape (2, c, 1, 1)."""
    values = seen.movedim(-3, 0).flatten(1)
    there = values.isfinite()
    count = there.sum(1).clamp_min(1)
    mean = values.nan_to_num().sum(1) / count
    spread = (((values - mean[:, None]).nan_to_num() ** 2).sum(1) / count).sqrt().clamp_min(1e-6)
    return torch.stack([mean, spread])[..., None, None]


def scaled(seen: Tensor, scale: Tensor) -> Tensor:
    """Scale images (b, c, h, w) to mean 0 and standard deviation 1; 0 where nothing was observed."""
    return ((seen - scale[0]) / scale[1]).clamp(-4, 4).nan_to_num()
