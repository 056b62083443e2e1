"""Fracast: a small pretrained forecaster whose weights come with its package; README.md beside this file describes it."""

from eowidgets.models.forecast.fracast.model import FracastForecaster

__all__ = ["FracastForecaster"]
