"""TerraMind v1 as a model: a vector per patch of 16 pixels, from Sentinel-2, Sentinel-1 and elevation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from torch import Tensor, nn

from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.encode.images import ImageParams, Imagery, Images
from eowidgets.models.encode.sensors import SensorEncoder
from eowidgets.models.encode.terramind.card import CARD
from eowidgets.models.encode.terramind.config import ELEVATION, KINDS, SIZES, imagery
from eowidgets.models.encode.terramind.network import Encoder


@dataclass(frozen=True, slots=True)
class TerramindParams(ImageParams):
    """Weights, modalities of the cube's bands, image size, and reduction of a series to images."""

    checkpoint: Literal["v1-tiny", "v1-small", "v1-base", "v1-large"] = param(
        "v1-base", help="Vectors of 192, 384, 768 or 1024 numbers."
    )
    optical: Literal["S2L2A", "S2L1C", "RGB"] = param(
        "S2L2A", label="Optical bands", help="Surface, top of atmosphere, or the three bands of a true-colour image."
    )
    radar: Literal["S1RTC", "S1GRD"] = param(
        "S1RTC", label="Radar", help="Backscatter with or without correction for the slope of the terrain."
    )


@register
class Terramind(SensorEncoder):
    """Embed every patch, from all patches of all modalities of the cube."""

    name = "terramind"
    Params = TerramindParams
    card = CARD
    folder = Path(__file__).parent

    @property
    def width(self) -> int:
        """Length of the vectors."""
        published = SIZES[self.params.checkpoint].width
        return int(getattr(self._networks[0], "width", published)) if self._networks else published

    @property
    def imagery(self) -> Imagery:
        """The images that the network was trained on."""
        return imagery(self.params.optical, self.params.radar)

    def settings(self) -> Mapping[str, Any]:
        """Return the modalities."""
        return {"kinds": [name for name in self._names() if any(b in self.there for b in _bands(name))]}

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return Encoder(SIZES[self.params.checkpoint])

    def encode(self, images: Images) -> Tensor:
        """Return the vectors of the patches."""
        given = {}
        for name in self._names():
            kind = KINDS[name]
            pairs = [(images.bands.index(b), c) for b, c in _bands(name).items() if b in images.bands]
            # A cube may contain its elevation under two names.
            pairs = pairs[: len(kind.bands)]
            if pairs:
                places, channels = (list(part) for part in zip(*pairs, strict=True))
                given[kind.key] = (images.values[:, 0, places], channels)
        found: Tensor = self.module()(given)
        return found

    def _names(self) -> tuple[str, ...]:
        return self.params.optical, self.params.radar, "DEM"


def _bands(name: str) -> dict[str, int]:
    """Return the common names of the bands of a modality, and their positions in the training data."""
    if name == "DEM":
        return dict.fromkeys(ELEVATION, 0)
    return {b: i for i, b in enumerate(KINDS[name].bands)}
