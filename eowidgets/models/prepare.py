"""Does a cube suit a model, and how is it made to: bands by name, scale, resolution.

Networks fail silently when they are fed at another pixel size or on another scale than they were trained on;
everything of that kind is done, or refused, here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.schema import bands as cube_bands
from eowidgets.errors import ModelError
from eowidgets.models.base import Model

#: A model made for 10 m is run on 10 m by resampling from at most this many times finer or coarser pixels.
MAX_RESAMPLING = 4.0
METRES_PER_DEGREE = 111_320.0


def resolution_of(cube: xr.Dataset) -> float | None:
    """Pixel size of a cube in metres, None where it has no CRS; degrees are turned into metres at its centre."""
    import odc.geo.xr  # noqa: F401  (registers the accessor)

    accessor: Any = cube.odc
    box = accessor.geobox
    if box is None or box.crs is None:
        return None
    dx, dy = abs(float(box.resolution.x)), abs(float(box.resolution.y))
    if box.crs.geographic:
        latitude = float(np.mean(box.extent.boundingbox.range_y))
        dx, dy = dx * METRES_PER_DEGREE * math.cos(math.radians(latitude)), dy * METRES_PER_DEGREE
    return math.sqrt(dx * dy)


def wanted_bands(model: Model, cube: xr.Dataset) -> tuple[str, ...]:
    """Bands to hand to the model, in the order that it wants: its own, then the optional ones that exist."""
    there = cube_bands(cube)
    if model.inputs.bands is None:
        return there
    return (*model.inputs.bands, *(b for b in model.inputs.optional_bands if b in there))


def check_inputs(model: Model, cube: xr.Dataset) -> None:
    """Refuse a cube that a model cannot use, before any work is done; then let the model survey it.

    Raises
    ------
    ModelError
        When bands are missing, the number of dates does not suit, or pixels are so much finer or coarser than
        those that the model was made for that resampling cannot mend it. The message says what to do.
    """
    there = cube_bands(cube)
    if not there:
        raise ModelError(
            f"Model {model.name!r} finds no bands in this cube: give a Dataset with one variable (time, y, x) per band."
        )
    missing = [b for b in model.inputs.bands or () if b not in there]
    if missing:
        raise ModelError(
            f"Model {model.name!r} needs {_plural('band', missing)}, and this cube has {', '.join(there)}: "
            "open it with these bands, or choose a model that does without."
        )
    dates, low, high = cube.sizes["time"], model.inputs.min_dates, model.inputs.max_dates
    if dates < low:
        raise ModelError(
            f"Model {model.name!r} needs at least {low} dates, and this cube has {dates}: open a longer period."
        )
    if high is not None and model.window.dates is None and dates > high:
        raise ModelError(
            f"Model {model.name!r} takes at most {high} dates, and this cube has {dates}: "
            f"select fewer, for example cube.isel(time=slice(-{high}, None))."
        )
    _check_resolution(model, cube)
    model.survey(cube)


def _check_resolution(model: Model, cube: xr.Dataset) -> None:
    wanted = model.inputs.resolution
    if wanted is None:
        return
    found = resolution_of(cube)
    if found is None:
        raise ModelError(
            f"Model {model.name!r} was made for pixels of {wanted:g} m, and this cube has no CRS to tell its pixel size: "
            "set one with cube.rio.write_crs(...)."
        )
    if not wanted / MAX_RESAMPLING <= found <= wanted * MAX_RESAMPLING:
        raise ModelError(
            f"Model {model.name!r} was made for pixels of {wanted:g} m, and this cube has {found:.3g} m: "
            f"open it with resolution={wanted:g}, or choose a model for that pixel size."
        )


def _plural(noun: str, names: list[str]) -> str:
    return f"the {noun}{'s' if len(names) > 1 else ''} {', '.join(names)}"
