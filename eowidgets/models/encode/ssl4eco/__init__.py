"""SSL4Eco (Plekhanova et al., 2025): season contrast on Sentinel-2; the README.md in this folder describes it."""

from eowidgets.models.encode.ssl4eco.contrast import SeasonContrast
from eowidgets.models.encode.ssl4eco.model import SSL4Eco
from eowidgets.models.encode.ssl4eco.network import ResNet

__all__ = ["ResNet", "SSL4Eco", "SeasonContrast"]
