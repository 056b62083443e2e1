"""TimeMixer (Wang et al., 2024): seasons and trends mixed across resolutions; see README.md in this folder."""

from eowidgets.models.forecast.timemixer.model import TimeMixerForecaster
from eowidgets.models.forecast.timemixer.network import PastMixing, TimeMixer, time_mlp

__all__ = ["PastMixing", "TimeMixer", "TimeMixerForecaster", "time_mlp"]
