"""How a cube was opened: recorded in its attributes without private parts, and written as code that opens it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.area import Area
from eowidgets.cube.private import public
from eowidgets.cube.samples import samples
from eowidgets.errors import InputError
from eowidgets.moved import moved_name

#: Attributes of a cube that state its origin.
ATTRIBUTES = ("opened", "opened_with")
#: Arguments of ``eow.open`` that determine the content of a cube, with their defaults.
DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(("area", "bbox", "dates", "cloud", "bands", "resolution", "sensor", "crs", "group")),
    "clouds": "mask",
    "remote": False,
}
PRINT = "opened_print"
SOURCE = "opened_source"
#: Sources opened in this session, by the public name of each.
_SOURCES: dict[str, set[str]] = {}
#: Step of the rows and columns whose values are compared.
STRIDE = 5


def note(cube: xr.Dataset, source: Any, **options: Any) -> xr.Dataset:
    """Record the source and the options that differ from the defaults.

    Attributes travel with exports, provenance and notebooks, so they hold the public form of the source only (see
    :mod:`eowidgets.cube.private`); the source itself is kept for this session, for :func:`opening` and ``eow.rerun``.

    Parameters
    ----------
    cube : Dataset
    source : str or Path
    **options
        Of :data:`DEFAULTS`.
    """
    told = {k: plain_option(v) for k, v in options.items() if not _same(v, DEFAULTS[k])}
    attrs = {k: v for k, v in cube.attrs.items() if k not in ATTRIBUTES}
    attrs |= {"opened": str(source) if str(source) in samples() else remember(source)} | (
        {"opened_with": json.dumps(told)} if told else {}
    )
    found = cube.copy()
    found.attrs = attrs
    # Not attributes: of no use in a file, and private.
    found.encoding[PRINT] = print_of(found)
    found.encoding[SOURCE] = str(source) if attrs["opened"] in samples() else _real(source)
    found.encoding.pop("source", None)
    return found


def remember(source: Any) -> str:
    """Return the public form of a path or an address, and store the original for this session."""
    real = _real(source)
    # A relative path is shortened as an absolute one: it may lead out of the working directory.
    shown = public(real)
    shown = Path.cwd().name if shown == "." else shown
    _SOURCES.setdefault(shown, set()).add(real)
    return shown


def _real(source: Any) -> str:
    text = str(source)
    return text if "://" in text else str(Path(text).expanduser().absolute())


def sources_of(noted_source: str) -> set[str]:
    """Return all sources of this session with one public name."""
    return _SOURCES.get(noted_source, set())


def source_of(noted_source: str) -> str:
    """Return the original of a recorded source in this session, else the recorded source.

    Raises
    ------
    InputError
        If several sources of this session have that name.
    """
    if noted_source in samples():
        return noted_source
    found = sources_of(noted_source)
    if len(found) > 1:
        raise InputError(
            f"More than one source called {noted_source[:80]!r} was opened in this session: give the cube itself."
        )
    return next(iter(found), noted_source)


def forget(cube: xr.Dataset) -> xr.Dataset:
    """Remove the record from a cube that ``eow.open`` does not return."""
    found = cube.copy()
    found.attrs = {k: v for k, v in cube.attrs.items() if k not in ATTRIBUTES}
    return found


def noted(attrs: Mapping[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """Return source and options from a cube's attributes; None and an empty dict if they are not recorded.

    The attributes may be untrusted: unknown options are left out, and nothing is opened here.
    """
    source = attrs.get("opened")
    if not isinstance(source, str) or not source:
        return None, {}
    try:
        told = json.loads(attrs.get("opened_with", "{}"))
    except (TypeError, ValueError):
        told = {}
    return source, {k: v for k, v in told.items() if k in DEFAULTS} if isinstance(told, dict) else {}


def here(source: str) -> bool:
    """Return whether the source can be reopened without a network: a sample or a file of this machine."""
    return source in samples() or ("://" not in source and Path(source).expanduser().exists())


def print_of(cube: xr.Dataset) -> str:
    """Return a hash of the coordinates, the names and, where they are in memory, some of the values."""
    found = hashlib.sha256()
    for key in (k for k in ("time", "y", "x") if k in cube.coords):
        found.update(np.ascontiguousarray(cube[key].values).tobytes())
    for name, values in cube.data_vars.items():
        found.update(f"{name}{values.shape}{values.dtype}".encode())
        if not values.chunks and "y" in values.dims:
            found.update(np.ascontiguousarray(thin(values)).tobytes())
    return found.hexdigest()


def thin(values: xr.DataArray) -> Any:
    """Return every fifth row and column."""
    return values.isel({"y": slice(None, None, STRIDE), "x": slice(None, None, STRIDE)}, missing_dims="ignore").values


def is_float(values: xr.DataArray) -> bool:
    """Return whether values are floating-point numbers."""
    return values.dtype.kind == "f"


def _same(value: Any, default: Any) -> bool:
    return value is default or (isinstance(value, str) and value == default)


def plain_option(value: Any) -> Any:
    """Return an option as a JSON value: days as text, ranges as pairs, an area as GeoJSON or as four numbers."""
    if isinstance(value, Area):
        from shapely.geometry import box

        return list(value.bounds) if value.joined.equals(box(*value.bounds)) else value.geojson
    if isinstance(value, slice):
        return [plain_option(value.start), plain_option(value.stop)]
    if isinstance(value, str | int | float | type(None)):
        return value
    if isinstance(value, np.generic) and value.dtype.kind in "fiu":
        return value.item()
    if isinstance(value, list | tuple | np.ndarray):
        return [plain_option(v) for v in value]
    return str(value)


def __getattr__(name: str) -> Any:
    return moved_name(__name__, name)
