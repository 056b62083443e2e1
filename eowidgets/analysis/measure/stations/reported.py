"""The report of a comparison with stations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from eowidgets.analysis.measure.report.assemble import code_of
from eowidgets.analysis.measure.report.charts import chart
from eowidgets.analysis.measure.report.content import Report, Table
from eowidgets.analysis.measure.report.origin import citations, method
from eowidgets.analysis.record import Record

if TYPE_CHECKING:
    import xarray as xr

    from eowidgets.analysis.measure.stations.comparison import StationComparison


def station_report(found: StationComparison, cube: xr.Dataset | None = None, title: str = "") -> Report:
    """Return the report of a comparison of ``eow.stations``."""
    notes = json.loads(found.provenance)
    asked = notes["arguments"]
    caption = f"Left: {found.index} at {found.usual}, images and ground. Right: all pairs, and the 1:1 line"
    by_season = found.scores.reset_index(names="season")
    shown = ["station", "date", "value", "image", "days", "image_value", "season"]
    tables = [Table.of(by_season, "Agreement by season, with 95 % intervals"), Table.of(found.pairs[shown], "Pairs")]
    if len(found.unmatched):
        tables.append(Table.of(found.unmatched[["row", "reason"]], "Measurements without a pair"))
    pixels = (
        f"the mean of {asked['window']} × {asked['window']} pixels around the station"
        if asked["window"] > 1
        else "the pixel of the station"
    )
    return Report(
        title=title or f"{found.index} of images and stations",
        answer=" ".join((found.sentence, *found.sentences)),
        figures=[chart(found.figure(), caption)],
        tables=tables,
        definitions={
            "pair": f"a measurement and the nearest image within {asked['tolerance']} with at least half of {pixels} clear",
            "bias": "mean of image minus ground",
            "RMSE": "root of the mean squared difference of image and ground",
            "interval": "95 %, from 2000 resamples of whole stations (of station months with fewer than five stations)",
            "season": "meteorological, of the hemisphere of the station",
        },
        method=method(notes),
        citations=(
            *citations(notes, cube.attrs if cube is not None else {}),
            "Davison, A. C. and Hinkley, D. V. (1997), Bootstrap Methods and their Application, section 3.8",
        ),
        code=code_of(Record(notes)),
        notes=notes,
    )
