"""The MCI model of Change-Agent (Liu et al., 2024): a map and a sentence; see README.md in this folder."""

from eowidgets.models.change.mci.config import MCI_PAPER, MCI_SIZES, MCIConfig
from eowidgets.models.change.mci.model import ChangeMCI
from eowidgets.models.change.mci.network import MCI, MaskBranch, Places, mci_loss

__all__ = [
    "MCI",
    "MCI_PAPER",
    "MCI_SIZES",
    "ChangeMCI",
    "MCIConfig",
    "MaskBranch",
    "Places",
    "mci_loss",
]
