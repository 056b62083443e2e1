"""Define the parameters of a model: fields of a frozen dataclass with unit, bounds and help."""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from annotated_types import Interval

from eowidgets.annotations import hints
from eowidgets.arguments import checked, take
from eowidgets.contract.plain import PLAIN_RULES, choice_rule, is_enum
from eowidgets.errors import unknown
from eowidgets.rules import Rule, rule

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class NoParams:
    """Parameters of a model without parameters."""


@checked
def param(
    default: Any,
    *,
    help: str,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    choices: tuple[Any, ...] | None = None,
    label: str = "",
) -> Any:
    """Declare a field of a ``Params`` dataclass, with what a panel needs to show a control for it.

    The annotation of the field decides which values are accepted and which control a panel shows: ``bool``, ``int``,
    ``float``, ``str``, ``Literal``, an ``Enum``, a date, a path, ``X | None``, or a tuple of these.

    Parameters
    ----------
    default : Any
        Value of the field when it is not given.
    help : str
        One sentence, shown as the tooltip of the control.
    unit : str
        Appended to the label and to messages.
    low, high : float, optional
        Bounds of a number, or of every number of a tuple; both are allowed values.
    step : float, optional
        Step of the control.
    choices : tuple, optional
        The allowed values, where the annotation does not list them.
    label : str
        Label of the control; by default the name of the field.

    Returns
    -------
    object
        A field of the dataclass ``Params``.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Params:
    ...     months: tuple[int, ...] = param((6, 7, 8), help="Months to use.", low=1, high=12)
    ...     limit: float | None = param(None, help="Threshold; computed from the data if not set.")
    >>> make_params(Params, {"months": [5, 6], "limit": 0.3})
    Params(months=(5, 6), limit=0.3)
    """
    meta = {
        "help": help,
        "unit": unit,
        "low": low,
        "high": high,
        "step": step,
        "choices": choices,
        "label": label,
    }
    return field(default=default, metadata=meta)


def make_params(cls: type[P], values: Mapping[str, Any]) -> P:
    """Build a ``Params`` dataclass from keyword arguments, and check names, types and bounds.

    Values may also be given in their plain form, as :func:`~eowidgets.contract.plain.plain` returns it and JSON stores it:
    a list for a tuple, the value of an enum member, text for a date or a path.

    Raises
    ------
    InputError
        For a name that does not exist (with the nearest ones), a value of another type, or one out
        of bounds.
    """
    params: Any = cls
    known = param_rules(params)
    for name in values:
        if name not in known:
            raise unknown("parameter", name, known)
    return cls(**{name: take(known[name], value, f"The parameter {name!r}") for name, value in values.items()})


@functools.cache
def param_rules(cls: Any) -> dict[str, Rule]:
    """Return the rule of every field of a ``Params`` dataclass, from its annotation and the metadata of :func:`param`."""
    annotations = hints(cls)
    return {f.name: rule_of(annotations[f.name], f.metadata) for f in dataclasses.fields(cls)}


def rule_of(annotation: Any, meta: Mapping[str, Any]) -> Rule:
    """Return the rule of one field.

    Parameters
    ----------
    annotation : type or type expression
    meta : mapping
        Metadata of :func:`param`: ``low``, ``high``, ``unit``, ``choices``.
    """
    if meta.get("choices") is not None:
        return choice_rule(tuple(meta["choices"]))
    number = {kind: _number(kind, meta) for kind in (int, float)}
    return rule(_with_plain_forms(annotation, number))


def _number(kind: type, meta: Mapping[str, Any]) -> Any:
    bounded = rule(Annotated[kind, Interval(ge=meta.get("low"), le=meta.get("high"))])
    return Annotated[kind, replace(bounded, wants=f"{bounded.wants} {meta.get('unit') or ''}".rstrip())]


def _with_plain_forms(annotation: Any, number: Mapping[Any, Any]) -> Any:
    """Replace every leaf of an annotation by one that has bounds and also accepts the plain form of its values."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return Annotated[annotation, choice_rule(args)]
    if origin is Annotated:
        return Annotated[_with_plain_forms(args[0], number), *args[1:]]
    inner = tuple(a if a is Ellipsis else _with_plain_forms(a, number) for a in args)
    if origin in (Union, types.UnionType):  # try the value of an enum member before an equal text
        return Union[tuple(sorted(inner, key=lambda a: not is_enum(a)))]  # noqa: UP007  (| needs two types, not a tuple)
    if origin is tuple:
        return types.GenericAlias(tuple, inner)
    if annotation in number:
        return number[annotation]
    found = next((make(annotation) for fits, make in PLAIN_RULES if fits(annotation)), None)
    return annotation if found is None else Annotated[annotation, found]
