"""SpectralEarth (Braham et al., 2024): spectral adapter and vision transformer; README.md beside this file describes it."""

from eowidgets.models.encode.spectralearth.model import SpectralEarth
from eowidgets.models.encode.spectralearth.network import MaskedAutoencoder, SpectralViT

__all__ = ["MaskedAutoencoder", "SpectralEarth", "SpectralViT"]
