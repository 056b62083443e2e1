"""The store of a run in progress: laid out, continued, and checked before it becomes a result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eowidgets.engine.journal import Journal, Rows
from eowidgets.engine.plan import Plan
from eowidgets.engine.result import Frame
from eowidgets.engine.table import Table
from eowidgets.engine.writers import parts, store
from eowidgets.errors import SourceError


def store_of(frame: Frame | Table) -> type[Any]:
    """Return the class that writes the strips of a result."""
    return parts.PartWriter if isinstance(frame, Table) else store.ZarrWriter


@dataclass(frozen=True)
class Progress:
    """State of a run: its plan, its store, and the rows of the strips in the store."""

    plan: Plan
    writer: Any
    done: list[Rows]


@dataclass(frozen=True)
class SavedRun:
    """A run and its working folder.

    Attributes
    ----------
    journal : Journal
    key : str
        Fingerprint of the run.
    frame : Frame or Table
    height : int
        Rows of the result.
    """

    journal: Journal
    key: str
    frame: Frame | Table
    height: int

    def begin(self, plan: Plan, attrs: dict[str, Any]) -> Progress:
        """Start over with an empty store."""

        def lay_out(path: Path) -> str:
            store_of(self.frame).create(path, self.frame, plan.rows, attrs)
            return self._layout(path)

        self.journal.begin(self.key, plan, lay_out)
        return Progress(plan, store_of(self.frame)(self.journal.store), [])

    def go_on(self) -> Progress | None:
        """Continue with the strips whose chunks are complete; None if there is nothing to continue."""
        saved = self.journal.saved(self.key)
        try:
            if saved is None or self._layout(self.journal.store) != saved.layout:
                return None
            writer, rows = store_of(self.frame)(self.journal.store), saved.plan.rows
            whole = {(a, min(a + rows, self.height)) for a in range(0, self.height, rows)}
            done = [s for s, stamp in saved.strips.items() if s in whole and writer.stamp(self.frame, *s) == stamp]
        except (OSError, KeyError, ValueError, TypeError, ArithmeticError):
            return None
        self.journal.keep(done)
        return Progress(saved.plan, writer, done)

    def check(self, writer: Any) -> None:
        """Refuse to publish a store that has lost chunks during the run.

        Raises
        ------
        SourceError
            Naming the rows.
        """
        saved = self.journal.saved(self.key)
        lost = [s for s, stamp in saved.strips.items() if writer.stamp(self.frame, *s) != stamp] if saved else []
        if saved is None or lost or self._layout(self.journal.store) != saved.layout:
            rows = f": rows {lost[0][0]} to {lost[0][1] - 1} are missing" if lost else ""
            raise SourceError(
                f"Files of {self.journal.folder.name[:80]!r} were removed or changed while the run wrote them{rows}; "
                "run the same call again, which computes what is missing."
            )

    def _layout(self, path: Path) -> str:
        return parts.layout_of(path) if isinstance(self.frame, Table) else store.layout_of(path, self.frame)
