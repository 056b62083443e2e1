"""Errors of a source while it is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from eowidgets.errors import EowidgetsError, SourceError, shown, words


@contextmanager
def reading(what: str = "The pixels", file: str = "") -> Iterator[None]:
    """Convert any error during reading into one sentence.

    Drivers, codecs and functions applied with dask raise errors of any type.

    Parameters
    ----------
    what : str
        Subject of the sentence, in the plural.
    file : str
        Name of the file, where it is known.

    Raises
    ------
    SourceError

    Examples
    --------
    >>> with reading("Rows 0 to 9"):
    ...     raise KeyError("chunk")
    Traceback (most recent call last):
    eowidgets.errors.SourceError: Rows 0 to 9 cannot be read (KeyError: 'chunk'): check the source and run the same call again.
    """
    try:
        yield
    except EowidgetsError:
        raise
    except Exception as error:
        where, mend = "", "check the source and run the same call again"
        if file:
            where, mend = f" of {shown(file)}", "the file may be incomplete or damaged, so copy or create it again"
        raise SourceError(f"{what}{where} cannot be read ({words(error)}): {mend}.") from error
