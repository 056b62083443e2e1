"""Registered models that can forecast, by the names that ``eow.forecast`` and its panel accept."""

from __future__ import annotations

from importlib.util import find_spec

from eowidgets.contract.catalogue import listings
from eowidgets.contract.model import Model
from eowidgets.contract.registry import model_class, model_classes
from eowidgets.contract.task import Task
from eowidgets.errors import unknown
from eowidgets.models.forecast.base import PREFIX, Forecaster, short_name


def forecasters() -> dict[str, type[Model]]:
    """Return all registered models that can forecast here, by short name: models of series, then models of images.

    The short name of a model is its registered name without ``forecast-``. Models whose package is missing are left
    out.
    """
    known = sorted(model_classes(Task.FORECAST), key=lambda m: not issubclass(m, Forecaster))
    return {short_name(m.name): m for m in known if not (issubclass(m, Forecaster) and _lacks_package(m))}


def _lacks_package(model: type[Forecaster]) -> bool:
    return model.needs is not None and find_spec(model.needs) is None


def forecaster_class(name: str) -> type[Model]:
    """Return a model class by its short or registered name; ``"harmonic"`` is ``"forecast-harmonic"``.

    Raises
    ------
    InputError
        If no model has this name, with the nearest names of forecasters.
    """
    known = listings()
    for full in (f"{PREFIX}{name}", name):
        if full in known:
            return model_class(full)
    names = [one.name for one in listings(complete=True).values() if one.task == str(Task.FORECAST)]
    raise unknown("forecaster", name, names if name.startswith(PREFIX) else map(short_name, names))
