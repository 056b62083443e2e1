"""A residual network that assigns a chip one of the ten classes of EuroSAT; see README.md in this folder."""

from eowidgets.models.chips.eurosat.model import EuroSATModel
from eowidgets.models.chips.eurosat.network import ChipNet

__all__ = ["ChipNet", "EuroSATModel"]
