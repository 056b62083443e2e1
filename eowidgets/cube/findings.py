"""Findings about a cube, and reports of them."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Literal

from eowidgets.errors import InputError

Level = Literal["note", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding about a cube.

    Attributes
    ----------
    level : {"note", "warning", "error"}
    what : str
        The finding in one sentence.
    mend : str
        The remedy; may be empty.
    """

    level: Level
    what: str
    mend: str = ""

    def __str__(self) -> str:
        """Return one line."""
        return f"{self.level}: {self.what}" + (f" {self.mend}" if self.mend else "")


class Report(list[Finding]):
    """Findings that print as lines and show as a list; empty if all was inspected without a problem."""

    def __repr__(self) -> str:
        """Return the findings, one per line."""
        return "\n".join(map(str, self)) or "No problems found."

    def _repr_html_(self) -> str:
        if not self:
            return "<p>No problems found.</p>"
        rows = "".join(f"<li><b>{escape(f.level)}</b>: {escape(f.what)} <em>{escape(f.mend)}</em></li>" for f in self)
        return f"<ul>{rows}</ul>"

    def raise_if_bad(self) -> None:
        """Raise the first error, if there is one.

        Raises
        ------
        InputError
        """
        for finding in self:
            if finding.level == "error":
                raise InputError(f"{finding.what} {finding.mend}".strip())
