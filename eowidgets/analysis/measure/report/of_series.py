"""The report of seasons, trends, anomalies, steps and recovery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from eowidgets.analysis.measure.one_series import SeriesDetail
from eowidgets.analysis.measure.report.assemble import HECTARES, PIXELS, assemble
from eowidgets.analysis.measure.report.charts import COLORS, blank, chart
from eowidgets.analysis.measure.report.class_areas import class_areas
from eowidgets.analysis.measure.report.content import Figure, Report, Table
from eowidgets.analysis.measure.report.maps import map_of
from eowidgets.analysis.record import Record

#: Class map of each function, and the layer that is drawn first.
CLASSES = {"phenology": "quality", "trend": "significance", "step_or_line": "shape", "recovery": "state"}
FIRST = {"phenology": "start", "trend": "slope", "anomalies": "anomaly", "step_or_line": "shape", "recovery": "state"}
#: Definitions of the terms.
DEFINITIONS: Mapping[str, Mapping[str, str]] = {
    "phenology": {
        "season": "from the lowest value of the fitted curve before its peak to the lowest value after it",
        "start and end": "the day on which the curve first reaches the threshold of the rise, and last falls below that "
        "share of the fall; day 1 is 1 January of the year in which the season year begins",
        "standard deviation": "of curve and level over the slope of the curve, for independent errors of the observations",
    },
    "trend": {
        "slope": "the median of the slopes of all pairs of periods (Theil–Sen), with the interval of Sen (1968)",
        "significant": "p of the Mann–Kendall test below alpha; of pixels without a trend, a share of alpha is also marked",
    },
    "anomalies": {"anomaly": "value of a period minus the mean of the same period of the reference years"},
    "step_or_line": {
        "step": "two levels fit the yearly values better than one level or a line, by the information criterion"
    },
    "recovery": {
        "recovery": "years from the last value before the greatest loss until the requested share of it is regained"
    },
}


def series_report(
    found: Any,
    cube: xr.Dataset | None = None,
    title: str = "",
    date: str = "",
    *,
    layer: str = "",
    at: int | None = None,
    series: SeriesDetail | None = None,
) -> Report:
    """Return the report of seasons, a trend, anomalies, a step or a recovery.

    Parameters
    ----------
    found : Dataset or DataFrame
    cube : Dataset, optional
    title, date : str
        As for :func:`~eowidgets.analysis.measure.report.of_result.report`.
    layer : str
        Name of the layer that is drawn.
    at : int, optional
        Position of the period that is drawn; by default the period with most values.
    series : SeriesDetail, optional
        One series, drawn as a chart.
    """
    call = Record.of(found).call
    parts: dict[str, Any] = {"definitions": dict(DEFINITIONS[call])}
    if not isinstance(found, xr.Dataset):
        rows = found.reset_index()
        return assemble(found, cube, title, answer=_of_table(rows, call), tables=[Table.of(rows, "Series")], **parts)
    name = layer if layer in found else FIRST[call]
    values = found[name]
    when = ""
    if "time" in values.dims:
        counts = (values.notnull() if values.dtype.kind == "f" else values != 255).sum(("y", "x")).values
        at = int(counts.argmax()) if at is None else at
        when = f", {str(found['time'].values[at])[:10]}"
        values = values.isel(time=at, drop=True)
    figures = [map_of(values, f"{values.attrs.get('long_name', name)}{when}", cube=cube, date=date)]
    if series is not None:
        figures.append(line_chart(series))
    classes = found[CLASSES[call]] if call in CLASSES else None
    tables = []
    if call == "phenology":
        tables.append(Table.of(_years(found), "Medians over the pixels with a season, by season year"))
    elif classes is not None:
        tables.append(Table.of(class_areas(classes), "Area by class"))
        parts["definitions"]["area"] = f"{HECTARES}; {PIXELS}"
    answer = _of_map(found, call, classes)
    return assemble(found, cube, title, answer=answer, figures=figures, tables=tables, **parts)


def line_chart(found: SeriesDetail) -> Figure:
    """Draw the observations of one series, and the curve or line with its interval."""
    canvas, axes = blank()
    line = found.line
    if line["low"].notna().any():
        axes.fill_between(
            line.index, line["low"], line["high"], color=COLORS[0], alpha=0.18, linewidth=0, label="95 % interval"
        )
    axes.plot(line.index, line["value"], color=COLORS[0], label="fit")
    seen = found.observed
    axes.plot(seen.index, seen.to_numpy(), "o", color=COLORS[1], markersize=3, label="observed")
    low, high = float(seen.min()), float(seen.max())
    room = max(0.15 * (high - low), 1e-3)
    axes.set_ylim(low - room, high + room)
    axes.set_ylabel(found.name)
    axes.legend(frameon=False, ncols=3, loc="upper left", fontsize=9)
    return chart(canvas, found.words)


def _years(found: xr.Dataset) -> pd.DataFrame:
    """Return medians and the share of pixels with a season, by season year."""
    rows = []
    for k, year in enumerate(found["year"].values):
        some = found.isel(time=k)
        quality = some["quality"].values
        seen = quality != 255
        good = (quality <= 1) & seen
        row: dict[str, Any] = {
            "season year": int(year),
            "pixels with a season (%)": 100 * good.sum() / max(1, seen.sum()),
        }
        for name in ("start", "peak", "end", "length", "amplitude", "start_sd", "end_sd"):
            values = some[name].values[good]
            values = values[np.isfinite(values)]
            row[name.replace("_sd", " sd")] = float(np.median(values)) if len(values) else float("nan")
        rows.append(row)
    return pd.DataFrame(rows)


def _of_map(found: xr.Dataset, call: str, classes: xr.DataArray | None) -> str:
    index = found.attrs.get("index", "")
    if call == "phenology":
        years = _years(found).dropna(subset=["start", "end"])
        if not len(years):
            return "No pixel has a season that is observed from its start to its end."
        best = years.iloc[int(years["pixels with a season (%)"].to_numpy().argmax())]  # with most pixels
        return (
            f"In the season year {best['season year']:.0f} the median season of {index} lasts from day {best['start']:.0f} "
            f"(standard deviation of a pixel {best['start sd']:.0f} days) to day {best['end']:.0f} ({best['end sd']:.0f} days); "
            f"{best['pixels with a season (%)']:.0f} % of the observed pixels have a season. Over {len(years)} years the median "
            f"start lies between day {years['start'].min():.0f} and day {years['start'].max():.0f}."
        )
    if call == "anomalies" or classes is None:
        values = found["anomaly"].values
        return f"The map has anomalies of {index} for {values.shape[0]} periods."
    table = class_areas(classes)
    parts = ", ".join(
        f"{r['class']} {r['area (ha)']:,.1f} ha ({r['share (%)']:.0f} %)" for _, r in table.iterrows() if r["pixels"]
    )
    more = ""
    if call == "trend":
        slope = found["slope"].values[np.isfinite(found["slope"].values)]
        more = f" The median slope is {np.median(slope):+.4f} a year." if len(slope) else ""
    return f"{found.attrs.get('title', call)}: {parts}.{more}"


def _of_table(rows: pd.DataFrame, call: str) -> str:
    if call not in CLASSES:
        return f"The table has {len(rows)} rows."
    counts = rows[CLASSES[call]].value_counts()
    return f"Of {len(rows)} rows, " + ", ".join(f"{n} are: {name}" for name, n in counts.items()) + "."
