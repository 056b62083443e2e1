"""Pins and polygons as traits: checked, and each with a colour of its own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import traitlets

from eowidgets.cube.area import Area
from eowidgets.errors import InputError

#: Okabe and Ito's colours, safe for colour-blind eyes; their vermilion is that of the area everywhere.
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#f0e442")
AREA_COLOR = "#d55e00"


def free_color(used: Iterable[Any]) -> str:
    """Give the first colour that nothing has yet; when all are taken, begin anew."""
    taken = list(used)
    return next((c for c in COLORS if c not in taken), COLORS[len(taken) % len(COLORS)])


class PinsTrait(traitlets.List[Any]):
    """``{"lon", "lat", "color"}`` in degrees, or ``{"x", "y", "color"}`` in pixels where a cube has no CRS."""

    info_text = "a list of pins"

    def validate(self, obj: Any, value: Any) -> Any:
        """Refuse what has no place; give a colour to those without one."""
        pins: list[dict[str, Any]] = []
        for pin in super().validate(obj, value) or []:
            axes = ("x", "y") if isinstance(pin, Mapping) and "x" in pin else ("lon", "lat")
            try:
                place = {axis: float(pin[axis]) for axis in axes}
            except (KeyError, TypeError, ValueError):
                place = {}
            if not place or not all(math.isfinite(v) for v in place.values()):
                raise InputError(f'A pin is a mapping like {{"lon": 24.01, "lat": 45.85}}, not {str(pin)[:60]!r}.')
            pins.append({**pin, **place, "color": pin.get("color") or free_color(p["color"] for p in pins)})
        return pins


class PolygonsTrait(traitlets.List[Any]):
    """``{"geometry", "color", "name"}`` with GeoJSON in degrees; may be set to a list of whatever ``eow.Area.of`` takes."""

    info_text = "a list of polygons"

    def validate(self, obj: Any, value: Any) -> Any:
        """Turn each into GeoJSON with a colour; what is no area is refused in one sentence."""
        polygons: list[dict[str, Any]] = []
        for given in super().validate(obj, value) or []:
            own = isinstance(given, Mapping) and "geometry" in given and "type" not in given
            area = Area.of(given["geometry"] if own else given)
            color = (given.get("color") if own else None) or free_color(p["color"] for p in polygons)
            name = str(given.get("name") or "polygon" if own else area.name.replace("area", "polygon"))[:80]
            polygons.append({"geometry": area.geojson, "color": color, "name": name})
        return polygons
