"""Controls built from a model's parameters: what ``param(...)`` says of a field becomes a widget."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import ipywidgets

from eowidgets.models.base import Model

_STYLE = {"description_width": "initial"}


def controls_for(model: type[Model]) -> dict[str, ipywidgets.Widget]:
    """One control per parameter, in order, with its unit in the label and its help as tooltip."""
    return {f.name: _control(f) for f in dataclasses.fields(model.Params)}


def changed_values(own: Any, controls: Mapping[str, ipywidgets.Widget]) -> dict[str, Any]:
    """What the controls say, where that differs from a model's own parameters."""
    values = {name: control.value for name, control in controls.items()}
    return {name: value for name, value in values.items() if value != getattr(own, name)}


def _control(field: dataclasses.Field[Any]) -> ipywidgets.Widget:
    meta, default = field.metadata, field.default
    unit = f" ({meta['unit']})" if meta.get("unit") else ""
    label = (meta.get("label") or field.name.replace("_", " ")) + unit
    common = {
        "description": label,
        "tooltip": meta.get("help", ""),
        "style": _STYLE,
        "layout": ipywidgets.Layout(width="auto"),
    }
    if meta.get("choices"):
        return ipywidgets.Dropdown(options=list(meta["choices"]), value=default, **common)
    if isinstance(default, bool):
        return ipywidgets.Checkbox(value=default, indent=False, **common)
    if isinstance(default, int | float):
        kind = "Int" if isinstance(default, int) else "Float"
        low, high = meta.get("low"), meta.get("high")
        if low is None or high is None:
            return getattr(ipywidgets, f"{kind}Text")(value=default, **common)
        step = {"step": meta["step"]} if meta.get("step") else {}
        return getattr(ipywidgets, f"Bounded{kind}Text")(value=default, min=low, max=high, **step, **common)
    return ipywidgets.Text(value=str(default), **common)
