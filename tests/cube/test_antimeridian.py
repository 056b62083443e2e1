import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, box, shape

from eowidgets.cube.antimeridian import join, largest_gap, placed, split, straighten, towards, wrap
from eowidgets.cube.area import Area
from eowidgets.errors import InputError

FIJI = (179, -18, 181, -16)
PIECES = MultiPolygon([box(179, -18, 180, -16), box(-180, -18, -179, -16)])


def same(a, b):
    return a.symmetric_difference(b).area == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    "source",
    [
        FIJI,
        (-181, -18, -179, -16),
        PIECES,
        box(*FIJI),
        {
            "type": "Feature",
            "properties": {},
            "geometry": {"type": "Polygon", "coordinates": [list(box(*FIJI).exterior.coords)]},
        },
    ],
)
def test_every_way_to_write_an_area_across_the_antimeridian(source, recwarn):
    area = Area.of(source)
    assert same(area.geometry, PIECES)
    assert area.bounds == pytest.approx(FIJI)
    assert area.bbox == pytest.approx((179, -18, -179, -16))
    assert area.geojson["type"] == "MultiPolygon"
    assert max(abs(lon) for p in area.geojson["coordinates"] for ring in p for lon, _ in ring) == 180
    assert same(Area.of(area.geojson).geometry, PIECES)
    assert not recwarn.list


@pytest.mark.parametrize("source", [(179, -18, -179, -16), Polygon([(179, -18), (-179, -18), (-179, -16), (179, -16)])])
def test_west_above_east_is_taken_as_crossing_with_a_warning(source):
    with pytest.warns(UserWarning, match="crossing"):
        area = Area.of(source)
    assert same(area.geometry, PIECES)


@pytest.mark.parametrize("swapped", [(24.1, 45, 24.0, 46), (100, 0, -50, 10), (0, 0, -90, 10)])
def test_swapped_sides_are_refused(swapped):
    with pytest.raises(InputError, match="west and east swapped"):
        Area.of(swapped)


def test_hectares_do_not_depend_on_where_the_antimeridian_is():
    assert Area.of(FIJI).hectares == pytest.approx(Area.of((9, -18, 11, -16)).hectares, rel=1e-6)


def test_hectares_of_the_globe_and_of_its_caps():
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    whole = 510_065_621_724_089 / 1e4  # square metres of the ellipsoid WGS 84
    assert Area.of((-180, -90, 180, 90)).hectares == pytest.approx(whole, rel=1e-9)
    assert Area.of((-180, 0, 180, 90)).hectares == pytest.approx(whole / 2, rel=1e-9)
    assert Area.of((0, -90, 200, 90)).hectares == pytest.approx(whole * 200 / 360, rel=1e-9)
    lons = np.arange(-180, 180, 0.01)
    cap = abs(geod.polygon_area_perimeter(lons, np.full(len(lons), 60.0))[0]) / 1e4
    assert Area.of((-180, 60, 180, 90)).hectares == pytest.approx(min(cap, whole - cap), rel=1e-5)


def test_a_square_around_the_pole_encloses_it():
    area = Area.of(((-1e6, -1e6, 1e6, 1e6), "EPSG:3031"))
    west, south, east, north = area.bounds
    assert (west, south, east) == pytest.approx((-180, -90, 180))
    assert north == pytest.approx(-76.9, abs=0.3)
    assert area.hectares == pytest.approx(4e12 / 1e4, rel=0.06)  # the scale of the projection is within some percent
    assert area.geometry.is_valid


@pytest.mark.parametrize("crs", ["EPSG:32760", "EPSG:32701"])
def test_a_square_across_the_antimeridian_in_utm_keeps_its_size(crs):
    left = 790_000 if crs == "EPSG:32760" else 160_000
    square = (left, 7_970_000, left + 50_000, 8_000_000)
    area = Area.of((square, crs))
    west, _, east, _ = area.bounds
    assert west < 180 < east < west + 1
    assert area.hectares == pytest.approx(150_000, rel=3e-3)
    assert area.to_crs(crs).symmetric_difference(box(*square)).area < 1e-3 * box(*square).area


def test_a_frame_across_the_antimeridian_is_read_in_its_own_crs():
    geopandas = pytest.importorskip("geopandas")
    frame = geopandas.GeoDataFrame(geometry=[box(790_000, 7_970_000, 840_000, 8_000_000)], crs=32760)
    assert Area.of(frame).hectares == pytest.approx(150_000, rel=3e-3)


def test_a_hole_stays_a_hole_across_the_antimeridian():
    ring = box(178, -2, 182, 2).difference(box(179.5, -1, 180.5, 1))
    area = Area.of(ring)
    assert area.joined.area == pytest.approx(16 - 2)
    assert area.hectares == pytest.approx(Area.of((178, -2, 182, 2)).hectares - Area.of((179.5, -1, 180.5, 1)).hectares)


@given(west=st.floats(-540, 539), width=st.floats(0.01, 359), south=st.floats(-89, 80), height=st.floats(0.01, 9))
def test_join_undoes_split(west, width, south, height):
    whole = box(west, south, west + width, south + height)
    parts = split(whole)
    left, _, right, _ = parts.bounds
    assert left >= -180 - 1e-9
    assert right <= 180 + 1e-9
    assert parts.area == pytest.approx(whole.area, rel=1e-6)
    if 360 - width > 1:
        a, b, c, d = join(parts).bounds
        assert (c - a, b, d) == pytest.approx((width, south, south + height), abs=1e-6)
        assert wrap(a) == pytest.approx(wrap(west), abs=1e-6) or abs(abs(wrap(west)) - 180) < 1e-6


def test_places_on_the_two_sides_have_the_narrow_bounds():
    alaska, kamchatka = box(-170, 60, -165, 62), box(160, 55, 162, 60)
    assert Area.of(MultiPolygon([alaska, kamchatka])).bounds == pytest.approx((160, 55, 195, 62))
    assert Area.of(MultiPolygon([box(-9, 38, -8, 39), box(20, 40, 21, 41)])).bounds == pytest.approx((-9, 38, 21, 41))


def test_rings_without_a_jump_are_the_same_object():
    square = box(0, 0, 1, 1)
    assert straighten(square) is square


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(0, 200)), min_size=1, max_size=6))
def test_the_largest_gap_is_free(intervals):
    starts = np.array([a for a, _ in intervals])
    ends = starts + np.array([w for _, w in intervals])
    west, gap = largest_gap(starts, ends)
    assert -180 <= west <= 180
    assert 0 <= gap <= 360
    if gap > 1e-6:
        middle = west - gap / 2
        for a, b in zip(starts, ends, strict=True):
            assert (middle - a) % 360 >= b - a - 1e-6


def test_shapes_for_a_map_move_to_the_world_that_it_shows():
    found = shape(placed(Area.of(FIJI).geojson, 180))
    assert found.bounds == pytest.approx(FIJI)
    assert shape(placed(box(-179.9, 0, -179.8, 1).__geo_interface__, 180)).bounds[0] == pytest.approx(180.1)
    same_world = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
    assert placed(same_world, 20) is same_world


def test_longitudes_move_by_whole_turns():
    assert (wrap(180), wrap(-180), wrap(540), wrap(-190)) == (-180, -180, -180, 170)
    assert (towards(-179, 180), towards(179, -180), towards(10, 20)) == (181, -181, 10)
