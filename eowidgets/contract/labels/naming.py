"""Classes from the values of a column: names, numbers and colours."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from eowidgets.contract.labels.class_info import ClassInfo
from eowidgets.cube.colormaps import CATEGORIES, hex_color, rgb
from eowidgets.errors import InputError, shown

#: Most classes of a class map, which stores the numbers 0 to 254.
MOST = 255
#: Shares of white and of black that are mixed into the colours when there are more classes than colours.
_SHADES = (0.0, 0.45, -0.4, 0.7)

Codes = npt.NDArray[np.int64]


def key(name: str) -> str:
    """Return a name in the form in which names are compared: without case and outer spaces."""
    return " ".join(name.split()).casefold()


def text_of(value: Any, column: str) -> str | None:
    """Return the name of a class as text; None for an empty cell.

    Raises
    ------
    InputError
        For a number that is not whole.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        return " ".join(value.split()) or None
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        if value != int(value):
            raise InputError(
                f"The column {shown(column)} holds numbers such as {value:.6g}, which are not classes: read them as "
                f"numbers with  value={shown(column)}, or choose another column=."
            )
        return str(int(value))
    return None


def classes_of(
    cells: pd.Series, colors: pd.Series | None, numbers: pd.Series | None
) -> tuple[Codes, tuple[ClassInfo, ...], list[str]]:
    """Return the number of the class of each cell, -1 where it has none, the classes, and notes.

    Parameters
    ----------
    cells : Series
        Names or whole numbers.
    colors : Series, optional
        Colours of the same rows.
    numbers : Series, optional
        Numbers of the classes, as this package writes them.
    """
    column = str(cells.name)
    texts = [text_of(value, column) for value in cells]
    spelled: dict[str, Counter[str]] = {}
    for text in texts:
        if text is not None:
            spelled.setdefault(key(text), Counter())[text] += 1
    if len(spelled) > MOST:
        raise InputError(
            f"The column {shown(column)} has {len(spelled)} different values, and a map has at most {MOST} classes: choose "
            "another column=, merge classes, or read numbers with value=...."
        )
    names = {k: found.most_common(1)[0][0] for k, found in spelled.items()}
    keys = [None if text is None else key(text) for text in texts]
    values = _noted(keys, numbers) or _values(names)
    chosen = _chosen(keys, colors)
    order = sorted(names, key=lambda k: values[k])
    classes = tuple(
        ClassInfo(values[k], names[k], color)
        for k, color in zip(order, palette([chosen.get(k) for k in order]), strict=True)
    )
    codes = np.array([-1 if k is None else values[k] for k in keys], np.int64)
    return codes, classes, [_one_class(found) for found in spelled.values() if len(found) > 1]


def given_classes(cells: pd.Series, given: Any) -> tuple[Codes, tuple[ClassInfo, ...]]:
    """Return the number of the class of each cell among the classes that were given; -1 for all others."""
    classes, lookup = listed(given)
    column = str(cells.name)
    texts = (text_of(value, column) for value in cells)
    return np.array([-1 if t is None else lookup.get(key(t), -1) for t in texts], np.int64), classes


def listed(given: Any) -> tuple[tuple[ClassInfo, ...], dict[str, int]]:
    """Return classes that were given as a list or mapping, and their numbers by the value in the column.

    Raises
    ------
    InputError
        If they are not classes, more than 255, or two have the same number or name.
    """
    if isinstance(given, Mapping) and given:
        cells = _first_cells(given)
        whole = all(isinstance(c, int | np.integer) and 0 <= c < MOST for c in cells.values())
        classes = named(list(cells), [int(c) for c in cells.values()] if whole else None)
        by_name = {key(one.name): one.value for one in classes}
        return classes, {key(str(cell)): by_name[key(name)] for cell, name in given.items()}
    if isinstance(given, Sequence) and not isinstance(given, str) and given:
        if all(isinstance(one, ClassInfo) for one in given):
            classes = tuple(given)
            check_classes(classes)
            return classes, {str(c.value): c.value for c in classes} | {key(c.name): c.value for c in classes}
        if all(isinstance(one, str) and one.strip() for one in given):
            classes = named([" ".join(one.split()) for one in given])
            return classes, {key(c.name): c.value for c in classes}
    raise InputError(
        f"classes is {shown(given)}: give names, eow.ClassInfo objects, or a mapping from the values of the column to names."
    )


def named(names: Sequence[str], values: Sequence[int] | None = None) -> tuple[ClassInfo, ...]:
    """Return classes of these names, in colours that remain distinct with colour blindness."""
    if len(names) > MOST:
        raise InputError(f"{len(names)} classes were given, and a map has at most {MOST}: merge some.")
    numbers = range(len(names)) if values is None else values
    classes = tuple(ClassInfo(v, n, c) for v, n, c in zip(numbers, names, palette([None] * len(names)), strict=True))
    check_classes(classes)
    return classes


def check_classes(classes: Sequence[ClassInfo]) -> None:
    """Refuse two classes of the same number or name.

    Raises
    ------
    InputError
    """
    for what, found in (("number", [c.value for c in classes]), ("name", [key(c.name) for c in classes])):
        twice = next((one for one, count in Counter(found).items() if count > 1), None)
        if twice is not None:
            raise InputError(f"Two classes have the {what} {shown(twice)}: give each a different one.")


def palette(given: Sequence[str | None]) -> list[str]:
    """Return a colour for each class: the given one, else one that is not used yet.

    Examples
    --------
    >>> palette([None, "#0072b2", None])
    ['#d55e00', '#0072b2', '#009e73']
    """
    colors = [_shade(color, share) for share in _SHADES for color in CATEGORIES]
    free = [color for color in colors if color not in given] or colors
    spare = iter(free * (len(given) // len(free) + 1))
    return [next(spare) if color is None else color for color in given]


def color_of(value: Any) -> str | None:
    """Return a colour as ``"#rrggbb"``, also for names such as "orange"; None if it is not a colour."""
    found = hex_color(value)
    if found is None and isinstance(value, str) and len(value) < 60:
        from PIL import ImageColor

        try:
            return hex_color(ImageColor.getrgb(value.strip()))
        except ValueError:
            return None
    return found


def _shade(color: str, share: float) -> str:
    return "#" + "".join(f"{round(v + abs(share) * ((255 if share > 0 else 0) - v)):02x}" for v in rgb(color))


def _one_class(found: Counter[str]) -> str:
    names = [shown(name) for name, _ in found.most_common(3)]
    return f"{' and '.join(names)} are treated as one class."


def _values(names: Mapping[str, str]) -> dict[str, int]:
    """Return the number of each class: the name if it is one that fits into a map, else the rank of the name."""
    if all(k.isdecimal() and k.isascii() and str(int(k)) == k and int(k) < MOST for k in names):
        return {k: int(k) for k in names}
    by_number = all(k.lstrip("-").isdecimal() and len(k) < 19 for k in names)
    order = sorted(names, key=lambda k: (int(k), k)) if by_number else sorted(names)
    return {k: i for i, k in enumerate(order)}


def _noted(keys: Sequence[str | None], numbers: pd.Series | None) -> dict[str, int] | None:
    """Return the class numbers of a separate column; None unless each class has exactly one, which no other has."""
    if numbers is None:
        return None
    found: dict[str, int] = {}
    for k, number in zip(keys, pd.to_numeric(numbers, errors="coerce"), strict=True):
        if k is not None and (number not in range(MOST) or found.setdefault(k, int(number)) != number):
            return None
    return found if len(set(found.values())) == len(found) else None


def _chosen(keys: Iterable[str | None], colors: pd.Series | None) -> dict[str, str]:
    found: dict[str, str] = {}
    if colors is not None:
        for k, value in zip(keys, colors, strict=True):
            if k is not None and k not in found:
                color = color_of(value)
                if color is not None:
                    found[k] = color
    return found


def _first_cells(given: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the names of a mapping, each with the first value of the column that is mapped to it."""
    found: dict[str, tuple[str, Any]] = {}
    for cell, name in given.items():
        if not (isinstance(name, str) and name.strip()):
            raise InputError(f"classes gives {shown(cell)} the name {shown(name)}: give it a name in words.")
        found.setdefault(key(name), (" ".join(name.split()), cell))
    return dict(found.values())
