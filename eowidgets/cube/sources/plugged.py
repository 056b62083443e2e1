"""Open sources of plug-ins: objects with ``opens(source)`` and ``open(source, **request)``, found by entry point."""

from __future__ import annotations

from typing import Any

import xarray as xr

from eowidgets.errors import EowidgetsError, SourceError, shown, warn_user, words
from eowidgets.plugins import SOURCES, PluginError, load, named, plugins


def open_plugged(source: Any, **request: Any) -> xr.Dataset | xr.DataArray | None:
    """Open a source with the first plug-in that opens it; None where there is none.

    A plug-in that fails before it has accepted the source is left out, with a warning.

    Parameters
    ----------
    source : object
        What ``eow.open`` was given.
    **request
        The options of ``eow.open``. A plug-in may use them to read less; they are applied to what it returns as well.

    Raises
    ------
    SourceError
        If the plug-in that accepted the source fails, or does not return an xarray object.
    """
    for point in plugins(SOURCES):
        try:
            plugin = load(point)
            accepted = _accepts(plugin, source, named(point))
        except PluginError as error:
            warn_user(str(error))
            continue
        if accepted:
            return _opened(plugin, source, request, named(point))
    return None


def _accepts(plugin: Any, source: Any, name: str) -> bool:
    try:
        return bool(plugin.opens(source))
    except Exception as error:  # the code of a plug-in may raise anything
        raise PluginError(f"{name} failed on {shown(source)} ({words(error)}): update or remove it.") from error


def _opened(plugin: Any, source: Any, request: dict[str, Any], name: str) -> xr.Dataset | xr.DataArray:
    try:
        found = plugin.open(source, **request)
    except EowidgetsError:
        raise
    except Exception as error:
        raise SourceError(f"{name} could not open {shown(source)} ({words(error)}): check the source.") from error
    if not isinstance(found, xr.Dataset | xr.DataArray):
        raise SourceError(f"{name} returned {shown(found)} for {shown(source)}: it must return an xarray Dataset.")
    return found
