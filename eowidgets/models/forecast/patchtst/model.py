"""PatchTST as a forecaster that is trained on the given series."""

from __future__ import annotations

from eowidgets.contract.card import Card
from eowidgets.contract.registry import register
from eowidgets.models.forecast.networks.learned import LIMITS, NetworkForecaster


@register
class PatchTSTForecaster(NetworkForecaster):
    """Patched transformer with independent channels."""

    name = "forecast-patchtst"
    card = Card(
        "PatchTST",
        "A transformer over patches of each series.",
        "Nie et al. (2023), ICLR",
        limits=LIMITS,
        licence="Apache-2.0",
    )
