"""The errors and warnings of the package: each message states what is wrong, where, and what to do."""

from __future__ import annotations

import reprlib
import sys
import warnings
from collections.abc import Iterable
from difflib import get_close_matches

#: Largest number of quoted characters of a value in a message.
QUOTED = 80
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxlong = QUOTED
_REPR.maxother = 10 * QUOTED


class EowidgetsError(Exception):
    """Base class of all errors that this package raises.

    Examples
    --------
    >>> import eowidgets as eow
    >>> issubclass(eow.InputError, eow.EowidgetsError)
    True
    """


class InputError(EowidgetsError, ValueError):
    """An input of the user (a file, a name, an area, a parameter) cannot be used.

    Examples
    --------
    >>> import eowidgets as eow
    >>> issubclass(eow.InputError, ValueError)
    True
    """


class SourceError(EowidgetsError, OSError):
    """A file, a disk or a server could not be read or written.

    Examples
    --------
    >>> import eowidgets as eow
    >>> issubclass(eow.SourceError, OSError)
    True
    """


class ModelError(EowidgetsError, RuntimeError):
    """A model could not be loaded or could not be run on this cube.

    Examples
    --------
    >>> import eowidgets as eow
    >>> issubclass(eow.ModelError, RuntimeError)
    True
    """


class MissingExtraError(EowidgetsError, ImportError):
    """An optional dependency is needed; the message names the extra that installs it.

    Parameters
    ----------
    what : str
        What needs the package, at the beginning of the sentence.
    extra : str
        Name of the extra that installs it.

    Examples
    --------
    >>> import eowidgets as eow
    >>> str(eow.MissingExtraError("A chart", "charts"))
    "A chart needs an optional package: run  pip install 'eowidgets[charts]'"
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional package: run  pip install 'eowidgets[{extra}]'")
        self.extra = extra


def shown(value: object) -> str:
    """Return a value quoted for a message: one line of at most 80 characters, without control characters.

    Examples
    --------
    >>> shown("x" * 1000)[:10], shown([1.5, None]), shown(object())
    ("'xxxxxxxxx", '[1.5, None]', '<object>')
    """
    kind = f"<{type(value).__name__}>"
    try:
        text = _REPR.repr(value)
    except Exception:  # noqa: BLE001  (a repr is code of its class, which may raise anything)
        text = kind
    if "\n" in text or " at 0x" in text:
        text = kind
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return short(text)


def short(text: str) -> str:
    """Return at most 80 characters of a text."""
    return text if len(text) <= QUOTED else f"{text[: QUOTED - 3]}..."


def message_of(error: BaseException) -> str:
    """Return the message of an error; empty if its class has none."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001  (the message is code of its class, which may raise anything)
        return ""


def words(error: BaseException) -> str:
    r"""Return the first line of a message, shortened, with the type of the error if the message alone is unclear.

    Examples
    --------
    >>> words(KeyError("red")), words(RuntimeError("too deep\nand more"))
    ("KeyError: 'red'", 'too deep')
    """
    line = next(iter(message_of(error).strip().splitlines()), "")
    line = "".join(c if c.isprintable() else " " for c in line)
    if isinstance(error, RuntimeError) and line:
        return short(line)
    return f"{type(error).__name__}: {short(line)}" if line else type(error).__name__


def unknown(kind: str, name: object, known: Iterable[str]) -> InputError:
    """Return the error for an unknown name, with the nearest known names.

    Examples
    --------
    >>> str(unknown("band", "gren", ["green", "red"]))
    "There is no band named 'gren'. Did you mean 'green'?"
    """
    names = sorted(known)
    lower = {n.lower(): n for n in names}
    near = get_close_matches(str(name)[:QUOTED].lower(), lower, n=3, cutoff=0.6)
    if near:
        hint = "Did you mean " + " or ".join(repr(lower[n]) for n in near) + "?"
    else:
        listed = ", ".join(short(n) for n in names[:12]) + (", ..." if len(names) > 12 else "")
        hint = f"Known: {listed}." if names else "There is none."
    return InputError(f"There is no {kind} named {shown(name)}. {hint}")


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn the user at the line outside this package that caused the warning.

    Parameters
    ----------
    message : str
        One sentence on what was corrected or is doubtful.
    category : type
        Class of the warning.
    """
    package, depth = __name__.partition(".")[0], 2
    frame = sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == package:
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, category, stacklevel=depth)
