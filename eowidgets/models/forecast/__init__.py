"""Forecasters of series: what comes next for a pixel, a field or a region."""

from eowidgets.models.forecast.base import SERIES_MODELS, SeriesModel, series_model, series_models

__all__ = ["SERIES_MODELS", "SeriesModel", "series_model", "series_models"]
