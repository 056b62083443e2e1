"""``eow.series_chart``: one pixel, area or parcel of a result in detail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from eowidgets.analysis.measure.one_series import SeriesDetail, detail_of
from eowidgets.arguments import Latitude, Longitude, checked
from eowidgets.cube.area import AreaLike
from eowidgets.errors import MissingExtraError
from eowidgets.widgets.chart.detail import MARKS, detail_marks
from eowidgets.widgets.charts.chart import Chart

if TYPE_CHECKING:
    import pandas as pd

#: Blue, vermilion and green of Okabe and Ito: line, observations, marks.
LINE, DOTS, MARK = "#0072b2", "#d55e00", "#009e73"


@checked
def series_chart(
    found: xr.Dataset | pd.DataFrame,
    source: xr.Dataset | pd.DataFrame,
    place: tuple[Longitude, Latitude] | AreaLike | str | int,
) -> Chart:
    """Draw one series of a result: the observations, the fitted curve or line with its interval, and what was measured.

    Parameters
    ----------
    found : Dataset or DataFrame
        What ``eow.phenology``, ``eow.trend``, ``eow.anomalies``, ``eow.step_or_line`` or ``eow.recovery`` returned.
    source : Dataset or DataFrame
        The cube or the table that it was measured on.
    place : (lon, lat), area, or name of a series
        Of a cube, a pixel, or an area whose mean is drawn (what ``eow.Area.of`` takes); of a table, the ``id``.

    Returns
    -------
    Chart

    Raises
    ------
    InputError
        For another result, a place outside the cube, or a name that the table lacks.
    MissingExtraError
        Without bokeh (``pip install 'eowidgets[charts]'``).

    Examples
    --------
    >>> import eowidgets as eow
    >>> cube = eow.open("romania").isel(y=slice(0, 20), x=slice(0, 20))
    >>> found = eow.phenology(cube, dates="2017/2019")
    >>> eow.series_chart(found, cube, (22.1467, 45.2087))  # doctest: +ELLIPSIS
    Chart: ...
    """
    return Chart(figure_of(detail_of(found, source, place)))


def figure_of(found: SeriesDetail) -> Any:
    """Return a Bokeh figure of one series in detail."""
    try:
        from bokeh.models import Range1d
        from bokeh.models.annotations import Span
        from bokeh.plotting import figure
    except ImportError as error:
        raise MissingExtraError("A chart", "charts") from error

    seen = found.observed.to_numpy()
    room = max(0.1 * float(np.ptp(seen)), 1e-3)
    look: dict[str, Any] = {"x_axis_type": "datetime", "height": 320, "sizing_mode": "stretch_width"}
    # Far intervals of gaps run off the chart before they flatten the curve.
    plot: Any = figure(title=found.words, y_range=Range1d(seen.min() - room, seen.max() + room), **look)
    plot.yaxis.axis_label = found.name
    line, times = found.line, found.line.index.to_numpy()
    if line["low"].notna().any():
        ends = {"y1": line["low"].to_numpy(), "y2": line["high"].to_numpy()}
        plot.varea(x=times, color=LINE, alpha=0.2, legend_label="95 % interval", **ends)
    plot.line(times, line["value"].to_numpy(), color=LINE, line_width=2, legend_label="fit")
    plot.scatter(found.observed.index.to_numpy(), seen, color=DOTS, size=4, legend_label="observed")
    for mark in detail_marks(found):
        dash = "solid" if mark["label"] == MARKS["peak_date"] else "dashed"
        plot.add_layout(Span(location=mark["stamp"], dimension="height", line_color=MARK, line_dash=dash))
    plot.legend.orientation, plot.legend.location = "horizontal", "top_left"
    plot.legend.background_fill_alpha = 0.6
    return plot
