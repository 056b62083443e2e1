"""Base of Presto and Galileo as models: groups of Sentinel-1 and Sentinel-2 bands, series of up to 24 dates."""

from __future__ import annotations

from typing import Any

import xarray as xr
from torch import nn

from eowidgets.contract.feeds import Windows
from eowidgets.cube.quantity import quantity
from eowidgets.models.encode.base import Encoder
from eowidgets.models.encode.inputs import GROUPS, NEEDED, OPTIONAL, RADAR

#: Number of dates in the position tables of both networks.
DATES = 24


class Grouped(Encoder):
    """Base of the encoders of groups of channels.

    Parameters
    ----------
    network : Module, optional
        A network to use instead of the published one.
    **params
        See ``Params``.
    """

    feed = Windows(bands=NEEDED, optional_bands=OPTIONAL, max_dates=DATES)

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        super().__init__(network, **params)
        #: Whether radar backscatter is in dB.
        self.decibel = False

    def survey(self, cube: xr.Dataset) -> None:
        """Detect whether radar backscatter is in dB."""
        self.decibel = any(quantity(cube[b]).key == "backscatter_db" for b in GROUPS[RADAR] if b in cube)
