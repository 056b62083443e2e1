from __future__ import annotations

import zlib

import numpy as np
import pytest

from eowidgets.errors import InputError
from eowidgets.render import feed
from eowidgets.render.pack import unpack_mask
from eowidgets.render.source import MASK, FrameSource
from eowidgets.render.window import Window


def test_the_date_in_view_comes_first_in_every_band(make_cube):
    source = FrameSource(make_cube(dates=40, height=300, width=300))
    messages = list(feed.pixels(source, ["red", "nir"], source.whole, 30))
    for message, data in messages[:2]:
        assert message["t"] <= 30 < message["t"] + message["count"]
        assert len(data) < 5_000_000
    assert {m["band"] for m, _ in messages[:2]} == {"red", "nir"}
    assert sum(m["count"] for m, _ in messages if m["band"] == "red") == 40


def test_one_large_date_is_cut_by_rows(make_cube, monkeypatch):
    monkeypatch.setattr(feed, "MAX_CHUNK", 1600)
    monkeypatch.setattr(feed, "dates_per_chunk", lambda size: 1)
    source = FrameSource(make_cube(dates=2, height=30, width=40))
    messages = [m for m, _ in feed.pixels(source, ["red"], source.whole)]
    assert [(m["t"], m["row"], m["rows"]) for m in messages] == [(0, 0, 20), (0, 20, 10), (1, 0, 20), (1, 20, 10)]


@pytest.mark.parametrize("width", [7, 8, 9, 300, 301, 302, 303])
@pytest.mark.parametrize("stride", [1, 2, 3, 4, 16])
def test_shapes_are_those_of_the_data(make_cube, width, stride):
    cube = make_cube(dates=2, height=5, width=width)
    source = FrameSource(cube)
    window = Window(0, 0, width, 5, stride)
    data = source.read("red", slice(None), window)
    assert data.shape[1:] == window.shape
    clouds = unpack_mask(source.read(MASK, slice(None), window), window.shape[1])
    rows, columns = window.slices()
    assert (clouds == cube.clouds.values[:, rows, columns]).all()


def test_a_lazy_cube_tells_its_bands_before_their_pixels(make_cube):
    source = FrameSource(make_cube(dates=3).chunk({"time": 1}))
    assert source.head()["bands"][0]["q"] is None
    messages = list(feed.pixels(source, ["red", "nir"], source.whole, 1))
    assert messages[0][0]["type"] == "bands"
    assert {b["name"] for b in messages[0][0]["bands"]} == {"red", "nir"}
    assert "NDVI" in {i["name"] for i in messages[0][0]["indices"]}
    assert [m["t"] for m, _ in messages[1:] if m["band"] == "red"][0] == 1


def test_the_coarse_picture_of_a_lazy_cube_tells_its_cloud_cover(make_cube):
    cube = make_cube(dates=4, height=300, width=520)
    cube["red"] = cube.red.where(cube.x < float(cube.x[100]), np.nan).where(cube.time != cube.time[2])
    cube["clouds"] = cube.clouds & (cube.x < float(cube.x[60]))
    cube["clouds"] = cube.clouds.where(cube.time != cube.time[2], False)
    source = FrameSource(cube.chunk({"time": 1}))
    assert source.head()["cover"] == [None] * 4
    told = {m["t"]: m["cover"] for m, _ in feed.pixels(source, ["red", MASK], source.coarse) if "cover" in m}
    thin = cube.isel(y=slice(1, None, 3), x=slice(1, None, 3))
    seen = np.isfinite(thin.red.values) | thin.clouds.values
    for t in (0, 1, 3):
        assert told[t] == pytest.approx(thin.clouds.values[t].sum() / seen[t].sum(), abs=1e-4)
    assert max(told[t] for t in (0, 1, 3)) > 0.05
    assert told[2] is None  # nothing was measured
    assert source.head()["cover"] == [told[t] for t in range(4)]
    again = FrameSource(cube.chunk({"time": 1}))
    list(feed.pixels(again, ["red", MASK], Window(0, 0, 64, 64)))
    assert again.cloud_cover == [None] * 4  # a part says nothing about the whole


def test_deflated_pixels_are_the_same_and_say_so(make_cube):
    source = FrameSource(make_cube(dates=5, height=40, width=33))
    plain, small = (list(feed.pixels(source, ["red", MASK], source.whole, deflate=d)) for d in (False, True))
    assert [m | {"zip": True} for m, _ in plain] == [m for m, _ in small]
    assert [d for _, d in plain] == [zlib.decompress(d) for _, d in small]


def test_series_of_an_area(make_cube, monkeypatch):
    cube = make_cube(dates=3, height=20, width=30)
    source = FrameSource(cube)
    lon, lat = source.place.to_lonlat([500_050, 500_150], [4_999_950, 4_999_850])
    box = {
        "type": "Polygon",
        "coordinates": [[[lon[0], lat[0]], [lon[0], lat[1]], [lon[1], lat[1]], [lon[1], lat[0]], [lon[0], lat[0]]]],
    }
    answer = feed.series(source, {"id": "1", "area": box, "bands": ["red"], "rpn": ["b0"]})
    part = cube.red.where(~cube.clouds).isel(x=slice(5, 15), y=slice(5, 15))
    np.testing.assert_allclose(answer["values"], part.mean(("y", "x")).values, atol=3e-4)
    monkeypatch.setattr(feed, "MOST_OF_AREA", 20)
    thinned = feed.series(source, {"id": "1", "area": box, "bands": ["red"], "rpn": ["b0"]})
    assert thinned["stride"] == 3
    part = part.isel(x=slice(1, None, 3), y=slice(1, None, 3))
    np.testing.assert_allclose(thinned["values"], part.mean(("y", "x")).values, atol=3e-4)
    far = {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]]}
    with pytest.raises(InputError):
        feed.series(source, {"id": "1", "area": far, "bands": ["red"], "rpn": ["b0"]})
