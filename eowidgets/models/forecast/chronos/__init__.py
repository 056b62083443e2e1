"""Chronos (Ansari et al., 2024): pre-trained forecasters from the hub; see README.md in this folder."""

from eowidgets.models.forecast.chronos.model import ChronosForecaster

__all__ = ["ChronosForecaster"]
