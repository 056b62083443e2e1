"""Edits of labels: each returns new labels and leaves the old ones unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from eowidgets.contract.labels import ClassInfo, Labels
from eowidgets.contract.labels.naming import MOST, key, palette
from eowidgets.errors import InputError, shown, unknown


def no_labels(classes: Sequence[ClassInfo]) -> Labels:
    """Return empty labels with some classes."""
    return Labels(pd.DataFrame({"geometry": [], "target": []}), tuple(classes))


def class_of(labels: Labels, name: str) -> ClassInfo:
    """Return a class by its name.

    Raises
    ------
    InputError
    """
    found = next((c for c in labels.classes if key(c.name) == key(name)), None)
    if found is None:
        raise unknown("class", name, [c.name for c in labels.classes])
    return found


def with_class(labels: Labels, name: str, color: str | None = None) -> Labels:
    """Add a class; without a colour it gets an unused one.

    Raises
    ------
    InputError
        If a class of that name exists, or there are too many.
    """
    if any(key(c.name) == key(name) for c in labels.classes):
        raise InputError(f"The class {shown(name)} already exists: choose another name.")
    taken = {c.value for c in labels.classes}
    value = next((v for v in range(MOST) if v not in taken), None)
    if value is None:
        raise InputError(f"There are already {MOST} classes, the maximum of a map: merge some first.")
    chosen = color or palette([*(c.color for c in labels.classes), None])[-1]
    return replace(labels, classes=(*labels.classes, ClassInfo(value, name, chosen)))


def without_class(labels: Labels, name: str) -> Labels:
    """Remove a class and its labels."""
    gone = class_of(labels, name)
    if len(labels.classes) == 1:
        raise InputError(f"{shown(gone.name)} is the only class: rename it instead.")
    table = labels.table[labels.table["target"] != gone.value]
    return replace(labels, table=table, classes=tuple(c for c in labels.classes if c is not gone))


def recolored(labels: Labels, name: str, color: str) -> Labels:
    """Change the colour of a class."""
    one = class_of(labels, name)
    return replace(labels, classes=tuple(replace(c, color=color) if c is one else c for c in labels.classes))


def with_label(labels: Labels, geometry: Any, name: str, **origin: str) -> Labels:
    """Add a label.

    Parameters
    ----------
    geometry : shapely geometry
        In degrees.
    name : str
        Name of its class.
    **origin : str
        ``by``, ``labelled`` and ``image``.
    """
    row = {"target": class_of(labels, name).value, "start": pd.NaT, "end": pd.NaT, **origin}
    table = {
        column: [*labels.table[column], row.get(column, "")]
        for column in map(str, labels.table)
        if column != "geometry"
    }
    shapes = np.empty(len(labels.table) + 1, dtype=object)
    shapes[:] = [*labels.table["geometry"], geometry]
    return replace(labels, table=pd.DataFrame({"geometry": shapes, **table}))


def without_labels(labels: Labels, numbers: Sequence[int]) -> Labels:
    """Remove labels by their number in the table."""
    return replace(labels, table=labels.table.drop(index=list(numbers)).reset_index(drop=True))
