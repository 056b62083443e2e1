"""One small family of errors: each message says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class EowidgetsError(Exception):
    """Base of every error that this package raises on purpose."""


class InputError(EowidgetsError, ValueError):
    """Something given by the person (a file, a name, an area, a parameter) cannot be used."""


class SourceError(EowidgetsError, OSError):
    """Something outside (a file, a disk, a server) could not be read or written."""


class ModelError(EowidgetsError, RuntimeError):
    """A model could not be loaded or could not be run on this cube."""


class MissingExtraError(EowidgetsError, ImportError):
    """An optional dependency is needed; the message names the extra that brings it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional package: run  pip install 'eowidgets[{extra}]'")
        self.extra = extra


def unknown(kind: str, name: object, known: Iterable[str]) -> InputError:
    """Make the error for a name that nothing has, with the nearest names that exist.

    Examples
    --------
    >>> str(unknown("band", "gren", ["green", "red"]))
    "There is no band named 'gren'. Did you mean 'green'?"
    """
    names = sorted(known)
    lower = {n.lower(): n for n in names}
    near = get_close_matches(str(name).lower(), lower, n=3, cutoff=0.6)
    if near:
        hint = "Did you mean " + " or ".join(repr(lower[n]) for n in near) + "?"
    else:
        listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        hint = f"Known: {listed}." if names else "There is none."
    return InputError(f"There is no {kind} named {str(name)[:80]!r}. {hint}")
