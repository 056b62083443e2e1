"""SatCLIP's location encoder: spherical harmonics of a place, and a network of sines in double precision."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from eowidgets.models.encode.satclip.harmonics import harmonics

#: Frequency of the first layer of sines.
FIRST = 30.0


class Siren(nn.Module):
    """Layers of sines (Sitzmann et al., 2020), and a linear layer."""

    def __init__(self, inputs: int, hidden: int, width: int, layers: int) -> None:
        super().__init__()
        sizes = [inputs, *[hidden] * layers]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.last_layer = nn.Linear(hidden, width)
        for i, layer in enumerate([*self.layers, self.last_layer]):
            limit = math.sqrt(6 / layer.in_features) if i else 1 / layer.in_features
            for weight in layer.parameters():
                nn.init.uniform_(weight, -limit, limit)

    def forward(self, x: Tensor) -> Tensor:
        """Return vectors (n, width) for features (n, inputs)."""
        for i, layer in enumerate(self.layers):
            x = (layer(x) if i else FIRST * layer(x)).sin()
        out: Tensor = self.last_layer(x)
        return out


class LocationEncoder(nn.Module):
    """Embed places.

    Parameters
    ----------
    degrees : int
        Degrees of the harmonics: 10 or 40 in the published networks.
    hidden, width, layers : int
        The defaults are those of SatCLIP.
    """

    factors: Tensor

    def __init__(self, degrees: int = 40, hidden: int = 512, width: int = 256, layers: int = 2) -> None:
        super().__init__()
        self.degrees, self.width = degrees, width
        self.nnet = Siren(degrees**2, hidden, width, layers)
        factors = torch.ones(degrees**2, dtype=torch.float64)
        # The authors' formula has pi in the numerator for order 0, and the weights were trained with it.
        factors[[degree * (degree + 1) for degree in range(degrees)]] = math.pi
        self.register_buffer("factors", factors, persistent=False)
        self.double()

    def forward(self, lonlat: Tensor) -> Tensor:
        """Return vectors (n, width) in double precision for longitudes and latitudes (n, 2) in degrees."""
        lon, lat = lonlat.double().unbind(1)
        # The polar angle counts from the south pole, and the azimuth from the antimeridian.
        features = harmonics(torch.deg2rad(lat + 90), torch.deg2rad(lon + 180), self.degrees)
        out: Tensor = self.nnet(features * self.factors)
        return out
