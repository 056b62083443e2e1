"""Pins and polygons as traits: checked, and each with a distinct colour."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import traitlets

from eowidgets.cube.area import Area
from eowidgets.errors import InputError
from eowidgets.render.colormaps import hex_color

#: Okabe and Ito's colours, safe for colour-blind eyes; their vermilion is used for the area.
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#f0e442")
AREA_COLOR = "#d55e00"
#: Names of colours, hexadecimal ones and functions of numbers.
_CSS = re.compile(r"[a-zA-Z]{3,25}|#[0-9a-fA-F]{3,8}|(rgb|hsl)a?\([0-9.,%/ ]{5,40}\)")


def free_color(used: Iterable[Any]) -> str:
    """Return the first unused colour; if all are used, start again from the first."""
    taken = list(used)
    return next((c for c in COLORS if c not in taken), COLORS[len(taken) % len(COLORS)])


def checked_color(color: Any) -> str:
    """Return a colour that style sheets understand.

    Raises
    ------
    InputError
        For anything else, such as markup.
    """
    if isinstance(color, str) and _CSS.fullmatch(color.strip()):
        return color.strip()
    found = hex_color(color)
    if found is None:
        raise InputError(f"{str(color)[:40]!r} is not a colour: write it as '#rrggbb', or a name such as 'orange'.")
    return found


class PinsTrait(traitlets.List[Any]):
    """``{"lon", "lat", "color", "name"}`` in degrees, or ``{"x", "y", "color"}`` in pixels where a cube has no CRS."""

    info_text = "a list of pins"

    def validate(self, obj: Any, value: Any) -> Any:
        """Refuse pins without a place; add a colour to those without one."""
        pins: list[dict[str, Any]] = []
        for pin in super().validate(obj, value) or []:
            axes = ("x", "y") if isinstance(pin, Mapping) and "x" in pin else ("lon", "lat")
            try:
                place = {axis: float(pin[axis]) for axis in axes}
            except (KeyError, TypeError, ValueError):
                place = {}
            if not place or not all(math.isfinite(v) for v in place.values()):
                raise InputError(f'A pin is a mapping like {{"lon": 24.01, "lat": 45.85}}, not {str(pin)[:60]!r}.')
            name = {"name": str(pin["name"])[:80]} if pin.get("name") else {}
            rest = {k: v for k, v in pin.items() if k != "name"}
            pins.append({**rest, **place, "color": _color(pin, pins), **name})
        return pins


class PolygonsTrait(traitlets.List[Any]):
    """``{"geometry", "color", "name"}`` with GeoJSON in degrees; may be set to a list of whatever ``eow.Area.of`` takes."""

    info_text = "a list of polygons"

    def validate(self, obj: Any, value: Any) -> Any:
        """Convert each to GeoJSON with a colour; refuse values that are not an area in one sentence."""
        polygons: list[dict[str, Any]] = []
        for given in super().validate(obj, value) or []:
            own = isinstance(given, Mapping) and "geometry" in given and "type" not in given
            area = Area.of(given["geometry"] if own else given)
            color = _color(given if own else {}, polygons)
            name = str(given.get("name") or "polygon" if own else area.name.replace("area", "polygon"))[:80]
            polygons.append({"geometry": area.geojson, "color": color, "name": name})
        return polygons


def _color(given: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> str:
    color = given.get("color")
    missing = color is None or (isinstance(color, str) and not color)
    return free_color(p["color"] for p in others) if missing else checked_color(color)
