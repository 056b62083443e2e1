"""Cubes in the form that a viewer shows: rows from north to south, columns from west to east."""

from __future__ import annotations

from typing import Any

import xarray as xr

from eowidgets.cube import schema
from eowidgets.cube.admission import admit
from eowidgets.cube.grid import north_up
from eowidgets.cube.vectors import holds_vectors
from eowidgets.render.embedding import principal_colors


def shown(cube: Any) -> xr.Dataset:
    """Return a cube, or static layers, in the form for a viewer; vectors become their principal components.

    Raises
    ------
    InputError
        As :func:`eowidgets.cube.admission.admit`; coordinates may be missing.
    """
    found = admit(cube, time=False, coordinates=False)
    return north_up(principal_colors(found) if holds_vectors(found) else found)


def band_names(cube: xr.Dataset) -> tuple[str, ...]:
    """Return the variables that can be drawn: bands first, then indices, quality bands, static layers and results."""
    names = schema.bands(cube)
    others = tuple(
        str(n)
        for n, v in cube.data_vars.items()
        if n not in (*names, *schema.MASKS) and {"y", "x"} <= set(v.dims) <= set(schema.DIMS) and v.dtype.kind in "fiub"
    )
    return names + others
