"""Targets of exports: allowed names, room on the disk, and files that appear atomically."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xarray as xr

from eowidgets.cube.export.beside import OLD, folder_beside
from eowidgets.cube.export.exchange import exchange
from eowidgets.errors import EowidgetsError, InputError, SourceError

#: Files that mark a folder as a Zarr store.
ZARR_MARKS = ("zarr.json", ".zgroup", ".zarray", ".zmetadata")


def target(path: str | Path, endings: tuple[str, ...], *, folder: bool = False) -> Path:
    """Return the path to write, after a check that no other file would be replaced.

    Parameters
    ----------
    path : str or Path
    endings : tuple of str
        Allowed endings of the name.
    folder : bool
        The export is a Zarr store, which may replace a Zarr store only; other exports replace plain files only.

    Raises
    ------
    InputError, SourceError
        For a wrong ending, a missing or read-only folder, or an existing file that must not be replaced.
    """
    found = Path(path).expanduser()
    shown = repr(found.name[:80])
    if found.suffix.lower() not in endings:
        raise InputError(f"The file name {shown} must end in {' or '.join(endings)}.")
    if not found.parent.is_dir():
        raise InputError(f"There is no folder {str(found.parent)[:80]!r}: create it first, or choose another.")
    if not os.access(found.parent, os.W_OK):
        raise SourceError(f"The folder {str(found.parent)[:80]!r} is read-only: choose another.")
    if found.is_symlink():
        raise InputError(f"{shown} is a link, which an export would follow or replace: choose another name.")
    if folder and found.exists() and not is_zarr(found):
        raise InputError(f"{shown} exists and is not a Zarr store: choose another name or remove it first.")
    if not folder and found.exists() and not found.is_file():
        raise InputError(f"{shown} is a folder: choose another name.")
    return found


def is_zarr(path: Path) -> bool:
    """Return whether a path is a Zarr store in a folder."""
    return path.is_dir() and any((path / name).is_file() for name in ZARR_MARKS)


def need_room(cube: xr.Dataset, folder: Path) -> None:
    """Refuse an export that is larger than the free space of the disk, before any work starts.

    Raises
    ------
    InputError
        With both sizes.
    """
    size = sum(v.size * v.dtype.itemsize for v in cube.variables.values())
    free = shutil.disk_usage(folder).free
    if size > free:
        raise InputError(
            f"The cube has {size / 1e9:.3g} GB, but the disk has only {free / 1e9:.3g} GB free: "
            "export a part of it, or open it with a coarser resolution=."
        )


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Provide a temporary folder on the same disk, removed in any case; write errors become one sentence."""
    try:
        with folder_beside(path) as folder, _explained(path):
            yield folder
    except EowidgetsError:
        raise
    except OSError as error:
        where = str(path.parent)[:80]
        raise SourceError(
            f"{path.name[:80]!r} could not be written: {error.strerror or error} in {where!r}; choose another folder."
        ) from error


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except EowidgetsError:
        raise
    except Exception as error:  # rasterio, netCDF4, zarr and functions applied with dask
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        no_room = full or shutil.disk_usage(path.parent).free < 1 << 20
        why = "the disk is full: make room or choose another folder" if no_room else _reason(error)
        raise SourceError(f"{path.name[:80]!r} could not be written: {why}. Nothing was left behind.") from error


def write_whole(target: Path, write: Callable[[Path], Any]) -> Path:
    """Write one file atomically.

    Parameters
    ----------
    target : Path
    write : callable
        Writes to the path that it is given, which has the name of the target.

    Raises
    ------
    InputError, SourceError
        If the target is a folder or a link, or its folder cannot be written; what was at the target stays.
    """
    if target.is_symlink() or target.is_dir():
        kind = "link" if target.is_symlink() else "folder"
        raise InputError(f"{target.name[:80]!r} is a {kind}: choose another name.")
    with beside(target) as folder:
        whole = folder / target.name
        write(whole)
        move([(whole, target)])
    return target


def move(files: Sequence[tuple[Path, Path]], stale: Sequence[Path] = ()) -> None:
    """Move complete files or folders to their names, one after the other; undo all of it on failure.

    Parameters
    ----------
    files : sequence of (Path, Path)
        Written file and its target, on the same disk; the main file comes last.
    stale : sequence of Path
        Files of an earlier export that the new one lacks; they are removed.
    """
    kept = Path(tempfile.mkdtemp(prefix=OLD, dir=files[-1][0].parent))
    saved: list[tuple[Path, Path]] = []
    moved: list[tuple[Path, Path]] = []
    swapped: list[tuple[Path, Path]] = []
    try:
        for new, old in [*files, *((None, path) for path in stale)]:
            if new is not None and new.is_dir() and old.is_dir() and exchange(new, old):
                swapped.append((new, old))
                continue
            if old.exists():
                copy = kept / old.name
                _set_aside(old, copy, stays=new is not None)
                saved.append((copy, old))
            if new is not None:
                new.rename(old)
                moved.append((new, old))
    except BaseException:
        for new, old in swapped:
            exchange(new, old)
        for new, old in moved:
            old.rename(new)
        for copy, old in saved:
            copy.replace(old)
        raise
    finally:
        shutil.rmtree(kept, ignore_errors=True)


def _set_aside(path: Path, copy: Path, *, stays: bool) -> None:
    """Keep the replaced file; a plain file stays in place until then, so that the name always exists."""
    if stays and path.is_file():
        try:
            copy.hardlink_to(path)
        except OSError:  # a disk without hard links
            shutil.copy2(path, copy)
    else:
        path.rename(copy)


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
