"""PatchTST (Nie et al., 2023): a transformer over patches of each channel; see README.md in this folder."""

from eowidgets.models.forecast.patchtst.model import PatchTSTForecaster
from eowidgets.models.forecast.patchtst.network import PatchTST

__all__ = ["PatchTST", "PatchTSTForecaster"]
