from __future__ import annotations

import zlib

import pytest

pytest.importorskip("hvplot")

from bokeh.core.json_encoder import serialize_json
from bokeh.embed import json_item
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, DataTable, Div
from bokeh.plotting import figure

from eowidgets.widgets.charts.scripts import compressed, needed


def plot(**settings):
    made = figure(**settings)
    made.scatter([1], [2])
    return made


@pytest.mark.parametrize(
    ("root", "more"),
    [
        (plot(), []),
        (plot(output_backend="webgl"), ["bokeh-gl"]),
        (column(plot(), Div(text="x")), ["bokeh-widgets"]),
        (DataTable(source=ColumnDataSource({})), ["bokeh-widgets", "bokeh-tables"]),
        (plot(title="$$x$$"), ["bokeh-mathjax"]),
        (plot(x_axis_label=r"\(x\)"), ["bokeh-mathjax"]),
        (plot(x_axis_label=r"\[x\]"), ["bokeh-mathjax"]),
        (plot(title="5 $, a (b) [c]"), []),
    ],
)
def test_only_what_a_figure_needs(root, more):
    assert needed(root, serialize_json(json_item(root))) == ("bokeh", *more)


def test_scripts_come_whole_and_small():
    for name in ("bokeh", "bokeh-widgets", "bokeh-tables", "bokeh-gl", "bokeh-mathjax"):
        packed = compressed(name)
        assert len(packed) < 700_000
        assert zlib.decompress(packed).startswith(b"'use strict'")
