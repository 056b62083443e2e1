"""Labelled samples located on a map: map class, reference class, stratum, and reasons for exclusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from eowidgets.analysis.measure.accuracy.class_map import ClassMap
from eowidgets.analysis.measure.accuracy.sample import CANT_TELL, Sample, has_label, is_unsure
from eowidgets.errors import InputError, shown, unknown

Array = npt.NDArray[Any]
#: Columns of reference dates: one day, or the last stable and the first changed day.
DateColumns = str | tuple[str, str]


@dataclass(frozen=True, eq=False)
class Labelled:
    """The samples that are used.

    Attributes
    ----------
    names : tuple of str
        Classes of the map, then reference classes that the map lacks.
    mapped, truth : array of int, shape (n,)
        Positions in ``names``.
    stratum : array of str, shape (n,)
    pixel : array of int, shape (n,)
        Flat position on the grid of the map.
    days : array, shape (n,), or None
        Days between the date in the map and the reference date (for an interval, its nearer end); NaN if one of them
        has no date.
    unsure : int
        Samples labelled "can't tell".
    notes : tuple of str
        One sentence for each reason of exclusion.
    """

    names: tuple[str, ...]
    mapped: Array
    truth: Array
    stratum: Array
    pixel: Array
    days: Array | None
    unsure: int
    notes: tuple[str, ...]


def place(found: ClassMap, sample: Sample, truth: str, date: DateColumns) -> Labelled:
    """Look up the samples in a map.

    Parameters
    ----------
    found : ClassMap
    sample : Sample
    truth : str
        Column with the class on the ground.
    date : str or pair of str
        Column with the date on the ground, or with the two days that enclose it.

    Raises
    ------
    InputError
        If the column is missing, or no sample can be used.
    """
    if truth not in sample.table:
        raise unknown("column of the samples", truth, [str(c) for c in sample.table.columns])
    table, notes = sample.table, list(sample.notes)
    rows, columns, inside = found.at(table["lon"].to_numpy(float), table["lat"].to_numpy(float))
    mapped = np.where(inside, found.index[rows, columns], -1).astype(int)
    cells = [_tidy(v) for v in table[truth]]
    given, unsure = np.array([has_label(v) for v in cells]), np.array([is_unsure(v) for v in cells])
    _note(notes, ~inside, "outside the map")
    _note(notes, inside & (mapped < 0), "where the map has no class")
    there = mapped >= 0
    _note(notes, there & ~given, "not labelled yet", "The order is random, so the others are still a random sample.")
    usable = there & given
    key = rows * found.box.width + columns
    kept = usable & ~_repeated(key, cells, usable, unsure, notes)
    names, codes = _codes(found, cells, kept & ~unsure)
    absent = names[len(found.names) :]
    if absent:
        listed = ", ".join(repr(n[:30]) for n in absent[:5])
        kind = "class is" if len(absent) == 1 else "classes are"
        notes.append(f"The reference {kind} not in the map and can only be missed: {listed}.")
    certain = kept & ~unsure
    if not certain.any():
        raise InputError(
            f'None of the {len(table)} samples has a usable label ({int(unsure.sum())} "can\'t tell", '
            f"{int((~kept).sum())} without a label or outside the map): label some of them."
        )
    stratum = table["stratum"].astype(str).to_numpy() if "stratum" in table else np.array(found.names)[mapped.clip(0)]
    days = _days(found, table, date, rows, columns)
    return Labelled(
        names,
        mapped[certain],
        codes[certain],
        stratum[certain],
        key[certain],
        None if days is None else days[certain],
        int((kept & unsure).sum()),
        tuple(notes),
    )


def _tidy(value: Any) -> Any:
    """Normalise a label to a stripped text, a number or a boolean."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        return value.strip()
    return CANT_TELL if is_unsure(value) else value


def _note(notes: list[str], which: Array, why: str, more: str = "") -> None:
    count = int(which.sum())
    if count:
        verb = "sample is" if count == 1 else "samples are"
        notes.append(f"{count} {verb} {why} and left out.{' ' if more else ''}{more}")


def _repeated(key: Array, cells: Sequence[Any], usable: Array, unsure: Array, notes: list[str]) -> Array:
    """Return a mask of samples that repeat a pixel or contradict another label of it."""
    seen: dict[int, int] = {}
    repeated, disputed, pixels = np.zeros(len(key), bool), np.zeros(len(key), bool), set()
    for i in np.flatnonzero(usable).tolist():
        first = seen.setdefault(int(key[i]), i)
        if first == i:
            continue
        if unsure[first] and not unsure[i]:  # another interpreter gave a class
            repeated[first], seen[int(key[i])] = True, i
        elif unsure[i] or str(cells[first]).lower() == str(cells[i]).lower():
            repeated[i] = True
        else:
            disputed[[first, i]] = True
            pixels.add(int(key[i]))
    if repeated.any():
        count = int(repeated.sum())
        notes.append(f"{count} {'label repeats' if count == 1 else 'labels repeat'} a pixel, which counts once.")
    if pixels:
        many = (
            "1 pixel has labels that contradict"
            if len(pixels) == 1
            else f"{len(pixels)} pixels have labels that contradict"
        )
        left = "is" if len(pixels) == 1 else "are"
        notes.append(f"{many} each other and {left} left out: agree on one label.")
    return np.asarray(repeated | disputed)


def _codes(found: ClassMap, cells: Sequence[Any], which: Array) -> tuple[tuple[str, ...], Array]:
    """Return all classes, and the position of each label in them."""
    names = list(found.names)
    by_name = {_plain(n): i for i, n in enumerate(names)}
    by_value = {float(c.value): i for i, c in enumerate(found.classes)}
    codes = np.full(len(cells), -1)
    for i in np.flatnonzero(which).tolist():
        label = cells[i]
        number = _number(label)
        if _plain(str(label)) in by_name:
            codes[i] = by_name[_plain(str(label))]
        elif number is not None and number in by_value:
            codes[i] = by_value[number]
        else:
            text = f"{number:g}" if number is not None else str(label)
            codes[i] = by_name.setdefault(_plain(text), len(names))
            if codes[i] == len(names):
                names.append(text)
    if len(names) > len(found.names) + 100:
        raise InputError(
            f"The labels have {len(names):,} different values, such as {shown(names[-1])}: give the column with the class "
            "as truth=."
        )
    return tuple(names), codes


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").lower().split())


def _number(label: Any) -> float | None:
    try:
        value = float(label)
    except (TypeError, ValueError):
        return None
    return value if np.isfinite(value) else None


def _days(found: ClassMap, table: pd.DataFrame, date: DateColumns, rows: Array, columns: Array) -> Array | None:
    """Return the days from the reference date, or its interval, to the date in the map; None without dates."""
    wanted = (date, date) if isinstance(date, str) else tuple(date)
    if found.dates is None:
        return None
    for name in wanted:
        if name not in table:
            if isinstance(date, str) and date == "date":
                return None
            raise unknown("column of the samples", name, [str(c) for c in table.columns])
    early, late = (
        pd.to_datetime(table[name].replace("", None), errors="coerce").to_numpy("datetime64[D]") for name in wanted
    )
    early, late = np.where(np.isnat(early), late, early), np.where(np.isnat(late), early, late)
    early, late = np.minimum(early, late), np.maximum(early, late)
    if np.isnat(early).all():
        return None
    day = found.dates[rows, columns]
    missing = np.isnat(early) | np.isnat(day)
    before, after = ((a - b).astype("timedelta64[D]").astype(float) for a, b in ((early, day), (day, late)))
    distance = np.maximum(np.maximum(before, after), 0)
    return np.where(missing, np.nan, distance)
