"""Results of chips, series and places on disk while a run goes on, so that a run that was killed continues."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eowidgets.engine.journal import Journal
from eowidgets.engine.plan import Plan

HEAD = "head.json"
#: Rows of items by the number of their item.
Rows = dict[int, list[dict[str, Any]]]


@dataclass(frozen=True)
class ItemStore:
    """The working folder of a run over items: a file of rows for each share.

    Attributes
    ----------
    journal : Journal
    plan : Plan
        Settings of the run.
    done : frozenset of int
        Shares that are finished.
    """

    journal: Journal
    plan: Plan
    done: frozenset[int]

    @classmethod
    def of(cls, journal: Journal, key: str, choose: Callable[[], Plan]) -> ItemStore:
        """Continue from the folder of the same run, or choose a plan and start over."""
        journal.stamp = lambda start, _: _stamp(_part(journal.store, start))
        saved = journal.saved(key)
        if saved is not None and _stamp(journal.store / HEAD) == saved.layout:
            whole = [rows for rows, stamp in saved.strips.items() if journal.stamp(*rows) == stamp]
            journal.keep(whole)
            return cls(journal, saved.plan, frozenset(start for start, _ in whole))
        plan = choose()
        journal.begin(key, plan, _lay_out)
        return cls(journal, plan, frozenset())

    def read(self, share: int) -> Rows:
        """Read the rows of a finished share."""
        held = json.loads(_part(self.journal.store, share).read_text(encoding="utf-8"))
        return {int(i): [{k: _taken(v) for k, v in row.items()} for row in rows] for i, rows in held.items()}

    def write(self, share: int, rows: Rows) -> None:
        """Store the rows of a share; the file appears when it is complete, and is added to the journal after that."""
        text = json.dumps(
            {str(i): [{k: _plain(v) for k, v in row.items()} for row in found] for i, found in rows.items()}
        )
        part = _part(self.journal.store, share)
        unfinished = part.with_suffix(".unfinished")
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(part)
        self.journal.finished(share, share + 1)


def _lay_out(path: Path) -> str:
    path.mkdir()
    (path / HEAD).write_text(json.dumps({"rows": "by item"}), encoding="utf-8")
    return _stamp(path / HEAD)


def _part(store: Path, share: int) -> Path:
    return store / f"{share:09d}.json"


def _stamp(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return "missing"


def _plain(value: Any) -> Any:
    if isinstance(value, np.datetime64):
        return {"time": str(value)}
    return value.item() if isinstance(value, np.generic) else value


def _taken(value: Any) -> Any:
    return np.datetime64(value["time"]) if isinstance(value, dict) else value
