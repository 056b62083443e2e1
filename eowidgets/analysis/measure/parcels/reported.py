"""The report of statistics per parcel."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from eowidgets.analysis.measure.parcels.layer import VARIABLE
from eowidgets.analysis.measure.parcels.statistics import level_of
from eowidgets.analysis.measure.report.assemble import code_of
from eowidgets.analysis.measure.report.charts import COLORS, blank, chart
from eowidgets.analysis.measure.report.content import Figure, Report, Table
from eowidgets.analysis.measure.report.maps import map_of
from eowidgets.analysis.measure.report.origin import citations, method
from eowidgets.analysis.record import Record
from eowidgets.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from eowidgets.analysis.measure.parcels.parcels import Parcels

#: Definitions of the statistics of a parcel.
MEANING = {
    "mean": "mean of its clear pixels",
    "std": "standard deviation of its clear pixels",
    "count": "number of its clear pixels",
    "clear": "share of its pixels that are clear, 0 to 1",
}


def parcel_report(
    parcels: Parcels,
    cube: xr.Dataset | None = None,
    title: str = "",
    date: str = "",
    *,
    index: str | None = None,
    stat: str | None = None,
) -> Report:
    """Return the report of what ``eow.parcels`` returned.

    Parameters
    ----------
    parcels : Parcels
    cube : Dataset, optional
        The images, drawn under the map, and cited; without it there is no map.
    title : str
    date : str
        ISO day of the map and of the table; by default the day on which most parcels have a value.
    index, stat : str, optional
        By default the first.

    Raises
    ------
    InputError
        If no parcel has a value on any date.
    """
    held, name, stat = parcels.of(index, stat)
    seen = np.isfinite(held)
    if not seen.any():
        raise InputError("No parcel has a value on any date: choose other dates or another cloud mask.")
    at = parcels.nearest(date) if date else int(seen.sum(axis=0).argmax())
    day = str(parcels.times[at])[:10]
    notes = json.loads(parcels.provenance)
    now = held[:, at][seen[:, at]]
    low, half, high = np.quantile(now, [0.25, 0.5, 0.75]) if len(now) else (0, 0, 0)
    middle = f"Their median is {half:.3g}, and half of them lie between {low:.3g} and {high:.3g}." if len(now) else ""
    answer = f"On {day} {len(now)} of {len(parcels)} parcels have a value of {name} ({stat}). {middle}"
    kept = [
        c
        for c in ("parcel", "name")
        if c == "parcel" or not parcels.measured["name"].equals(parcels.measured["parcel"])
    ]
    table = parcels.measured[[*kept, "pixels", "size"]].assign(
        **{s: v[parcels.number(name), :, at] for s, v in parcels.values.items()}
    )
    return Report(
        title=title or f"{name} per parcel",
        answer=" ".join((answer.strip(), *parcels.report.sentences)),
        figures=[*_map(parcels, cube, day, name, stat), _series(parcels, held, name, stat)],
        tables=[Table.of(pd.DataFrame(table), f"{name} per parcel on {day}")],
        definitions={
            "pixels of a parcel": "pixels whose centre lies inside; for a parcel without one, the pixels that it touches",
            "clear": "measured, and neither cloud nor shadow in the mask of the cube",
            f"{stat} of a parcel": MEANING.get(stat, f"{_percent(stat)} of its clear pixels"),
        },
        method=method(notes),
        citations=citations(notes, cube.attrs if cube is not None else {}),
        code=code_of(Record(notes)),
        notes=notes,
    )


def _percent(stat: str) -> str:
    level = level_of(stat)
    return {"median": "median", "min": "smallest", "max": "largest"}.get(stat, f"{100 * (level or 0):.0f}th percentile")


def _map(parcels: Parcels, cube: Any, day: str, name: str, stat: str) -> list[Figure]:
    if cube is None:
        return []
    layer = parcels.choropleth(cube, name, stat)[VARIABLE]
    values = layer.sel(time=np.datetime64(day), method="nearest").drop_vars("time").compute()
    return [map_of(values.assign_attrs(layer.attrs), f"{name} ({stat}) per parcel on {day}", cube=cube, date=day)]


def _series(parcels: Parcels, held: Any, name: str, stat: str) -> Figure:
    """Draw median and quartiles over the parcels by date."""
    canvas, axes = blank()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # dates without a value
        low, middle, high = np.nanquantile(held.astype(float), [0.25, 0.5, 0.75], axis=0)
    some = np.isfinite(middle)
    dates = parcels.times[some].astype("datetime64[s]")
    axes.fill_between(
        dates, low[some], high[some], color=COLORS[0], alpha=0.2, linewidth=0, label="half of the parcels"
    )
    axes.plot(dates, middle[some], "-o", color=COLORS[0], markersize=3, linewidth=1, label="median parcel")
    axes.set_ylabel(f"{name} ({stat})")
    axes.legend(frameon=False, ncols=2, fontsize=9)
    return chart(canvas, f"{name} ({stat}) of {len(parcels)} parcels: median and quartiles by date")
