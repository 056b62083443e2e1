"""Parameters of a model: fields of a frozen dataclass with unit, bounds and help."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, TypeVar

from annotated_types import Interval

from eowidgets.annotations import hints
from eowidgets.arguments import checked, take
from eowidgets.errors import unknown
from eowidgets.rules import Rule, rule

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class NoParams:
    """Parameters of a model that has none."""


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
    """Declare a field of a ``Params`` dataclass, with what a panel needs to make a control of it."""
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
    """Build a ``Params`` dataclass from keyword arguments, checking names, types and bounds.

    Raises
    ------
    InputError
        For a name that does not exist (with the nearest ones), a value of another type, or one out
        of bounds.
    """
    params: Any = cls
    known = _param_rules(params)
    for name in values:
        if name not in known:
            raise unknown("parameter", name, known)
    return cls(**{name: take(known[name], value, f"The parameter {name!r}") for name, value in values.items()})


@functools.cache
def _param_rules(cls: Any) -> dict[str, Rule]:
    """Return the rule of every field of a ``Params`` dataclass, from its annotation and what :func:`param` adds to it."""
    annotations = hints(cls)
    return {f.name: _param_rule(annotations[f.name], f) for f in dataclasses.fields(cls)}


def _param_rule(annotation: Any, spec: dataclasses.Field[Any]) -> Rule:
    meta = spec.metadata
    choices, low, high, unit = (meta.get(key) for key in ("choices", "low", "high", "unit"))
    if choices is not None:
        return rule(Literal[tuple(choices)])
    bounded = rule(Annotated[annotation, Interval(ge=low, le=high)])
    return replace(bounded, wants=f"{bounded.wants} {unit or ''}".rstrip())
