"""Convert values of parameters to plain values that JSON and code cells can hold, and accept these in their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import Enum
from functools import partial
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import numpy as np

from eowidgets.rules import Rule, Unfit, one_of, rule

_SCALARS = (bool, int, float, str, type(None))
T = TypeVar("T")
#: Largest number of choices in a message.
_LISTED = 12


def plain(value: Any) -> Any:
    """Return a value of a parameter as plain Python: numbers, texts, None, and tuples, lists and mappings of these.

    A member of an enum becomes its value (its name, where the values are not all plain), a date or time its ISO text, and
    a path its text. :func:`~eowidgets.contract.params.make_params` converts all of them back.

    Examples
    --------
    >>> plain((date(2019, 7, 6), np.float32(0.5), None))
    ('2019-07-06', 0.5, None)
    """
    if isinstance(value, Enum):
        return _code(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, np.datetime64 | PurePath):
        return str(value)
    if isinstance(value, np.generic):
        return value.item()
    if type(value) in (list, tuple):
        return type(value)(plain(v) for v in value)
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    return value


def is_enum(annotation: Any) -> bool:
    """Return whether an annotation is an enum, with or without metadata."""
    base = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    return isinstance(base, type) and issubclass(base, Enum)


def choice_rule(choices: tuple[Any, ...]) -> Rule:
    """Return the rule that accepts one of some values, or its plain form."""
    exact = rule(Literal[choices])

    def take(value: Any) -> Any:
        try:
            return exact.take(value)
        except Unfit:
            return _find(value, [(plain(c), c) for c in choices])

    return Rule(take, _one_of([plain(c) for c in choices]))


def _code(member: Enum) -> Any:
    """Return the plain form of a member of an enum: its value, or its name where the values are not all plain."""
    if all(isinstance(m.value, _SCALARS) for m in type(member)):
        return member.value
    return member.name


def _enum_rule(kind: type[Enum]) -> Rule:
    members = [*kind]
    codes = [(_code(m), m) for m in members]
    names = [(name, m) for name, m in kind.__members__.items()]

    def take(value: Any) -> Any:
        return value if isinstance(value, kind) else _find(value, [*codes, *names])

    return Rule(take, _one_of([code for code, _ in codes]))


def _find(value: Any, known: list[tuple[Any, Any]]) -> Any:
    """Return the entry of the first code that equals a value and has its type; a list equals a tuple here."""
    wanted = tuple(value) if isinstance(value, list) else value
    parts = wanted if isinstance(wanted, tuple) else (wanted,)
    if all(isinstance(p, _SCALARS) for p in parts):
        for code, found in known:
            if isinstance(wanted, type(code)) and isinstance(wanted, bool) == isinstance(code, bool) and wanted == code:
                return found
    raise Unfit


def _one_of(codes: list[Any]) -> str:
    listed = [repr(c) for c in codes]
    return one_of(listed) if len(listed) <= _LISTED else f"one of {', '.join(listed[:_LISTED])}, ..."


def _date_rule(kind: type[date]) -> Rule:
    def take(value: Any) -> date:
        if isinstance(value, np.datetime64) and not np.isnat(value):
            value = str(value)
        if isinstance(value, str):
            return _read(kind.fromisoformat, value if issubclass(kind, datetime) else value.partition("T")[0])
        if kind is date and isinstance(value, datetime):
            return value.date()
        if not isinstance(value, kind):
            raise Unfit
        return value

    return Rule(take, "a date such as '2019-07-06'")


def _moment_rule(_: Any) -> Rule:
    def take(value: Any) -> np.datetime64:
        if not isinstance(value, str | date | np.datetime64):
            raise Unfit
        found = value if isinstance(value, np.datetime64) else _read(np.datetime64, value)
        if np.isnat(found):
            raise Unfit
        return found

    return Rule(take, "a date such as '2019-07-06'")


def _path_rule(kind: type[Path]) -> Rule:
    def take(value: Any) -> Any:
        return kind(value) if isinstance(value, str) and value else rule(Path).take(value)

    return Rule(take, "a path")


def _read(parse: Callable[[Any], T], value: Any) -> T:
    try:
        return parse(value)
    except (ValueError, TypeError, OverflowError):
        raise Unfit from None


def _is(base: type, annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, base)


#: Types whose plain form is another type: a test of the annotation, and the rule that accepts both forms.
PLAIN_RULES: tuple[tuple[Callable[[Any], bool], Callable[[Any], Rule]], ...] = (
    (is_enum, _enum_rule),
    (partial(_is, date), _date_rule),
    (partial(_is, np.datetime64), _moment_rule),
    (partial(_is, Path), _path_rule),
)
