from __future__ import annotations

import ipyleaflet
import numpy as np
import pytest

import eowidgets as eow
from eowidgets.errors import InputError
from eowidgets.widgets.time_layer import TimeLayer, to_mercator


def test_frames_on_the_map_are_those_of_the_cube(romania):
    flat = to_mercator(romania[["red", "clouds", "valid"]])
    assert flat.rio.crs.to_epsg() == 3857
    # The value at a place on Earth is the same in both projections.
    from pyproj import Transformer

    to_own = Transformer.from_crs("EPSG:3857", "EPSG:3035", always_xy=True)
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(200):
        row, column = int(rng.integers(flat.sizes["y"])), int(rng.integers(flat.sizes["x"]))
        x, y = to_own.transform(float(flat.x[column]), float(flat.y[row]))
        west, east = float(romania.x.min()) - 5, float(romania.x.max()) + 5
        south, north = float(romania.y.min()) - 5, float(romania.y.max()) + 5
        values = flat.red.values[:, row, column]
        if not (west + 1 < x < east - 1 and south + 1 < y < north - 1):
            if x < west - 1 or x > east + 1 or y < south - 1 or y > north + 1:
                assert np.isnan(values).all()
            continue
        seen += 1
        there = romania.sel(x=x, y=y, method="nearest")
        np.testing.assert_array_equal(values, there.red.values)
        np.testing.assert_array_equal(flat.clouds.values[:, row, column], there.clouds.values)
    assert seen > 80


def test_a_large_cube_is_thinned(make_cube):
    flat = to_mercator(make_cube(dates=1, height=300, width=500), longest=100)
    assert max(flat.sizes["x"], flat.sizes["y"]) == 100


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
    with pytest.raises(InputError, match="not Dataset"):
        TimeLayer(romania, romania)
    bare = romania.drop_vars("spatial_ref")
    for name in bare.data_vars:
        bare[name].attrs.pop("grid_mapping", None)
        bare[name].encoding.pop("grid_mapping", None)
    with pytest.raises(InputError, match="CRS"):
        TimeLayer(bare, ipyleaflet.Map())
