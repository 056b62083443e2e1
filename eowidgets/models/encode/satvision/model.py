"""SatVision-TOA as a model: a vector per cell of the Swin network, optionally including clouds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from torch import Tensor, nn

from eowidgets.contract.feeds import Batch
from eowidgets.contract.outputs import Output, Vector
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.encode.images import ImageEncoder, ImageParams, Imagery, Images
from eowidgets.models.encode.satvision.card import CARD
from eowidgets.models.encode.satvision.config import SMALL
from eowidgets.models.encode.satvision.network import SwinV2


@dataclass(frozen=True, slots=True)
class SatVisionParams(ImageParams):
    """Weights, image size, and whether clouds are encoded."""

    checkpoint: Literal["small"] = param("small", help="Name of the weights; the shipped ones are installed.")
    clouds: bool = param(False, help="Also encode clouds: every measured pixel is used.")


@register
class SatVision(ImageEncoder):
    """Embed all-sky images with a network that was trained to reconstruct masked patches."""

    name = "satvision"
    Params = SatVisionParams
    card = CARD
    folder = Path(__file__).parent

    @property
    def imagery(self) -> Imagery:
        """The images that the network was trained on."""
        found = self.checkpoint
        return Imagery(
            found.bands,
            mean=found.mean,
            std=found.std,
            side=SMALL.side,
            patch=SMALL.stride,
            resolution=30.0,
            optional=("swir22",),
        )

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return SMALL.width

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return SwinV2(SMALL)

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs: the vector, also under clouds if ``clouds`` is set."""
        return (Vector(size=self.width, stride=self.stride, needs="measured" if self.params.clouds else "any"),)

    def images(self, batch: Batch) -> Images:
        """Convert a batch to images, of all measured pixels if ``clouds`` is set."""
        if self.params.clouds:
            batch = replace(batch, x=batch.raw, usable=batch.measured)
        return super().images(batch)

    def encode(self, images: Images) -> Tensor:
        """Return the features of the last stage; a missing band is 0, its mean."""
        bands, x = self.imagery.bands, images.values[:, 0]
        full = x.new_zeros(len(x), len(bands), *x.shape[2:])
        full[:, [bands.index(b) for b in images.bands]] = x
        found: Tensor = self.module()(full)
        return found
