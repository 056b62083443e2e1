"""TimesNet (Wu et al., 2023): convolutions over series folded by their periods; see README.md in this folder."""

from eowidgets.models.forecast.timesnet.model import TimesNetForecaster
from eowidgets.models.forecast.timesnet.network import Inception, TimesBlock, TimesNet

__all__ = ["Inception", "TimesBlock", "TimesNet", "TimesNetForecaster"]
