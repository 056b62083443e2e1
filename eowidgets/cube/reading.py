"""Failures of a lazy source while it is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from eowidgets.errors import EowidgetsError, SourceError, words


@contextmanager
def reading(what: str = "The pixels") -> Iterator[None]:
    """Turn whatever a source raises while it is read into one sentence.

    Drivers, codecs and functions applied with dask raise errors of any type.

    Parameters
    ----------
    what : str
        What is read, as the subject of the sentence, in the plural.

    Raises
    ------
    SourceError

    Examples
    --------
    >>> with reading("Rows 0 to 9"):
    ...     raise KeyError("chunk")
    Traceback (most recent call last):
    eowidgets.errors.SourceError: Rows 0 to 9 could not be read (KeyError: 'chunk'): check the source and run it again.
    """
    try:
        yield
    except EowidgetsError:
        raise
    except Exception as error:
        raise SourceError(f"{what} could not be read ({words(error)}): check the source and run it again.") from error
