"""Working folders of runs: created, recognised, removed and swept, without touching files of others.

The working folder of ``x.tif`` is ``x.tif.partial``. It appears in one step, with its journal in it, and it is renamed
before it is removed, so a folder of that name is always complete. Intermediate names are hidden;
what a killed process leaves under them is removed by :func:`sweep`. A folder counts as one of the package only if it
holds a journal that the package has written, and a link never does.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from eowidgets.cube.export.beside import acquire
from eowidgets.cube.export.beside import sweep as sweep_exports
from eowidgets.errors import InputError

JOURNAL, LOCK, STORE = "journal.jsonl", "lock", "store.zarr"
#: First line of the journal of a run whose store is not laid out yet.
SETUP = {"version": 2, "setup": True}
#: Characters of the result's name at the start of hidden names, which stay below 255 bytes with their suffix.
PREFIX = 40
#: Attempts to lock a folder that another process renames between two steps.
TRIES = 20
#: Seconds after which a folder that should exist for a moment counts as left behind, even if a process has its number.
OLD = 3600
_ASIDE = re.compile(r"\..*\.partial-(?P<kind>new|old)-(?P<pid>\d+)-[0-9a-f]{8}", re.DOTALL)


def is_ours(folder: Path) -> bool:
    """Return whether a path is a working folder of the package: a real folder that holds its journal."""
    journal = folder / JOURNAL
    if folder.is_symlink() or not folder.is_dir() or journal.is_symlink() or not journal.is_file():
        return False
    first = _first_line(journal)
    if isinstance(first.get("version"), int) and ("setup" in first or "fingerprint" in first):
        return True
    # The journal is damaged: then the store next to it must be one that the package has laid out.
    try:
        return "model" in json.loads(json.loads((folder / STORE / ".zattrs").read_text(encoding="utf-8"))["provenance"])
    except (OSError, ValueError, TypeError, KeyError):
        return False


def _first_line(journal: Path) -> dict[str, Any]:
    try:
        with journal.open(encoding="utf-8") as file:
            first = json.loads(file.readline(1 << 20))
    except (OSError, ValueError):
        return {}
    return first if isinstance(first, dict) else {}


def check_folder(folder: Path) -> None:
    """Refuse a working path that exists and was not created by this package.

    Raises
    ------
    InputError
        Naming the folder.
    """
    if os.path.lexists(folder) and not is_ours(folder) and not _is_bare(folder):
        raise InputError(
            f"{folder.name[:80]!r}, the name of the working folder, exists and was not written by this package: "
            "rename it, or choose another name for the result."
        )


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Create the working folder if needed, and lock it against other runs until the end of the process or the block.

    Raises
    ------
    InputError
        When another run holds it, or the folder was not created by this package.
    """
    lock = _acquire(folder)
    try:
        yield
    finally:
        if lock is not None:
            lock.close()


def _acquire(folder: Path) -> IO[str] | None:
    for _ in range(TRIES):
        _reserve(folder)
        try:
            return acquire(folder / LOCK)  # None on Windows, where two runs with one name are not detected
        except FileNotFoundError:  # removed by another run since
            continue
        except BlockingIOError:
            break
    raise InputError(
        f"Another run is writing {folder.name.removesuffix('.partial')[:80]!r}: wait for it or choose another name."
    )


def _reserve(folder: Path) -> None:
    """Create the folder with a journal in it, in one step."""
    check_folder(folder)
    if is_ours(folder):
        return
    fresh = folder if folder.exists() else _aside(folder, "new")
    fresh.mkdir(exist_ok=True)
    # Without a temporary name: a process killed here leaves an empty file only.
    with (fresh / JOURNAL).open("w", encoding="utf-8") as file:
        file.write(json.dumps(SETUP) + "\n")
        file.flush()
        os.fsync(file.fileno())
    if fresh != folder:
        try:
            fresh.rename(folder)
        except OSError:
            remove(fresh)
            if not is_ours(folder):  # otherwise another run was faster
                raise


def _aside(folder: Path, kind: str) -> Path:
    name = folder.name.removesuffix(".partial")[:PREFIX]
    return folder.with_name(f".{name}.partial-{kind}-{os.getpid()}-{secrets.token_hex(4)}")


def write_lines(path: Path, lines: list[Any]) -> None:
    """Write a file of JSON lines so that a reader sees the old file or the new one, whenever the process is killed."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync(path.parent)


def sync(folder: Path) -> None:
    """Flush the names in a folder to the disk, where the system supports it."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def put_away(folder: Path) -> None:
    """Remove the working folder: rename it first, so that no run continues from a partly removed folder."""
    if not is_ours(folder):
        return
    aside = _aside(folder, "old")
    folder.rename(aside)
    sync(folder.parent)
    remove(aside)


def remove(folder: Path) -> None:
    """Remove a folder of the package, its journal last: until then it can be recognised."""
    if not (is_ours(folder) or _is_bare(folder)):
        return
    try:
        others = [path for path in folder.iterdir() if path.name != JOURNAL]
        for path in others:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        (folder / JOURNAL).unlink(missing_ok=True)
        folder.rmdir()
    except OSError:  # another process removes it too, or writes into it: the next sweep removes the rest
        return


def sweep(folder: Path) -> None:
    """Remove what killed processes left under hidden names next to this working folder: of runs, and of exports."""
    sweep_exports(folder.parent)
    try:
        found = [(p, _ASIDE.fullmatch(p.name)) for p in folder.parent.iterdir()]
    except OSError:
        return
    for path, parts in found:
        if parts and (parts["kind"] == "old" or _is_left(path, parts["pid"])):
            remove(path)


def _is_bare(folder: Path) -> bool:
    """Return whether a folder holds only files of the package that are still empty."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    try:
        inside = list(folder.iterdir())
        names = {JOURNAL, f"{JOURNAL}.new", LOCK}
        return all(p.name in names and not p.is_symlink() and p.stat().st_size == 0 for p in inside)
    except OSError:
        return False


def _is_left(path: Path, pid: str) -> bool:
    """Return whether the process that created a new folder has ended; a folder is new for a moment only."""
    try:
        if time.time() - path.lstat().st_mtime > OLD:
            return True
        if os.name == "posix":
            os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return True
    except OSError:  # a process of another user, or the folder is gone
        return False
    return False
