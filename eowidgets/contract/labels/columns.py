"""The columns of labels: class or number, colours, dates, and who labelled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from eowidgets.contract.labels.class_info import ClassInfo
from eowidgets.contract.labels.dates import NAMES, periods
from eowidgets.contract.labels.naming import classes_of, given_classes
from eowidgets.contract.labels.reading import AXES, Rows, left_out
from eowidgets.errors import InputError, shown, unknown

#: Columns of the table of labels next to geometry and target.
ORIGIN = ("by", "labelled", "image")
PERIOD = ("start", "end")
#: Columns by which a file that this package wrote is recognised: labels with classes, and with numbers.
CLASS_VALUE, COLOR, UNIT = "class_value", "color", "unit"
#: Names of a column with classes, in lower case; the first that exists is taken.
_CLASS = (
    *("class", "class_name", "classname", "label", "label_name", "land_cover", "landcover", "land_use", "landuse"),
    *(
        "cover",
        "crop",
        "crop_type",
        "croptype",
        "crop_name",
        "species",
        "category",
        "type",
        "kind",
        "name",
        "class_id",
        "code",
    ),
)
_COLOR = ("color", "colour")
#: Names of columns that do not hold classes.
_OTHER = frozenset(
    (
        *("id", "fid", "objectid", "gid", "uid", "area", "shape_area", "shape_leng", "shape_length", "hectares", "ha"),
        *("geometry", "description", "timestamp", "altitudemode", "tessellate", "extrude", "visibility", "draworder"),
        *("icon", "comment"),
    )
)


def table_of(
    rows: Rows, column: str | None, value: str | None, classes: Any
) -> tuple[pd.DataFrame, tuple[ClassInfo, ...], str, str, tuple[str, ...]]:
    """Return the table of labels, its classes, the name of the column, its unit, and notes.

    Raises
    ------
    InputError
        If there is no such column, several may be meant, or no label has a class or number.
    """
    columns, notes = rows.columns, list(rows.notes)
    own = {*PERIOD, *ORIGIN} <= set(columns.columns) and len(columns.columns) > len(PERIOD) + len(ORIGIN)
    numeric = value is not None
    if column is None and value is None:
        numeric = own and UNIT in columns
        chosen = columns.columns[0] if own else _only(columns)
    else:
        chosen = _named(columns, str(value if column is None else column))
    cells = columns[chosen]
    found: tuple[ClassInfo, ...] = ()
    if numeric:
        target: Any = pd.to_numeric(cells, errors="coerce").to_numpy(float, na_value=np.nan)
        missing, what = ~np.isfinite(target), f"no number in {shown(str(chosen))}"
    elif classes is not None:
        target, found = given_classes(cells, classes)
        missing, what = target < 0, "a class that is not among classes="
    else:
        target, found, spelled = classes_of(cells, _color(columns), columns.get(CLASS_VALUE) if own else None)
        missing, what = target < 0, "no class"
        notes += spelled
    start, end, bad = periods(columns.drop(columns=chosen), exact=own)
    lost = missing | bad
    if lost.all():
        raise InputError(
            f"None of the {rows.total:,} labels can be used: {what if missing.all() else 'their dates cannot be read'} "
            f"(column {shown(str(chosen))}); choose another column, or correct the values."
        )
    notes += left_out(int(missing.sum()), rows.total, what)
    notes += left_out(int((bad & ~missing).sum()), rows.total, "dates that cannot be read")
    made: dict[str, Any] = {"geometry": rows.shapes, "target": target, "start": start, "end": end}
    made |= {name: _texts(columns, name) for name in ORIGIN}
    table = pd.DataFrame(made)[~lost].reset_index(drop=True)
    unit = _texts(columns, UNIT)[0] if own and numeric else ""
    name = "class" if str(chosen).strip().lower() in _COLOR else str(chosen)
    return table, found, name, unit, tuple(notes)


def _named(columns: pd.DataFrame, name: str) -> Any:
    names = {str(one): one for one in columns.columns}
    if name not in names:
        raise unknown("column", name, names)
    return names[name]


def _only(columns: pd.DataFrame) -> Any:
    """Return the column of the classes if it is unambiguous."""
    names = {str(name).strip().lower(): name for name in columns.columns}
    # The names of pins and polygons of widgets are optional, and a column without any value does not count.
    filled = {n: c for n, c in names.items() if columns[c].map(_filled).any()}
    for name in _CLASS:
        if name in filled:
            return filled[name]
    skipped = {*NAMES, *ORIGIN, *_COLOR, *_OTHER, *(axis for pair in AXES for axis in pair)}
    empty = next((names[name] for name in _CLASS if name in names), None)
    others = [column for name, column in filled.items() if name not in skipped]
    if len(others) == 1:
        return others[0]
    colors = [filled[name] for name in _COLOR if name in filled]
    if not others and colors:
        return colors[0]
    if not others and empty is not None:
        raise InputError(
            f"The column {shown(str(empty))} of the labels is empty: fill it in, or choose another with column=."
        )
    if not others:
        raise InputError(
            "The labels have no column with their class: add one called class, or give value= for the column of a number."
        )
    listed = ", ".join(str(name)[:30] for name in others[:8]) + (", ..." if len(others) > 8 else "")
    raise InputError(
        f"The labels have several columns ({listed}): choose the class with column=, or a number with value=."
    )


def _filled(cell: Any) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else bool(pd.api.types.is_scalar(cell) and not pd.isna(cell))


def _color(columns: pd.DataFrame) -> pd.Series | None:
    names = {str(name).strip().lower(): name for name in columns.columns}
    return next((columns[names[name]] for name in _COLOR if name in names), None)


def _texts(columns: pd.DataFrame, name: str) -> list[str]:
    if name not in columns:
        return [""] * len(columns)
    return [str(v) if _filled(v) else "" for v in columns[name].tolist()]
