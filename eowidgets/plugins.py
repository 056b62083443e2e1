"""Find what other installed packages add through entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from eowidgets.errors import shown, words

#: Groups of entry points: models for ``eow.run``, and sources for ``eow.open``.
MODELS, SOURCES = "eowidgets.models", "eowidgets.sources"


class PluginError(Exception):
    """A plug-in that cannot be used: one sentence that names it."""


def plugins(group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of a group, without importing what they point to.

    Of two with the same name the first on the path counts, as for modules.
    """
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=group):
        found.setdefault(point.name, point)
    return tuple(found.values())


def load(point: EntryPoint) -> Any:
    """Import what an entry point points to.

    Raises
    ------
    PluginError
        Whatever the import raised, in one sentence that names the plug-in and its package.
    """
    try:
        return point.load()
    except Exception as error:  # the code of a plug-in may raise anything
        raise PluginError(
            f"{named(point)} failed when it was imported ({words(error)}): update or remove it."
        ) from error


def named(point: EntryPoint) -> str:
    """Return how a message calls a plug-in."""
    package = point.dist.name if point.dist is not None else point.module
    return f"The plug-in {shown(point.name)} of the package {shown(package)}"
