"""SpaceTime as a forecaster that is trained on the given series."""

from __future__ import annotations

from eowidgets.contract.card import Card
from eowidgets.contract.registry import register
from eowidgets.models.forecast.networks.learned import LIMITS, NetworkForecaster


@register
class SpaceTimeForecaster(NetworkForecaster):
    """Companion state spaces in closed loop."""

    name = "forecast-spacetime"
    card = Card(
        "SpaceTime",
        "State spaces that run in closed loop.",
        "Zhang et al. (2023), ICLR",
        limits=LIMITS,
        licence="Apache-2.0",
    )
