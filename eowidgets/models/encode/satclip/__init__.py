"""SatCLIP (Klemmer et al., 2025): a vector per place; see README.md in this folder."""

from eowidgets.models.encode.satclip.model import SatclipModel
from eowidgets.models.encode.satclip.network import LocationEncoder

__all__ = ["LocationEncoder", "SatclipModel"]
