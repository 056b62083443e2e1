"""NLinear and DLinear (Zeng et al., 2023): linear maps of the look-back; see README.md in this folder."""

from eowidgets.models.forecast.ltsf_linear.model import DLinearForecaster, LinearForecaster, NLinearForecaster
from eowidgets.models.forecast.ltsf_linear.network import DLinear, NLinear, absolute_map, ridge_map

__all__ = [
    "DLinear",
    "DLinearForecaster",
    "LinearForecaster",
    "NLinear",
    "NLinearForecaster",
    "absolute_map",
    "ridge_map",
]
