"""Results on disk: written into a working folder next to the result, then moved to their name."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import zarr

from eowidgets.cube.export.exchange import exchange
from eowidgets.cube.export.geotiff import check_companions, companions, stale
from eowidgets.cube.sources.store import check_metadata
from eowidgets.engine.folders import check_folder, is_ours, sync
from eowidgets.engine.journal import Journal
from eowidgets.engine.result import Frame
from eowidgets.engine.table import Table
from eowidgets.engine.writers import geotiff, netcdf, parts, store
from eowidgets.errors import EowidgetsError, InputError, MissingExtraError, SourceError, shown
from eowidgets.system import check_plain

FORMATS: dict[str, ModuleType | None] = {".zarr": None, ".tif": geotiff, ".tiff": geotiff, ".nc": netcdf}
#: Endings of results that are tables.
TABLES = (".gpkg", ".parquet")

#: Largest number of bytes of a name: those of working folder and companions are longer, and the limit is 255.
LONGEST = 200


def check_name(out: Any) -> Path:
    """Refuse a name that a result cannot have, before any work is done.

    Raises
    ------
    InputError
        For an unknown ending, a folder that does not exist, or an existing file that
        is not a result of this package (which would be replaced).
    """
    try:
        path = Path(os.fspath(out)).expanduser()
    except TypeError as error:
        raise InputError(f"out={out!r} is not a path: give a name such as 'result.zarr'.") from error
    if path.suffix.lower() not in (*FORMATS, *TABLES):
        raise InputError(
            f"'{path.name}' has no known ending: end the name in {', '.join(FORMATS)}, or for objects in "
            f"{' or '.join(TABLES)}."
        )
    if len(os.fsencode(path.name)) > LONGEST:
        raise InputError(f"The name {path.name[:80]!r}... is too long: give one of at most {LONGEST} bytes.")
    if not path.parent.is_dir():
        raise InputError(f"The folder '{path.parent}' does not exist: create it first, or choose another.")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"The folder '{path.parent}' can't be written: choose another.")
    if path.is_symlink() or (path.exists() and not _is_ours(path)):
        raise InputError(
            f"'{path}' exists and was not written by this package: choose another name or remove it first."
        )
    if FORMATS.get(path.suffix.lower()) is geotiff:
        check_companions(path)
    check_folder(Journal(path).folder)
    return path


def check_format(path: Path, frame: Frame | Table) -> None:
    """Refuse a name whose format cannot hold the result.

    Raises
    ------
    InputError, MissingExtraError
    """
    if isinstance(frame, Table):
        check_table_format(path, TABLES)
    elif path.suffix.lower() not in FORMATS:
        raise InputError(f"The result is a raster: end the name {shown(path.name)} in {', '.join(FORMATS)}.")


def check_table_format(path: Path, known: tuple[str, ...]) -> None:
    """Refuse a name whose format cannot hold a table.

    Raises
    ------
    InputError, MissingExtraError
    """
    if path.suffix.lower() not in known:
        raise InputError(f"The result is a table: end the name {shown(path.name)} in {', '.join(known)}.")
    if path.suffix.lower() == ".parquet" and find_spec("pyarrow") is None:
        raise MissingExtraError("Parquet", "parquet")


def publish(writer: Any, frame: Frame | Table, journal: Journal, rows: int, attrs: dict[str, Any], check: Any) -> None:
    """Turn the complete store of a run into its result, and remove the working folder.

    All files are complete before the first is moved to its name, companions before the main one, and the journal
    records it: after any interruption, the next run or :func:`open_result` completes the move.
    """
    source, out = journal.store, journal.out
    if isinstance(frame, Table):
        publish_table(writer.table(frame, attrs), journal)
        return
    exporter = FORMATS[out.suffix.lower()]
    store.tidy(source)
    if exporter is not netcdf:
        zarr.consolidate_metadata(source, zarr_format=2)
    if exporter is None:
        files: tuple[Path, ...] = (source,)
    else:
        folder = source.with_name("export")
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed here
        folder.mkdir()
        if exporter is geotiff:
            files = geotiff.export(source, folder, out.name, check)
        else:
            files = (folder / out.name,)
            netcdf.export(writer, frame, files[0], rows, attrs, check)
        for file in files:
            _sync(file)
    check_name(out)  # checked again: a file that has appeared meanwhile is not replaced
    named = [(file, out.name if file == files[-1] else file.name) for file in files]
    journal.publish(named, stale(out, files) if exporter is geotiff else [])
    complete(journal)


def publish_table(table: Any, journal: Journal) -> None:
    """Write a table with its provenance, and move it to its name."""
    folder = journal.store.with_name("export")
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed here
    folder.mkdir()
    file = folder / journal.out.name
    parts.write_table(table, file)
    _sync(file)
    check_name(journal.out)
    journal.publish([(file, journal.out.name)], [])
    complete(journal)


def keep(out: Path, key: Callable[[], str], work: Callable[[Journal, str], None], say: Callable[[str], None]) -> Any:
    """Compute a result under its name, or complete one of a process that was killed.

    Parameters
    ----------
    out : Path
    key : callable
        Returns the fingerprint of the run.
    work : callable
        Takes the journal and the fingerprint, computes what is missing, and publishes it.
    say : callable
        Takes one sentence.

    Returns
    -------
    Dataset or DataFrame
        The result, opened.
    """
    journal = Journal(out)
    with explain(out, journal.folder), journal.held():
        fingerprint = key()
        same = journal.is_of(fingerprint)
        if complete(journal):
            if same:
                say("The result was finished already; it has its name now.")
                return open_result(out)
            # The folder was removed with its content, including the lock.
        else:
            work(journal, fingerprint)
            say(f"Written to {out}.")
            return open_result(out)
    return keep(out, key, work, say)


def complete(journal: Journal, check: Callable[[Path], Any] = check_name) -> bool:
    """Complete a publication that was begun, by this process or by one that was killed, and remove the folder.

    Parameters
    ----------
    journal : Journal
    check : callable
        Refuses a name that another file has.

    Returns
    -------
    bool
        False where none was begun.

    Raises
    ------
    InputError
        When another file has taken the name of the result since.
    """
    begun = journal.publication()
    if begun is None:
        return False
    check(journal.out)
    for path, name in begun.files:
        target = journal.out.with_name(name)
        if target == journal.out:
            _move_main(journal.folder / path, target, begun.inode)
        elif (journal.folder / path).is_file() and target in companions(journal.out):
            (journal.folder / path).replace(target)
    for companion in companions(journal.out):
        if companion.name in begun.stale:
            companion.unlink(missing_ok=True)
    sync(journal.out.parent)
    journal.discard()
    return True


def _move_main(staged: Path, out: Path, inode: int) -> None:
    """Move a file, or exchange a folder with an older result, unless that was done before."""
    if out.exists() and out.stat().st_ino == inode:
        return
    if not staged.exists() or staged.stat().st_ino != inode:
        raise SourceError(f"The finished files of {out.name[:80]!r} were moved or changed: run the same call again.")
    if out.is_dir() and not exchange(staged, out):
        out.rename(staged.with_name("replaced"))  # for a moment there is no result; the journal completes it
    if not out.is_dir():
        staged.replace(out)


def _sync(file: Path) -> None:
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


def open_result(path: str | Path) -> Any:
    """Open a result of this package lazily, as :func:`~eowidgets.engine.run.run` returned it.

    Raises
    ------
    InputError
        When there is no result, or another file.
    SourceError
        When it is damaged.
    """
    path = Path(path)
    _complete_of_killed(path)
    if not path.exists():
        raise InputError(f"There is no result {shown(str(path))}.")
    check_plain(path)
    if path.suffix.lower() not in (*FORMATS, *TABLES) or not _is_ours(path):
        raise InputError(f"{shown(str(path))} was not written by this package: it has no provenance.")
    try:
        if path.suffix.lower() in TABLES:
            return parts.open_table(path)
        exporter = FORMATS[path.suffix.lower()]
        if exporter is None:
            check_metadata(path)
            return store.open_store(path)
        opened = exporter.open_file(path)
    except EowidgetsError:
        raise
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise SourceError(f"{shown(path.name)} cannot be read as a result: it is incomplete or damaged.") from error
    return opened


def _complete_of_killed(path: Path) -> None:
    """Complete the publication of a process that was killed during it; do nothing if that is not possible."""
    if path.suffix.lower() not in (*FORMATS, *TABLES):
        return
    journal = Journal(path)
    if not is_ours(journal.folder) or journal.publication() is None:
        return
    with suppress(InputError, OSError), journal.held():
        complete(journal)


@contextmanager
def explain(out: Path, folder: Path) -> Iterator[None]:
    """Convert write errors into one sentence that states what is saved and how to continue."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        # netCDF4 and GDAL have their own error texts, zarr raises the system's errors.
        if isinstance(error, SourceError | InputError) or not _is_disk(error):
            raise
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        what = "the disk is full" if full else (str(error).splitlines() or [type(error).__name__])[0][:160]
        mend = "make room" if full else "check the disk and the folder"
        raise SourceError(
            f"'{out}' could not be written ({what}): what is finished is kept in '{folder.name}'; "
            f"{mend} and run the same call again to go on."
        ) from error


def _is_disk(error: BaseException) -> bool:
    return isinstance(error, OSError) or "NetCDF" in str(error) or "HDF" in str(error)


def _is_ours(path: Path) -> bool:
    readers: dict[str, Callable[[Path], Any]] = {
        ".zarr": _zarr_note,
        ".nc": _netcdf_note,
        **dict.fromkeys(TABLES, parts.note_of),
    }
    try:
        note = readers.get(path.suffix.lower(), _tiff_note)(path)
        return bool({"model", "call"} & set(json.loads(note)))
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, AttributeError, ImportError):
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
