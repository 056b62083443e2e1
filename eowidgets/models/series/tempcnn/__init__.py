"""TempCNN (Pelletier, Webb and Petitjean, 2019): a class per time series; README.md beside this file describes it."""

from eowidgets.models.series.tempcnn.model import TempCNNModel
from eowidgets.models.series.tempcnn.network import PAPER, TempCNN, TempCNNConfig

__all__ = ["PAPER", "TempCNN", "TempCNNConfig", "TempCNNModel"]
