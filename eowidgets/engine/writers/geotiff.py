"""Result as one cloud-optimised GeoTIFF with its companions, copied piece by piece from the finished store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import xarray as xr

from eowidgets.cube.export.geotiff import write
from eowidgets.cube.sources import own_geotiff
from eowidgets.engine.writers.store import lazily, open_store
from eowidgets.errors import SourceError


def export(source: Path, folder: Path, name: str, checkpoint: Callable[[], None]) -> tuple[Path, ...]:
    """Write ``name`` and its companions into a folder, from a complete store; the main file is the last one."""
    return write(open_store(source), folder, name, checkpoint)


def open_file(path: Path) -> xr.Dataset:
    """Open a result lazily, with its variables, dates, masks and attributes."""
    found = own_geotiff.read(path, lazily())
    if found is None:
        raise SourceError(f"{path.name!r} cannot be read as a result: it may be incomplete.")
    return found
