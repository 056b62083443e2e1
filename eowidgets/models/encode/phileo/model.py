"""PhilEO as a model: a vector per cell of the U-Net's bridge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import Tensor, nn

from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.encode.images import ImageEncoder, ImageParams, Imagery, Images
from eowidgets.models.encode.phileo.card import CARD
from eowidgets.models.encode.phileo.config import SMALL
from eowidgets.models.encode.phileo.network import GeoUNet


@dataclass(frozen=True, slots=True)
class PhilEOParams(ImageParams):
    """The weights, the size of the images, and how a series becomes images."""

    checkpoint: Literal["small"] = param("small", help="Which weights; those that are trained here are installed.")


@register
class PhilEO(ImageEncoder):
    """Embed images of Sentinel-2 by the geo-aware U-Net."""

    name = "phileo"
    Params = PhilEOParams
    card = CARD
    folder = Path(__file__).parent

    @property
    def imagery(self) -> Imagery:
        """The images that the network was trained on."""
        found = self.checkpoint
        optional = ("nir", "nir08")
        return Imagery(found.bands, mean=found.mean, std=found.std, side=64, patch=SMALL.stride, optional=optional)

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return SMALL.width

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return GeoUNet(SMALL)

    def encode(self, images: Images) -> Tensor:
        """Return the features of the bridge; a band that is missing is 0, its mean."""
        bands, x = self.imagery.bands, images.values[:, 0]
        full = x.new_zeros(len(x), len(bands), *x.shape[2:])
        full[:, [bands.index(b) for b in images.bands]] = x
        found: Tensor = self.module()(full)
        return found
