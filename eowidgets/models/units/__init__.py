"""UniTS, one generative transformer for gaps, clouds, change and forecasts; importing it registers its models."""

from eowidgets.models.units.adapters import UniTSClouds, UniTSReconstruct
from eowidgets.models.units.change import UniTSChange
from eowidgets.models.units.config import CONFIGS, UniTSConfig
from eowidgets.models.units.forecast import UniTSForecast
from eowidgets.models.units.network import UniTS

__all__ = ["CONFIGS", "UniTS", "UniTSChange", "UniTSClouds", "UniTSConfig", "UniTSForecast", "UniTSReconstruct"]
