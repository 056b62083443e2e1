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
