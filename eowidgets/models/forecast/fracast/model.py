"""Fracast: a small zero-shot forecaster whose weights are part of its package (optional)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.registry import register
from eowidgets.errors import MissingExtraError
from eowidgets.models.forecast.networks.zeroshot import ZeroShot


@register
class FracastForecaster(ZeroShot):
    """Adapter of the PyPI package ``fracast``: the median of its nine quantiles. Nothing is downloaded."""

    name = "forecast-fracast"
    needs = "fracast"
    pretrained = ("0",)
    card = Card(
        title="Fracast",
        summary="A pre-trained forecaster of 85 000 weights that needs no training.",
        paper="The package fracast 0.1.0.",
        url="https://pypi.org/project/fracast/",
        limits="Trained on no satellite series; needs several seasons to detect seasonality; slow: about ten series per second, "
        "and each band of a pixel is a series.",
        licence="Apache-2.0",
    )

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        try:
            from fracast import FracastModel
        except ImportError as error:
            raise MissingExtraError("Forecaster 'fracast'", "hub") from error
        self.model = FracastModel.from_pretrained(weights="fp32")

    def _median(self, rows: Tensor, steps: int) -> Tensor:
        middle = self.model.quantiles.index(0.5)
        return torch.from_numpy(self.model.forecast_batch(rows.numpy(), horizon=steps)[..., middle])
