"""Colour tables of class maps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from eowidgets.cube.export.layers import NO_CLASS
from eowidgets.cube.legends import class_values

COLOR = re.compile("#[0-9a-fA-F]{6}")


def colors(attrs: Mapping[Any, Any]) -> dict[int, tuple[int, int, int, int]]:
    """Return the colour table of a class map, from ``flag_values`` and ``colors`` in its attributes; nodata is transparent."""
    values = class_values(attrs)
    words = str(attrs.get("colors", "")).split()
    if not values or len(words) != len(values) or not all(COLOR.fullmatch(word) for word in words):
        return {}
    table = {v: (int(w[1:3], 16), int(w[3:5], 16), int(w[5:7], 16), 255) for v, w in zip(values, words, strict=True)}
    return {NO_CLASS: (0, 0, 0, 0), **table}
