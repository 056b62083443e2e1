"""Rasters on a map with leafmap's call, and leafmap's own tools on this map."""

from __future__ import annotations

import numpy as np
import pytest

import eowidgets as eow
from eowidgets.cube.export import to_geotiff
from eowidgets.cube.grid import bounds
from eowidgets.errors import EowidgetsError

CUBE = eow.open("romania")


@pytest.fixture
def area_map():
    return eow.AreaMap()


def test_a_file_becomes_a_layer_in_its_place(area_map, tmp_path):
    one = CUBE.isel(time=100)[["red", "green", "blue", "nir"]]
    path = to_geotiff(one, tmp_path / "scene.tif")
    area_map.add_raster(str(path), layer_name="scene", opacity=0.7)
    layer = area_map.image("scene")
    assert layer.opacity == 0.7
    (south, west), (north, east) = layer.bounds
    w, s, e, n = bounds(CUBE)
    assert (west, south, east, north) == (
        pytest.approx(w, abs=1e-3),
        pytest.approx(s, abs=1e-3),
        pytest.approx(e, abs=1e-3),
        pytest.approx(n, abs=1e-3),
    )
    assert area_map.center == pytest.approx([(s + n) / 2, (w + e) / 2], abs=1e-6)


def test_one_band_has_a_legend_with_its_limits(area_map):
    area_map.add_raster(CUBE, indexes=4, colormap="magma", vmin=0.1, vmax=0.5, layer_name="nir")
    assert "0.1" in area_map._legend.value and "0.5" in area_map._legend.value
    first = area_map.image("nir").url
    area_map.add_raster(CUBE, indexes=1, colormap="magma", vmin=0.1, vmax=0.5, layer_name="nir")
    assert area_map.image("nir").url != first
    assert sum(layer.name == "nir" for layer in area_map.layers) == 1


def test_a_class_raster_keeps_its_colours(area_map):
    classes = (CUBE.nir.isel(time=100, drop=True) > 0.2).astype("uint8").rename("bright")
    classes.attrs = {"flag_values": [0, 1], "flag_meanings": "dark bright", "colors": "#000000 #ffee00"}
    area_map.add_raster(classes, layer_name="classes")
    assert "#ffee00" in area_map._legend.value


@pytest.mark.parametrize(
    ("source", "options", "says"),
    [
        ("no-such-file.tif", {}, "no-such-file"),
        (CUBE, {"indexes": 99}, "99"),
        (CUBE, {"indexes": [1, 2]}, "one band, or three"),
        (CUBE.drop_vars("spatial_ref").isel(time=0), {}, "CRS|coordinate"),
    ],
)
def test_what_is_no_raster_is_refused(area_map, source, options, says):
    before = area_map.layers
    with pytest.raises(EowidgetsError, match=says):
        area_map.add_raster(source, **options)
    assert area_map.layers == before


def test_leafmaps_toolbar_and_inspector_on_request():
    pytest.importorskip("leafmap")
    plain, full = eow.AreaMap(CUBE), eow.AreaMap(CUBE, toolbar=True)
    assert len(full.controls) > len(plain.controls)
    before = len(full.controls)
    full.add_inspector_gui()
    assert len(full.controls) == before + 1
    assert np.isclose(full.frames.opacity, plain.frames.opacity)


def test_the_field_for_places_moves_the_map(area_map):
    area_map._place.value = "45.2, 22.15"
    assert area_map.center == pytest.approx([45.2, 22.15])
    area_map._place.value = "95, 22"
    assert "not on the globe" in area_map._note.value
    assert area_map.center == pytest.approx([45.2, 22.15])
