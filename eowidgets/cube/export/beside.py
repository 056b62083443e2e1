"""Temporary folders next to a target: locked while their process runs, swept when it has ended.

A process that is killed cannot remove its folder. The next export into the same folder does, for all folders whose name
and content are those of this module and whose lock is free: another process, here or in another container, that still
writes holds it.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

#: File in every temporary folder that identifies it; it holds the lock and this line.
MARK, LINE = "eowidgets.lock", "temporary folder of eowidgets\n"
#: Folder within a temporary folder for the files that are being replaced.
OLD = "old-"
#: Characters of the target's name in the name of its temporary folder.
PREFIX = 40
#: Attempts to create a folder that another process sweeps between two steps.
TRIES = 20
#: Seconds after which an unlocked folder counts as left behind where the file system has no locks.
DAY = 86_400
_NAME = re.compile(r"\..*-eow-[0-9a-f]{8}", re.DOTALL)


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Create a hidden folder next to a path, and remove it at the end; remove those of killed processes first.

    Raises
    ------
    OSError
        If the folder cannot be created.
    """
    sweep(path.parent)
    folder, lock = _make(path)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            lock.close()


def _make(path: Path) -> tuple[Path, IO[str] | None]:
    for _ in range(TRIES):
        folder = path.with_name(f".{path.stem[:PREFIX]}-eow-{secrets.token_hex(4)}")
        folder.mkdir()
        with suppress(FileNotFoundError, BlockingIOError):  # swept by another process before it was locked
            lock = acquire(folder / MARK)
            if lock is not None:
                lock.write(LINE)
                lock.flush()
            else:
                (folder / MARK).write_text(LINE, encoding="utf-8")
            return folder, lock
    raise BlockingIOError("other processes are writing there")


def acquire(path: Path) -> IO[str] | None:
    """Create a file if needed, and lock it until it is closed or the process ends.

    Returns
    -------
    file or None
        None where the system has no locks.

    Raises
    ------
    BlockingIOError
        If another process holds it.
    FileNotFoundError
        If its folder does not exist, or was removed in the meantime.
    """
    if os.name == "nt":
        return None
    import fcntl

    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666), "r+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    except OSError:  # a file system without locks
        return file
    try:
        if os.path.samestat(os.fstat(file.fileno()), os.lstat(path)):
            return file
    except FileNotFoundError:
        pass
    file.close()
    raise FileNotFoundError(path)


def sweep(parent: Path) -> None:
    """Remove the temporary folders that killed processes left in a folder, and nothing else.

    Files that were being replaced when the process was killed are restored first if their name is free.
    """
    try:
        found = [Path(entry) for entry in os.scandir(parent) if _NAME.fullmatch(entry.name)]
    except OSError:
        return
    for folder in found:
        with suppress(OSError):
            _sweep_one(folder)


def _sweep_one(folder: Path) -> None:
    if folder.is_symlink() or not folder.is_dir():
        return
    mark = folder / MARK
    if not os.path.lexists(mark):  # its process was killed between two steps: there is nothing in it
        folder.rmdir()
        return
    if mark.is_symlink() or mark.read_text(encoding="utf-8") not in ("", LINE):
        return
    lock = acquire(mark)
    try:
        if _is_left(lock, mark):
            _put_back(folder)
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        if lock is not None:
            lock.close()


def _is_left(lock: IO[str] | None, mark: Path) -> bool:
    """Return whether the lock proves that the writing process has ended or, without a lock, the folder is old."""
    if lock is not None:
        import fcntl

        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return time.time() - mark.stat().st_mtime > DAY


def _put_back(folder: Path) -> None:
    for kept in folder.glob(f"{OLD}*/*"):
        target = folder.parent / kept.name
        if not os.path.lexists(target):
            kept.rename(target)
