"""Convert annotations to rules: accepted values, their conversion, and their description in words."""

from __future__ import annotations

import math
import os
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import islice
from numbers import Real
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np
from annotated_types import Ge, GroupedMetadata, Gt, Le, Lt, MaxLen, MinLen, MultipleOf, Predicate

#: Largest accepted whole number.
_LARGEST = 2**63
#: Largest number of elements read from an iterator, which may be endless.
_MOST = 100_000
#: Descriptions of the objects of some classes.
_KINDS = {
    "Dataset": "an xarray Dataset, such as eow.open(...) returns",
    "DataArray": "an xarray DataArray",
    "Module": "a torch.nn.Module",
    "Path": "a path",
    "Task": "a task such as eow.Task.SEGMENT",
    "date": "a date",
    "datetime64": "a date",
    "GeoInterface": "a shapely geometry or GeoDataFrame",
    "ndarray": "an array",
}


class Unfit(Exception):
    """A value that a rule does not accept."""


@dataclass(frozen=True)
class Rule:
    """The accepted values of a parameter.

    Attributes
    ----------
    take : callable
        Returns the converted value; raises :class:`Unfit`.
    wants : str
        Description of the accepted values, as the words after "give".
    """

    take: Callable[[Any], Any]
    wants: str


def rule(annotation: Any) -> Rule:
    """Return the rule of an annotation; one that cannot be checked accepts everything.

    A :class:`Rule` in the metadata of ``Annotated`` replaces the rule of its type.
    """
    plain = {bool: _BOOL, int: _WHOLE, float: _NUMBER, str: _TEXT, Path: _PATH, None: _NONE, type(None): _NONE}
    if isinstance(annotation, type | None) and annotation in plain:
        return plain[annotation]
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        own = next((part for part in args[1:] if isinstance(part, Rule)), None)
        return _annotated(own or rule(args[0]), args[1:])
    if origin in (Union, types.UnionType):
        return _union([rule(a) for a in args])
    if origin is Literal:
        return _literal(args)
    return _generic(annotation, origin, args)


def _generic(annotation: Any, origin: Any, args: tuple[Any, ...]) -> Rule:
    kind = origin or annotation
    if kind is tuple and args and args[-1] is not Ellipsis:
        return _fixed([rule(a) for a in args])
    if kind in (tuple, list, Sequence, Collection, Iterable):
        return _several(kind, rule(args[0]) if args else _ANY)
    if kind in (dict, Mapping):
        return _mapping(*(map(rule, args) if args else (_ANY, _ANY)))
    if kind is Callable:
        return Rule(partial(_if, callable), "a function")
    if kind is type:
        base = args[0] if args and isinstance(args[0], type) else object
        return Rule(
            partial(_if, lambda v: isinstance(v, type) and issubclass(v, base)), f"a subclass of {base.__name__}"
        )
    if isinstance(kind, type) and kind not in (Any, object):
        return Rule(partial(_if, lambda v: isinstance(v, kind)), _KINDS.get(kind.__name__) or _article(kind.__name__))
    return _ANY


def _if(fits: Callable[[Any], bool], value: Any) -> Any:
    if not fits(value):
        raise Unfit
    return value


def _article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


# --- plain values -------------------------------------------------------------------------------------------------


def _scalar(value: Any) -> Any:
    """Return the Python value of a number or truth value of numpy or xarray."""
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind and kind in "biufc" and getattr(value, "ndim", None) == 0:
        return value.item()
    return value


def number(value: Any) -> float:
    """Return a finite real number; a bool is refused."""
    value = _scalar(value)
    if isinstance(value, bool | np.generic) or not isinstance(value, Real | Decimal):
        raise Unfit
    try:
        found = float(value)
    except (OverflowError, ValueError):
        raise Unfit from None
    if not math.isfinite(found):
        raise Unfit
    return found


def whole(value: Any) -> int:
    """Return a whole number; a float of the same value counts as one."""
    found = number(value)
    if found != int(found) or abs(found) >= _LARGEST:
        raise Unfit
    value = _scalar(value)
    return value if type(value) is int else int(value)


def _number(value: Any) -> float:
    found = number(value)
    return value if type(value) in (int, float) else found


def _truth(value: Any) -> bool:
    value = _scalar(value)
    if not isinstance(value, bool):
        raise Unfit
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit
    return str(value) if isinstance(value, np.str_) else value


def _path(value: Any) -> Path:
    if isinstance(value, os.PathLike) and isinstance(name := os.fspath(value), str):
        return value if isinstance(value, Path) else Path(name)
    raise Unfit


_ANY = Rule(lambda value: value, "any value")
_BOOL = Rule(_truth, "True or False")
_WHOLE = Rule(whole, "a whole number")
_NUMBER = Rule(_number, "a number")
_TEXT = Rule(_text, "a text")
_PATH = Rule(_path, "a path")
_NONE = Rule(partial(_if, lambda value: value is None), "None")


def _literal(choices: tuple[Any, ...]) -> Rule:
    def take(value: Any) -> Any:
        value = _scalar(value)
        for choice in choices:
            if isinstance(value, type(choice)) and type(value == choice) is bool and value == choice:
                return choice
        raise Unfit

    return Rule(take, one_of([repr(c) for c in choices]))


def one_of(words: Sequence[str]) -> str:
    """Return words joined by commas and a final 'or', each once."""
    words = list(dict.fromkeys(words))
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


# --- composed -----------------------------------------------------------------------------------------------------


def _union(rules: list[Rule]) -> Rule:
    if any(r is _ANY for r in rules):
        return _ANY

    def take(value: Any) -> Any:
        for one in rules:
            try:
                return one.take(value)
            except Unfit:
                continue
        raise Unfit

    return Rule(take, one_of([r.wants for r in rules]))


def _several(kind: type, each: Rule) -> Rule:
    def take(value: Any) -> Any:
        found = map(each.take, _elements(value, kind))
        return tuple(found) if kind is tuple or isinstance(value, tuple) else list(found)

    return Rule(take, "a sequence" if each is _ANY else f"a sequence, each of it {each.wants}")


def _elements(value: Any, kind: type) -> list[Any]:
    """Return the elements of a sequence; text, bytes and mappings are refused."""
    if isinstance(value, str | bytes | bytearray | Mapping):
        raise Unfit
    listed = hasattr(value, "__len__") and hasattr(value, "__getitem__")
    if getattr(value, "ndim", 1) != 1 or not (listed or kind in (Iterable, Collection)):
        raise Unfit
    try:
        found = list(islice(iter(value), _MOST + 1))
    except TypeError:
        raise Unfit from None
    if len(found) > _MOST:
        raise Unfit
    return found


def _fixed(rules: list[Rule]) -> Rule:
    def take(value: Any) -> tuple[Any, ...]:
        found = _elements(value, Sequence)
        if len(found) != len(rules):
            raise Unfit
        return tuple(r.take(v) for r, v in zip(rules, found, strict=True))

    words = rules[0].wants if len({r.wants for r in rules}) == 1 else one_of([r.wants for r in rules])
    return Rule(take, f"{len(rules)} values, each {words}")


def _mapping(keys: Rule, values: Rule) -> Rule:
    def take(value: Any) -> Any:
        if not isinstance(value, Mapping) or hasattr(value, "dims"):  # a Dataset is a mapping of its variables
            raise Unfit
        for key, one in value.items():
            keys.take(key)
            values.take(one)
        return value

    return Rule(take, "a mapping" if values is _ANY else f"a mapping to {values.wants}")


# --- bounds -------------------------------------------------------------------------------------------------------


def _annotated(base: Rule, metadata: Iterable[Any]) -> Rule:
    parts: list[Any] = []
    for part in metadata:
        parts += list(part) if isinstance(part, GroupedMetadata) else [part]
    tests = [t for t in (_TESTS.get(type(p), lambda _: None)(p) for p in parts) if t is not None]

    def take(value: Any) -> Any:
        found = base.take(value)
        if found is not None and not all(test(found) for test in tests):
            raise Unfit
        return found

    documented = [p.documentation for p in parts if hasattr(p, "documentation")]
    return Rule(take, documented[-1] if documented else f"{base.wants}{_bounds(parts)}")


_TESTS: dict[type, Callable[[Any], Callable[[Any], bool]]] = {
    Ge: lambda p: lambda v: bool(v >= p.ge),
    Gt: lambda p: lambda v: bool(v > p.gt),
    Le: lambda p: lambda v: bool(v <= p.le),
    Lt: lambda p: lambda v: bool(v < p.lt),
    MultipleOf: lambda p: lambda v: bool(v % p.multiple_of == 0),
    MinLen: lambda p: lambda v: len(v) >= p.min_length,
    MaxLen: lambda p: lambda v: len(v) <= p.max_length,
    Predicate: lambda p: lambda v: bool(p.func(v)),
}


def _bounds(parts: list[Any]) -> str:
    low = next((f"{p.ge:g}" for p in parts if isinstance(p, Ge)), None)
    above = next((f"{p.gt:g}" for p in parts if isinstance(p, Gt)), None)
    high = next((f"{p.le:g}" for p in parts if isinstance(p, Le)), None)
    below = next((f"{p.lt:g}" for p in parts if isinstance(p, Lt)), None)
    if low is not None and high is not None:
        return f" from {low} to {high}"
    words = [f"of at least {low}"] if low is not None else [f"above {above}"] if above is not None else []
    words += [f"of at most {high}"] if high is not None else [f"below {below}"] if below is not None else []
    return f" {' and '.join(words)}" if words else ""
