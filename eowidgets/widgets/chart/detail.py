"""Conversion of one series of seasons or of a trend for a chart: the fitted line with its interval, and vertical marks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from eowidgets.analysis.measure.one_series import SeriesDetail
from eowidgets.widgets.chart.fan import COLOR

#: Marks of a season: column and sign. Words would overlap with many seasons.
MARKS = {"start_date": "↗", "peak_date": "▲", "end_date": "↘"}
#: Legend of the signs.
SIGNS = "↗ start, ▲ peak, ↘ end of a season"


def detail_series(found: SeriesDetail, color: str = COLOR) -> dict[str, Any]:
    """Return the line for :attr:`~eowidgets.widgets.chart.pixel_chart.PixelChart.forecasts`."""
    line = found.line
    ends = {"low": _list(line["low"]), "high": _list(line["high"])}
    fan = [{"level": 0.95, **ends}] if line["low"].notna().any() else []
    return {
        "name": "fit and 95 % interval" if fan else "fit",
        "color": color,
        "stamps": line.index.to_numpy().astype("datetime64[ms]").astype("int64").tolist(),
        "dates": [str(t)[:10] for t in line.index],
        "values": _list(line["value"]),
        "fan": fan,
    }


def detail_marks(found: SeriesDetail) -> list[dict[str, Any]]:
    """Return vertical marks at starts, peaks and ends of seasons, at a step, or at a break."""
    rows, out = found.measured, []
    for column, word in MARKS.items():
        second = column.replace("_date", "_2_date")
        for name in {column, second} & set(rows.columns):
            out += [{"stamp": _stamp(when), "label": word} for when in rows[name].dropna()]
    for column, word in (("step_year", "step"), ("break_year", "break")):
        if column in rows:
            out += [{"stamp": _stamp(pd.Timestamp(int(y), 1, 1)), "label": word} for y in rows[column].dropna()]
    return sorted(out, key=lambda mark: mark["stamp"])


def _stamp(when: pd.Timestamp) -> int:
    return int(np.datetime64(when, "ms").astype("int64"))


def _list(values: Any) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]
