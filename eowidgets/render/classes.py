"""Classes of a band: the values, names and colours of a legend."""

from __future__ import annotations

import colorsys
import re
from itertools import zip_longest
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.render.colormaps import CATEGORIES, hex_color

#: Classes are drawn through a table of 256 colours.
MOST = 256


class ClassRow(TypedDict):
    """One row of a legend."""

    value: int
    name: str
    color: str


def classes_of(band: xr.DataArray, found: npt.NDArray[np.integer] | None = None) -> list[ClassRow]:
    """Return the classes of a band; empty for numbers.

    Parameters
    ----------
    band : DataArray
        CF attributes: ``flag_values`` and ``flag_meanings`` for classes, ``flag_masks`` and ``flag_meanings`` for bits;
        and ``colors``, one ``#rrggbb`` or ``#rrggbbaa`` for each value.
    found : ndarray of int, optional
        Values that occur. They become classes of a band whose attributes list none; of bits, the name of a value is
        that of all its bits.

    Returns
    -------
    list of dict
        ``value``, ``name``, ``color``; colours that the attributes lack are categorical ones.
    """
    attrs = band.attrs
    meanings = [str(m).replace("_", " ") for m in _listed(attrs.get("flag_meanings"))]
    if "flag_values" in attrs and "flag_masks" not in attrs:
        values = [int(v) for v in _numbers(attrs["flag_values"])]
        names = meanings + [str(v) for v in values[len(meanings) :]]
        colors = _listed(attrs.get("colors"))
    elif found is not None:
        values, colors = [int(v) for v in found], []
        masks = [int(m) for m in _numbers(attrs.get("flag_masks", []))]
        names = [_bits(v, masks, meanings) if masks else str(v) for v in values]
    else:
        return []
    if any(not 0 <= v < MOST for v in values):
        return []
    safe = distinct(len(values))
    given = [_with_alpha(c) for c in colors] if len(colors) == len(values) else []
    colors = [c or other for c, other in zip_longest(given, safe)]
    return [{"value": v, "name": n, "color": c} for v, n, c in zip(values, names, colors, strict=False)]


def distinct(count: int) -> list[str]:
    """Return different colours, those of a colour-blind-safe palette first."""
    if count <= len(CATEGORIES):
        return list(CATEGORIES[:count])
    out = []
    for i in range(count):
        r, g, b = colorsys.hsv_to_rgb(i / count, (0.85, 0.5)[i % 2], (0.95, 0.7, 0.5)[i % 3])
        out.append(f"#{round(255 * r):02x}{round(255 * g):02x}{round(255 * b):02x}")
    return out


def most_frequent(values: npt.NDArray[Any]) -> float:
    """Return the value that occurs most often, the smallest in a tie; NaN without values."""
    if not values.size:
        return float("nan")
    found, counts = np.unique(values, return_counts=True)
    return float(found[counts.argmax()])


def _bits(value: int, masks: list[int], meanings: list[str]) -> str:
    names = [n for m, n in zip(masks, meanings, strict=False) if value & m]
    return " + ".join(names) or "no flag"


def _listed(text: Any) -> list[Any]:
    """Return the words of a text or of a list as other libraries write it; an empty list for anything else."""
    if isinstance(text, str):
        return text.split()
    return list(text) if isinstance(text, list | tuple | np.ndarray) else []


def _numbers(values: Any) -> npt.NDArray[Any]:
    """Return the numbers of an array, a list or a text."""
    if isinstance(values, str):
        values = values.replace(",", " ").split()
    numbers = [str(v).rstrip("bBsSlLuU") if isinstance(v, str) else v for v in np.atleast_1d(values)]
    try:
        return np.array([int(float(v)) for v in numbers], int)
    except (TypeError, ValueError, OverflowError):
        return np.zeros(0, int)


def _with_alpha(color: Any) -> str | None:
    """Return a colour as ``"#rrggbb"``, or ``"#rrggbbaa"`` where it is not opaque."""
    plain = hex_color(color)
    text = str(color).lower()
    translucent = plain is not None and re.fullmatch(r"#[0-9a-f]{8}", text) and not text.endswith("ff")
    return f"{plain}{text[7:]}" if translucent else plain
