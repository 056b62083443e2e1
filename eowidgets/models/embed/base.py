"""What Presto and Galileo share as models: published weights, Sentinel-1 and Sentinel-2 bands, one vector."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import xarray as xr
from torch import nn

from eowidgets.contract.checkpoint import Checkpoint
from eowidgets.contract.feeds import Windows
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Output, Vector
from eowidgets.contract.params import param
from eowidgets.contract.task import Task
from eowidgets.cube.quantity import quantity
from eowidgets.models.embed.inputs import GROUPS, NEEDED, OPTIONAL, RADAR
from eowidgets.models.embed.published import load_published

#: Length of the vectors.
WIDTH = 128
#: Rows of the table of positions in both networks.
DATES = 24


@dataclass(frozen=True, slots=True)
class PretrainedParams:
    """Where the weights are."""

    weights: str = param(
        "", label="Weights", help="A file with the published weights, or 'hub' to fetch it from the Hugging Face hub."
    )


class Pretrained(Model):
    """Base of the encoders; a child builds its network and runs it.

    Parameters
    ----------
    network : Module, optional
        A network to use in place of the published one.
    **params
        See ``Params``.
    """

    task = Task.EMBED
    Params = PretrainedParams
    feed = Windows(bands=NEEDED, optional_bands=OPTIONAL, max_dates=DATES)
    checkpoint: ClassVar[Checkpoint]

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        super().__init__(**params)
        # In a list: a copy with other parameters takes over networks, and must load its own weights.
        self._networks = [] if network is None else [network]
        #: Radar backscatter comes in dB.
        self.decibel = False

    @abstractmethod
    def build(self) -> nn.Module:
        """Return the network without weights."""

    def module(self) -> nn.Module:
        """Return the network, with its weights loaded when it is used for the first time."""
        if not self._networks:
            self._networks.append(load_published(self.build(), self.checkpoint, self.params.weights))
        return self._networks[0]

    def survey(self, cube: xr.Dataset) -> None:
        """Find out whether radar backscatter is in dB."""
        self.decibel = any(quantity(cube[b]).key == "backscatter_db" for b in GROUPS[RADAR] if b in cube)

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the vector, on the grid of the patches."""
        return (Vector(size=WIDTH, stride=self.stride),)

    @property
    def stride(self) -> int:
        """Pixels along one side of what a vector stands for."""
        return 1
