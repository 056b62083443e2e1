"""Chronos: pre-trained forecasters whose weights are downloaded from the hub (optional)."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.hub import download
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.errors import MissingExtraError, ModelError
from eowidgets.models.forecast.networks.zeroshot import GridParams, ZeroShot


@register
class ChronosForecaster(ZeroShot):
    """Adapter of the PyPI package ``chronos-forecasting``: the median of any of its models.

    The weights are downloaded when the forecaster is created, and read from the hub's cache afterwards; only
    configuration and safetensors are read.
    """

    name = "forecast-chronos"
    needs = "chronos"
    pretrained = ("bolt-tiny",)
    card = Card(
        title="Chronos",
        summary="A pre-trained forecaster from the hub that needs no training.",
        paper="Ansari et al. (2024), Chronos: learning the language of time series, TMLR; arXiv:2403.07815",
        url="https://github.com/amazon-science/chronos-forecasting",
        limits="Trained on few satellite series; needs several seasons to detect seasonality; downloads its weights.",
        licence="Apache-2.0",
    )

    @dataclass(frozen=True, slots=True)
    class Params(GridParams):
        """Grid and weights."""

        weights: str = param("amazon/chronos-bolt-tiny", help="Repository on the hub, or a local folder.")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        try:
            pipeline = import_module("chronos").BaseChronosPipeline
        except ImportError as error:
            raise MissingExtraError("Forecaster 'chronos' (package chronos-forecasting)", "chronos") from error
        source = Path(self.params.weights)
        if not source.is_dir():
            download(self.params.weights, "model.safetensors")
            source = download(self.params.weights, "config.json").parent
        try:
            self.model = pipeline.from_pretrained(str(source), device_map="cpu", use_safetensors=True)
        except (OSError, ValueError, KeyError, AttributeError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise ModelError(
                f"{self.params.weights!r} holds no Chronos model ({reason}): give another repository or folder."
            ) from error

    def _median(self, rows: Tensor, steps: int) -> Tensor:
        quantiles, _ = self.model.predict_quantiles(rows, prediction_length=steps, quantile_levels=[0.5])
        made: Tensor = quantiles[..., 0]
        return made
