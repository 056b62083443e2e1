from __future__ import annotations

import base64
import gzip
import json
import sys
import zlib

import numpy as np
import pytest

import eowidgets as eow
from eowidgets.errors import InputError, MissingExtraError

pytest.importorskip("hvplot")


@pytest.fixture
def figure():
    from bokeh.plotting import figure

    plot = figure(title="Greenness", x_axis_label="time", y_axis_label="NDVI")
    plot.line([1, 2, 3], [0.2, 0.4, 0.3])
    return plot


def content(chart):
    return json.loads(zlib.decompress(chart.item))


def figures(item):
    return [root["name"] for root in item["doc"]["roots"]]


def test_a_figure_of_bokeh(figure):
    chart = eow.Chart(figure)
    assert repr(chart) == "Chart: 'Greenness', line, NDVI by time, 3 points"
    assert figures(content(chart)) == ["Figure"]
    assert chart.scripts == ["bokeh"]
    assert chart.sliders == []


def test_the_bundle_holds_the_text_and_the_view_only(figure):
    bundle = eow.Chart(figure)._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert set(data) == {"text/plain", "application/vnd.jupyter.widget-view+json"}
    assert data["text/plain"] == "Chart: 'Greenness', line, NDVI by time, 3 points"


def test_no_script_is_in_the_state(figure):
    state = eow.Chart(figure).get_state()
    del state["_esm"], state["_css"]
    assert sum(len(v) if isinstance(v, bytes) else len(repr(v)) for v in state.values()) < 10_000


def test_a_script_is_sent_when_the_page_asks_for_it(figure, monkeypatch):
    chart, sent = eow.Chart(figure), []
    monkeypatch.setattr(chart, "send", lambda content, buffers: sent.append((content, zlib.decompress(buffers[0]))))
    for content_ in ({"script": "bokeh"}, {"script": "../../../../etc/passwd"}, {"script": "bokeh-tables"}, {}):
        chart._handle_custom_msg(content_, [])
    assert len(sent) == 1
    assert sent[0][0] == {"script": "bokeh"}
    assert b"Bokeh" in sent[0][1] and len(sent[0][1]) > 1_000_000


def test_the_dates_of_a_cube_become_a_slider(make_cube):
    cube = make_cube(dates=4)
    chart = eow.Chart(cube.red.hvplot.image(x="x", y="y"))
    assert chart.sliders == [{"name": "time", "labels": [f"{str(t)[:10]} 00:00:00" for t in cube.time.values]}]
    first = content(chart)
    chart.positions = [2]
    assert repr(chart) == "Chart: 'time: 2020-01-25 00:00:00', image, y by x, 9 × 8 pixels"
    assert content(chart)["doc"] != first["doc"]
    for wrong in ([4], [-1], [], [0, 0]):
        with pytest.raises(InputError, match=r"one number from 0 for each slider, below \[4\]"):
            chart.positions = wrong
    assert chart.positions == [2]


def test_the_frame_of_a_date_holds_its_values(make_cube):
    cube = make_cube(dates=3)
    chart = eow.Chart(cube.red.hvplot.image(x="x", y="y"))
    chart.positions = [1]
    arrays = []

    def visit(node):
        if isinstance(node, dict):
            if node.get("type") == "ndarray" and node["shape"] == [8, 9]:
                data = gzip.decompress(base64.b64decode(node["array"]["data"]))
                arrays.append(np.frombuffer(data, node["dtype"]).reshape(8, 9))
            node = list(node.values())
        if isinstance(node, list):
            for part in node:
                visit(part)

    visit(content(chart))
    assert len(arrays) == 1
    np.testing.assert_allclose(arrays[0], cube.red.values[1][::-1])  # Bokeh draws from the bottom


def test_a_frame_that_equals_the_one_before_is_sent_all_the_same():
    import holoviews as hv

    same = {n: hv.Curve([1, 2, 3]).opts(title="always") for n in (0, 1)}
    chart = eow.Chart(hv.HoloMap(same, kdims="n"))
    before = chart.item
    chart.positions = [1]
    assert chart.item != before


def test_a_frame_that_fails_is_reported_below_the_chart(make_cube, monkeypatch):
    chart = eow.Chart(make_cube(dates=3).red.hvplot.image(x="x", y="y"))
    before = repr(chart)

    def broken(positions):
        raise ValueError("no such frame")

    with monkeypatch.context() as patch:
        patch.setattr(chart._frames, "at", broken)
        with pytest.raises(ValueError, match="no such frame"):
            chart.set_state({"positions": [1]})
    assert "no such frame" in chart.error["message"]
    assert repr(chart) == before
    chart.set_state({"positions": [2]})
    assert "2020-01-25" in repr(chart)


def test_large_charts_are_warned_about(monkeypatch, figure):
    monkeypatch.setattr("eowidgets.widgets.charts.chart._MOST_BYTES", 1000)
    with pytest.warns(UserWarning, match="draw fewer points"):
        eow.Chart(figure)


@pytest.mark.parametrize("what", [3, None, "line", object(), [1, 2]])
def test_what_is_not_a_chart_is_refused(what):
    with pytest.raises(InputError, match="is not a chart: give a Bokeh figure or layout, a HoloViews object"):
        eow.Chart(what)


def test_data_of_holoviews_that_are_not_drawn_are_refused():
    import holoviews as hv

    with pytest.raises(InputError):
        eow.Chart(hv.Dataset(([1, 2], [3, 4]), "x", "y"))
    with pytest.raises(InputError, match="cannot be drawn"):
        eow.Chart(hv.DynamicMap(lambda n: hv.Curve([n]), kdims="n"))


@pytest.mark.parametrize("library", ["bokeh.models", "holoviews.core.dimension"])
def test_without_the_extra_the_error_names_it(monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'eowidgets\[charts\]'"):
        eow.Chart(3)
