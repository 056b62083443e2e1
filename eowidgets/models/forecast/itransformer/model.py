"""iTransformer as a forecaster that is trained on the given series."""

from __future__ import annotations

from eowidgets.contract.card import Card
from eowidgets.contract.registry import register
from eowidgets.models.forecast.networks.learned import LIMITS, NetworkForecaster


@register
class ITransformerForecaster(NetworkForecaster):
    """Transformer across channels."""

    name = "forecast-itransformer"
    card = Card(
        "iTransformer",
        "Attention across bands and indices.",
        "Liu et al. (2024), ICLR",
        limits=LIMITS,
        licence="Apache-2.0",
    )
