"""Results of the checks of a model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """The outcome of one check.

    Attributes
    ----------
    check : str
        Name of the check.
    problem : str
        One sentence; empty if the check passed.
    """

    check: str
    problem: str = ""


class Report(tuple[Finding, ...]):
    """The outcomes of all checks; print it for one line each."""

    def __str__(self) -> str:
        return "\n".join(
            f"{'FAILED' if f.problem else 'ok':6} {f.check}{f': {f.problem}' if f.problem else ''}" for f in self
        )

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The failed checks."""
        return tuple(f for f in self if f.problem)
