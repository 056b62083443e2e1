"""TimeMixer as a forecaster that is trained on the given series."""

from __future__ import annotations

from eowidgets.contract.card import Card
from eowidgets.contract.registry import register
from eowidgets.models.forecast.networks.learned import LIMITS, NetworkForecaster


@register
class TimeMixerForecaster(NetworkForecaster):
    """Seasons and trends mixed across resolutions."""

    name = "forecast-timemixer"
    card = Card(
        "TimeMixer",
        "Seasons and trends at several resolutions.",
        "Wang et al. (2024), ICLR",
        limits=LIMITS,
        licence="Apache-2.0",
    )
