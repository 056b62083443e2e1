from __future__ import annotations

import numpy as np
import pytest
import traitlets
import xarray as xr

from eowidgets.errors import InputError
from eowidgets.render.classes import distinct
from eowidgets.render.result import Legend, result_picture
from eowidgets.widgets.places import PinsTrait, PolygonsTrait
from eowidgets.widgets.viewer.time_viewer import TimeViewer

EVIL = 'red"><img src=x onerror=alert(1)>'


def legend(**attrs):
    values = xr.DataArray(np.zeros((2, 2), "uint8"), dims=("y", "x"), name="m", attrs=attrs)
    return result_picture(values)[1]


@pytest.mark.parametrize(
    ("colors", "expected"),
    [
        ("#112233 #445566", ["#112233", "#445566"]),
        ("#123 #445566", ["#112233", "#445566"]),
        ([(1.0, 0.0, 0.0), "#445566"], ["#ff0000", "#445566"]),
        ("#112233 red;background:url(x)", ["#112233", distinct(2)[1]]),
        ("#112233", distinct(2)),
        (f"#112233 {EVIL}", distinct(2)),  # three words for two classes
        (None, distinct(2)),
        (5, distinct(2)),
        ([None, 3], distinct(2)),
    ],
)
def test_colours_of_a_file_that_are_none_become_categorical_ones(colors, expected):
    found = legend(flag_values=[0, 1], flag_meanings="a b", colors=colors)
    assert [c for _, c in found.entries] == expected
    assert "<img" not in found.html()


@pytest.mark.parametrize("color", [EVIL, None, 3, "", "url(x)"])
def test_no_colour_reaches_a_page_as_markup(color):
    html = Legend("t", entries=[("<b>", color)]).html()
    assert html == '<b>t</b><div><i style="background:#999999"></i>&lt;b&gt;</div>'


def test_limits_that_are_no_numbers_are_left_out():
    values = xr.DataArray(np.array([[0.0, 1.0]]), dims=("y", "x"), attrs={"vmin": "low", "vmax": None})
    _, found = result_picture(values)
    assert (found.vmin, found.vmax) == pytest.approx((0.02, 0.98))


class Holder(traitlets.HasTraits):
    pins = PinsTrait(traitlets.Dict())
    polygons = PolygonsTrait()


@pytest.mark.parametrize("color", [EVIL, 7, "url(x)", "expression(1)", "#12", (1, 2)])
def test_pins_polygons_and_events_have_colours_that_are_some(color, romania):
    with pytest.raises(InputError, match="is not a colour: write it as '#rrggbb'"):
        Holder(pins=[{"lon": 1, "lat": 2, "color": color}])
    with pytest.raises(InputError, match="is not a colour"):
        Holder(polygons=[{"geometry": (0, 0, 1, 1), "color": color}])
    with pytest.raises(InputError, match="is not a colour"):
        TimeViewer(romania, events=[{"date": "2018-03-01", "color": color}])


@pytest.mark.parametrize("color", ["orange", "#0af", "#00aaff80", "rgb(1, 2, 3)", "hsl(120 50% 50%)"])
def test_colours_of_style_sheets_stay(color):
    assert Holder(pins=[{"lon": 1, "lat": 2, "color": color}]).pins[0]["color"] == color
    assert Holder(pins=[{"lon": 1, "lat": 2, "color": (255, 0, 0)}]).pins[0]["color"] == "#ff0000"


def test_an_export_has_the_same_bytes_twice(make_cube, tmp_path):
    cube = make_cube(dates=3)
    for name in ("a", "b"):
        viewer = TimeViewer(cube, pins=[])
        viewer.to_html(tmp_path / f"{name}.html")
        viewer.to_gif(tmp_path / f"{name}.gif")
        (tmp_path / f"{name}.png").write_bytes(viewer.snapshot())
    for ending in ("html", "gif", "png"):
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes(), ending
