"""A band that holds an index already is that index, everywhere."""

import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401  (gives .rio)
import xarray as xr

import eowidgets as eow
from eowidgets.cube.indices import available, index, present


def cube_of(name, dates=80, drop=None):
    times = pd.date_range("2016-01-01", periods=dates, freq="16D")
    wave = 0.5 + 0.2 * np.sin(2 * np.pi * times.dayofyear.values / 365)
    if drop is not None:
        wave = np.where(times >= drop, 0.15, wave)
    values = wave[:, None, None] + np.random.default_rng(0).normal(0, 0.01, (dates, 6, 6))
    return xr.Dataset(
        {name: (("time", "y", "x"), values.astype("float32"))},
        coords={"time": times, "y": 5e6 - 10 * np.arange(6.0), "x": 5e5 + 10 * np.arange(6.0)},
    ).rio.write_crs(32633)


@pytest.mark.parametrize(("band", "asked"), [("NDVI", "NDVI"), ("ndvi", "NDVI"), ("Evi", "evi"), ("NBR", "nbr")])
def test_the_band_is_the_index_in_any_case(band, asked):
    cube = cube_of(band)
    found = index(cube, asked)
    np.testing.assert_array_equal(found, cube[band])
    assert found.name == asked.lower()
    assert found.attrs["units"] == "1"
    assert "formula" not in found.attrs
    assert available(cube) == (asked.upper(),)
    assert present(cube, asked) == band


def test_constants_and_other_indices_are_computed(make_cube):
    cube = make_cube(bands=("red", "nir", "blue"))
    computed = index(cube, "EVI")
    held = cube.assign(evi=computed * 0 + 0.25)
    assert float(index(held, "EVI").max()) == 0.25
    np.testing.assert_allclose(index(held, "EVI", g=5.0), computed * 2, rtol=1e-5)
    with pytest.raises(eow.EowidgetsError, match="needs nir, red"):
        index(cube_of("EVI"), "NDVI")


def test_a_saved_index_is_the_band_of_a_cube_without_others(make_cube):
    ndvi = make_cube(dates=30).eow.index("NDVI")
    assert ndvi.attrs["role"] == "index"
    cube = eow.open(ndvi.to_dataset())
    assert cube.eow.bands == ("ndvi",)
    np.testing.assert_array_equal(cube.eow.index("NDVI"), ndvi)


def test_viewer_chart_and_explorer_take_it():
    cube = eow.open(cube_of("NDVI"))
    viewer = eow.TimeViewer(cube, index="ndvi")
    assert viewer.index == "NDVI"
    head = viewer.head["sources"][0]
    assert [i["name"] for i in head["indices"]] == ["NDVI"]
    assert head["indices"][0]["rpn"] == ["b0"]
    assert viewer.sources["cube"].quantiles(viewer.sources["cube"].program("NDVI"))[1] > 0.2
    chart = eow.PixelChart(cube, "ndvi", area=cube.eow.bounds)
    assert chart.series[0]["values"][0] == pytest.approx(float(cube["NDVI"][0].mean()), abs=1e-4)
    assert eow.Explorer(cube, index="NDVI").map.cube is not None


def test_forecast_and_questions_take_it():
    cube = eow.open(cube_of("NDVI"))
    ahead = eow.forecast(cube, days=60)
    assert "ndvi" in ahead
    assert 0.2 < float(ahead["ndvi"].mean()) < 0.8
    same = eow.forecast(cube, bands=["NDVI"], days=60)
    np.testing.assert_allclose(same["NDVI"], ahead["ndvi"], atol=1e-4)
    assert "NDVI was highest on 20" in str(eow.ask(cube, "When is NDVI highest?"))


@pytest.mark.parametrize("method", ["break-ccdc", "break-cusum", "break-iqr", "break-ensemble"])
def test_change_watches_it(method):
    lost, kept = (eow.open(cube_of("NDVI", dates=160, drop=d)) for d in ("2019-03-01", None))
    params = {"history": 2.0, "reference": "none"}
    if method == "break-iqr":  # its tuned settings model no season, which hides the loss of this wide one
        params["terms"] = 1
    assert (eow.change(lost, method, **params)["change"].values == 1).mean() > 0.7
    assert (eow.change(kept, method, **params)["change"].values == 1).mean() < 0.2


def test_a_monitor_of_another_index_is_refused_with_what_it_needs():
    with pytest.raises(eow.EowidgetsError, match="needs the bands nir, red"):
        eow.run("break-cusum", eow.open(cube_of("EVI")))
    eow.run("break-cusum", eow.open(cube_of("NBR")), index="NBR")
