"""TimesNet as a forecaster that is trained on the given series."""

from __future__ import annotations

from eowidgets.contract.card import Card
from eowidgets.contract.registry import register
from eowidgets.models.forecast.networks.learned import LIMITS, NetworkForecaster


@register
class TimesNetForecaster(NetworkForecaster):
    """Convolutions over folded periods."""

    name = "forecast-timesnet"
    card = Card(
        "TimesNet",
        "Series folded by their periods into images.",
        "Wu et al. (2023), ICLR",
        limits=LIMITS,
        licence="Apache-2.0",
    )
