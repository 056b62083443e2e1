"""Types of the keyword arguments of the map."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

Basemap = Literal["streets", "light", "dark", "imagery", "terrain"]


class MapOptions(TypedDict, total=False):
    """Keyword arguments of ``AreaMap`` that are traits of ``ipyleaflet.Map``."""

    center: tuple[float, float] | list[float]
    zoom: float
    min_zoom: float
    max_zoom: float
    zoom_snap: float
    zoom_delta: float
    zoom_control: bool
    attribution_control: bool
    dragging: bool
    touch_zoom: bool
    scroll_wheel_zoom: bool
    double_click_zoom: bool
    box_zoom: bool
    keyboard: bool
    inertia: bool
    world_copy_jump: bool
    fullscreen: bool
    layout: Any
