"""Clay v1.5 as a model: a vector per patch of 8 pixels, from any of the sensors on its card."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.encode.clay.card import CARD
from eowidgets.models.encode.clay.network import METADATA, Encoder
from eowidgets.models.encode.clay.platforms import PATCH, PLATFORMS, SIDE
from eowidgets.models.encode.images import ImageParams, Imagery, Images
from eowidgets.models.encode.platform import Platform
from eowidgets.models.encode.sensors import RADAR, WAVELENGTHS, SensorEncoder

#: Local solar time of the overpasses of Landsat and Sentinel-2, for images without an hour.
OVERPASS = 10.5

Sensor = Literal[
    "auto",
    "sentinel-2-l2a",
    "sentinel-1-rtc",
    "landsat-c2l2-sr",
    "landsat-c2l1",
    "modis",
    "naip",
    "linz",
    "planetscope-sr",
    "satellogic",
]


@dataclass(frozen=True, slots=True)
class ClayParams(ImageParams):
    """Weights, sensor, image size, and reduction of a series to images."""

    platform: Sensor = param(
        "auto",
        label="Sensor",
        help="Sensor whose statistics and wavelengths are used; auto: Sentinel-2, or Sentinel-1 without optical bands.",
    )
    more_bands: bool = param(
        False,
        label="All optical bands",
        help="Also encode optical bands without statistics on the card; these are interpolated over the wavelength.",
    )
    metadata: Literal["given", "none"] = param(
        "given",
        label="Time and place",
        help="Encode week, hour, latitude and longitude; none: zeros, as in a fifth of the training.",
    )


@register
class Clay(SensorEncoder):
    """Embed every patch of an image, from all patches, the wavelengths, the time and the place."""

    name = "clay"
    Params = ClayParams
    card = CARD
    folder = Path(__file__).parent
    tag = "v1.5"

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return 1024 if not self._networks else int(getattr(self._networks[0], "width", 1024))

    @property
    def chosen(self) -> str:
        """Name of the sensor."""
        if self.params.platform != "auto":
            return str(self.params.platform)
        alone = bool(self.there) and not any(b in WAVELENGTHS for b in self.there)
        return "sentinel-1-rtc" if alone and any(b in RADAR for b in self.there) else "sentinel-2-l2a"

    @property
    def platform(self) -> Platform:
        """The sensor whose statistics and wavelengths are used."""
        found = PLATFORMS[self.chosen]
        radar = found.bands == RADAR
        return found.widened(WAVELENGTHS) if self.params.more_bands and not radar else found

    @property
    def imagery(self) -> Imagery:
        """The images that the network was trained on."""
        return self.platform.imagery(side=SIDE, patch=PATCH)

    def settings(self) -> Mapping[str, Any]:
        """Return the sensor."""
        return {"platform": self.chosen}

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return Encoder()

    def encode(self, images: Images) -> Tensor:
        """Return the vectors of the patches."""
        platform = self.platform
        by_name = dict(zip(platform.bands, platform.wavelengths, strict=True))
        wavelengths = torch.tensor([by_name[b] for b in images.bands], device=images.values.device)
        if self.params.metadata == "given":
            metadata = time_and_place(float(images.days[0]), images.lonlat)
        else:
            metadata = torch.zeros(len(images.values), METADATA)
        found: Tensor = self.module()(images.values[:, 0], wavelengths, images.resolution, metadata)
        return found


def time_and_place(day: float, lonlat: Tensor) -> Tensor:
    """Return sine and cosine of the ISO week, of the hour, of the latitude and of the longitude, shape (n, 8).

    Parameters
    ----------
    day : float
        Days since 1970-01-01; without a fraction the hour is 10:30 local solar time.
    lonlat : Tensor, shape (n, 2)
        Degrees.
    """
    date = np.datetime64(math.floor(day), "D").item()
    week = torch.full((len(lonlat),), 2 * math.pi * date.isocalendar().week / 52, dtype=torch.float64)
    lon, lat = lonlat.double().cpu().unbind(1)
    fraction = day % 1
    hour = torch.full_like(lon, math.floor(24 * fraction)) if fraction else ((OVERPASS - lon / 15) % 24).floor()
    angles = torch.stack([week, 2 * math.pi * hour / 24, torch.deg2rad(lat), torch.deg2rad(lon)], dim=1)
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1).float()
