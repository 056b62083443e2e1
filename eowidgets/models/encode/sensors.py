"""Base of image encoders for several sensors: selection of bands of a cube, and radar backscatter in dB."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
import xarray as xr
from torch import Tensor, nn

from eowidgets.contract.feeds import Batch
from eowidgets.cube.quantity import quantity
from eowidgets.errors import ModelError, short
from eowidgets.models.encode.images import ImageEncoder, Images
from eowidgets.models.encode.inputs import DARKEST

#: Polarisations of Sentinel-1 that the networks use.
RADAR = ("vv", "vh")
#: Centre wavelengths of optical bands in micrometres, by common name: Sentinel-2, or another sensor for other bands.
WAVELENGTHS = {
    "coastal": 0.443,
    "blue": 0.49,
    "green05": 0.531,
    "green": 0.56,
    "yellow": 0.61,
    "red": 0.665,
    "rededge1": 0.705,
    "rededge2": 0.74,
    "rededge3": 0.783,
    "nir": 0.842,
    "nir08": 0.865,
    "nir09": 0.945,
    "swir12": 1.24,
    "swir16": 1.61,
    "swir22": 2.19,
}


class SensorEncoder(ImageEncoder):
    """Base of the encoders whose ``imagery`` depends on the bands of a cube; at least one of the bands must be present.

    Parameters
    ----------
    network : Module, optional
        A network to use instead of the published one.
    **params
        See ``Params``.
    """

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        #: The bands of the cube, which determine ``imagery``.
        self.there: tuple[str, ...] = ()
        #: Whether radar backscatter is in dB; None if no metadata state it: then negative values indicate dB.
        self.decibel: bool | None = None
        super().__init__(network, **params)

    def adapt(self, bands: tuple[str, ...]) -> None:
        """Select the bands.

        Raises
        ------
        ModelError
            If none of the bands is supported.
        """
        self.there = bands
        if not any(b in self.imagery.bands for b in bands):
            raise ModelError(
                f"Model {self.name!r} got {short(', '.join(bands))}: give one or more of "
                f"{', '.join(self.imagery.bands)}."
            )
        self._set_window(self.side // self.params.zoom)

    def survey(self, cube: xr.Dataset) -> None:
        """Detect the unit of radar backscatter, and set the size of the windows."""
        super().survey(cube)
        kinds = {quantity(cube[b]).key for b in RADAR if b in cube}
        self.decibel = ("backscatter_db" in kinds) if kinds else None

    def images(self, batch: Batch) -> Images:
        """Convert a batch to images; see :meth:`ImageEncoder.images`."""
        # A run has already adapted the model; single images may have different bands from the previous ones.
        if batch.bands != tuple(b for b in self.imagery.bands if b in self.there):
            self.adapt(batch.bands)
        return super().images(in_decibel(batch, self.imagery.bands, self.decibel))


def in_decibel(batch: Batch, wanted: tuple[str, ...], decibel: bool | None) -> Batch:
    """Convert radar backscatter to dB; if only radar is used, clouds mask nothing.

    Parameters
    ----------
    batch : Batch
    wanted : tuple of str
        Common names of the bands that are used.
    decibel : bool, optional
        Whether the values are already in dB; None: inferred from negative values.
    """
    places = [i for i, b in enumerate(batch.bands) if b in RADAR and b in wanted]
    if not places:
        return batch
    measured = batch.measured.unsqueeze(2)
    values = batch.raw[:, :, places]
    known = bool((values < 0).any()) if decibel is None else decibel
    x = batch.x.clone()
    x[:, :, places] = torch.where(measured, values if known else to_decibel(values), 0.0)
    alone = all(b in RADAR for b in batch.bands if b in wanted)
    return replace(batch, x=x, usable=batch.measured if alone else batch.usable)


def to_decibel(power: Tensor) -> Tensor:
    """Convert power to dB, with a minimum of -50 dB."""
    return 10 * power.clamp_min(DARKEST).log10()
