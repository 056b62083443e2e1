import numpy as np
import pytest

import eowidgets as eow
from eowidgets.errors import InputError

PIN = {"lon": 22.1515, "lat": 45.2029}


def test_series_of_a_pin_with_cloudy_dates_hollow(romania):
    chart = eow.PixelChart(romania, "NDVI", pins=[PIN])
    line = chart.series[0]
    column = romania.eow.at(**PIN)
    expected = (column.nir - column.red) / (column.nir + column.red)
    np.testing.assert_allclose(line["values"], expected, rtol=1e-5)
    np.testing.assert_array_equal(line["hollow"], column.clouds)
    assert line["dates"][0] == "2015-08-01"


def test_area_has_mean_and_spread(romania):
    area = (22.146, 45.201, 22.150, 45.204)
    chart = eow.PixelChart(romania, "red", area=area)
    expected = romania.eow.series(area)
    line = chart.series[-1]
    found = np.array([np.nan if v is None else v for v in line["high"]], float)
    np.testing.assert_allclose(found, expected.red + expected.red_std, rtol=1e-5)
    assert "and an area" in repr(chart)


def test_polygons_have_a_colour_each_and_their_mostly_cloudy_dates_are_hollow(romania):
    west, east = (22.146, 45.201, 22.150, 45.204), (22.151, 45.201, 22.153, 45.204)
    chart = eow.PixelChart(romania, "nir", polygons=[west, {"geometry": east, "color": "#009e73", "name": "clearing"}])
    assert [(s["name"].split(" (")[0], s["color"]) for s in chart.series] == [
        ("polygon", "#0072b2"),
        ("clearing", "#009e73"),
    ]
    expected = romania.eow.series(east)
    line = chart.series[1]
    np.testing.assert_allclose(np.array(line["values"], float), expected.nir, rtol=1e-5)
    np.testing.assert_array_equal(line["hollow"], expected.usable < 0.5)
    assert 0 < sum(line["hollow"]) < len(line["hollow"])
    assert repr(chart) == "PixelChart: nir of 0 pixels, 2 polygons, 140 dates"
    viewer = eow.TimeViewer(romania, polygons=[west])
    chart.polygons = viewer.polygons  # what a viewer has, a chart takes
    assert len(chart.series) == 1
    viewer.close()


def test_a_callback_that_fails_is_shown_under_the_chart(romania):
    chart = eow.PixelChart(romania)

    def fail(_):
        raise RuntimeError("the callback is broken")

    chart.observe(fail, "date")
    with pytest.raises(RuntimeError):
        chart.set_state({"date": "2018-07-06"})  # as the browser does
    assert chart.error["message"] == "A callback failed: RuntimeError: the callback is broken"
    assert "in fail" in chart.error["details"]


def test_traits_update_the_chart(romania):
    chart = eow.PixelChart(romania)
    assert chart.series == []
    chart.pins = [PIN, {**PIN, "lon": 22.150}]
    assert [s["color"] for s in chart.series] == ["#0072b2", "#e69f00"]
    chart.what = "nir"
    assert chart.title == "Near infrared"
    assert repr(chart) == "PixelChart: nir of 2 pixels, 140 dates"


def test_refusals(romania):
    with pytest.raises(InputError, match="no band or index named 'NDVV'"):
        eow.PixelChart(romania, "NDVV")
    with pytest.raises(InputError, match="needs swir22"):
        eow.PixelChart(romania, "NBR")
    with pytest.raises(InputError, match="outside the cube"):
        eow.PixelChart(romania, pins=[{"lon": 0, "lat": 0}])
    with pytest.raises(InputError, match="give an area"):
        eow.PixelChart(romania, polygons=[3])
