"""Check the arguments of public functions against the annotations in their signatures.

The annotation alone defines the values of a parameter: editors, mypy, the documentation and the check at run time
use the same one. Bounds are written in the vocabulary of ``annotated-types``: ``Annotated[int, Ge(1)]``.

>>> from typing import Annotated
>>> @checked
... def forecast(days: Annotated[int, Ge(1)] = 30) -> int:
...     return days
>>> forecast(np.int64(7))
7
>>> forecast(0)
Traceback (most recent call last):
    ...
eowidgets.errors.InputError: days of forecast is 0: give a whole number of at least 1.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import FunctionType
from typing import Annotated, Any, TypeVar, Unpack, cast, get_origin

import numpy as np
from annotated_types import Ge, Gt, Interval, Len, Predicate, doc

from eowidgets.annotations import hints
from eowidgets.errors import InputError, shown, unknown
from eowidgets.rules import Rule, Unfit, rule

T = TypeVar("T", bound=Callable[..., Any])

#: Longest path, and longest name in it, that systems open, in bytes.
_LONGEST_PATH, _LONGEST_NAME = 4096, 255


def is_path(value: str | Path) -> bool:
    """Return whether a system may open a file of this name: not empty, not too long, no NUL character."""
    text = str(value)
    sizes = [len(name.encode("utf-8", "replace")) for name in text.split("/")]
    return bool(text.strip()) and "\0" not in text and max(sizes) <= _LONGEST_NAME and sum(sizes) < _LONGEST_PATH


def is_date(value: object) -> bool:
    """Return whether a value is a date that numpy reads."""
    try:
        return not np.isnat(np.datetime64(str(value)))
    except ValueError:
        return False


def has_words(value: str) -> bool:
    """Return whether a text has more than white space."""
    return bool(value.strip())


Days = Annotated[int, Ge(1), doc("a whole number of days from 1 on")]
Count = Annotated[int, Ge(1)]
WholeFromZero = Annotated[int, Ge(0)]
Pixels = Annotated[int, Ge(1), doc("a whole number of pixels from 1 on")]
Positive = Annotated[float, Gt(0)]
NotNegative = Annotated[float, Ge(0)]
Fraction = Annotated[float, Interval(ge=0, le=1)]
Seed = Annotated[int, Interval(ge=0, lt=2**63), doc("a whole number from 0 on")]
Memory = Annotated[str | Positive, doc("a size such as '2GB', or a number of bytes")]
Name = Annotated[str, Len(1, 200), Predicate(has_words), doc("a name")]
Longitude = Annotated[float, Interval(ge=-360, le=360), doc("a longitude in degrees")]
Latitude = Annotated[float, Interval(ge=-90, le=90), doc("a latitude in degrees from -90 to 90")]
FilePath = Annotated[str | Path, Predicate(is_path), doc("the path of a file")]
DateLike = Annotated[str | date | np.datetime64, Predicate(is_date), doc("a date such as '2019-07-06'")]
Period = Annotated[tuple[str | DateLike, str | DateLike], doc("two dates, such as ('2019-07-06', '2020-07-06')")]
Dates = Annotated[Period | str, doc("two dates, such as ('2019-07-06', '2020-07-06'), or 'first/last'")]
#: Description of a model in any form, to be added to the types.
MODEL = doc("the name of a model, a Model class or a Model instance, and wrap a torch module with eow.wrap(...) first")
Sha256 = Annotated[str, Len(64, 64), doc("the 64 hexadecimal digits of a SHA-256")]


def first_and_last(dates: Any) -> tuple[str, str]:
    """Return the two dates of a period that is a pair or ``"first/last"``.

    Parameters
    ----------
    dates : (date, date) or str
        Each may lack its day or month, and then means the whole of it.

    Returns
    -------
    (str, str)
        ISO dates as they were given.

    Raises
    ------
    InputError
        If there are not two dates, or one of them is no date.

    Examples
    --------
    >>> first_and_last("2019-06/2019-08"), first_and_last(("2019-07-06", np.datetime64("2020-07-06")))
    (('2019-06', '2019-08'), ('2019-07-06', '2020-07-06'))
    """
    parts = [p.strip() for p in dates.split("/")] if isinstance(dates, str) else [str(d) for d in dates]
    if len(parts) != 2 or not all(is_date(p) for p in parts):
        raise InputError(
            f'dates is {shown(dates)}: give the first and the last one, such as ("2016-01-01", "2020-12-31").'
        )
    return parts[0], parts[1]


def checked(target: T) -> T:
    """Check the arguments of a function, or of the constructor, public methods and setters of a class, on every call.

    Numbers of numpy become numbers of Python and lists become tuples where a tuple is declared, so that the function
    gets what its annotations state. Annotations are read at the first call: names imported for type checkers only are
    not imported for the check.

    Parameters
    ----------
    target : function or class

    Returns
    -------
    function or class
        The same class, or a function with the same signature.

    Raises
    ------
    InputError
        On a call with an argument that does not exist, is missing, or has another type or value than its annotation
        states: one sentence with the name of the parameter, at most 80 characters of the value, and what is expected.
    """
    if isinstance(target, type):
        for name, member in list(vars(target).items()):
            if name == "__init__" or not name.startswith("_"):
                _check_member(target, name, member)
        return target
    function: Any = target
    wrapped: Any = _wrapped(function, function.__name__)
    return cast(T, wrapped)


def _check_member(owner: type, name: str, member: object) -> None:
    words = owner.__name__ if name == "__init__" else f"{owner.__name__}.{name}"
    if isinstance(member, FunctionType):
        # Fields of a dataclass that are inherited have the annotations of the modules of their classes.
        annotated = owner if name == "__init__" and dataclasses.is_dataclass(owner) else member
        setattr(owner, name, _wrapped(member, words, annotated))
    elif isinstance(member, classmethod | staticmethod):
        setattr(owner, name, type(member)(_wrapped(member.__func__, words)))
    elif isinstance(member, property) and member.fset is not None:
        setattr(owner, name, property(member.fget, _wrapped(member.fset, words), member.fdel, member.__doc__))


def _wrapped(function: Any, words: str, annotated: Any = None) -> FunctionType:
    signature = inspect.signature(function)
    own = next(iter(signature.parameters), "")
    skipped = own if own in ("self", "cls") else ""

    @functools.lru_cache(maxsize=1)
    def rules() -> dict[str, Rule]:
        # Keyword arguments typed by a TypedDict are traits, which are checked where they are set.
        return {
            name: rule(hint)
            for name, hint in hints(annotated or function).items()
            if name not in (skipped, "return") and get_origin(hint) is not Unpack
        }

    @functools.wraps(function)
    def checked_call(*args: Any, **kwargs: Any) -> Any:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            raise _bad_call(signature, words, args, kwargs, skipped) from None
        known = rules()
        for name, value in bound.arguments.items():
            if name in known:
                bound.arguments[name] = _taken(signature.parameters[name], known[name], value, words)
        return function(*bound.args, **bound.kwargs)

    return cast(FunctionType, checked_call)


def _taken(parameter: inspect.Parameter, one: Rule, value: Any, words: str) -> Any:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return tuple(take(one, v, f"{parameter.name} of {words}") for v in value)
    if parameter.kind is parameter.VAR_KEYWORD:
        return {name: take(one, v, f"{name} of {words}") for name, v in value.items()}
    if value is parameter.default:
        return value
    return take(one, value, f"{parameter.name} of {words}")


def take(one: Rule, value: Any, what: str) -> Any:
    """Return a value converted by a rule.

    Raises
    ------
    InputError
        In one sentence that begins with ``what``.
    """
    try:
        return one.take(value)
    except Unfit:
        raise InputError(f"{what} is {shown(value)}: give {one.wants}.") from None


def _bad_call(
    signature: inspect.Signature, words: str, args: tuple[Any, ...], kwargs: dict[str, Any], skipped: str
) -> InputError:
    """Return the error for a call that does not fit a signature."""
    parameters = [p for p in signature.parameters.values() if p.name != skipped]
    args = args[1:] if skipped else args
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    some = any(p.kind is p.VAR_KEYWORD for p in parameters)
    extra = next((name for name in kwargs if name not in named), None)
    if extra is not None and not some:
        return unknown(f"argument of {words}", extra, named)
    places = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    twice = next((name for name in places[: len(args)] if name in kwargs), None)
    if twice is not None:
        return InputError(f"{twice} of {words} is given twice, by position and by name: give it once.")
    if len(args) > len(places):
        return InputError(f"{words} takes {len(places)} arguments by position, not {len(args)}: name the others.")
    given = {*places[: len(args)], *kwargs}
    missing = next((p.name for p in parameters if p.default is p.empty and p.name not in given), "")
    return InputError(f"{words} needs the argument {missing!r}: add it.")
