"""PatchTST (Nie et al., 2023): a transformer over patches of each channel; README.md beside this file describes it."""

from eowidgets.models.forecast.patchtst.model import PatchTSTForecaster
from eowidgets.models.forecast.patchtst.network import PatchTST

__all__ = ["PatchTST", "PatchTSTForecaster"]
