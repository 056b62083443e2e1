"""UniTS, one generative transformer for gaps, clouds, change and forecasts; importing it registers its models.

Each also accepts your own network: ``UniTSForecast(load(path))``.
"""

from eowidgets.models.units.adapters import UniTSReconstruct
from eowidgets.models.units.change import UniTSChange
from eowidgets.models.units.clouds import FindAndFill, UniTSClouds, cloud_mask
from eowidgets.models.units.config import CONFIGS, UniTSConfig
from eowidgets.models.units.forecast import UniTSForecast
from eowidgets.models.units.network import UniTS
from eowidgets.models.units.weights import load

__all__ = [
    "CONFIGS",
    "FindAndFill",
    "UniTS",
    "UniTSChange",
    "UniTSClouds",
    "UniTSConfig",
    "UniTSForecast",
    "UniTSReconstruct",
    "cloud_mask",
    "load",
]
