"""Names of the first release, which work with a warning for one more release."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from eowidgets.contract.registry import get_model, model_classes, register
from eowidgets.contract.task import Task
from eowidgets.deprecation import warn_deprecated
from eowidgets.errors import InputError
from eowidgets.models.forecast.base import PREFIX, Forecaster, short_name

SeriesModel = Forecaster


def register_series(cls: type[Forecaster]) -> type[Forecaster]:
    """Register a forecaster; deprecated in favour of ``eow.register``."""
    warn_deprecated("register_series", "eow.register", ends="0.3")
    return register(cls)


def series_models() -> dict[str, type[Forecaster]]:
    """Return the available forecasters by short name; deprecated in favour of ``eow.list_models``."""
    warn_deprecated("series_models", 'eow.list_models(task="forecast")', ends="0.3")
    found = [m for m in model_classes(Task.FORECAST) if issubclass(m, Forecaster)]
    return {short_name(m.name): m for m in found if m.needs is None or find_spec(m.needs) is not None}


def series_model(model: str | Forecaster, **params: Any) -> Forecaster:
    """Return a forecaster by its short name; deprecated in favour of ``get_model``."""
    new = (
        f"eowidgets.contract.registry.get_model({PREFIX + short_name(model)!r})"
        if isinstance(model, str)
        else "model.with_params(...)"
    )
    warn_deprecated("series_model", new, ends="0.3")
    made = get_model(PREFIX + short_name(model) if isinstance(model, str) else model)
    if not isinstance(made, Forecaster):
        raise InputError(f"{made.name!r} is not a forecaster of series: use eowidgets.contract.registry.get_model.")
    if made.trained and "horizon" in params:
        params["ahead"] = params.pop("horizon")
    return made.with_params(**params) if params else made
