"""CROMA as a model: a vector per patch of 8 pixels, from Sentinel-1, Sentinel-2 or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
import xarray as xr
from torch import Tensor, nn

from eowidgets.contract.feeds import Batch
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.errors import ModelError, short
from eowidgets.models.encode.croma.card import CARD
from eowidgets.models.encode.croma.network import Croma
from eowidgets.models.encode.croma.statistics import (
    NEEDED,
    OPTICAL,
    STAND_IN,
    Spread,
    of_batch,
    of_training,
    of_values,
    thinned,
)
from eowidgets.models.encode.images import ImageParams, Imagery, Images
from eowidgets.models.encode.platform import Limited
from eowidgets.models.encode.sensors import RADAR, SensorEncoder, in_decibel, to_decibel

SIDE, PATCH = 120, 8
#: Width and depth by checkpoint.
SIZES = {"base": (768, 12), "large": (1024, 24)}


@dataclass(frozen=True, slots=True)
class CromaParams(ImageParams):
    """Weights, statistics, image size, and reduction of a series to images."""

    checkpoint: Literal["base", "large"] = param("base", help="Vectors of 768 or of 1024 numbers.")
    statistics: Literal["own", "training"] = param(
        "own",
        label="Stretch",
        help=(
            "Two standard deviations about the mean: of the cube or the images, as in the authors' code, or of the "
            "training data."
        ),
    )


@register
class CromaModel(SensorEncoder):
    """Embed every patch, from all patches of the image; with radar and optical images jointly where the cube has both."""

    name = "croma"
    Params = CromaParams
    card = CARD
    folder = Path(__file__).parent

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        #: Statistics of the cube; None for single images, which are stretched by their own statistics.
        self.surveyed: dict[str, Spread] | None = None
        self._spread = of_training()
        super().__init__(network, **params)

    @property
    def width(self) -> int:
        """Length of the vectors."""
        published = SIZES[self.params.checkpoint][0]
        return int(getattr(self._networks[0], "width", published)) if self._networks else published

    @property
    def imagery(self) -> Imagery:
        """The images that the network was trained on, stretched by the statistics in use."""
        bands = (*RADAR, *OPTICAL)
        rows = [self._spread[b] for b in bands]
        # mean - 2 std becomes 0, and mean + 2 std becomes 1.
        low = tuple(s.mean - 2 * s.std for s in rows)
        std = tuple(4 * s.std for s in rows)
        high = tuple(s.mean + 2 * s.std for s in rows)
        return Limited(
            bands, mean=low, std=std, side=SIDE, patch=PATCH, resolution=10.0, optional=bands, low=low, high=high
        )

    def settings(self) -> Mapping[str, Any]:
        """Return the statistics."""
        used = {b: [round(s.mean, 6), round(s.std, 6)] for b, s in self._spread.items() if b in self.there}
        return {"statistics": used}

    def adapt(self, bands: tuple[str, ...]) -> None:
        """Select the bands.

        Raises
        ------
        ModelError
            If neither both polarisations nor the four 10 m bands are present.
        """
        super().adapt(bands)
        if not (set(RADAR) <= set(bands) or set(NEEDED) <= set(bands)):
            raise ModelError(
                f"Model {self.name!r} got {short(', '.join(bands))}: give {' and '.join(RADAR)}, or "
                f"{', '.join(NEEDED)} and the other bands of Sentinel-2, or both."
            )

    def survey(self, cube: xr.Dataset) -> None:
        """Compute the statistics of the cube."""
        super().survey(cube)
        if self.params.statistics == "own":
            bands = tuple(b for b in self.imagery.bands if b in cube)
            x, seen = thinned(cube, bands)
            radar = [i for i, b in enumerate(bands) if b in RADAR]
            if radar and not self.decibel:
                x[:, :, radar] = to_decibel(x[:, :, radar])
            self.surveyed = of_values(x, seen, bands)
            self._spread = of_training() | self.surveyed

    def images(self, batch: Batch) -> Images:
        """Convert a batch to images, stretched by its own statistics where no cube was surveyed."""
        if self.surveyed is None and self.params.statistics == "own":
            self._spread = of_training() | of_batch(in_decibel(batch, self.imagery.bands, self.decibel))
        return super().images(batch)

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return Croma(*SIZES[self.params.checkpoint])

    def encode(self, images: Images) -> Tensor:
        """Return the vectors of the patches."""
        # Missing pixels are set to the middle of the stretch, not to its dark end.
        x = torch.where(images.seen.unsqueeze(2), images.values, 0.5)[:, 0]
        at = {b: i for i, b in enumerate(images.bands)}
        radar = x[:, [at[b] for b in RADAR]] if set(RADAR) <= set(at) else None
        optical = None
        if set(NEEDED) <= set(at):
            optical = x[:, [at[next(b for b in (name, *STAND_IN.get(name, ())) if b in at)] for name in OPTICAL]]
        found: Tensor = self.module()(radar, optical)
        return found
