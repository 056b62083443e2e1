"""State the input of functions that need more than one run before they start, for the cost shown in panels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.analysis.change.methods import AUTO, DEFAULTS, methods
from eowidgets.contract.prepare import wanted_bands
from eowidgets.contract.registry import get_model
from eowidgets.cube import schema
from eowidgets.cube.indices import needed, present
from eowidgets.engine.cost import Planned
from eowidgets.errors import InputError, shown


def planned_change(
    cube: xr.Dataset, method: str, dates: Sequence[str], area: Any = None, params: dict[str, Any] | None = None
) -> Planned:
    """Return the input of :func:`eowidgets.change`: a series up to the last day, or the dates of two images.

    Raises
    ------
    InputError
        For dates that cannot be read, or without a match in the cube.
    """
    first, last = (str(d) for d in dates)
    days = cube["time"].values.astype("datetime64[D]")
    if method == AUTO or methods().get(method) == "series":
        keep = days <= _day(max(first, last))
    else:
        keep = _within(days, first) | _within(days, last)
    if not keep.any():
        raise InputError(f"The cube has no date in {shown(first)} and {shown(last)}.")
    bands = None
    if method != AUTO:
        model = get_model(method, **_known(method, cube, params))
        model.adapt(schema.bands(cube))
        bands = wanted_bands(model, cube)
    return Planned.of(f"change {method}", cube.isel(time=keep), area, bands)


def planned_index(
    kind: str, cube: xr.Dataset, names: Sequence[str], area: Any = None, last: str | None = None
) -> Planned:
    """Return the input of work on indices or bands of a cube, up to a day.

    Parameters
    ----------
    kind : str
    cube : Dataset
    names : sequence of str
    area : optional
        ``(lon, lat)`` for one pixel.
    last : str, optional
        ISO date.
    """
    bands = tuple(dict.fromkeys(b for name in names for b in bands_read(cube, name)))
    part = cube if last is None else cube.isel(time=cube["time"].values.astype("datetime64[D]") <= _day(last))
    if not isinstance(area, tuple):
        return Planned.of(kind, part, area, bands)
    return Planned.of(kind, part.isel(y=slice(0, 1), x=slice(0, 1)), None, bands)


def planned_question(brain: str, cube: xr.Dataset, area: Any = None) -> Planned:
    """State what :func:`eowidgets.ask` reads at most: all dates of an area, before it is known what is asked.

    Parameters
    ----------
    brain : str
    cube : Dataset
    area : optional
        Questions without a place of their own are about it; None for the whole cube.
    """
    return Planned.of(f"ask {brain}", cube, area)


def bands_read(cube: xr.Dataset, name: str) -> tuple[str, ...]:
    """Return the bands that an index or a band is read from."""
    there = present(cube, name)
    return (there,) if there is not None else tuple(needed(cube, name))


def _known(method: str, cube: xr.Dataset, params: dict[str, Any] | None) -> dict[str, Any]:
    usual = dict(DEFAULTS.get(method, {}))
    if "watch" in usual and not {"red", "nir"} <= set(schema.bands(cube)) and present(cube, usual["watch"]) is None:
        usual["watch"] = "all bands"
    return {**usual, **(params or {})}


def _within(days: Any, period: str) -> Any:
    parts = period.split("/")
    return (days >= _day(parts[0])) & (days <= _day(parts[-1]))


def _day(text: str) -> np.datetime64:
    try:
        return np.datetime64(str(text).split("/")[-1].strip()[:10], "D")
    except ValueError:
        raise InputError(f"The date is {shown(text)}: write it as YYYY-MM-DD.") from None
