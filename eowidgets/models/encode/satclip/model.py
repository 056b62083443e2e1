"""SatCLIP as a model: a vector for the place of every pixel, and maps of similar places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
import xarray as xr
from torch import Tensor, nn

from eowidgets.arguments import Latitude, Longitude, Positive, checked
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.cube.globe import in_degrees
from eowidgets.cube.grid import geobox
from eowidgets.errors import InputError
from eowidgets.models.encode import inputs
from eowidgets.models.encode.base import Encoder, EncoderParams
from eowidgets.models.encode.satclip import world
from eowidgets.models.encode.satclip.card import CARD
from eowidgets.models.encode.satclip.network import LocationEncoder

#: Places encoded per pass: 1600 harmonics each, in double precision.
STRIP = 4096
#: Longitude and latitude in degrees.
Place = tuple[Longitude, Latitude]


@dataclass(frozen=True, slots=True)
class SatclipParams(EncoderParams):
    """Source and name of the weights."""

    checkpoint: Literal["vit16-l40", "vit16-l10", "resnet18-l40", "resnet18-l10", "resnet50-l40", "resnet50-l10"] = (
        param("vit16-l40", help="Image encoder used in its training, and number of degrees of its harmonics.")
    )


@register
class SatclipModel(Encoder):
    """Embed the place of every pixel; the values of the bands are not used."""

    name = "satclip"
    Params = SatclipParams
    card = CARD
    feed = Windows()
    folder = Path(__file__).parent

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        super().__init__(network, **params)
        #: Displacement of columns and rows of the cube east and north.
        self.steps: inputs.Steps = (0.0, 0.0), (0.0, 0.0)
        #: Whether the displacements are degrees of longitude and latitude rather than of arc.
        self.geographic = False

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return int(getattr(self._networks[0], "width", 256)) if self._networks else 256

    def adapt(self, bands: tuple[str, ...]) -> None:
        """Select one band, of which only the extent matters."""
        vars(self)["feed"] = Windows(bands=bands[:1])

    def survey(self, cube: xr.Dataset) -> None:
        """Compute the displacement of columns and rows in degrees."""
        box = geobox(cube)
        self.geographic = in_degrees(box)
        a = box.affine
        self.steps = ((a.a, a.d), (a.b, a.e)) if self.geographic else inputs.steps_of(box)

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return LocationEncoder(int(self.params.checkpoint.partition("-l")[2]))

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Embed the places of all pixels of the batch."""
        places = self._degrees(batch) if self.geographic else inputs.lonlat_of(batch, self.steps).double()
        # (b h w) d -> b d h w
        found = self.encode(places.flatten(0, 2)).view(*places.shape[:3], -1).movedim(-1, 1)
        return {"embedding": found.float()}

    def encode(self, lonlat: Tensor) -> Tensor:
        """Return vectors (n, width) in double precision for longitudes and latitudes (n, 2) in degrees."""
        network = self.module()
        with torch.inference_mode():
            return torch.cat([network(part) for part in torch.split(lonlat, STRIP)])

    @checked
    def places_like(
        self, places: Place | Sequence[Place], *, resolution: Positive = 1.0, land: bool = True
    ) -> xr.Dataset:
        """Map how similar the places of the world are to given ones.

        Parameters
        ----------
        places : (float, float) or sequence of them
            Longitude and latitude in degrees; for several places, the largest similarity is used.
        resolution : float
            Pixel size in degrees, which divides 180.
        land : bool
            Leave out the sea, for which the network was not trained.

        Returns
        -------
        Dataset
            ``similarity (y, x)``: cosine of the vectors, -1 to 1; NaN at sea.

        Raises
        ------
        InputError
            For no place, or an unsupported grid.
        ModelError
            Without weights.

        Examples
        --------
        >>> import eowidgets as eow
        >>> model = eow.get_model("satclip", weights="hub")
        >>> alike = model.places_like((24.7, 59.4), resolution=0.5)  # doctest: +SKIP
        """
        listed = [places] if len(places) == 2 and not isinstance(places[0], Sequence) else list(places)
        if not listed:
            raise InputError("places is empty: give longitude and latitude, such as (24.7, 59.4).")
        return world.similarity(self.encode, torch.tensor(listed, dtype=torch.float64), resolution, on_land=land)

    def _degrees(self, batch: Batch) -> Tensor:
        """Return longitude and latitude of every pixel of windows of a grid in degrees, shape (b, h, w, 2)."""
        h, w = batch.x.shape[-2:]
        rows, columns = (torch.arange(n, device=batch.x.device).double() - (n - 1) / 2 for n in (h, w))
        (east, north), (east_by_row, north_by_row) = self.steps
        lon = columns * east + rows[:, None] * east_by_row
        lat = columns * north + rows[:, None] * north_by_row
        return batch.lonlat.double()[:, None, None] + torch.stack([lon, lat], dim=-1)
