"""Accessors of libraries without an import by the user: ``cube.rio`` loads its library at the first access."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import xarray as xr

#: Accessor and the module that registers it. Importing both takes longer than opening a sample.
LIBRARIES = {"rio": "rioxarray", "odc": "odc.geo.xr"}


class _Placeholder:
    """Placeholder of an accessor until its first use.

    Looked up on an object, it imports the library, which replaces it by the real accessor. Looked up on the class,
    as the library does before it registers, it appears absent, so that no warning about a replaced accessor results.
    """

    def __init__(self, name: str, module: str) -> None:
        self._name, self._module = name, module

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            raise AttributeError(self._name)
        importlib.import_module(self._module)
        if vars(owner).get(self._name) is self:
            raise AttributeError(self._name)
        return getattr(instance, self._name)


def register(libraries: Mapping[str, str] = LIBRARIES) -> None:
    """Make accessors available on every Dataset and DataArray; nothing is imported yet.

    Parameters
    ----------
    libraries : mapping of str to str
        Name of each accessor, and the module that registers it.
    """
    for name, module in libraries.items():
        for kind in (xr.Dataset, xr.DataArray):
            if not hasattr(kind, name):
                setattr(kind, name, _Placeholder(name, module))
