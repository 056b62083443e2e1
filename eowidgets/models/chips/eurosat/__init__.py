"""A residual network that gives a chip one of the ten classes of EuroSAT; README.md beside this file describes it."""

from eowidgets.models.chips.eurosat.model import EuroSATModel
from eowidgets.models.chips.eurosat.network import ChipNet

__all__ = ["ChipNet", "EuroSATModel"]
