"""TempCNN (Pelletier, Webb and Petitjean, 2019): a class per time series; see README.md in this folder."""

from eowidgets.models.series.tempcnn.model import TempCNNModel
from eowidgets.models.series.tempcnn.network import PAPER, TempCNN, TempCNNConfig

__all__ = ["PAPER", "TempCNN", "TempCNNConfig", "TempCNNModel"]
