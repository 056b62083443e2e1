"""Cubes of temperature, elevation, backscatter and classes from opening to viewer, chart, filling and forecast."""

import json

import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401  (gives .rio)
import xarray as xr

import eowidgets as eow
from eowidgets.render.picture import draw
from eowidgets.render.source import FrameSource
from eowidgets.render.style import Style

DATES = pd.date_range("2016-01-01", periods=96, freq="16D")
WAVE = np.sin(2 * np.pi * (DATES.dayofyear.values - 100) / 365)[:, None, None]
LEVELS = {
    "lst": (285, 12, {"units": "K", "long_name": "Land surface temperature"}),
    "sst": (4, 6, {"units": "degC", "long_name": "Sea surface temperature"}),
    "vv": (-12, 2, {"units": "dB", "long_name": "Backscatter VV"}),
    "lai": (300, 250, {"units": "0.01 m2 m-2", "long_name": "Leaf area index"}),
}


def cube_of(name, gaps=0.2):
    level, height, attrs = LEVELS[name]
    rng = np.random.default_rng(0)
    values = (level + height * WAVE + height / 20 * rng.normal(size=(len(DATES), 10, 12))).astype("float32")
    values[rng.random(values.shape) < gaps] = np.nan
    return xr.Dataset(
        {
            name: (("time", "y", "x"), values, attrs),
            "dem": (("y", "x"), elevation(), {"units": "m", "long_name": "Elevation"}),
        },
        coords={"time": DATES, "y": 5e6 - 30 * np.arange(10.0), "x": 5e5 + 30 * np.arange(12.0)},
    ).rio.write_crs(32633)


def elevation():
    return (1500 + 300 * np.random.default_rng(1).random((10, 12))).astype("float32")


def text_of(*things):
    return json.dumps([str(t) for t in things]).lower()


@pytest.mark.parametrize("name", sorted(LEVELS))
def test_a_quantity_keeps_values_unit_and_name_all_the_way(name):
    level, height, attrs = LEVELS[name]
    raw = cube_of(name)
    cube = eow.open(raw)
    np.testing.assert_array_equal(cube[name], raw[name])
    assert [f for f in cube.eow.check() if f.level != "note"] == []

    viewer = eow.TimeViewer(cube)
    head = next(b for b in viewer.head["sources"][0]["bands"] if b["name"] == name)
    assert (head["unit"], head["long_name"]) == (attrs["units"], attrs["long_name"])
    source = viewer.sources["cube"]
    shown = source.floats(name, slice(None), source.whole)
    np.testing.assert_allclose(shown, raw[name], atol=2e-4 * height)
    assert level - 2 * height < head["q"][1] < head["q"][2] < level + 2 * height

    chart = eow.PixelChart(cube, name, area=cube.eow.bounds)
    assert (chart.title, chart.unit) == (attrs["long_name"], attrs["units"])
    assert np.nanmean(np.array(chart.series[0]["values"], float)) == pytest.approx(float(raw[name].mean()), rel=0.02)

    filled = eow.run("fill-linear", cube)
    assert not filled[name].isnull().any()
    assert filled[name].attrs["units"] == attrs["units"]
    assert float(filled[name].min()) >= float(raw[name].min())
    assert float(filled[name].max()) <= float(raw[name].max())

    ahead = eow.forecast(cube, bands=[name], days=48)
    assert ahead[name].attrs["units"] == attrs["units"]
    assert abs(float(ahead[name].mean()) - level) < 1.5 * abs(height)

    found = eow.change(cube)
    assert (found["change"].values == 0).mean() > 0.9
    assert "reflectance" not in text_of(
        viewer.head, viewer, chart, filled.attrs, ahead[name].attrs, found.attrs, cube.eow.check()
    )


def test_a_temperature_has_an_explorer():
    cube = eow.open(cube_of("lst"))
    explorer = eow.Explorer(cube)
    assert explorer.map.bands == ("lst",)
    assert "lst (viridis)" in repr(explorer)


def test_elevation_is_a_layer_of_a_cube_and_a_cube_of_its_own():
    cube = eow.open(cube_of("lst"))
    viewer = eow.TimeViewer(cube, bands=["dem"])
    assert viewer.bands == ["dem"]
    head = next(b for b in viewer.head["sources"][0]["bands"] if b["name"] == "dem")
    assert head["unit"] == "m"
    assert 1500 < head["q"][1] < 1600
    picture = draw(viewer.sources["cube"], viewer.style, 50)
    assert (picture[..., 3] == 255).all()
    alone = eow.TimeViewer(cube[["dem"]].drop_vars("time", errors="ignore"))
    assert (alone.bands, alone.date) == (["dem"], "")
    assert "1 date" in repr(alone)
    # The stretch is that of clear pixels, and a cube without masks has no others: some grey levels apart.
    assert np.abs(draw(alone.sources["cube"], alone.style, 0).astype(int) - picture).max() <= 8


def test_negative_values_of_a_held_index_are_not_cut_off():
    raw = cube_of("sst").rename(sst="NDWI").drop_vars("dem")
    cube = eow.open((raw / 20 - 0.2).assign_attrs(raw.attrs).rio.write_crs(32633))
    ahead = eow.forecast(cube, bands=["NDWI"], days=160)
    assert float(ahead["NDWI"].min()) < -0.1


@pytest.mark.parametrize(("name", "seasons"), [("lst", (255, 305)), ("vv", (-20, -5)), ("sst", (2, 28))])
def test_a_lazy_cube_clips_no_other_season(name, seasons):
    """The range of a lazy band is chosen from one date; other dates must fit as well."""
    raw = cube_of(name).drop_vars("dem").isel(time=[0, 1, 2])
    rng = np.random.default_rng(0)
    frames = np.stack([m + rng.normal(0, 0.5, (10, 12)) for m in (seasons[0], np.mean(seasons) + 0.0, seasons[1])])
    raw[name] = (("time", "y", "x"), frames.astype("float32"), raw[name].attrs)
    source = FrameSource(raw.chunk({"time": 1}))
    np.testing.assert_allclose(source.floats(name, slice(None), source.whole), frames, atol=0.01)


def test_small_backscatter_keeps_its_digits():
    raw = cube_of("vv").drop_vars("dem")
    linear = (10 ** (raw["vv"] / 10) / 100).assign_attrs(units="1")
    source = FrameSource(linear.to_dataset(name="vh").rio.write_crs(32633))
    shown = source.floats("vh", slice(None), source.whole)
    np.testing.assert_allclose(shown, linear, rtol=0.01)


# --- quality bands and classes --------------------------------------------------------------------------------------


def test_a_scene_classification_is_drawn_in_the_colours_of_its_legend(romania):
    cube = romania.isel(time=slice(0, 4))
    viewer = eow.TimeViewer(cube, bands=["scl"])
    head = next(b for b in viewer.head["sources"][0]["bands"] if b["name"] == "scl")
    names = {c["value"]: c["name"] for c in head["classes"]}
    assert names[4] == "vegetation"
    assert names[9] == "cloud high probability"
    colors = {c["value"]: c["color"] for c in head["classes"]}
    picture = draw(viewer.sources["cube"], viewer.style, 1)
    for row, column in ((0, 0), (50, 50), (99, 3)):
        color = "#{:02x}{:02x}{:02x}".format(*picture[row, column, :3])
        assert color == colors[int(cube.scl.values[1, row, column])]
    assert viewer.sources["cube"].typical == eow.TimeViewer(cube).sources["cube"].typical


def test_quality_bands_are_offered_last_and_have_a_series(romania):
    cube = romania.isel(time=slice(0, 5))
    explorer = eow.Explorer(cube)
    offered = [b["name"] for b in explorer.viewer.head["sources"][0]["bands"]]
    assert offered[:4] == ["blue", "green", "red", "nir"]
    assert "scl" in offered[6:]
    assert explorer.viewer.bands == ["red", "green", "blue"]
    explorer.viewer.bands = ["scl"]
    explorer.map.bands = ("scl",)
    west, south, east, north = cube.eow.bounds
    middle = {"lon": (west + east) / 2, "lat": (south + north) / 2}
    chart = eow.PixelChart(cube, "scl", pins=[middle], area=cube.eow.bounds)
    pixel, area = chart.series
    assert pixel["values"] == cube.eow.at(**middle).scl.values.tolist()
    assert area["values"] == [float(np.bincount(v.ravel()).argmax()) for v in cube.scl.values]
    assert "most frequent" in area["name"]


@pytest.mark.parametrize(
    ("attrs", "expected"),
    [
        ({"flag_values": [1, 2, 5], "flag_meanings": "forest water town"}, {1: "forest", 2: "water", 5: "town"}),
        ({"flag_values": "1, 2, 5", "flag_meanings": "forest water"}, {1: "forest", 2: "water", 5: "5"}),
        (
            {"flag_masks": [1, 2, 4], "flag_meanings": "fill cloud shadow", "role": "quality"},
            {1: "fill", 2: "cloud", 5: "fill + shadow"},
        ),
        ({"role": "quality"}, {1: "1", 2: "2", 5: "5"}),
        ({"flag_values": [1, 2, 512]}, {}),
        ({}, {}),
    ],
)
@pytest.mark.parametrize("over_time", [True, False])
def test_any_integers_with_flags_are_classes(attrs, expected, over_time):
    values = np.random.default_rng(0).choice([1, 2, 5], (3, 10, 12)).astype("uint8")
    raw = cube_of("lst").isel(time=[0, 1, 2])
    raw["cover"] = (("time", "y", "x"), values, attrs) if over_time else (("y", "x"), values[0], attrs)
    source = FrameSource(raw)
    rows = source.classes("cover")
    assert {r["value"]: r["name"] for r in rows} == expected
    assert len({r["color"] for r in rows}) == len(rows)
    np.testing.assert_array_equal(source.floats("cover", [0] if over_time else slice(None), source.whole)[0], values[0])
    if rows:
        style = Style(bands=("cover",), classes={r["value"]: r["color"] for r in rows})
        assert len(np.unique(draw(source, style, 0).reshape(-1, 4), axis=0)) == 3


def test_bits_of_sixteen_are_integers():
    raw = cube_of("lst").isel(time=[0, 1])
    values = np.random.default_rng(0).choice([1, 21824, 22280, 65535], (2, 10, 12)).astype("uint16")
    raw["qa_pixel"] = (("time", "y", "x"), values, {"role": "quality"})
    source = FrameSource(raw)
    assert source.classes("qa_pixel") == []
    shown = source.floats("qa_pixel", slice(None), source.whole)
    np.testing.assert_allclose(shown, values, atol=1)
