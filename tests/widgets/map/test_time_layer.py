from __future__ import annotations

import ipyleaflet
import numpy as np
import pytest

import eowidgets as eow
from eowidgets.errors import InputError
from eowidgets.render.mercator import MercatorSource
from eowidgets.render.source import FrameSource
from eowidgets.render.window import Window
from eowidgets.widgets.map.time_layer import TimeLayer


def test_frames_on_the_map_are_those_of_the_cube(romania):
    flat = MercatorSource(romania[["red", "clouds", "valid"]])
    assert flat.place.crs == "EPSG:3857"
    red, clouds = (flat.values(name, slice(None), flat.whole) for name in ("red", "clouds"))
    # The value at a place on Earth is the same in both projections.
    from pyproj import Transformer

    to_own = Transformer.from_crs("EPSG:3857", "EPSG:3035", always_xy=True)
    west, south, east, north = FrameSource(romania).place.bounds
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(200):
        row, column = int(rng.integers(flat.height)), int(rng.integers(flat.width))
        x, y = to_own.transform(
            flat.place.x0 + (column + 0.5) * flat.place.dx, flat.place.y0 - (row + 0.5) * flat.place.dy
        )
        if not (west + 1 < x < east - 1 and south + 1 < y < north - 1):
            if x < west - 1 or x > east + 1 or y < south - 1 or y > north + 1:
                assert np.isnan(red[:, row, column]).all()
                assert not clouds[:, row, column].any()
            continue
        seen += 1
        there = romania.sel(x=x, y=y, method="nearest")
        np.testing.assert_array_equal(red[:, row, column], there.red.values)
        np.testing.assert_array_equal(clouds[:, row, column], there.clouds.values)
    assert seen > 80


def test_a_large_cube_is_thinned_and_a_lazy_one_read_where_asked(make_cube):
    cube = make_cube(dates=3, height=300, width=500)
    flat = MercatorSource(cube, longest=100)
    assert max(flat.width, flat.height) == 100
    lazy = MercatorSource(cube.chunk({"time": 1, "y": 100, "x": 100}), longest=100)
    window = Window(10, 20, 60, 50, 2)
    np.testing.assert_array_equal(
        lazy.values("red", [1], window), flat.values("red", slice(None), flat.whole)[[1], 21:50:2, 11:60:2]
    )


def test_it_follows_a_viewer_and_leads_it(romania):
    viewer = eow.TimeViewer(romania)
    layer = TimeLayer(romania, ipyleaflet.Map(), viewer=viewer)
    viewer.date, viewer.index = "2019-07-06", "NDVI"
    assert (layer.date, layer.index) == (viewer.date, "NDVI")
    layer.date = "2017-06-01"
    assert viewer.date == layer.date
    assert layer.group == viewer.group != ""
    assert repr(layer).startswith("TimeLayer: Forest in Romania")
    layer.close()
    viewer.close()


def test_no_map_and_no_crs_are_said(romania):
    with pytest.raises(InputError, match="map of TimeLayer is <Dataset>"):
        TimeLayer(romania, romania)
    bare = romania.drop_vars("spatial_ref")
    for name in bare.data_vars:
        bare[name].attrs.pop("grid_mapping", None)
        bare[name].encoding.pop("grid_mapping", None)
    with pytest.raises(InputError, match="CRS"):
        TimeLayer(bare, ipyleaflet.Map())
