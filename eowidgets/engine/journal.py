"""The journal of a run, so that a run that was killed continues where it stopped.

A run with ``out="x.tif"`` works in the folder ``x.tif.partial`` (see :mod:`eowidgets.engine.folders`): a Zarr store with
the finished strips, and ``journal.jsonl``. The first line of the journal has the run and its plan, or states that the
store is being laid out; each of the others names a finished strip and the sizes of its chunks, and the last one the
files that are being moved to their names. The head is written after the store is in place, and replaced in one step.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from eowidgets.engine import folders
from eowidgets.engine.plan import Plan

VERSION = 2
Rows = tuple[int, int]


class Stated(Protocol):
    """Settings that are written into a journal."""

    def to_json(self) -> Any:
        """Return the settings as JSON values."""


@dataclass(frozen=True)
class Saved:
    """State of the same run that an earlier process has left.

    Attributes
    ----------
    plan : Plan
    layout : str
        Digest of the empty store.
    strips : dict
        Rows of every finished strip, and the stamp of its chunks.
    """

    plan: Plan
    layout: str
    strips: dict[Rows, str]


@dataclass(frozen=True)
class Publication:
    """Complete files that are being moved to their final names.

    Attributes
    ----------
    files : tuple of (str, str)
        Path within the working folder, and name next to it; the main file is the last one.
    stale : tuple of str
        Names of companions of an older result that the new one lacks.
    inode : int
        Of the main file or folder: which of two stores is the new one.
    """

    files: tuple[tuple[str, str], ...]
    stale: tuple[str, ...]
    inode: int


class Journal:
    """The working folder of a run.

    Parameters
    ----------
    out : Path
        Name of the result.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out.with_name(out.name + ".partial")
        self.store = self.folder / folders.STORE
        self._file = self.folder / folders.JOURNAL
        #: Returns the stamp of the chunks of a strip; set once there is a store.
        self.stamp: Callable[[int, int], str] = lambda *_: ""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs with the same name out; the lock ends with the process, however it ends.

        Raises
        ------
        InputError
            When another run holds the folder, or it was not created by this package.
        """
        folders.sweep(self.folder)
        with folders.held(self.folder):
            try:
                yield
            except BaseException:
                if self.lines()[:1] == [folders.SETUP]:  # there is no finished part that a later run could use
                    self.discard()
                raise

    def saved(self, fingerprint: str) -> Saved | None:
        """Read the state of the same run; None if there is nothing to continue."""
        head, *rest = self.lines() or [{}]
        if head.get("version") != VERSION or head.get("fingerprint") != fingerprint or not self.store.is_dir():
            return None
        try:
            plan, layout = Plan.from_json(head["plan"]), str(head["layout"])
        except (KeyError, TypeError, ValueError):
            return None
        return Saved(plan, layout, dict(filter(None, map(_strip, rest))))

    def begin(self, fingerprint: str, plan: Stated, lay_out: Callable[[Path], str]) -> None:
        """Start over: drop finished parts, lay out a store, and only then write the head of the journal.

        Parameters
        ----------
        fingerprint : str
        plan : Plan, or other settings that the work goes on with
        lay_out : callable
            Creates the store at a path; returns the digest of its layout.
        """
        folders.write_lines(self._file, [folders.SETUP])
        for path in self.folder.iterdir():
            if path.name not in (folders.LOCK, folders.JOURNAL):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        fresh = self.store.with_name("layout.zarr")
        layout = lay_out(fresh)
        fresh.rename(self.store)
        folders.sync(self.folder)
        head = {"version": VERSION, "fingerprint": fingerprint, "plan": plan.to_json(), "layout": layout}
        folders.write_lines(self._file, [head])

    def keep(self, strips: list[Rows]) -> None:
        """Rewrite the journal with these strips only, without the line that a killed process was writing."""
        head, *rest = self.lines()
        known = dict(filter(None, map(_strip, rest)))
        lines = [{"rows": list(rows), "chunks": known[rows]} for rows in strips]
        folders.write_lines(self._file, [head, *lines])

    def finished(self, start: int, stop: int) -> None:
        """Note that the strip of rows ``start`` to ``stop`` lies in the store."""
        self.append({"rows": [start, stop], "chunks": self.stamp(start, stop)})

    def publish(self, files: list[tuple[Path, str]], stale: list[Path]) -> None:
        """Note that complete files are about to be moved to their names: from here on the move is only completed."""
        named = [[str(path.relative_to(self.folder)), name] for path, name in files]
        inode = files[-1][0].stat().st_ino
        self.append({"publish": {"files": named, "stale": [p.name for p in stale], "inode": inode}})

    def publication(self) -> Publication | None:
        """Read the files of :meth:`publish`; None if no move was begun."""
        lines = self.lines()
        noted = lines[-1].get("publish") if lines else None
        try:
            files = tuple((str(a), str(b)) for a, b in noted["files"])  # type: ignore[index]
            found = Publication(files, tuple(map(str, noted["stale"])), int(noted["inode"]))  # type: ignore[index]
        except (TypeError, KeyError, ValueError):
            return None
        names = [*(name for _, name in files), *found.stale]
        inside = all(not Path(a).is_absolute() and ".." not in Path(a).parts for a, _ in files)
        return found if files and inside and all(Path(n).name == n for n in names) else None

    def is_of(self, fingerprint: str) -> bool:
        """Return whether the folder belongs to the run with this fingerprint."""
        return bool(self.lines()) and self.lines()[0].get("fingerprint") == fingerprint

    def discard(self) -> None:
        """Remove the folder, after the result has its name or when it is not needed."""
        folders.put_away(self.folder)

    def append(self, line: dict[str, Any]) -> None:
        """Add a line and flush it to the disk."""
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def lines(self) -> list[dict[str, Any]]:
        """Read all lines, up to one that a killed process was writing."""
        try:
            text = self._file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        found = []
        for line in text.splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                break  # the line that was being written when the process was killed
        return [line for line in found if isinstance(line, dict)]


def _strip(line: dict[str, Any]) -> tuple[Rows, str] | None:
    try:
        start, stop = line["rows"]
        return (int(start), int(stop)), str(line["chunks"])
    except (KeyError, TypeError, ValueError):
        return None
