"""The MCI model of Change-Agent (Liu et al., 2024): a map and a sentence; README.md beside this file describes it."""

from eowidgets.models.change.mci.network import MCI, MaskBranch, Places, mci_loss

__all__ = ["MCI", "MaskBranch", "Places", "mci_loss"]
