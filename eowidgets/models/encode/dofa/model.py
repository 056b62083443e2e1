"""DOFA as a model: a vector per patch of 16 pixels, from optical bands of known wavelengths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.encode.dofa.card import CARD
from eowidgets.models.encode.dofa.network import Encoder
from eowidgets.models.encode.dofa.platforms import PATCH, PLATFORMS, SIDE
from eowidgets.models.encode.images import ImageParams, Imagery, Images
from eowidgets.models.encode.platform import Platform
from eowidgets.models.encode.sensors import WAVELENGTHS, SensorEncoder

#: Width, depth and heads by checkpoint.
SIZES = {"base": (768, 12, 12), "large": (1024, 24, 16)}


@dataclass(frozen=True, slots=True)
class DofaParams(ImageParams):
    """Weights, sensor, image size, and reduction of a series to images."""

    checkpoint: Literal["base", "large"] = param("base", help="Vectors of 768 or of 1024 numbers.")
    platform: Literal["sentinel-2", "naip"] = param(
        "sentinel-2",
        label="Sensor",
        help="Statistics used: reflectance of a satellite, or brightness of an aerial photograph.",
    )
    more_bands: bool = param(
        False,
        label="All optical bands",
        help="Also encode optical bands without statistics by the authors; these are interpolated over the wavelength.",
    )


@register
class Dofa(SensorEncoder):
    """Embed every patch of an image, from all patches and the wavelengths."""

    name = "dofa"
    Params = DofaParams
    card = CARD
    folder = Path(__file__).parent

    @property
    def width(self) -> int:
        """Length of the vectors."""
        published = SIZES[self.params.checkpoint][0]
        return int(getattr(self._networks[0], "width", published)) if self._networks else published

    @property
    def platform(self) -> Platform:
        """The sensor whose statistics and wavelengths are used."""
        found = PLATFORMS[self.params.platform]
        return found.widened(WAVELENGTHS) if self.params.more_bands else found

    @property
    def imagery(self) -> Imagery:
        """The images that the network was trained on."""
        return self.platform.imagery(side=SIDE, patch=PATCH)

    def settings(self) -> Mapping[str, Any]:
        """Return the sensor."""
        return {"platform": self.params.platform}

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return Encoder(*SIZES[self.params.checkpoint])

    def encode(self, images: Images) -> Tensor:
        """Return the vectors of the patches."""
        by_name = dict(zip(self.platform.bands, self.platform.wavelengths, strict=True))
        wavelengths = torch.tensor([by_name[b] for b in images.bands], device=images.values.device)
        found: Tensor = self.module()(images.values[:, 0], wavelengths)
        return found
