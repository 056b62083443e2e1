"""SpectralEarth as a model: a vector per patch of a hyperspectral cube."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
import xarray as xr
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.cube.schema import bands as bands_of
from eowidgets.errors import ModelError, shown
from eowidgets.models.encode.base import Encoder, EncoderParams
from eowidgets.models.encode.images import OBSERVED, composites
from eowidgets.models.encode.spectralearth.card import CARD
from eowidgets.models.encode.spectralearth.config import SMALL
from eowidgets.models.encode.spectralearth.network import SpectralViT
from eowidgets.models.encode.spectralearth.spectra import resampling

#: Attribute of a band with its central wavelength in nm.
WAVELENGTH = "center_wavelength"


@dataclass(frozen=True, slots=True)
class SpectralEarthParams(EncoderParams):
    """Name of the weights."""

    checkpoint: Literal["small"] = param("small", help="Name of the weights; the shipped ones are installed.")


@register
class SpectralEarth(Encoder):
    """Embed spectra with a network that was trained to reconstruct masked patches.

    The bands of a cube are resampled to the wavelengths of the network by their attribute ``center_wavelength`` (nm).
    """

    name = "spectralearth"
    Params = SpectralEarthParams
    card = CARD
    folder = Path(__file__).parent
    feed = Windows(size=SMALL.side, multiple=SMALL.patch)

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        super().__init__(network, **params)
        #: Central wavelengths in nm, by band; ``survey`` reads those of a cube.
        self.wavelengths: dict[str, float] = {}

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return SMALL.width

    @property
    def stride(self) -> int:
        """Pixels along one side of a patch."""
        return SMALL.patch

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return SpectralViT(SMALL)

    def survey(self, cube: xr.Dataset) -> None:
        """Read the wavelengths of the bands.

        Raises
        ------
        ModelError
            If a band has no wavelength, or the spectrum has gaps.
        """
        self.wavelengths = {b: float(cube[b].attrs.get(WAVELENGTH, float("nan"))) for b in bands_of(cube)}
        self._resampling(tuple(self.wavelengths))

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Encode medians of the clear dates; patches with less than half of their pixels observed have no vector."""
        x, seen, _ = composites(batch.x, batch.usable, batch.days, 1)
        x, seen = x[:, 0], seen[:, 0]
        rows, columns = (-n % SMALL.patch for n in x.shape[-2:])
        spectra = torch.einsum("gc,bchw->bghw", self._resampling(batch.bands).to(x.device), x)
        network = self.module()
        # Missing pixels are set to the mean of the training data, which is 0 after standardisation.
        mean = network.mean if isinstance(network, SpectralViT) else spectra.new_zeros(spectra.shape[1])
        spectra = torch.where(seen.unsqueeze(1), spectra, mean.view(-1, 1, 1))
        spectra = functional.pad(spectra, (0, columns, 0, rows), mode="replicate")
        found = network(spectra)
        share = functional.avg_pool2d(functional.pad(seen.float(), (0, columns, 0, rows)), SMALL.patch)
        return {"embedding": torch.where((share >= OBSERVED).unsqueeze(1), found.float(), float("nan"))}

    def _resampling(self, bands: tuple[str, ...]) -> Tensor:
        unknown = [b for b in bands if not self.wavelengths.get(b, float("nan")) > 0]
        if unknown:
            raise ModelError(
                f"The band {shown(unknown[0])} has no attribute {WAVELENGTH!r}: set the central wavelength in nm of every band."
            )
        return resampling([self.wavelengths[b] for b in bands], SMALL)
