"""Areas: everything that describes one gives the same one; everything that does not gets a sentence."""

from __future__ import annotations

import json
import warnings

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from pyproj import Transformer

from eowidgets.cube.area import Area
from eowidgets.errors import InputError, SourceError

BOX = (24.0, 45.0, 24.01, 45.01)
POLYGON = shapely.box(*BOX)

small_boxes = st.tuples(st.floats(-179, 178), st.floats(-79, 79), st.floats(1e-3, 1.0), st.floats(1e-3, 1.0)).map(
    lambda t: (t[0], t[1], t[0] + t[2], t[1] + t[3])
)


def alike(a: shapely.Geometry, b: shapely.Geometry, share: float = 1e-4) -> bool:
    return a.symmetric_difference(b).area <= share * a.area


@pytest.mark.parametrize(
    "source",
    [
        BOX,
        list(BOX),
        np.array(BOX),
        POLYGON,
        json.loads(shapely.to_geojson(POLYGON)),
        {"type": "Feature", "properties": None, "geometry": json.loads(shapely.to_geojson(POLYGON))},
        geopandas.GeoSeries([POLYGON], crs=4326),
        geopandas.GeoDataFrame(geometry=[POLYGON], crs=4326).to_crs(32635),
        (geopandas.GeoSeries([POLYGON], crs=4326).to_crs(3857).iloc[0], "EPSG:3857"),
        (POLYGON, 4326),
        Area(POLYGON),
        shapely.box(24 + 360, 45, 24.01 + 360, 45.01),  # drawn on the next copy of a web map
        shapely.force_3d(POLYGON, 300.0),
    ],
)
def test_every_description_gives_the_same_area(source) -> None:
    area = Area.of(source)
    assert alike(area.geometry, POLYGON)
    assert not area.geometry.has_z
    assert area.name == "area"


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (10, 50, 30, 55), (-60, -70, -59, -69.5)])
def test_hectares_against_an_equal_area_projection(box) -> None:
    # Meridians and parallels are straight in EPSG:6933, so the area of a box is exactly width times height there.
    x, y = Transformer.from_crs(4326, 6933, always_xy=True).transform([box[0], box[2]], [box[1], box[3]])
    assert Area.of(box).hectares == pytest.approx((x[1] - x[0]) * (y[1] - y[0]) / 10_000, rel=1e-5)


def test_orientation_of_rings_does_not_change_size() -> None:
    ring = shapely.Polygon(shapely.box(0, 0, 3, 3).exterior.coords[::-1], [shapely.box(1, 1, 2, 2).exterior.coords])
    outer, hole = Area.of((0, 0, 3, 3)).hectares, Area.of((1, 1, 2, 2)).hectares
    assert Area.of(ring).hectares == pytest.approx(outer - hole, rel=1e-6)


@given(small_boxes)
def test_reprojecting_there_and_back_keeps_the_area(box) -> None:
    area = Area.of(box)
    back = Area.of((area.to_crs("EPSG:3857"), "EPSG:3857"))
    assert back.bounds == pytest.approx(area.bounds, abs=1e-6)
    assert back.hectares == pytest.approx(area.hectares, rel=1e-5)


@given(small_boxes)
def test_geojson_there_and_back_is_exact(box) -> None:
    area = Area.of(box, name="here")
    again = Area.of(json.loads(json.dumps(area.geojson)))
    assert again.name == "here"
    assert again.geometry.equals_exact(area.geometry, 1e-12)


def test_edges_bend_when_they_should() -> None:
    # A parallel is a curve in this projection; four corners alone would lose its bulge.
    wide = Area.of((10.0, 50.0, 30.0, 55.0))
    laea = wide.to_crs("EPSG:3035")
    assert len(shapely.get_coordinates(laea)) > 50
    assert laea.area / 10_000 == pytest.approx(wide.hectares, rel=1e-4)  # equal-area projection
    assert len(shapely.get_coordinates(Area.of(BOX).to_crs("EPSG:32635"))) < 50  # small ones stay simple


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg"])
def test_files(tmp_path, suffix: str) -> None:
    path = tmp_path / f"stands{suffix}"
    parts = [shapely.box(24, 45, 24.005, 45.01), shapely.box(24.005, 45, 24.01, 45.01)]
    geopandas.GeoDataFrame({"id": [1, 2]}, geometry=parts, crs=4326).to_crs(32635).to_file(path)
    area = Area.of(str(path))
    assert area.name == "stands"
    assert alike(area.geometry, POLYGON, 1e-5)


def test_name_comes_from_the_feature_and_can_be_given() -> None:
    feature = Area(POLYGON, "stand 7").geojson
    assert Area.of(feature).name == "stand 7"
    assert Area.of({"type": "FeatureCollection", "features": [feature]}).name == "stand 7"
    assert Area.of(feature, name="mine").name == "mine"
    assert Area.of(Area.of(feature), name="other").name == "other"


def test_gdf_and_value_semantics() -> None:
    area = Area.of(BOX, "a")
    frame = area.gdf()
    assert frame.crs.to_epsg() == 4326
    assert frame["hectares"][0] == pytest.approx(area.hectares)
    assert area == Area.of(BOX, "a")
    assert hash(area) == hash(Area.of(BOX, "a"))
    with pytest.raises(AttributeError):
        area.name = "b"  # type: ignore[misc]
    assert "<svg" in area._repr_svg_()
    assert str(area).startswith("a: 87.6 ha, 24.0000..24.0100 °E")


def test_mask_takes_pixel_centres_and_the_touched_pixel_of_a_tiny_area() -> None:
    grid = GeoBox.from_bbox((500_000, 4_990_000, 500_100, 4_990_100), "EPSG:32635", resolution=10)
    left = shapely.box(500_000, 4_990_000, 500_046, 4_990_100)  # centres at 5, 15, 25, 35, 45
    mask = Area.of((left, "EPSG:32635")).mask(grid)
    assert mask.dtype == bool
    assert np.array_equal(mask.sum(axis=0), [10] * 5 + [0] * 5)
    tiny = shapely.box(500_011, 4_990_001, 500_013, 4_990_003)  # in column 1, last row, away from the centre
    mask = Area.of((tiny, "EPSG:32635")).mask(grid)
    assert np.argwhere(mask).tolist() == [[9, 1]]
    assert not Area.of((0, 0, 1, 1)).mask(grid).any()


def test_self_crossing_polygon_is_mended_with_a_warning() -> None:
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    with pytest.warns(UserWarning, match="crossed itself and was mended"):
        area = Area.of(bow_tie)
    assert area.geometry.is_valid
    assert area.geometry.area == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ((24, 45, 24, 45.01), "has no size"),
        ((24, 45.02, 24.1, 45.01), "has no size"),
        ((24, 45, float("nan"), 46), "not a number"),
        (("a", 1, 2, 3), "four numbers"),
        (shapely.Point(24, 45), r"use cube.eow.at\(lon, lat\)"),
        (shapely.LineString([(24, 45), (25, 45)]), "no size"),
        (shapely.Polygon([(0, 0), (1, 1), (2, 2)]), "nothing is left"),
        (shapely.Polygon(), "empty"),
        ((170, -20, -170, -10), "antimeridian"),
        (shapely.Polygon([(179, 0), (-179, 0), (-179, 1), (179.5, 1)]), "antimeridian"),
        (shapely.box(175, 0, 185, 1), "antimeridian"),
        (shapely.box(500_000, 4_900_000, 500_100, 4_900_100), "no longitude and latitude"),
        (shapely.box(20, 80, 30, 95), "no longitude and latitude"),
        ((POLYGON, "EPSG:banana"), "no coordinate reference system"),
        ((Area.of(BOX), 4326), "already in longitude and latitude"),
        ({"type": "FeatureCollection", "features": []}, "no features"),
        ({"type": "Feature", "geometry": None}, "no geometry"),
        ({"type": "Polygone", "coordinates": []}, "cannot be read"),
        ({}, "cannot be read"),
        (geopandas.GeoSeries([POLYGON]), "no CRS"),
        (42, "cannot be made from int"),
        ((1, 2, 3), "cannot be made from tuple"),
        (None, "cannot be made from NoneType"),
    ],
)
def test_what_is_no_area_gets_one_sentence(source, says: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match=says) as caught:
            Area.of(source)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 260


def test_files_that_hold_no_area(tmp_path) -> None:
    with pytest.raises(SourceError, match="no file"):
        Area.of(tmp_path / "missing.geojson")
    for name, content in {
        "a.geojson": "{",
        "b.geojson": "[1]",
        "c.gpkg": "nothing",
        "d.geojson": '{"type": "x"}',
    }.items():
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match=name if not name.startswith("d") else "cannot be read"):
            Area.of(tmp_path / name)
