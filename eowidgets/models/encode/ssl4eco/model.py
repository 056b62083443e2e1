"""SSL4Eco as a model: a vector per cell of the residual network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from eowidgets.contract.checkpoint import Checkpoint
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.encode.images import ImageEncoder, ImageParams, Imagery, Images
from eowidgets.models.encode.ssl4eco.card import CARD
from eowidgets.models.encode.ssl4eco.config import PAPER, SMALL, ResNetConfig
from eowidgets.models.encode.ssl4eco.network import ResNet

#: Mean and spread by which NDVI is standardised for the small network.
NDVI_MEAN, NDVI_STD = 0.4, 0.3
#: The authors' network sees reflectance and NDVI as whole numbers of this unit.
SCALE = 10_000.0
SIZES: dict[str, tuple[ResNetConfig, int]] = {"small": (SMALL, 64), "official": (PAPER, 224)}


def standardised(reflectance: Tensor, weights: Checkpoint) -> Tensor:
    """Return what the network sees of reflectance: bands and NDVI on its scale, 0 where a band was not measured.

    Parameters
    ----------
    reflectance : Tensor, shape (n, bands, h, w)
        In the order of the checkpoint; NaN where a band was not measured.
    weights : Checkpoint

    Returns
    -------
    Tensor, shape (n, bands + 1, h, w)
    """
    red, nir = (reflectance[:, weights.bands.index(b)] for b in ("red", "nir"))
    ndvi = ((nir - red) / (nir + red).clamp_min(1e-3)).clamp(-1, 1)
    index = ndvi.unsqueeze(1)
    if not weights.mean:
        # As in the authors' files: negative NDVI is stored as 0.
        return torch.nan_to_num(torch.cat([reflectance, index.clamp_min(0)], dim=1) * SCALE)
    mean, std = (reflectance.new_tensor(v).view(-1, 1, 1) for v in (weights.mean, weights.std))
    index = (index - NDVI_MEAN) / NDVI_STD
    return torch.nan_to_num(torch.cat([(reflectance - mean) / std, index], dim=1))


@dataclass(frozen=True, slots=True)
class SSL4EcoParams(ImageParams):
    """The weights, the size of the images, and how a series becomes images."""

    checkpoint: Literal["small", "official"] = param(
        "small", help="The small network that was trained here, which is installed, or the authors' ResNet-50."
    )


@register
class SSL4Eco(ImageEncoder):
    """Embed images of Sentinel-2 by a network that was trained by season contrast."""

    name = "ssl4eco"
    Params = SSL4EcoParams
    card = CARD
    folder = Path(__file__).parent

    @property
    def size(self) -> ResNetConfig:
        """Sizes of the selected network."""
        return SIZES[self.params.checkpoint][0]

    @property
    def imagery(self) -> Imagery:
        """The images that the network was trained on."""
        tag = self.params.checkpoint
        optional = ("nir", "nir08") if tag == "small" else ()
        # Reflectance as it is: NDVI is computed from it before bands are standardised.
        return Imagery(self.checkpoint.bands, side=SIZES[tag][1], patch=self.size.stride, optional=optional)

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return self.size.width

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return ResNet(self.size)

    def encode(self, images: Images) -> Tensor:
        """Return the features of the last stage."""
        weights, x = self.checkpoint, images.values[:, 0]
        seen = images.seen[:, 0].unsqueeze(1)
        full = x.new_full((len(x), len(weights.bands), *x.shape[2:]), float("nan"))
        full[:, [weights.bands.index(b) for b in images.bands]] = torch.where(seen, x, float("nan"))
        found: Tensor = self.module()(standardised(full, weights))
        return found
