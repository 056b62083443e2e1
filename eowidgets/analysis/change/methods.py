"""The methods that detect change, their default parameters, and the method that suits a cube."""

from __future__ import annotations

from typing import Any

import xarray as xr

from eowidgets.contract.prepare import resolution_of
from eowidgets.contract.registry import model_classes
from eowidgets.contract.task import Task
from eowidgets.cube.quantity import is_radar
from eowidgets.cube.schema import bands
from eowidgets.models.classical.change import TwoImages
from eowidgets.models.monitors.base import Monitor

#: Selects the monitor with the smallest error on the cube itself.
AUTO = "auto"
#: Parameters of :func:`change` that differ from those of the model: offsets common to stable pixels are removed, and
#: CCDC watches one index. All others are the defaults of the models, which were derived on simulated and real series
#: with injected breaks (``python -m benchmarks.away_monitors``).
DEFAULTS: dict[str, dict[str, Any]] = {
    "break-ccdc": {"watch": "NDVI", "reference": "area"},
    "break-ensemble": {"reference": "area"},
    "break-iqr": {"reference": "area"},
    "break-bfast": {"reference": "area"},
    "break-cusum": {"reference": "area"},
    "break-ewma": {"reference": "area"},
    "break-landtrendr": {"reference": "area"},
    "break-sccd": {"watch": "NDVI", "reference": "area"},
}
#: Cubes with at least this many dates are treated as series.
SERIES = 20
#: Networks of change were trained on pixels of half a metre; up to this pixel size (metres) houses remain recognisable.
SHARP = 1.5
RGB = ("red", "green", "blue")


def methods() -> dict[str, str]:
    """Return the names of the methods, and whether each takes a ``"series"`` or a ``"pair"`` of images."""
    found = {}
    for cls in model_classes(Task.DETECT_CHANGE):
        if issubclass(cls, Monitor):
            found[cls.name] = "series"
        elif issubclass(cls, TwoImages) and cls.name != "change-cva":
            found[cls.name] = "pair"
    return found


def usual_method(cube: xr.Dataset) -> str:
    """Return the method that suits a cube.

    A monitor for a series. For two images: the log-ratio for radar, a network for pictures as sharp as its training
    data, and change vectors otherwise.

    Parameters
    ----------
    cube : Dataset (time, y, x)

    Returns
    -------
    str
        One of :func:`methods`.
    """
    if cube.sizes.get("time", 0) >= SERIES:
        return "break-ccdc"
    if all(is_radar(cube[b]) for b in bands(cube)):
        return "change-logratio"
    size = resolution_of(cube)
    sharp = size is not None and size <= SHARP
    return "change-mci" if sharp and set(RGB) <= set(bands(cube)) else "change-otsu"
