"""The report of a run of a model: a map of classes or numbers with their statistics, or a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from eowidgets.analysis.measure.report.assemble import HECTARES, PIXELS, assemble
from eowidgets.analysis.measure.report.class_areas import class_areas
from eowidgets.analysis.measure.report.content import Report, Table
from eowidgets.analysis.measure.report.maps import map_of, picture_of
from eowidgets.cube.schema import bands
from eowidgets.render.classes import classes_of
from eowidgets.render.result import main_variable


def run_report(result: Any, cube: xr.Dataset | None = None, title: str = "", date: str = "") -> Report:
    """Return the report of a result of ``eow.run``; parameters as for ``eow.report``."""
    if not isinstance(result, xr.Dataset):
        frame = result.reset_index(drop=True)
        return assemble(
            result, cube, title, answer=f"The table has {len(frame)} rows.", tables=[Table.of(frame, "Rows")]
        )
    main = main_variable(result)
    if main is None:
        return assemble(result, cube, title, **_pictures(result, date))
    values = result[main]
    if "time" in values.dims:
        wanted = np.datetime64(date[:10]) if date else values["time"].values[-1]
        values = values.isel(time=int(np.abs(values["time"].values - wanted).argmin()))
    label = str(values.attrs.get("long_name") or main).replace("_", " ")
    when = f", {str(values['time'].values)[:10]}" if "time" in values.coords else ""
    figure = map_of(values, f"{label}{when}", cube=cube, date=date)
    parts = _classes(values, label) if classes_of(values) else _numbers(values, label)
    named = title or str(result.attrs.get("title") or label)
    return assemble(result, cube, named, figures=[figure], **parts)


def _classes(values: xr.DataArray, label: str) -> dict[str, Any]:
    frame = class_areas(values)
    largest = frame.sort_values("pixels", ascending=False).iloc[0]
    return {
        "answer": f"Of {frame['area (ha)'].sum():,.1f} ha mapped, {largest['area (ha)']:,.1f} ha ({largest['share (%)']:.1f} %) "
        f"are {largest['class']}.",
        "tables": [Table.of(frame, f"{label}: area by class")],
        "definitions": {"area": f"{HECTARES}; {PIXELS}"},
    }


def _numbers(values: xr.DataArray, label: str) -> dict[str, Any]:
    array = values.values.astype(float)
    seen = array[np.isfinite(array)]
    unit = str(values.attrs.get("units", ""))
    unit = "" if unit == "1" else f" {unit}"
    if not len(seen):
        return {"answer": f"No pixel has a value of {label}."}
    low, middle, high = np.quantile(seen, (0.1, 0.5, 0.9))
    rows = [("mean", seen.mean()), ("10th percentile", low), ("median", middle), ("90th percentile", high)]
    frame = pd.DataFrame([*rows, ("pixels with a value", float(len(seen)))], columns=["statistic", f"value{unit}"])
    return {
        "answer": f"The median of {label} is {middle:.3g}{unit}; 80 % of the pixels lie between {low:.3g} and {high:.3g}{unit}.",
        "tables": [Table.of(frame, label)],
    }


def _pictures(result: xr.Dataset, date: str) -> dict[str, Any]:
    count = result.sizes.get("time", 1)
    names = ", ".join(bands(result))
    figures = [picture_of(result, date, "Result of")] if bands(result) else []
    images = "1 image" if count == 1 else f"{count} images"
    return {"answer": f"The result has {images} of the bands {names}.", "figures": figures}
