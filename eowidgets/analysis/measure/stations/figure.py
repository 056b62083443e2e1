"""The figure of a comparison: series and measurements of a station, and all pairs around the 1:1 line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eowidgets.analysis.measure.report.charts import COLORS, blank
from eowidgets.errors import InputError, unknown

if TYPE_CHECKING:
    from eowidgets.analysis.measure.stations.comparison import StationComparison

#: Colours of the seasons.
TINTS = dict(zip(("winter", "spring", "summer", "autumn"), (COLORS[0], COLORS[2], COLORS[1], COLORS[4]), strict=True))
#: Markers of the seasons, which do not depend on colour.
MARKS = {"winter": "s", "spring": "^", "summer": "o", "autumn": "D"}


def draw(found: StationComparison, station: str) -> Any:
    """Draw series and scatter next to each other; see `StationComparison.figure`."""
    canvas, _ = blank(3.2)
    canvas.clear()
    left, right = canvas.subplots(1, 2, width_ratios=(2, 1))
    draw_series(left, found, station)
    draw_scatter(right, found)
    return canvas


def draw_series(axes: Any, found: StationComparison, station: str) -> None:
    """Draw the index at a station by date, with its measurements."""
    if station not in found.stations:
        raise (
            unknown("station", station, found.stations)
            if station not in set(found.measurements["station"])
            else InputError("This station is outside the cube and has no series.")
        )
    line = found.series[station].dropna()
    axes.plot(line.index, line.to_numpy(), "-o", color=COLORS[0], markersize=2.5, linewidth=1, label="images")
    ground = found.measurements[found.measurements["station"] == station]
    axes.plot(ground["date"], ground["value"], "x", color=COLORS[1], markersize=6, label="ground")
    axes.set_ylabel(found.index)
    axes.set_title(station, fontsize=9, loc="left")
    axes.tick_params(axis="x", labelrotation=30, labelsize=8)
    axes.legend(frameon=False, fontsize=8)


def draw_scatter(axes: Any, found: StationComparison) -> None:
    """Draw all pairs by season, and the 1:1 line."""
    pairs = found.pairs
    for season, tint in TINTS.items():
        some = pairs[pairs["season"] == season]
        if len(some):
            axes.plot(
                some["value"],
                some["image_value"],
                MARKS[season],
                color=tint,
                markersize=4,
                alpha=0.8,
                linestyle="",
                label=season,
            )
    both = np.concatenate([pairs["value"].to_numpy(float), pairs["image_value"].to_numpy(float)])
    low, high = (float(both.min()), float(both.max())) if len(both) else (0.0, 1.0)
    pad = 0.05 * (high - low or abs(high) or 1.0)
    ends = (low - pad, high + pad)
    axes.plot(ends, ends, color="#666666", linewidth=1, label="1:1")
    axes.set(xlim=ends, ylim=ends, xlabel=f"ground ({found.index})", ylabel=f"images ({found.index})")
    axes.set_aspect("equal", adjustable="box")
    axes.legend(frameon=False, fontsize=7)
