import threading

import numpy as np
import pandas as pd
import pytest

import eowidgets as eow
from eowidgets.analysis.forecast.forecast import forecast, hindcast
from eowidgets.contract.choice import Choice
from eowidgets.errors import InputError
from eowidgets.widgets.chart.fan import fan_series
from eowidgets.widgets.panels.forecast_panel import ForecastPanel
from eowidgets.widgets.panels.forecast_view import skill_html

PIN = {"lon": 22.1515, "lat": 45.2029, "color": "#0072b2"}
FIELD = (22.146, 45.201, 22.150, 45.204)


@pytest.fixture
def panel(romania):
    made = ForecastPanel(romania.isel(y=slice(0, 100, 4), x=slice(0, 100, 4)))
    yield made
    made.close()


def wait(panel, act):
    """Do something that forecasts, and wait until the panel says how it went."""
    done = threading.Event()

    panel._note.observe(lambda c: done.set() if "Forecasting" not in c["new"] else None, names="value")
    panel.observe(lambda c: done.set(), names="result")
    act()
    assert done.wait(60)
    if panel.job is not None:
        panel.job.wait(60)
    said = threading.Event()  # the panel hears of the end a moment later
    panel._note.observe(lambda c: said.set() if "Forecasting ..." not in c["new"] else None, names="value")
    assert "Forecasting ..." not in panel.message or said.wait(10)
    panel._note.unobserve_all()


def test_a_click_on_a_pixel_draws_the_fan(panel):
    panel.days = 60
    wait(panel, lambda: setattr(panel, "pins", [PIN]))
    expected = forecast(panel.cube, "NDVI", area=(PIN["lon"], PIN["lat"]), days=60)
    np.testing.assert_array_equal(panel.result.ndvi, expected.ndvi)
    fan = panel.chart.forecasts[0]
    assert [band["level"] for band in fan["fan"]] == [0.95, 0.8, 0.5]
    np.testing.assert_allclose(fan["fan"][0]["low"], expected.ndvi_lo95)
    assert panel.chart.pins == [PIN]
    assert panel.chart.series[0]["dates"][0] >= "2019-07-01"
    assert panel.chart.marks[0]["stamp"] == pd.Timestamp("2021-01-01").value // 1_000_000
    assert "Forecast from 2021-01-01 to 2021-03-02" in panel.message
    for words in ("persistence", "climatology", "MAE", "80%"):
        assert words in panel._skill.value


def test_dragging_back_is_a_hindcast(panel):
    panel.days = 90
    wait(panel, lambda: setattr(panel, "pins", [PIN]))
    wait(panel, lambda: setattr(panel, "from_date", "2019-07-01"))
    assert panel.result.attrs["forecast_from"] <= "2019-07-01"
    expected = hindcast(panel.cube, panel.from_date, "NDVI", area=(PIN["lon"], PIN["lat"]), days=90, every=10)
    np.testing.assert_array_equal(panel.result.ndvi_observed, expected.ndvi_observed)
    assert "clear values observed afterwards" in panel.message
    assert "hindcast(cube, '2019-07-01'" in panel.code()


def test_code_does_the_same(panel, romania):
    panel.cube = romania
    panel.set_trait("area", FIELD)
    panel.where = "mean"
    panel.days = 30
    scope = {}
    exec(compile(panel.code(), "cell", "exec"), scope)
    wait(panel, panel.run)
    np.testing.assert_array_equal(scope["result"].ndvi_lo80, panel.result.ndvi_lo80)


def test_frames_follow_the_last_date_in_the_viewer(romania):
    cube = romania.isel(y=slice(0, 12), x=slice(0, 12))
    viewer = eow.TimeViewer(cube, index="NDVI")
    panel = ForecastPanel(cube, viewer=viewer)
    panel.where, panel.days = "all", 30
    wait(panel, panel.run)
    shown = viewer.cube
    assert shown.sizes["time"] == cube.sizes["time"] + 3
    np.testing.assert_array_equal(shown.ndvi.values[-3:], panel.result.ndvi)
    np.testing.assert_array_equal(shown.forecast, np.arange(143) >= 140)
    np.testing.assert_array_equal(shown.red.values[:140], cube.red)
    assert viewer.date == "2021-01-11"
    assert (viewer.bands, viewer.index) == (["ndvi"], None)
    assert [e["label"] for e in viewer.events] == ["forecast"] * 3
    # Of a hindcast the frames stand beside what came, on the same dates.
    wait(panel, lambda: setattr(panel, "from_date", "2020-06-20"))
    assert viewer.compare_mode == "swipe"
    beside = viewer.sources["compare"].cube
    assert set(beside.time.values) <= set(viewer.cube.time.values)
    assert viewer.cube.sizes["time"] == 140
    panel.close()


def test_an_area_is_forecast_as_its_mean(panel):
    wait(panel, lambda: panel.set_trait("area", FIELD))
    assert panel.where == "mean"
    assert panel.result.ndvi.dims == ("time",)
    assert len(panel.chart.series) == 1


def test_bands(panel):
    panel.what = "red green blue"
    panel.where, panel.days, panel.model = "all", 30, "climatology"
    wait(panel, panel.run)
    assert {"red", "green_lo50", "blue_mae"} <= set(panel.result.data_vars)


def test_errors_are_one_sentence_in_the_panel(panel, monkeypatch):
    panel.run()
    assert "eow-bad" in panel.message
    assert "No pixel is chosen" in panel.message
    panel.where = "mean"
    panel.run()
    assert "No area is drawn" in panel.message
    panel.where = "all"
    panel._from.value = panel._dates[0]
    panel.where = "pixel"
    wait(panel, lambda: setattr(panel, "pins", [PIN]))
    assert "eow-bad" in panel.message
    panel.from_date = "2021-01-01"
    monkeypatch.setattr("eowidgets.widgets.panels.forecast_panel.forecast", lambda *a, **k: 1 / 0)
    wait(panel, panel.run)
    assert "division by zero" in panel.message
    monkeypatch.undo()
    wait(panel, panel.run)
    assert "eow-bad" not in panel.message


def test_refusals(romania, panel):
    with pytest.raises(InputError, match="no band or index named 'NDVV'"):
        ForecastPanel(romania, "NDVV")
    with pytest.raises(InputError, match="no forecaster named"):
        panel.model = "oracle"
    with pytest.raises(InputError, match="before the first date"):
        panel.from_date = "2000-01-01"
    with pytest.raises(InputError, match="no forecast to save"):
        panel.save()


def test_save(panel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    panel.days = 30
    wait(panel, lambda: setattr(panel, "pins", [PIN]))
    panel._save.click()
    assert "forecast.csv" in panel.message
    table = pd.read_csv(tmp_path / "forecast.csv")
    np.testing.assert_allclose(table.ndvi, panel.result.ndvi, atol=1e-5)
    panel._format.value = ".nc"
    panel._save.click()
    import xarray as xr

    with xr.open_dataset(tmp_path / "forecast.nc") as back:
        np.testing.assert_array_equal(back.ndvi_hi95, panel.result.ndvi_hi95)
        assert back.attrs["provenance"] == panel.result.attrs["provenance"]
        assert set(back.forecaster.values) >= {"persistence", "climatology"}
    with pytest.raises(InputError, match="must end in"):
        panel.save("forecast.xlsx")


def test_repr_and_controls(panel):
    assert repr(panel).endswith("NDVI of the last pin, 180 days from 2021-01-01 by auto, no forecast yet")
    panel.model = "harmonic"
    panel._controls["terms"].value = 3
    panel.pins = []
    panel.where = "all"
    assert panel.options()["terms"] == 3
    panel.model = "seasonal-naive"
    assert "terms" not in panel.options()


def test_fan_series_of_a_hole():
    times = pd.date_range("2021-01-01", periods=2).astype("datetime64[ns]")
    import xarray as xr

    data = {k: ("time", np.array([0.1, np.nan], "float32")) for k in ("a", "a_lo80", "a_hi80")}
    fan = fan_series(xr.Dataset(data, coords={"time": times, "level": [0.8]}, attrs={"model": "m"}))
    assert fan["values"][1] is None
    assert fan["fan"][0]["low"][1] is None


def test_the_default_is_a_test_of_several_methods(panel):
    assert panel.model == "auto"
    panel.days = 60
    wait(panel, lambda: setattr(panel, "pins", [PIN]))
    choice = Choice.from_json(panel.result.attrs["choice"])
    assert choice.sentence in panel._chosen.value.replace("&amp;", "&")
    assert panel.result.attrs["model"] == choice.winner.removeprefix("forecast-")
    panel.model = "persistence"
    assert choice.reason("forecast-persistence") in panel._chosen.value
    panel.model = "seasonal-naive"  # not among those tested
    assert panel._chosen.value == ""
    panel.model = "auto"
    panel.days = 90
    assert panel._chosen.value == ""
    assert "model='auto'" in panel.code()


def test_a_cube_of_one_index_band(romania):
    cube = romania.isel(y=slice(0, 6), x=slice(0, 6))
    ndmi = cube.eow.index("NDMI").astype("float32").assign_attrs(role="band", quantity="index")
    made = ForecastPanel(cube[["valid", "clouds"]].assign(ndmi=ndmi))
    try:
        assert made.what.lower() == "ndmi"
    finally:
        made.close()


def test_the_panel_says_what_would_have_done_better(panel):
    made = forecast(panel.cube, "NDVI", area=(PIN["lon"], PIN["lat"]), days=60, model="harmonic")
    made = made.assign(ndvi_mae=("forecaster", [0.2, 0.3, 0.1]))
    assert "climatology had smaller errors" in skill_html(made)
    assert "had smaller" not in skill_html(made.assign(ndvi_mae=("forecaster", [0.1, 0.3, 0.2])))


def test_models_of_images_are_offered_once_registered(panel, monkeypatch):
    from eowidgets.contract import registry
    from eowidgets.models.units.config import UniTSConfig
    from eowidgets.models.units.forecast import UniTSForecast
    from eowidgets.models.units.network import UniTS

    class Tiny(UniTSForecast):
        name = "tiny-units"

        def __init__(self, **params):
            network = UniTS(UniTSConfig(width=32, depth=1, heads=2, acor_hidden=8, refine=4)).eval()
            super().__init__(network, **params)

    monkeypatch.setitem(registry._registered, "tiny-units", Tiny)
    made = ForecastPanel(panel.cube.isel(time=slice(60, None)))
    try:
        made.model, made.days = "tiny-units", 30
        assert list(made._controls) == ["samples", "steps", "solver"]
        wait(made, lambda: setattr(made, "pins", [PIN]))
        assert made.result.attrs["model"] == "tiny-units"
        assert "model='tiny-units'" in made.code()
        assert np.isfinite(made.result.ndvi).all()
    finally:
        made.close()
