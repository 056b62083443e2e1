"""AgriFM as a model: a vector per patch of an image time series."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from eowidgets.contract.registry import register
from eowidgets.models.encode.agrifm.card import CARD, WEIGHTS
from eowidgets.models.encode.agrifm.config import SMALL
from eowidgets.models.encode.agrifm.network import AgriFM
from eowidgets.models.encode.images import ImageEncoder, Imagery, Images
from eowidgets.models.encode.ten_bands import BANDS, MEAN, STD, placed

_IMAGERY = Imagery(
    BANDS,
    mean=MEAN,
    std=STD,
    side=64,
    patch=SMALL.stride,
    frames=SMALL.frames,
    # In training, bands are dropped at random, so all but two are optional.
    optional=tuple(b for b in BANDS if b not in ("red", "nir")),
)


@register
class AgriFMModel(ImageEncoder):
    """Embed patches of 8 pixels of a series; bands that a cube lacks are set to the mean of the training data."""

    name = "agrifm"
    card = CARD
    folder = Path(__file__).parent
    tag = WEIGHTS.tag

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return SMALL.vector

    @property
    def imagery(self) -> Imagery:
        """Description of the training images."""
        return _IMAGERY

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return AgriFM(SMALL)

    def encode(self, images: Images) -> Tensor:
        """Return the vectors of the patches."""
        found: Tensor = self.module()(placed(images.values, images.bands))
        return found
