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
        from bokeh.models import Span
        from bokeh.plotting import figure
    except ImportError as error:
        raise MissingExtraError("A chart", "charts") from error

    plot = figure(title=found.words, x_axis_type="datetime", height=320, sizing_mode="stretch_width")
    plot.yaxis.axis_label = found.name
    line = found.line
    if line["low"].notna().any():
        plot.varea(x=line.index, y1=line["low"], y2=line["high"], color=LINE, alpha=0.2, legend_label="95 % interval")
    plot.line(line.index, line["value"], color=LINE, width=2, legend_label="fit")
    seen = found.observed
    plot.scatter(seen.index, seen.to_numpy(), color=DOTS, size=4, legend_label="observed")
    for mark in detail_marks(found):
        dash = "solid" if mark["label"] == MARKS["peak_date"] else "dashed"
        plot.add_layout(Span(location=mark["stamp"], dimension="height", line_color=MARK, line_dash=dash))
    low, high = (float(f(seen.to_numpy())) for f in (np.min, np.max))
    room = max(0.05 * (high - low), 1e-3)
    plot.y_range.start, plot.y_range.end = low - 2 * room, high + 2 * room
    plot.legend.orientation, plot.legend.location = "horizontal", "top_left"
    plot.legend.background_fill_alpha = 0.6
    return plot
