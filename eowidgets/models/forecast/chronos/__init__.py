"""Chronos (Ansari et al., 2024): pretrained forecasters from the hub; README.md beside this file describes it."""

from eowidgets.models.forecast.chronos.model import ChronosForecaster

__all__ = ["ChronosForecaster"]
