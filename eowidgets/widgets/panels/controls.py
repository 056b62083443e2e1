"""Build the controls of a panel from the parameters of a model: the annotation of a field determines its widget."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import ipywidgets
from annotated_types import Ge, GroupedMetadata, Gt, Le, Lt

from eowidgets.annotations import hints
from eowidgets.contract.params import make_params, rule_of
from eowidgets.contract.plain import plain
from eowidgets.widgets.panels.fields import OptionalField, ParsedText, format_value, parse_value

_STYLE = {"description_width": "initial"}


def controls_for(params: Any) -> dict[str, Any]:
    """Return one control per parameter, in order, with its unit in the label and its help as tooltip.

    Parameters
    ----------
    params : instance of a ``Params`` dataclass
        Its values are those that the controls show first.

    Returns
    -------
    dict
        Name to widget; ``value`` of each widget is the value of the parameter, or the raw input if it is invalid.
    """
    annotations = hints(type(params))
    return {f.name: _control(f, annotations[f.name], getattr(params, f.name)) for f in dataclasses.fields(params)}


def changed_values(own: Any, controls: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the controls that differ from a model's own parameters.

    Raises
    ------
    InputError
        If a control holds an invalid value.
    """
    entered = {name: control.value for name, control in controls.items() if control.value != getattr(own, name)}
    params = make_params(type(own), entered)
    return {name: getattr(params, name) for name in entered if getattr(params, name) != getattr(own, name)}


def _control(spec: dataclasses.Field[Any], annotation: Any, value: Any) -> Any:
    meta = spec.metadata
    unit = f" ({meta['unit']})" if meta.get("unit") else ""
    common = {
        "description": (meta.get("label") or spec.name.replace("_", " ")) + unit,
        "tooltip": meta.get("help", ""),
        "style": _STYLE,
        "layout": ipywidgets.Layout(width="auto"),
    }
    return _field(annotation, dict(meta), value, common)


def _field(annotation: Any, meta: dict[str, Any], value: Any, common: dict[str, Any]) -> Any:
    """Return the widget of an annotation."""
    if get_origin(annotation) is Annotated:
        base, *parts = get_args(annotation)
        return _field(base, {k: v for k, v in meta.items() if v is not None} | _bounds(parts), value, common)
    annotation = type(value) if annotation is Any else annotation
    choices = tuple(meta.get("choices") or _choices(annotation))
    members = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else ()
    if value is None or None in choices or type(None) in members:
        return _nullable(
            annotation, meta | {"choices": tuple(c for c in choices if c is not None) or None}, value, common
        )
    if choices:
        return _dropdown(choices, value, common)
    if annotation is bool:
        return ipywidgets.Checkbox(value=value, indent=False, **common)
    if annotation in (int, float) or (members and set(members) <= {int, float}):
        return _number(int if annotation is int else float, meta, value, common)
    if annotation is str:
        return ipywidgets.Text(value=value, **common)
    if annotation is date:
        return ipywidgets.DatePicker(value=value, **common)
    rule = rule_of(annotation, meta)
    return ParsedText(value, lambda text: parse_value(annotation, rule, text), format_value, **common)


def _nullable(annotation: Any, meta: dict[str, Any], value: Any, common: dict[str, Any]) -> Any:
    """Return the widget of ``X | None``: an empty date is None, and any other field has a check box."""
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = Union[tuple(a for a in get_args(annotation) if a is not type(None))]  # noqa: UP007  (from a tuple)
    if annotation is date:
        return ipywidgets.DatePicker(value=value, **common)
    start = _start(annotation, meta) if value is None else value
    return OptionalField(_field(annotation, meta, start, common), value)


def _start(annotation: Any, meta: Mapping[str, Any]) -> Any:
    """Return the value that a field shows while its parameter is None."""
    if get_origin(annotation) is Annotated:
        base, *parts = get_args(annotation)
        return _start(base, {**meta, **_bounds(parts)})
    choices = meta.get("choices") or _choices(annotation)
    if choices:
        return next(c for c in choices if c is not None)
    if annotation in (int, float):
        low, high = (meta.get(k) for k in ("low", "high"))
        return annotation(low if low is not None else min(0, high or 0))
    return False if annotation is bool else () if get_origin(annotation) is tuple else ""


def _choices(annotation: Any) -> tuple[Any, ...]:
    """Return the values that an annotation lists."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(annotation)
    return ()


def _dropdown(choices: tuple[Any, ...], value: Any, common: Mapping[str, Any]) -> ipywidgets.Dropdown:
    listed = choices if value in choices else (*choices, value)
    return ipywidgets.Dropdown(options=[(str(plain(c)), c) for c in listed], value=value, **common)


def _number(kind: type, meta: Mapping[str, Any], value: Any, common: Mapping[str, Any]) -> ipywidgets.Widget:
    name = "Int" if kind is int else "Float"
    low, high = meta.get("low"), meta.get("high")
    if low is None or high is None:
        return getattr(ipywidgets, f"{name}Text")(value=value, **common)
    step = {"step": meta["step"]} if meta.get("step") else {}
    return getattr(ipywidgets, f"Bounded{name}Text")(value=value, min=low, max=high, **step, **common)


def _bounds(parts: list[Any]) -> dict[str, Any]:
    """Return the closed bounds that the metadata of an annotation states."""
    single = [p for part in parts for p in (part if isinstance(part, GroupedMetadata) else [part])]
    found: dict[str, Any] = {}
    for part in single:
        found |= {"low": part.ge} if isinstance(part, Ge) else {"high": part.le} if isinstance(part, Le) else {}
    # A bounded widget cannot exclude its ends: an open bound is checked when the value is used.
    return {} if any(isinstance(p, Gt | Lt) for p in single) else found
