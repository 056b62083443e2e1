"""A map of change with one class per year, and matching labels."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from eowidgets.analysis.measure.accuracy.class_map import CHANGE, ClassMap, MapClass
from eowidgets.analysis.measure.accuracy.labelled import DateColumns
from eowidgets.analysis.measure.accuracy.sample import Sample
from eowidgets.errors import InputError, unknown
from eowidgets.render.classes import distinct

#: Reference class of a change that was labelled without a date.
NO_DATE = f"{CHANGE}, no date"


def map_by_year(found: ClassMap) -> ClassMap:
    """Return a map of change with the classes "no change", "change 2018", "change 2019", ...

    Raises
    ------
    InputError
        For a map without dates of change.
    """
    if found.dates is None or CHANGE not in found.names:
        raise InputError("by_year is for maps of change with dates, as eow.change gives them: leave it out.")
    position = found.names.index(CHANGE)
    year = found.dates.astype("datetime64[Y]").astype(int) + 1970
    changed = (found.index == position) & ~np.isnat(found.dates)
    undated = (found.index == position) & ~changed
    parts = [(int(y), f"{CHANGE} {y}", changed & (year == y)) for y in np.unique(year[changed]).tolist()]
    parts += [(0, NO_DATE, undated)] if undated.any() else []
    kept = [i for i in range(len(found.classes)) if i != position]
    colors = distinct(len(kept) + len(parts))[len(kept) :]
    classes = [found.classes[i] for i in kept]
    classes += [MapClass(y, name, color) for (y, name, _), color in zip(parts, colors, strict=True)]
    index = np.full(found.index.shape, -1, "int16")
    for new, old in enumerate(kept):
        index[found.index == old] = new
    for new, (_, _, here) in enumerate(parts, len(kept)):
        index[here] = new
    groups = (*kept, *(position for _ in parts))
    return dataclasses.replace(found, classes=tuple(classes), index=index, dates=None, parent=found, groups=groups)


def labels_by_year(sample: Sample, truth: str, date: DateColumns) -> Sample:
    """Return a sample in which labels of change carry the year of the (first) date with the change.

    Raises
    ------
    InputError
        If the columns are missing.
    """
    column = date if isinstance(date, str) else date[1]
    for name in (truth, column):
        if name not in sample.table:
            raise unknown("column of the samples", name, [str(c) for c in sample.table.columns])
    years = pd.to_datetime(sample.table[column].replace("", None), errors="coerce").dt.year.to_numpy(float)
    labels = [_with_year(v, y) for v, y in zip(sample.table[truth], years.tolist(), strict=True)]
    return dataclasses.replace(sample, table=sample.table.assign(**{truth: pd.Series(labels, dtype=object)}))


def _with_year(label: Any, year: float) -> Any:
    changed = str(label).strip().lower() in (CHANGE, "1", "1.0", "true")
    if not changed:
        return "no change" if str(label).strip().lower() in ("0", "0.0", "false") else label
    return f"{CHANGE} {int(year)}" if np.isfinite(year) else NO_DATE
