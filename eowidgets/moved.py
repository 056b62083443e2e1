"""Modules of the first release that have moved: their old names work for one release, with a warning."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_FOLDERS = {
    "analysis": {
        "ask": ("questions",),
        "change": ("registration",),
        "forecast": ("alarm", "conformal", "forecaster", "holdout"),
    },
    "widgets": {
        "chart": ("fan", "pixel_chart"),
        "map": ("area_map", "basemap", "layer_list", "overlay", "picture_layers", "screen", "time_layer"),
        "panels": (
            *("ask_panel", "change_layers", "change_panel", "change_panel_view", "change_view", "forecast_panel"),
            *("forecast_view", "model_panel", "painter", "result_files"),
        ),
        "viewer": ("exports", "story", "time_viewer"),
    },
}
_SIMULATE = ("camera", "events", "happen", "land", "pairs", "scene", "sky", "structures", "texture", "town", "words")
_MCI = ("bi3", "captioner", "consensus", "mit", "tools")
_DELTAVLM = ("csrm", "language", "qformer", "vision")
_FORECAST = {
    "networks": ("network", "published", "tasks", "zeroshot"),
    "series": ("dates", "grid", "past", "season"),
    "spacetime": ("companion",),
    "statistical": ("climatology", "combine", "harmonic", "naive", "smoothing"),
}
_TRAINED = ("ltsf_linear", "patchtst", "itransformer", "timesnet", "timemixer", "spacetime")
_CONTRACT = ("card", "feeds", "model", "outputs", "params", "older")

#: Old module -> the modules in which its names are now.
MOVED: dict[str, tuple[str, ...]] = {
    **{
        f"eowidgets.{room}.{name}": (f"eowidgets.{room}.{folder}.{name}",)
        for room, folders in _FOLDERS.items()
        for folder, names in folders.items()
        for name in names
    },
    "eowidgets.analysis.change_kind": ("eowidgets.analysis.change.kind",),
    "eowidgets.analysis.change_pair": ("eowidgets.analysis.change.pair",),
    "eowidgets.analysis.change_report": ("eowidgets.analysis.change.report",),
    "eowidgets.analysis.change_words": ("eowidgets.analysis.change.words",),
    "eowidgets.analysis.forecast_files": ("eowidgets.analysis.forecast.files",),
    "eowidgets.analysis.forecast_frames": (
        "eowidgets.analysis.forecast.strategies",
        "eowidgets.analysis.forecast.names",
    ),
    "eowidgets.analysis.forecast_result": ("eowidgets.analysis.forecast.result",),
    "eowidgets.cube.simulate": ("eowidgets.simulate",),
    **{f"eowidgets.cube.simulate.{name}": (f"eowidgets.simulate.{name}",) for name in _SIMULATE},
    **{f"eowidgets.models.change.{name}": (f"eowidgets.models.change.mci.{name}",) for name in _MCI},
    "eowidgets.models.change.adapters": ("eowidgets.models.change", "eowidgets.models.change.base"),
    "eowidgets.models.change.config": (
        *(f"eowidgets.models.change.{system}.config" for system in ("lenet", "fcsiam", "mci")),
        "eowidgets.models.change.shipped",
    ),
    "eowidgets.models.change.siamdiff": ("eowidgets.models.change.fcsiam.network",),
    "eowidgets.models.change.swin": ("eowidgets.models.blocks.swin",),
    **{
        f"eowidgets.models.forecast.{name}": (f"eowidgets.models.forecast.{folder}.{name}",)
        for folder, names in _FORECAST.items()
        for name in names
    },
    "eowidgets.models.forecast.learned": (
        "eowidgets.models.forecast.networks.learned",
        *(f"eowidgets.models.forecast.{system}.model" for system in _TRAINED),
    ),
    "eowidgets.models.forecast.linear": ("eowidgets.models.forecast.ltsf_linear.network",),
    "eowidgets.models.vqa.config": ("eowidgets.models.vqa.rsvqa.config", "eowidgets.models.vqa.deltavlm.config"),
    **{f"eowidgets.models.vqa.{name}": (f"eowidgets.models.vqa.deltavlm.{name}",) for name in _DELTAVLM},
    "eowidgets.models.base": tuple(f"eowidgets.contract.{name}" for name in _CONTRACT),
    "eowidgets.models.prepare": ("eowidgets.contract.prepare",),
    "eowidgets.models.registry": ("eowidgets.contract.registry",),
    "eowidgets.models.remake": ("eowidgets.contract.remake",),
    "eowidgets.models.table": ("eowidgets.contract.table",),
    "eowidgets.models.weights": ("eowidgets.contract.weights",),
    "eowidgets.widgets.notebook_export": ("eowidgets.analysis.notebook", "eowidgets.widgets.panels.notebook_export"),
    "eowidgets.tasks": ("eowidgets.contract.task", "eowidgets.contract.labels", "eowidgets.contract.older"),
}

#: Names that have moved out of a module that still exists -> where they are.
NAMES = {("eowidgets.cube.opened", "opening"): "eowidgets.cube.opening"}


class Moved(MetaPathFinder, Loader):
    """Find the old names; last in the search order, so that no existing module is hidden."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a spec for a module that has moved."""
        if fullname not in MOVED:
            return None
        package = any(name.startswith(f"{fullname}.") for name in MOVED)
        return ModuleSpec(fullname, self, is_package=package)

    def exec_module(self, module: ModuleType) -> None:
        """Provide the names of the modules that replace this one."""
        places = MOVED[module.__name__]
        warnings.warn(
            f"{module.__name__} has moved: import from {' or '.join(places[:3])} instead.",
            DeprecationWarning,
            stacklevel=2,  # Python skips its own frames: this is the import statement
        )

        def find(name: str) -> Any:
            for place in places:
                found = importlib.import_module(place)
                if hasattr(found, name):
                    return getattr(found, name)
            raise AttributeError(f"module {module.__name__!r}, which has moved to {places[0]}, has no {name!r}")

        vars(module)["__getattr__"] = find


def install() -> None:
    """Install the finder of the old names."""
    if not any(isinstance(finder, Moved) for finder in sys.meta_path):
        sys.meta_path.append(Moved())


def moved_name(module: str, name: str) -> Any:
    """Return an object that has moved to another module, with a warning: the ``__getattr__`` of its old module.

    Raises
    ------
    AttributeError
    """
    place = NAMES.get((module, name))
    if place is None:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    warnings.warn(f"{name} has moved: import it from {place} instead.", DeprecationWarning, stacklevel=3)
    return getattr(importlib.import_module(place), name)
