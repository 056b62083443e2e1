from __future__ import annotations

import pytest

pytest.importorskip("hvplot")

import holoviews as hv
import panel as pn
from bokeh.models import Div

from eowidgets.errors import InputError
from eowidgets.widgets.charts.frames import frames

EVIL = "<img src=x onerror=alert(1)>"


def curves(*keys):
    return {key: hv.Curve([0, n, 1]) for n, key in enumerate(keys)}


def test_a_still_has_no_slider():
    assert frames(hv.Curve([1, 2])).sliders == ()
    assert frames(hv.Curve([1, 2]) + hv.Curve([1])).sliders == ()
    assert frames(hv.Curve([1]) * hv.Curve([2])).sliders == ()


def test_key_dimensions_become_sliders_in_their_order():
    both = hv.HoloMap({(a, b): hv.Curve([a, b]) for a in (1, 2) for b in (5, 6, 7)}, kdims=["a", "b"])
    found = frames(both)
    assert [(s.name, s.labels) for s in found.sliders] == [("a", ("1", "2")), ("b", ("5", "6", "7"))]
    assert found.at([1, 2]).title.text == "a: 2, b: 7"
    assert found.at([0, 0]).title.text == "a: 1, b: 5"


def test_a_layout_of_maps_shares_its_sliders():
    found = frames(hv.HoloMap(curves(3, 4), kdims="n") + hv.Curve([1]))
    assert [(s.name, s.values) for s in found.sliders] == [("n", (3, 4))]


def test_what_hvplot_returns_with_a_place_for_its_sliders():
    panes = pn.panel(hv.HoloMap(curves(3, 4), kdims="n"), widget_location="bottom")
    assert [s.name for s in frames(panes).sliders] == ["n"]
    with pytest.raises(InputError, match="is not a chart"):
        frames(pn.Column("# text"))
    with pytest.raises(InputError, match="is not a chart"):
        frames(pn.Column(hv.Curve([1]), hv.Curve([2])))


def test_the_title_of_a_layout_is_text():
    layout = (hv.Curve([1]) + hv.Curve([2])).opts(title=EVIL)
    found = frames(layout)
    for _ in range(2):
        title = found.at([]).select_one({"type": Div})
        assert title.text == EVIL
        assert title.render_as_text
