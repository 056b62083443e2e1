"""The code that opens a cube again."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.open import open as open_cube
from eowidgets.cube.opened import PRINT, SOURCE, here, is_float, noted, print_of, source_of, thin
from eowidgets.errors import InputError


def opening(cube: xr.Dataset) -> str | None:
    """Return the expression that opens this cube again.

    The expression holds the public form of the source: for a file that is not below the working directory, its name.

    Returns
    -------
    str or None
        As ``eow.open('romania', clouds='robust')``, with ``.sel`` and ``.isel`` where dates, rows or columns were cut off.
        None if no such expression gives this cube: another grid, other bands, masks or values, gaps in it.

    Examples
    --------
    >>> import eowidgets as eow
    >>> opening(eow.open("bouconne", clouds=None))
    "eow.open('bouconne', clouds=None)"
    """
    source, options = noted(cube.attrs)
    if source is None:
        return None
    if "clouds" in cube and "added" in cube["clouds"].attrs:  # by eow.robust_clouds() afterwards
        options["clouds"] = "robust"
    words = ", ".join([repr(source), *(f"{k}={v!r}" for k, v in options.items())])
    call = f"eow.open({words})"
    # An address is not opened again: that may take minutes.
    if cube.encoding.get(PRINT) == print_of(cube):
        return call
    try:
        source = cube.encoding.get(SOURCE) or source_of(source)
    except InputError:
        return None
    if not here(source):
        return call
    whole = open_cube(source, **options)
    parts = {k: _part(whole[k].values, cube[k].values) for k in ("time", "y", "x") if k in whole.coords}
    cut = {k: p for k, p in parts.items() if p is not None}
    if set(cube.data_vars) != set(whole.data_vars) or len(cut) < len(parts):
        return None
    part = whole.isel(cut)
    held = [n for n, v in cube.data_vars.items() if not v.chunks and not part[n].chunks]
    if not all(np.array_equal(thin(cube[n]), thin(part[n]), equal_nan=is_float(cube[n])) for n in held):
        return None
    days = [str(d)[:10] for d in (cube["time"].values.min(), cube["time"].values.max())]
    call += "" if len(cube["time"]) == len(whole["time"]) else f".sel(time=slice({days[0]!r}, {days[1]!r}))"
    square = [f"{k}=slice({cut[k].start}, {cut[k].stop})" for k in ("y", "x") if len(cube[k]) != len(whole[k])]
    return call + (f".isel({', '.join(square)})" if square else "")


def _part(whole: Any, part: Any) -> slice | None:
    """Return where the values of ``part`` occur as one run in ``whole``; None if they do not."""
    start = int(np.argmax(whole == part[0])) if len(part) else 0
    found = slice(start, start + len(part))
    return found if np.array_equal(whole[found], part) else None
