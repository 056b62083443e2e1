"""FCN, U-Net and Xception-S2 as models that are trained on biomass, or another number, at footprints."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from eowidgets.contract.feeds import Batch, Feed, Windows
from eowidgets.contract.outputs import Output, Value
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.contract.trainable import Examples, Progress, Trainable
from eowidgets.models.biomass.agbd.card import FCN_CARD, UNET_CARD, XCEPTION_CARD
from eowidgets.models.biomass.agbd.config import FCNConfig, UNetConfig, XceptionConfig
from eowidgets.models.biomass.agbd.network import FCN, ResidualUNet, XceptionS2
from eowidgets.models.blocks.scaled import Scaled
from eowidgets.models.blocks.supervised import Recipe, known, rate_param, steps_param, train_on

#: Name of the band with land-cover codes, and the size of the embedding of a code.
COVER, COVER_WIDTH = "landcover", 5
#: Highest code; codes above it are clipped to it.
MOST_CODES = 255


@dataclass(frozen=True, slots=True)
class BiomassParams:
    """Settings of the training."""

    loss: str = param(
        "squared error",
        choices=("squared error", "likelihood"),
        label="Loss",
        help="Likelihood: a standard deviation is predicted for every pixel as well; a trained model ignores this setting.",
    )
    steps: int = steps_param(300)
    rate: float = rate_param(2e-3)


class Patch(nn.Module):
    """A network whose inputs are bands and, optionally, an embedding of land-cover codes.

    Parameters
    ----------
    network : Module
    codes : int
        Number of land-cover codes; 0 without land cover.
    """

    def __init__(self, network: nn.Module, codes: int) -> None:
        super().__init__()
        self.network = network
        self.cover = nn.Embedding(codes, COVER_WIDTH) if codes else None

    def forward(self, x: Tensor, codes: Tensor | None) -> Tensor:
        """Return (n, outputs, h, w) of bands (n, c, h, w) and codes (n, h, w)."""
        if self.cover is not None and codes is not None:
            known_codes = codes.round().long().clamp(0, self.cover.num_embeddings - 1)
            x = torch.cat([x, self.cover(known_codes).movedim(-1, 1)], dim=1)
        found: Tensor = self.network(x)
        return found


class Biomass(Trainable):
    """Base of the three: predict a number, and optionally its standard deviation, from the mean of the clear dates."""

    task = Task.REGRESS
    Params = BiomassParams
    teaches = ("numbers",)
    side = 16
    rows: ClassVar[int] = 32

    @abstractmethod
    def network_of(self, channels: int, outputs: int) -> nn.Module:
        """Return the network without weights."""

    def measure(self, examples: Examples) -> dict[str, int]:
        """Return the numbers of bands and of land-cover codes, and whether a standard deviation is predicted."""
        bands, x = examples.batch.bands, examples.batch.x
        codes = 0
        if COVER in bands:
            codes = min(MOST_CODES, max(0, int(x[:, :, bands.index(COVER)].max()))) + 1
        return {"bands": len(bands), "codes": codes, "spread": int(self.params.loss == "likelihood")}

    def build(self, sizes: dict[str, int]) -> nn.Module:
        """Return the network with its scales."""
        channels = sizes["bands"] + (COVER_WIDTH - 1 if sizes["codes"] else 0)
        network = self.network_of(channels, 1 + sizes["spread"])
        return Scaled(Patch(network, sizes["codes"]), sizes["bands"])

    def train(self, network: nn.Module, examples: Examples, seed: int, progress: Progress) -> None:
        """Train with the squared error, or with the likelihood of a normal distribution."""
        assert isinstance(network, Scaled)  # noqa: S101  (see build)
        network.learn(examples)
        recipe = Recipe(self.params.steps, self.params.rate, self.rows, turns=True)

        def forward(batch: Batch) -> Tensor:
            return self.forward(network, batch)

        loss = likelihood if dict(self.sizes or {})["spread"] else None
        train_on(network, examples, forward, recipe, seed=seed, progress=progress, loss=loss)

    def forward(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return numbers (n, 1, h, w), with standard deviations (n, 2, h, w) if trained; NaN where no date is clear."""
        assert isinstance(network, Scaled)  # noqa: S101
        usable = batch.usable[:, :, None].to(batch.x.dtype)
        count = usable.sum(1).clamp_min(1)
        x = (network.inputs(batch) * usable).sum(1) / count
        codes = None
        if COVER in batch.bands:
            at = batch.bands.index(COVER)
            codes = (batch.x[:, :, at : at + 1] * usable).sum(1)[:, 0] / count[:, 0]
            x = torch.cat([x[:, :at], x[:, at + 1 :]], dim=1)
        found = network.body(x, codes)
        values = network.answer(found[:, :1])
        if found.shape[1] > 1:
            values = torch.cat([values, found[:, 1:].clamp(-8, 8).exp() * network.spread], dim=1)
        return values.masked_fill(~batch.usable.any(1)[:, None], torch.nan)

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the number, and its standard deviation if it was trained."""
        found, target = super().outputs(bands), self._taught()
        if not dict(self.sizes or {})["spread"]:
            return found
        return (*found, Value(f"{target.name}_spread", unit=target.unit, vmin=0))

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return numbers, and their standard deviations if these were trained."""
        found, target = super().predict(batch), self._taught()
        if not dict(self.sizes or {})["spread"]:
            return found
        assert self.network is not None  # noqa: S101  (see _taught)
        with torch.no_grad():
            return {**found, f"{target.name}_spread": self.forward(self.network, batch).float()[:, 1]}


def likelihood(found: Tensor, truth: Tensor) -> Tensor:
    """Return the negative log-density of numbers with standard deviations (n, 2, h, w), without its constant."""
    there = known(truth)
    mean, spread = found[:, 0][there], found[:, 1][there].clamp_min(1e-6)
    sum_of = (spread.log() + ((truth[there] - mean) / spread).square() / 2).sum()
    return sum_of / there.sum().clamp_min(1)


@register
class BiomassFCN(Biomass):
    """Predict a number with four 3 x 3 convolutions."""

    name = "biomass-fcn"
    card = FCN_CARD
    feed: ClassVar[Feed] = Windows(halo=4, blend=0)

    def network_of(self, channels: int, outputs: int) -> nn.Module:
        """Return the network with the sizes of the authors."""
        return FCN(FCNConfig(channels, outputs))


@register
class BiomassUNet(Biomass):
    """Predict a number with a U-Net of residual blocks."""

    name = "biomass-unet"
    card = UNET_CARD
    feed: ClassVar[Feed] = Windows(size=64, halo=16, multiple=8)

    def network_of(self, channels: int, outputs: int) -> nn.Module:
        """Return a narrow network."""
        return ResidualUNet(UNetConfig(channels, outputs))


@register
class BiomassXception(Biomass):
    """Predict a number with Xception-S2, which has no pooling."""

    name = "biomass-xceptions2"
    card = XCEPTION_CARD
    feed: ClassVar[Feed] = Windows(halo=2 * XceptionConfig(1).blocks, blend=0)

    def network_of(self, channels: int, outputs: int) -> nn.Module:
        """Return a narrow network."""
        return XceptionS2(XceptionConfig(channels, outputs))
