"""Find the entry points of other installed packages."""

from __future__ import annotations

import functools
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from eowidgets.errors import shown, words

#: Groups of entry points: models for ``eow.run``, and sources for ``eow.open``.
MODELS, SOURCES = "eowidgets.models", "eowidgets.sources"


class PluginError(Exception):
    """A plug-in that cannot be used: one sentence that names it."""


def plugins(group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of a group, without importing their objects.

    Of two with the same name the first on the path is used, as for modules.
    """
    return _found(group, tuple((folder, _changed(folder)) for folder in sys.path))


@functools.lru_cache(maxsize=8)
def _found(group: str, folders: tuple[tuple[str, int], ...]) -> tuple[EntryPoint, ...]:
    """Read the metadata of all packages, which takes tens of milliseconds, once per state of the folders."""
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=group):
        found.setdefault(point.name, point)
    return tuple(found.values())


def _changed(folder: str) -> int:
    try:
        return Path(folder).stat().st_mtime_ns
    except OSError:
        return 0


def load(point: EntryPoint) -> Any:
    """Import the object of an entry point.

    Raises
    ------
    PluginError
        The error of the import, in one sentence that names the plug-in and its package.
    """
    try:
        return point.load()
    except Exception as error:  # the code of a plug-in may raise anything
        raise PluginError(
            f"{named(point)} failed when it was imported ({words(error)}): update or remove it."
        ) from error


def named(point: EntryPoint) -> str:
    """Return the name of a plug-in for messages."""
    package = point.dist.name if point.dist is not None else point.module
    return f"The plug-in {shown(point.name)} of the package {shown(package)}"
