"""Presto as a model: a vector per pixel."""

from __future__ import annotations

from pathlib import Path

import torch
import xarray as xr
from torch import Tensor, nn

from eowidgets.contract.feeds import Batch
from eowidgets.contract.registry import register
from eowidgets.cube.grid import geobox
from eowidgets.models.encode import inputs
from eowidgets.models.encode.grouped import Grouped
from eowidgets.models.encode.presto.card import CARD
from eowidgets.models.encode.presto.network import Presto

#: Normalised values are (x + shift) / divisor; NDVI stays as it is.
SHIFT, DIVISOR = {inputs.RADAR: 25.0}, {inputs.RADAR: 25.0, inputs.INDEX: 1.0}
#: Number of pixels per pass.
STRIP = 1024


@register
class PrestoModel(Grouped):
    """Embed the series of every pixel."""

    name = "presto"
    card = CARD
    folder = Path(__file__).parent

    #: Displacement of columns and rows of the cube east and north.
    steps: inputs.Steps = (0.0, 0.0), (0.0, 0.0)

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return 128

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return Presto()

    def survey(self, cube: xr.Dataset) -> None:
        """Compute the displacement of pixels in degrees, and detect the unit of radar."""
        super().survey(cube)
        self.steps = inputs.steps_of(geobox(cube))

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Encode all pixels of the batch, in chunks."""
        groups, seen = {}, {}
        for name, group in inputs.groups_of(batch, decibel=self.decibel).items():
            values = (group.values + SHIFT.get(name, 0.0)) / DIVISOR.get(name, inputs.SCALE)
            groups[name] = values.movedim((3, 4), (1, 2)).flatten(0, 2)  # b t c h w -> (b h w) t c
            seen[name] = group.seen.movedim(1, 3).flatten(0, 2)  # b t h w -> (b h w) t
        lonlat, months, network = inputs.lonlat_of(batch, self.steps), inputs.months_of(batch), self.module()
        places, vectors = lonlat.flatten(0, 2), []
        for i in range(0, len(places), STRIP):
            some = slice(i, i + STRIP)
            cut, known = ({name: x[some] for name, x in part.items()} for part in (groups, seen))
            vectors.append(network(cut, known, months, places[some]))
        # (b h w) d -> b d h w
        return {"embedding": torch.cat(vectors).view(*lonlat.shape[:3], -1).movedim(-1, 1)}
