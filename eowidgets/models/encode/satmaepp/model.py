"""SatMAE++ as a model: a vector per patch."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from eowidgets.contract.registry import register
from eowidgets.models.encode.images import ImageEncoder, Imagery, Images
from eowidgets.models.encode.satmaepp.card import CARD
from eowidgets.models.encode.satmaepp.network import PATCH, SIDE, Encoder

#: Scale of reflectance in the training data, which are integers.
SCALE = 10_000.0
#: Scaled value of the mean of the training data; used for missing values.
MIDDLE = 0.5


@register
class SatMAEpp(ImageEncoder):
    """Embed every patch of a composite, from all its patches."""

    name = "satmaepp"
    card = CARD
    folder = Path(__file__).parent
    tag = "pretrain-sentinel"
    width = 1024

    @property
    def imagery(self) -> Imagery:
        """The images that the network was trained on: mean - 2 std becomes 0, mean + 2 std becomes 1."""
        known = self.checkpoint
        return Imagery(
            known.bands,
            scale=SCALE,
            mean=tuple(m - 2 * s for m, s in zip(known.mean, known.std, strict=True)),
            std=tuple(4 * s for s in known.std),
            side=SIDE,
            patch=PATCH,
            resolution=known.resolution or 10.0,
            optional=("rededge1", "rededge2", "rededge3", "nir08", "swir16", "swir22"),
        )

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return Encoder()

    def encode(self, images: Images) -> Tensor:
        """Encode the first image; missing pixels and bands are set to the mean of the training data."""
        bands = self.imagery.bands
        given = torch.where(images.seen[:, 0, None], images.values[:, 0].clamp(0.0, 1.0), MIDDLE)
        x = given.new_full((len(given), len(bands), *given.shape[-2:]), MIDDLE)
        x[:, [bands.index(b) for b in images.bands]] = given
        out: Tensor = self.module()(x)
        return out
