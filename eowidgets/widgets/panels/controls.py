"""Controls built from a model's parameters: what ``param(...)`` says of a field becomes a widget."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import ipywidgets

from eowidgets.contract.model import Model
from eowidgets.cube.area import Area
from eowidgets.errors import InputError

_STYLE = {"description_width": "initial"}


def controls_for(model: type[Model]) -> dict[str, ipywidgets.Widget]:
    """One control per parameter, in order, with its unit in the label and its help as tooltip."""
    return {f.name: _control(f) for f in dataclasses.fields(model.Params)}


def changed_values(own: Any, controls: Mapping[str, ipywidgets.Widget]) -> dict[str, Any]:
    """What the controls say, where that differs from a model's own parameters."""
    values = {name: control.value for name, control in controls.items()}
    return {name: value for name, value in values.items() if value != getattr(own, name)}


def place_of(where: str, drawn: Mapping[str, Any] | None, area_map: Any, instead: str) -> dict[str, Any] | None:
    """GeoJSON of the drawn ``"area"`` or of the map's ``"view"``; None for the whole cube.

    Raises
    ------
    InputError
        If nothing is drawn or the map shows nothing of the cube; ``instead`` says what else can be done.
    """
    if where == "area":
        if drawn is None:
            raise InputError(f"No area is drawn: draw one on the map, or {instead}.")
        return dict(drawn)
    if where == "view":
        view: Area | None = area_map.view_area()
        if view is None:
            raise InputError(f"The map shows nothing of the cube: move it back, or {instead}.")
        return view.geojson
    return None


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
