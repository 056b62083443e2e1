"""SpectralEarth (Braham et al., 2024): spectral adapter and vision transformer; see README.md in this folder."""

from eowidgets.models.encode.spectralearth.model import SpectralEarth
from eowidgets.models.encode.spectralearth.network import MaskedAutoencoder, SpectralViT

__all__ = ["MaskedAutoencoder", "SpectralEarth", "SpectralViT"]
