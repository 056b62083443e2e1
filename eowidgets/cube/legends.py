"""Legends of the quality bands, as CF flag attributes with colours.

Classes as published: Sentinel-2 L2A scene classification (with the colours of the product specification) and the
Fmask classes of the Australian and USGS surface reflectance products; bits of Landsat Collection 2 QA_PIXEL,
HLS Fmask and Sentinel-2 QA60.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr


def _classes(*classes: tuple[int, str, str]) -> dict[str, Any]:
    return {
        "flag_values": np.array([value for value, _, _ in classes], "uint8"),
        "flag_meanings": " ".join(name for _, name, _ in classes),
        "colors": " ".join(color for _, _, color in classes),
    }


def _bits(dtype: str, *bits: tuple[int, str]) -> dict[str, Any]:
    return {
        "flag_masks": np.array([1 << bit for bit, _ in bits], dtype),
        "flag_meanings": " ".join(name for _, name in bits),
    }


#: Flag attributes by the common name of the quality band.
LEGENDS: Mapping[str, Mapping[str, Any]] = {
    "scl": _classes(
        (0, "no_data", "#000000"),
        (1, "saturated_or_defective", "#ff0000"),
        (2, "topographic_casted_shadows", "#2f2f2f"),
        (3, "cloud_shadows", "#643200"),
        (4, "vegetation", "#00a000"),
        (5, "not_vegetated", "#ffe65a"),
        (6, "water", "#0000ff"),
        (7, "unclassified", "#808080"),
        (8, "cloud_medium_probability", "#c0c0c0"),
        (9, "cloud_high_probability", "#ffffff"),
        (10, "thin_cirrus", "#64c8ff"),
        (11, "snow_or_ice", "#ff96ff"),
    ),
    "oa_fmask": _classes(
        (0, "no_data", "#000000"),
        (1, "clear", "#00a000"),
        (2, "cloud", "#ffffff"),
        (3, "cloud_shadow", "#643200"),
        (4, "snow", "#ff96ff"),
        (5, "water", "#0000ff"),
    ),
    "fmask": _bits(
        "uint8",
        *((0, "cirrus"), (1, "cloud"), (2, "adjacent_to_cloud_or_shadow"), (3, "cloud_shadow"), (4, "snow_or_ice")),
        (5, "water"),
    ),
    "qa_pixel": _bits(
        "uint16",
        *((0, "fill"), (1, "dilated_cloud"), (2, "cirrus"), (3, "cloud"), (4, "cloud_shadow"), (5, "snow")),
        *((6, "clear"), (7, "water")),
    ),
    "qa60": _bits("uint16", (10, "opaque_clouds"), (11, "cirrus_clouds")),
}


def with_legends(cube: xr.Dataset) -> xr.Dataset:
    """Add flag attributes to the quality bands that have none; values are not touched."""
    found = cube.copy()
    for name in cube.data_vars:
        attrs = found[name].attrs
        if attrs.get("role") == "quality" and not {"flag_values", "flag_masks"} & set(attrs):
            found[name].attrs = {**attrs, **LEGENDS.get(str(name), {})}
    return found


def is_classes(values: xr.DataArray) -> bool:
    """Return whether a variable is a class map: uint8 with ``flag_values``."""
    return values.dtype == np.uint8 and "flag_values" in values.attrs


def class_values(attrs: Mapping[Any, Any]) -> Sequence[int]:
    """Return the class values of flag attributes."""
    return [int(v) for v in np.atleast_1d(attrs.get("flag_values", []))]
