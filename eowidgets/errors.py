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


#: Characters of an input or of another message that are quoted.
QUOTED = 80


def short(text: str) -> str:
    """Return at most 80 characters of a text, without line breaks and other control characters."""
    line = "".join(c if c.isprintable() else " " for c in text)
    return line if len(line) <= QUOTED else f"{line[: QUOTED - 3]}..."


def shown(name: object) -> str:
    """Return the quoted, shortened text of a value."""
    return repr(short(str(name)))


def words(error: BaseException) -> str:
    """Return the first line of an error's message, shortened, with the type of the error unless it is a RuntimeError."""
    line = next(iter(str(error).strip().splitlines()), "")
    if isinstance(error, RuntimeError) and line:
        return short(line)
    return f"{type(error).__name__}: {short(line)}" if line else type(error).__name__


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
        listed = ", ".join(short(n) for n in names[:12]) + (", ..." if len(names) > 12 else "")
        hint = f"Known: {listed}." if names else "There is none."
    return InputError(f"There is no {kind} named {shown(name)}. {hint}")
