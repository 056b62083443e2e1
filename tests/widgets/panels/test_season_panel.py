"""The season panel: what is chosen, what is shown, and one series."""

from __future__ import annotations

import numpy as np
import pytest

import eowidgets as eow
from eowidgets.errors import InputError


@pytest.fixture
def panel(romania, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = eow.SeasonPanel(romania.isel(y=slice(30, 60), x=slice(30, 60)))
    yield made
    made.close()


def measure(panel):
    work = panel.run()
    assert work is not None, panel.message
    work.result(60)
    panel._settle()


def pin(panel):
    box = panel.cube.odc.geobox.geographic_extent.centroid
    ((lon, lat),) = box.coords
    return {"lon": lon, "lat": lat, "color": "#d55e00"}


def test_measure_seasons_and_look_at_a_pixel(panel):
    measure(panel)
    assert "Done: Seasons of NDVI 2015 to 2021." in panel.message
    assert panel.layer == "start"
    assert [k["key"] for k in panel.viewer.layers] == ["seasons"]
    assert panel.shown().dims == ("y", "x")
    panel.look_at((pin(panel)["lon"], pin(panel)["lat"])).result(60)
    assert panel.detail is not None
    assert len(panel.chart.forecasts) == 1
    assert {m["label"] for m in panel.chart.marks} == {"↗", "▲", "↘"}
    assert "season lasts from" in panel._detail.value
    panel.layer = "quality"
    assert panel.shown().dtype == np.uint8


@pytest.mark.parametrize("what", ["trend", "anomalies", "recovery"])
def test_every_measurement_runs_from_the_panel_and_from_its_code(panel, what):
    panel.what = what
    panel.set(months="5-10")
    measure(panel)
    assert panel.result.attrs["title"] in panel.message.replace("&#x27;", "'")
    assert f"found = eow.{what}(cube, 'NDVI', months='5-10')" in panel.code()
    same = getattr(eow, what)(panel.cube, "NDVI", months="5-10")
    for name in same.data_vars:
        np.testing.assert_array_equal(panel.result[name], same[name])
    panel.look_at((pin(panel)["lon"], pin(panel)["lat"])).result(60)
    assert len(panel.chart.forecasts) == 1


def test_what_does_not_suit_is_said_in_the_panel(panel):
    panel.what = "step_or_line"
    assert panel.run() is None
    assert "needs 9" in panel.message
    with pytest.raises(InputError, match="measurement"):
        panel.what = "weather"


def test_the_area_is_respected(panel):
    west, south, east, north = panel.cube.odc.geobox.geographic_extent.boundingbox
    middle = (west + east) / 2
    panel.area = eow.Area.of((west, south, middle, north)).geojson
    assert panel.where == "area"
    measure(panel)
    assert panel.result.sizes["x"] < panel.cube.sizes["x"]
    assert "area=area" in panel.code()


def test_dates_and_method_are_in_the_code(panel):
    panel.method = "double-logistic"
    panel._dates.index = (30, 100)
    code = panel.code()
    assert "method='double-logistic'" in code and "dates=('20" in code


def test_pins_of_the_viewer_draw_a_series(panel):
    measure(panel)
    panel.viewer.pins = [pin(panel)]
    panel.looking.result(60)
    assert panel.chart.pins[-1]["lon"] == pytest.approx(pin(panel)["lon"])
    assert panel.detail is not None


def test_save_report_and_notebook(panel, tmp_path):
    for name in ("save", "report"):
        with pytest.raises(InputError, match="There is no .* yet"):
            getattr(panel, name)()
    measure(panel)
    assert panel.save().name == "seasons.tif"
    text = panel.report().read_text(encoding="utf-8")
    assert "median season of NDVI" in text
    assert repr(panel).startswith("SeasonPanel: phenology of NDVI, 2015-08-01 to 2021-01-01, Seasons of NDVI")
