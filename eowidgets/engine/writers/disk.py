"""Results on disk: work in a folder beside, then move the finished thing to its name."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import xarray as xr
import zarr

from eowidgets.cube.export import place
from eowidgets.cube.export.geotiff import check_companions, stale
from eowidgets.engine.result import Frame
from eowidgets.engine.writers import geotiff, netcdf, store
from eowidgets.errors import InputError, SourceError

FORMATS: dict[str, ModuleType | None] = {".zarr": None, ".tif": geotiff, ".tiff": geotiff, ".nc": netcdf}


def check_name(out: Any) -> Path:
    """Refuse a name that cannot become a result, before any work is done.

    Raises
    ------
    InputError
        For an ending that means nothing here, a folder that does not exist, or something that lies
        there and is not a result of this package (which would be replaced).
    """
    try:
        path = Path(os.fspath(out)).expanduser()
    except TypeError as error:
        raise InputError(f"out={out!r} is not a path: give a name such as 'result.zarr'.") from error
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"'{path.name}' does not say how to write it: end the name in {', '.join(FORMATS)}.")
    if not path.parent.is_dir():
        raise InputError(f"The folder '{path.parent}' does not exist: make it first, or choose another.")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"The folder '{path.parent}' can't be written: choose another.")
    if path.is_symlink() or (path.exists() and not _is_ours(path)):
        raise InputError(f"'{path}' exists and was not made by this package: choose another name or remove it first.")
    if FORMATS[path.suffix.lower()] is geotiff:
        check_companions(path)
    return path


def publish(
    writer: store.ZarrWriter, frame: Frame, source: Path, out: Path, rows: int, attrs: dict[str, Any], check: Any
) -> None:
    """Turn the complete store ``source`` into ``out``, which appears in one step, companions before it."""
    exporter = FORMATS[out.suffix.lower()]
    if exporter is not netcdf:
        zarr.consolidate_metadata(source, zarr_format=2)
    if exporter is None:
        place.move([(source, out)])
        return
    folder = source.with_name("export")
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed here
    folder.mkdir()
    if exporter is geotiff:
        files = geotiff.export(source, folder, out.name, check)
        place.move([(f, out.with_name(f.name)) for f in files], stale(out, files))
    else:
        netcdf.export(writer, frame, folder / out.name, rows, attrs, check)
        place.move([(folder / out.name, out)])


def open_result(path: str | Path) -> xr.Dataset:
    """Open a result of this package lazily, as :func:`~eowidgets.engine.run.run` gave it.

    Raises
    ------
    InputError
        When there is nothing, or something else.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"There is no result '{path}'.")
    if path.suffix.lower() not in FORMATS or not _is_ours(path):
        raise InputError(f"'{path}' was not made by this package: it carries no provenance.")
    exporter = FORMATS[path.suffix.lower()]
    opened: xr.Dataset = store.open_store(path) if exporter is None else exporter.open_file(path)
    return opened


@contextmanager
def explain(out: Path, folder: Path) -> Iterator[None]:
    """Turn failures to write into one sentence that says what is saved and how to go on."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        # netCDF4 and GDAL say it in their own words, zarr hands on the system's.
        if isinstance(error, SourceError | InputError) or not _is_disk(error):
            raise
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        what = "the disk is full" if full else str(error).splitlines()[0]
        raise SourceError(
            f"'{out}' could not be written ({what}): what is finished is kept in '{folder.name}'; "
            "make room and run the same call again to go on."
        ) from error


def _is_disk(error: BaseException) -> bool:
    return isinstance(error, OSError) or "NetCDF" in str(error) or "HDF" in str(error)


def _is_ours(path: Path) -> bool:
    readers: dict[str, Callable[[Path], Any]] = {".zarr": _zarr_note, ".nc": _netcdf_note}
    try:
        note = readers.get(path.suffix.lower(), _tiff_note)(path)
        return "model" in json.loads(note)
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, AttributeError):
        return False


def _zarr_note(path: Path) -> Any:
    return json.loads((path / ".zattrs").read_text())["provenance"]


def _netcdf_note(path: Path) -> Any:
    import netCDF4

    with netCDF4.Dataset(path) as file:
        return file.getncattr("provenance")


def _tiff_note(path: Path) -> Any:
    import rasterio

    with rasterio.open(path) as file:
        return file.tags()["provenance"]
