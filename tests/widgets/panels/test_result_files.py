from __future__ import annotations

import sqlite3
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import xarray as xr

from eowidgets.cube.export import qml
from eowidgets.errors import InputError, SourceError
from eowidgets.widgets.panels.result_files import main_variable, polygons, save


@pytest.fixture
def classes(make_cube):
    """Two felled patches in a forest, ten metres a pixel, and a strip without a result."""
    cube = make_cube(dates=1, height=20, width=30)
    cover = np.full((20, 30), 1, np.uint8)
    cover[2:6, 3:8] = 2
    cover[10:12, 10:20] = 2
    cover[:, 29] = 255
    attrs = {
        "role": "result",
        "long_name": "Cover",
        "flag_values": np.array([1, 2], np.uint8),
        "flag_meanings": "forest felled_wood",
        "colors": "#009e73 #d55e00",
        "nodata": 255,
    }
    result = xr.Dataset(coords=cube.drop_vars(list(cube.data_vars)).drop_dims("time").coords)
    result["cover"] = (("y", "x"), cover, attrs)
    return result


def test_polygons_have_the_area_of_their_pixels(classes):
    frame = polygons(classes)
    felled = frame[frame.name == "felled wood"]
    assert len(felled) == 2
    assert felled.geometry.area.sum() == pytest.approx((4 * 5 + 2 * 10) * 100)
    assert felled.hectares.sum() == pytest.approx(0.4, rel=2e-3)  # UTM is true to scale within one in a thousand
    assert set(frame.value) == {1, 2}  # no polygon where there is no result


def test_geopackage_is_a_file_that_others_read(classes, tmp_path):
    import geopandas

    path = save(classes, tmp_path / "cover.gpkg")
    back = geopandas.read_file(path)
    assert len(back) == 3
    assert back.crs.to_epsg() == 32635
    with sqlite3.connect(path) as db:
        assert db.execute("select table_name from gpkg_contents").fetchall() == [("cover",)]


def test_mask_becomes_polygons_too(classes):
    mask = classes.assign(lost=(("y", "x"), classes.cover.values == 2, {"role": "result"})).drop_vars("cover")
    frame = polygons(mask)
    assert len(frame) == 2
    assert set(frame.name) == {"lost"}


def test_bands_are_no_polygons(romania, tmp_path):
    assert main_variable(romania) is None
    with pytest.raises(InputError, match="no classes"):
        save(romania, tmp_path / "x.gpkg")
    assert list(tmp_path.iterdir()) == []


def test_geotiff_has_a_style_beside_it(classes, tmp_path):
    save(classes, tmp_path / "cover.tif")
    entries = ET.parse(tmp_path / "cover.qml").findall(".//paletteEntry")
    assert [(e.get("value"), e.get("label"), e.get("color")) for e in entries] == [
        ("1", "forest", "#009e73"),
        ("2", "felled wood", "#d55e00"),
    ]


def test_names_in_a_style_are_escaped():
    attrs = {"flag_values": [1], "flag_meanings": '"><x', "colors": "#ffffff"}
    assert ET.fromstring(qml.class_style(attrs).split("\n", 1)[1]).find(".//paletteEntry").get("label") == '"><x'
    with pytest.raises(InputError, match="not of the form"):
        qml.class_style({**attrs, "colors": "red"})


def test_bad_endings_and_folders(classes, tmp_path):
    with pytest.raises(InputError, match="must end in"):
        save(classes, tmp_path / "cover.docx")
    with pytest.raises((InputError, SourceError)):
        save(classes, tmp_path / "none" / "cover.gpkg")
