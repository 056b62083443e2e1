"""SkySense (Guo et al., 2024): series of several sources with a regional context; see README.md in this folder."""

from eowidgets.models.encode.skysense.config import PAPER, SMALL, BranchConfig, SkySenseConfig
from eowidgets.models.encode.skysense.model import SkySenseModel
from eowidgets.models.encode.skysense.network import Series, SkySense

__all__ = ["PAPER", "SMALL", "BranchConfig", "Series", "SkySense", "SkySenseConfig", "SkySenseModel"]
