"""What is done already, so that a run that was killed goes on where it stopped.

A run with ``out="x.tif"`` works in the folder ``x.tif.partial``: a Zarr store with the finished strips,
and ``journal.jsonl``, whose first line says which run this is and whose other lines each name a
finished strip. Only when everything is there does the result move to its name.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eowidgets.errors import InputError

VERSION = 1


class Journal:
    """The folder of a run on its way.

    Parameters
    ----------
    out : Path
        Name of the result.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out.with_name(out.name + ".partial")
        self.store = self.folder / "store.zarr"
        self._file = self.folder / "journal.jsonl"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs with the same name out; the lock ends with the process, however it ends."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # Beside the folder it would stay behind; within, it goes away with it.
        with (self.folder / "lock").open("w") as lock:
            if not _lock(lock):
                raise InputError(f"Another run is writing '{self.out}': wait for it or choose another name.")
            yield

    def open(self, fingerprint: str) -> tuple[dict[str, Any] | None, list[tuple[int, int]]]:
        """Read the plan and the finished strips of the same run; nothing if there is none to go on with."""
        lines = self._lines()
        if not lines or lines[0].get("version") != VERSION or lines[0].get("fingerprint") != fingerprint:
            return None, []
        if not self.store.exists():
            return None, []
        return lines[0]["plan"], [(int(a), int(b)) for a, b in (line["rows"] for line in lines[1:] if "rows" in line)]

    def begin(self, fingerprint: str, plan: dict[str, Any]) -> None:
        """Start over."""
        for path in self.folder.iterdir():
            if path.name != "lock":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._append({"version": VERSION, "fingerprint": fingerprint, "plan": plan}, mode="w")

    def finished(self, start: int, stop: int) -> None:
        """Note that the strip of rows ``start`` to ``stop`` lies in the store."""
        self._append({"rows": [start, stop]})

    def discard(self) -> None:
        """Remove the folder: the result has its name, or nobody wants it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _append(self, line: dict[str, Any], mode: str = "a") -> None:
        with self._file.open(mode) as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _lines(self) -> list[dict[str, Any]]:
        if not self._file.exists():
            return []
        found: list[dict[str, Any]] = []
        for text in self._file.read_text().splitlines():
            try:
                found.append(json.loads(text))
            except json.JSONDecodeError:
                break  # the line that was being written when the process was killed
        return [line for line in found if isinstance(line, dict)]


def _lock(file: Any) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows: two runs with one name are then not told apart
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
