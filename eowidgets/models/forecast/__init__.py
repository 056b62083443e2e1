"""Forecasters of time series for a pixel, a field or a region."""

from importlib import import_module
from typing import Any

from eowidgets.models.forecast.base import Forecaster, short_name
from eowidgets.models.forecast.series.dates import When

__all__ = ["Forecaster", "When", "short_name"]
#: Names of the first release, kept for one more release.
OLDER = ("SeriesModel", "register_series", "series_model", "series_models")


def __getattr__(name: str) -> Any:
    """Return an object by its name of the first release (:mod:`eowidgets.models.forecast.older`)."""
    if name in OLDER:
        return getattr(import_module("eowidgets.models.forecast.older"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
