"""Fracast: a small pre-trained forecaster whose weights are part of its package; see README.md in this folder."""

from eowidgets.models.forecast.fracast.model import FracastForecaster

__all__ = ["FracastForecaster"]
