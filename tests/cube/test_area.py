import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon, box

from eowidgets.cube.area import Area
from eowidgets.cube.grid import geobox
from eowidgets.errors import InputError, SourceError

BOX = (22.146, 45.201, 22.150, 45.205)
RING = [[22.146, 45.201], [22.150, 45.201], [22.150, 45.205], [22.146, 45.205], [22.146, 45.201]]
POLYGON = {"type": "Polygon", "coordinates": [RING]}


def test_every_description_gives_the_same_area(tmp_path):
    geopandas = pytest.importorskip("geopandas")
    file = tmp_path / "plot.geojson"
    file.write_text(json.dumps(POLYGON))
    frame = geopandas.GeoDataFrame(geometry=[box(*BOX)], crs="EPSG:4326")
    package = tmp_path / "plot.gpkg"
    frame.to_file(package)
    feature = {"type": "Feature", "properties": {"name": "plot"}, "geometry": POLYGON}
    sources = [
        BOX,
        list(BOX),
        box(*BOX),
        POLYGON,
        feature,
        {"type": "FeatureCollection", "features": [feature]},
        file,
        str(file),
        package,
        frame,
        frame.to_crs(32634),
        (frame.to_crs(32634).geometry[0], "EPSG:32634"),
        Area.of(BOX),
    ]
    for source in sources:
        assert Area.of(source).geometry.symmetric_difference(box(*BOX)).area < 1e-9, source


def test_hectares_match_a_rectangle_on_the_ellipsoid():
    # One hundredth of a degree at the equator: 1113.19 m by 1105.74 m (WGS84).
    assert Area.of((0, 0, 0.01, 0.01)).hectares == pytest.approx(1113.195 * 1105.743 / 1e4, rel=1e-5)


@given(lon=st.floats(-170, 170), lat=st.floats(-75, 75), width=st.floats(0.01, 0.5), height=st.floats(0.01, 0.5))
def test_geojson_round_trip(lon, lat, width, height):
    area = Area.of((lon, lat, lon + width, lat + height))
    again = Area.of(area.geojson)
    assert again.geometry.equals(area.geometry)
    assert again.bounds == pytest.approx((lon, lat, lon + width, lat + height))


def test_gdf_has_name_and_size():
    pytest.importorskip("geopandas")
    frame = Area.of(BOX, name="plot").gdf()
    assert frame.crs == "EPSG:4326"
    assert frame.name[0] == "plot"
    assert frame.hectares[0] == pytest.approx(Area.of(BOX).hectares, abs=1e-3)


def test_mask_counts_pixel_centres(romania):
    grid = geobox(romania)
    left, bottom, _, _ = grid.boundingbox
    part = box(left + 100, bottom + 200, left + 300, bottom + 500)
    mask = Area.of((part, str(grid.crs))).mask(grid)
    assert mask.shape == (100, 100)
    # Through degrees and back, edges move by less than a pixel.
    assert abs(int(mask.sum()) - 20 * 30) <= 50


def test_area_smaller_than_a_pixel_still_has_one(romania):
    grid = geobox(romania)
    lon, lat = grid.geographic_extent.geom.centroid.coords[0]
    assert Area.of(Point(lon, lat).buffer(1e-6)).mask(grid).sum() >= 1


def test_bow_tie_is_mended_with_a_warning():
    tie = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    with pytest.warns(UserWarning, match="crossed itself and was repaired"):
        area = Area.of(tie)
    assert area.geometry.is_valid
    assert area.geometry.area == pytest.approx(0.5)


@pytest.mark.parametrize("bounds", [(0, 0, 1, 1), (10, 50, 30, 55), (-60, -70, -59, -69.5)])
def test_hectares_of_wide_boxes_match_an_equal_area_projection(bounds):
    from pyproj import Transformer

    # Meridians and parallels are straight in EPSG:6933, so a box has exactly width times height there.
    x, y = Transformer.from_crs(4326, 6933, always_xy=True).transform(bounds[::2], bounds[1::2])
    assert Area.of(bounds).hectares == pytest.approx((x[1] - x[0]) * (y[1] - y[0]) / 1e4, rel=1e-4)


@pytest.mark.parametrize("outer", [1, -1])
@pytest.mark.parametrize("inner", [1, -1])
def test_a_hole_is_taken_off_however_its_ring_turns(outer, inner):
    ring, hole = (list(box(*b).exterior.coords) for b in ((0, 0, 0.3, 0.3), (0.1, 0.1, 0.2, 0.2)))
    area = Area.of(Polygon(ring[::outer], [hole[::inner]]))
    expected = Area.of((0, 0, 0.3, 0.3)).hectares - Area.of((0.1, 0.1, 0.2, 0.2)).hectares
    assert area.hectares == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("turns", [-2, -1, 1, 2])
def test_an_area_drawn_on_the_next_world_comes_back(turns):
    west, south, east, north = BOX
    drawn = box(west + 360 * turns, south, east + 360 * turns, north)
    assert Area.of(drawn).bounds == pytest.approx(BOX)


def test_long_edges_given_in_another_crs_bend():
    # The edges of a rectangle in UTM are no meridians and parallels.
    left, bottom, right, top = 200_000, 6_600_000, 800_000, 6_700_000
    area = Area.of(((left, bottom, right, top), "EPSG:32634"))
    assert area.hectares == pytest.approx(600_000 * 100_000 / 1e4, rel=1e-3)  # UTM's own scale error stays
    back = area.to_crs("EPSG:32634")
    assert back.symmetric_difference(box(left, bottom, right, top)).area < 1e-4 * back.area
    assert len(Area.of(((left, bottom, left + 500, bottom + 500), "EPSG:32634")).geometry.exterior.coords) == 5


def test_an_unknown_crs_gets_a_sentence():
    with pytest.raises(InputError, match="no coordinate system 'EPSG:banana'"):
        Area.of(box(*BOX), crs="EPSG:banana")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Point(1, 1), "no size"),
        (LineString([(0, 0), (1, 1)]), "no size"),
        ((1, 1, 1, 2), "no size"),
        (Polygon(), "empty"),
        ((10, 0, 5, 1), "west and east swapped"),
        (box(-100, 0, 100, 1), "ambiguous on the globe"),
        (box(0, 0, 361, 1), "more than the whole globe"),
        ((0, -91, 1, 1), "not degrees"),
        ((500_000, 4_800_000, 510_000, 4_810_000), "not degrees"),
        (("a", 0, 1, 1), "numbers"),
        ((float("nan"), 0, 1, 1), "not finite"),
        ({"type": "FeatureCollection", "features": []}, "empty"),
        ({"type": "Feature", "geometry": None}, "no geometry"),
        ({"type": "Polygon", "coordinates": "x"}, "cannot be read"),
        ({"type": "Nonsense"}, "cannot be read"),
        ("there/is/no.geojson", "There is no file"),
        (42, "give an area"),
    ],
)
def test_bad_areas_are_refused_in_one_sentence(source, words):
    with pytest.raises(InputError, match=words) as caught:
        Area.of(source)
    assert "\n" not in str(caught.value)


def _nested(make, start, depth=5000):
    found = start
    for _ in range(depth):
        found = make(found)
    return found


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (_nested(lambda d: {"type": "FeatureCollection", "features": [d]}, {}), "nested too deeply"),
        (_nested(lambda d: {"type": "Feature", "geometry": d}, {}), "nested too deeply"),
        (_nested(lambda d: {"type": "GeometryCollection", "geometries": [d]}, {}), "nested too deeply"),
        ({"type": "Polygon", "coordinates": _nested(lambda d: [d], 1)}, "nested too deeply|cannot be read"),
        ({"type": "FeatureCollection", "features": 5}, "are a int, not a list"),
        ({"type": "FeatureCollection", "features": [None]}, "holds a NoneType"),
        ({"type": "Feature", "geometry": 5}, "holds a int"),
        ({"type": "Feature", "properties": [1], "geometry": {"type": "Point", "coordinates": [1, 2]}}, "no size"),
    ],
)
def test_geojson_of_another_form_is_refused(source, words):
    with pytest.raises(InputError, match=words) as caught:
        Area.of(source)
    assert len(str(caught.value)) < 200


def test_a_file_that_is_nested_too_deeply_is_refused(tmp_path):
    file = tmp_path / "deep.json"
    file.write_text('{"type": "FeatureCollection", "features":' + "[" * 100_000 + "]" * 100_000 + "}")
    with pytest.raises(SourceError, match="'deep.json' is nested too deeply"):
        Area.of(file)


@pytest.mark.parametrize("count", [120, 50_000])
def test_an_outline_of_random_points_is_refused_before_it_is_mended(count):
    points = np.random.default_rng(0).random((count, 2)) / 1000
    with pytest.raises(InputError, match="crosses itself more than 1000 times"):
        Area.of(Polygon(points))


def test_a_long_line_is_still_a_line():
    with pytest.raises(InputError, match="no size"):
        Area.of(LineString(np.random.default_rng(0).random((30_000, 2)) / 1000))
    with pytest.raises(InputError, match="no size"):
        Area.of(LineString([(1, 1), (1, 1)]))


def test_a_long_outline_with_few_crossings_is_mended():
    turn = np.linspace(0, 2 * np.pi, 3000)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    ring[1000:1003] = ring[1000:1003][::-1].copy()
    with pytest.warns(UserWarning, match="crossed itself and was repaired"):
        area = Area.of(Polygon(ring))
    assert area.geometry.area == pytest.approx(np.pi, rel=1e-3)


@pytest.mark.parametrize("name", ["broken.geojson", "broken.gpkg"])
def test_broken_files_are_refused(tmp_path, name):
    file = tmp_path / name
    file.write_bytes(b"\x00\x01 not what it says")
    with pytest.raises(SourceError, match="broken"):
        Area.of(file)


def test_repr_says_where_and_how_large():
    assert repr(Area.of(BOX, name="plot")) == "Area('plot', 22.1480° E, 45.2030° N, 14.0 ha)"


def test_reprojection_bends_long_edges():
    wide = Area.of((0, 59, 20, 60))
    assert len(wide.to_crs("EPSG:3035").exterior.coords) > 1000
    assert np.isfinite(wide.to_crs("EPSG:3035").bounds).all()
