"""Keep old names and old calls working for one release, each with one warning."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

from eowidgets.errors import InputError, warn_user

T = TypeVar("T", bound=Callable[..., Any])


def warn_deprecated(old: str, new: str, *, ends: str) -> None:
    """Warn at the line outside this package that something old is used.

    Parameters
    ----------
    old : str
        What is deprecated, such as ``"eow.Inputs"``.
    new : str
        What replaces it, such as ``"eow.Windows"``.
    ends : str
        Release in which the old one stops to work, such as ``"0.3"``.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn_deprecated("eow.Inputs", "eow.Windows", ends="0.3")
    >>> str(caught[0].message)
    'eow.Inputs is deprecated and ends with release 0.3: use eow.Windows.'
    """
    warn_user(f"{old} is deprecated and ends with release {ends}: use {new}.", DeprecationWarning)


def renamed(old: str, target: T, new: str, *, ends: str) -> T:
    """Return a function under its old name, which warns and calls the new one.

    Parameters
    ----------
    old : str
        Old name, as people write it.
    target : callable
        The function that is called.
    new : str
        New name, as people write it.
    ends : str
        Release in which the old name stops to work.

    Returns
    -------
    callable
        A function with the signature of ``target``.
    """

    @functools.wraps(target)
    def under_old_name(*args: Any, **kwargs: Any) -> Any:
        warn_deprecated(old, new, ends=ends)
        return target(*args, **kwargs)

    under_old_name.__name__ = old.rpartition(".")[2]
    under_old_name.__doc__ = f"Call ``{new}``, which replaces ``{old}``; it ends with release {ends}."
    return cast(T, under_old_name)


def renamed_arguments(*, ends: str, **names: str) -> Callable[[T], T]:
    """Return a decorator that accepts keyword arguments under their old names.

    Parameters
    ----------
    ends : str
        Release in which the old names stop to work.
    **names
        Old name = new name.

    Returns
    -------
    callable
        A decorator. A call with an old and its new name raises :class:`~eowidgets.errors.InputError`.

    Examples
    --------
    >>> @renamed_arguments(ends="0.3", bbox="area")
    ... def clip(area):
    ...     return area
    >>> clip(bbox=(0, 0, 1, 1))  # with a DeprecationWarning
    (0, 0, 1, 1)
    """

    def decorate(function: T) -> T:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            for old in [name for name in names if name in kwargs]:
                new = names[old]
                _refuse_twice(function, new, kwargs)
                warn_deprecated(f"The argument {old} of {_words(function)}", new, ends=ends)
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return cast(T, call)

    return decorate


def keyword_only(*names: str, ends: str) -> Callable[[T], T]:
    """Return a decorator that accepts keyword-only arguments by position, as an earlier signature did.

    Parameters
    ----------
    *names : str
        The arguments that followed the positional ones of the present signature, in their old order.
    ends : str
        Release in which the positions stop to work.

    Returns
    -------
    callable
        A decorator for a function, or for a class and then its constructor. It stands above ``@checked``, so that the
        check is that of the present signature.

    Examples
    --------
    >>> @keyword_only("area", ends="0.3")
    ... def run(cube, *, area=None):
    ...     return area
    >>> run("cube", "field")  # with a DeprecationWarning
    'field'
    """

    def decorate(target: T) -> T:
        if isinstance(target, type):
            cls: Any = target
            cls.__init__ = by_position(cls.__init__, cls.__name__)
            return target
        return cast(T, by_position(target, _words(target)))

    def by_position(function: Any, words: str) -> Any:
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        places = sum(p.kind in kinds for p in inspect.signature(function).parameters.values())

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            given = names[: len(args) - places] if places < len(args) <= places + len(names) else ()
            if given:
                for name in given:
                    _refuse_twice(function, name, kwargs)
                written = ", ".join(f"{name}=..." for name in given)
                warn_deprecated(f"{' and '.join(given)} of {words} by position", written, ends=ends)
                kwargs |= dict(zip(given, args[places:], strict=True))
                args = args[:places]
            return function(*args, **kwargs)

        return call

    return decorate


def _words(function: Any) -> str:
    return str(getattr(function, "__name__", "this function"))


def _refuse_twice(function: Any, name: str, kwargs: dict[str, Any]) -> None:
    if name in kwargs:
        raise InputError(f"{name} of {_words(function)} is given twice: give it once.")
