from __future__ import annotations

import pytest

pytest.importorskip("hvplot")

import numpy as np
import pandas as pd
from bokeh.layouts import column, row
from bokeh.models import ColumnDataSource, DataTable, Div, Spacer, TableColumn, TabPanel, Tabs
from bokeh.plotting import figure

from eowidgets.widgets.charts.words import describe


def line(**settings):
    plot = figure(**settings)
    plot.line([1, 2, 3], [4, 5, 6])
    return plot


def test_kinds_axes_and_points():
    plot = line(x_axis_label="time", y_axis_label="NDVI")
    plot.line([1, 2], [4, 5])
    plot.scatter([1], [2])
    assert describe(plot) == "2 × line and scatter, NDVI by time, 6 points"
    assert describe(line(y_axis_label="NDVI")) == "line, NDVI, 3 points"
    assert describe(line()) == "line, 3 points"


def test_images_have_pixels():
    plot = figure()
    plot.image([np.zeros((20, 30))], 0, 0, 1, 1)
    assert describe(plot) == "image, 30 × 20 pixels"
    plot.scatter([1], [2])
    assert describe(plot) == "image and scatter, 30 × 20 pixels, 1 point"


def test_layouts_are_read_in_their_order():
    tabs = Tabs(tabs=[TabPanel(child=line(title="c"), title="tab")])
    layout = column(row(line(title="a"), Spacer()), line(title="b"), tabs, Div(text="x"))
    assert describe(layout) == "3 charts: 'a', line, 3 points; 'b', line, 3 points; 'c', line, 3 points"
    assert describe(column()) == "Column"


def test_tables():
    source = ColumnDataSource({"a": [1, 2], "b": [3, 4]})
    table = DataTable(source=source, columns=[TableColumn(field="a", title="A"), TableColumn(field="b", title="B")])
    assert describe(table) == "table, A, B, 2 rows"


def test_long_titles_stay_in_one_short_line():
    text = describe(line(title="long\n" * 100, x_axis_label="x" * 500))
    assert "\n" not in text
    assert len(text) < 200


def test_the_same_chart_gives_the_same_words():
    import eowidgets as eow

    eow.charts()
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [3, 2, 1], "c": [1, 1, 2]})
    texts = {repr(eow.Chart(frame.hvplot.line("a", ["b", "c"]) + frame.hvplot.hist("a", bins=3))) for _ in range(3)}
    assert len(texts) == 1
    assert "2 charts: 2 × line" in texts.pop()
