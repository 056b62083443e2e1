"""DynamicVis as a model: a vector per patch of an image."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from eowidgets.contract.registry import register
from eowidgets.models.encode.dynamicvis.card import CARD, WEIGHTS
from eowidgets.models.encode.dynamicvis.config import SMALL
from eowidgets.models.encode.dynamicvis.network import DynamicVis
from eowidgets.models.encode.images import ImageEncoder, Imagery, Images

#: EuroSAT draws reflectance from 0 to 0.275 as 1 to 255.
SCALE = 254 / 0.275
_IMAGERY = Imagery(
    WEIGHTS.bands,
    scale=SCALE,
    mean=tuple(m - 1 for m in WEIGHTS.mean),
    std=WEIGHTS.std,
    side=SMALL.side,
    patch=SMALL.patch,
)


@register
class DynamicVisModel(ImageEncoder):
    """Embed patches of 32 pixels, in view of the image around them."""

    name = "dynamicvis"
    card = CARD
    folder = Path(__file__).parent
    tag = WEIGHTS.tag

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return SMALL.widths[-1]

    @property
    def imagery(self) -> Imagery:
        """The images of the training."""
        return _IMAGERY

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return DynamicVis(SMALL)

    def encode(self, images: Images) -> Tensor:
        """Return the vectors of the patches."""
        found: Tensor = self.module()(images.values[:, 0])
        return found
