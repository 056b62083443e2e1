"""Interactive Jupyter environment for satellite time series.

>>> import eowidgets as eow
>>> cube = eow.open("romania")
>>> eow.Explorer(cube)  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: Public name -> module that has it. Nothing is imported before it is used: ``import eowidgets`` stays instant.
_PUBLIC = {
    "open": "eowidgets.cube.open",
    "samples": "eowidgets.cube.samples",
    "Area": "eowidgets.cube.area",
    "run": "eowidgets.engine.run",
    "submit": "eowidgets.engine.run",
    "rerun": "eowidgets.engine.provenance",
    "Job": "eowidgets.engine.job",
    "Model": "eowidgets.models.base",
    "Inputs": "eowidgets.models.base",
    "WindowSpec": "eowidgets.models.base",
    "Card": "eowidgets.models.base",
    "param": "eowidgets.models.base",
    "register": "eowidgets.models.registry",
    "weights": "eowidgets.models.weights",
    "Task": "eowidgets.tasks",
    "Output": "eowidgets.tasks",
    "ClassInfo": "eowidgets.tasks",
    "AreaMap": "eowidgets.widgets.area_map",
    "TimeViewer": "eowidgets.widgets.time_viewer",
    "TimeLayer": "eowidgets.widgets.time_layer",
    "PixelChart": "eowidgets.widgets.pixel_chart",
    "ModelPanel": "eowidgets.widgets.model_panel",
    "Explorer": "eowidgets.widgets.explorer",
    "doctor": "eowidgets.diagnosis",
    "EowidgetsError": "eowidgets.errors",
}

__all__ = [*_PUBLIC, "models"]


def __getattr__(name: str) -> Any:
    if name == "models":
        return import_module("eowidgets.models")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'eowidgets' has no attribute {name!r}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
