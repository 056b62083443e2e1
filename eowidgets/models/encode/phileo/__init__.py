"""PhilEO (Fibaek et al., 2024): the geo-aware U-Net; the README.md in this folder describes it."""

from eowidgets.models.encode.phileo.model import PhilEO
from eowidgets.models.encode.phileo.network import GeoUNet

__all__ = ["GeoUNet", "PhilEO"]
