"""Forecasters of series: what comes next for a pixel, a field or a region."""

from typing import Any

from eowidgets.models.forecast.base import Forecaster, short_name
from eowidgets.models.forecast.dates import When

__all__ = ["Forecaster", "When", "short_name"]


def __getattr__(name: str) -> Any:
    """Give the names of the first release (:mod:`eowidgets.models.forecast.older`)."""
    from eowidgets.models.forecast import older

    if name in older.NAMES:
        return getattr(older, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
