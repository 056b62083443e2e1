"""The view of a viewer as a short text, which a page reads from its address and another viewer opens."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

from eowidgets.errors import EowidgetsError, InputError, shown, unknown

if TYPE_CHECKING:
    from eowidgets.widgets.viewer.time_viewer import TimeViewer

_TEXTS = ("date", "index", "cmap", "stretch", "clouds", "compare_mode", "compare_date")
_NUMBERS = ("vmin", "vmax", "gamma", "swipe")
_LISTS = ("bands", "selection")
#: Left out of a link if they have the value of a new viewer.
_USUAL = {
    "cmap": "viridis",
    "stretch": "percentile",
    "clouds": "show",
    "compare_mode": "none",
    "gamma": 1.0,
    "swipe": 0.5,
}
#: Decimal places of degrees: a decimetre on the ground.
_DEGREES = 6
#: Longer links are cut by mail programs.
_LONGEST = 8000


def link_of(viewer: TimeViewer) -> str:
    """Return the view of a viewer as ``#date=...&index=...``; see `TimeViewer.link`."""
    values: dict[str, str] = {}
    for name in (*_TEXTS, *_NUMBERS, *_LISTS):
        value = getattr(viewer, name)
        unused = name == "compare_date" and viewer.compare_mode == "none"
        unused |= name == "bands" and bool(viewer.index)
        if value in (None, "", []) or value == _USUAL.get(name) or unused:
            continue
        values[name] = ",".join(value) if name in _LISTS else str(value)
    if viewer.bounds:
        values["view"] = ",".join(f"{v:.10g}" for v in viewer.bounds)
    pins = [p for p in viewer.pins if "lon" in p]
    if pins:
        values["pins"] = ";".join(f"{_short(p['lon'])},{_short(p['lat'])}" for p in pins)
    return "#" + urlencode(values, safe=",;:", quote_via=quote)


def open_link(viewer: TimeViewer, text: str) -> None:
    """Show the view of a link; see `TimeViewer.open_link`."""
    if len(text) > _LONGEST:
        raise InputError(f"The link has {len(text)} characters, more than {_LONGEST}: copy it again.")
    traits = _traits(text)
    before = {name: getattr(viewer, name) for name in traits}
    try:
        for name, value in traits.items():
            setattr(viewer, name, value)
    except EowidgetsError:
        for name, value in before.items():
            setattr(viewer, name, value)
        raise


def _traits(text: str) -> dict[str, Any]:
    """Read the traits of a viewer from a link or the part of it behind ``#``; numbers are checked here, names later."""
    pairs = parse_qsl(text.rpartition("#")[2])
    names = (*_TEXTS, *_NUMBERS, *_LISTS, "view", "pins")
    traits: dict[str, Any] = {}
    for name, value in pairs:
        if name not in names:
            raise unknown("part of a link", name, names)
        if name in _LISTS:
            traits[name] = value.split(",")
        elif name in _TEXTS:
            traits[name] = value
        elif name == "pins":
            traits["pins"] = [dict(zip(("lon", "lat"), _numbers(p, 2, name), strict=True)) for p in value.split(";")]
        else:
            numbers = _numbers(value, 4 if name == "view" else 1, name)
            traits["bounds" if name == "view" else name] = numbers if name == "view" else numbers[0]
    if not traits:
        raise InputError(f"The link {shown(text)} has no view: copy it again from the tab Share.")
    if "bands" in traits:
        traits.setdefault("index", None)
    return traits


def _numbers(text: str, count: int, name: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count or not all(map(math.isfinite, values)):
        raise InputError(f"The part {name} of the link is {shown(text)}, not {count} numbers: copy the link again.")
    return values


def _short(degrees: float) -> str:
    return f"{degrees:.{_DEGREES}f}".rstrip("0").rstrip(".")
