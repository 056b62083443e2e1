import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from eowidgets.contract.labels.pixels import cover
from eowidgets.cube import globe
from eowidgets.cube.area import Area
from eowidgets.cube.grid import geobox
from eowidgets.errors import InputError
from support.grids import GRIDS, grid_cube


def several(*shapes):
    return np.array([*shapes, None], dtype=object)[:-1]


def drawn(covered, label, box):
    found = np.zeros(box.shape, bool)
    chosen = covered.label == label
    found[covered.row[chosen], covered.column[chosen]] = True
    return found


@pytest.fixture
def box():
    return geobox(grid_cube("Romania"))


def place(box, column, row):
    lon, lat = globe.lonlat(box, column, row)
    return float(lon), float(lat)


fraction = st.floats(-0.3, 1.3)


@settings(deadline=None, max_examples=40)
@given(
    name=st.sampled_from(["Romania", "Fiji, UTM 60 south", "New Zealand", "-180..180, NAD 83", "0..360, around 180"]),
    outlines=st.lists(st.lists(st.tuples(fraction, fraction), min_size=3, max_size=7), min_size=1, max_size=4),
    scale=st.sampled_from([0.01, 0.2, 1.0]),
)
def test_pixels_of_polygons_are_those_of_area_mask(name, outlines, scale):
    box = geobox(grid_cube(name))
    west, south, east, north = globe.extent(box)
    shapes = []
    for points in outlines:
        corner = np.array(points[0])
        at = corner + (np.array(points) - corner) * scale
        # Irrational parts of a pixel: no centre lies exactly on an edge, where rounding decides.
        at = np.array([west, south]) + (at + 0.1 * np.sqrt([2, 3])) * [east - west, north - south]
        try:
            shapes.append(Area.of(shapely.MultiPoint(at).convex_hull).geometry)
        except InputError:  # no size
            continue
    found = cover(several(*shapes), box)
    for label, shape in enumerate(shapes):
        assert np.array_equal(drawn(found, label, box), Area(shape).mask(box))


@pytest.mark.parametrize("name", GRIDS)
def test_every_grid_on_the_globe(name):
    box = geobox(grid_cube(name))
    west, south, east, north = globe.extent(box)
    rng = np.random.default_rng(3)
    centres = rng.uniform([west, max(south, -80)], [east, min(north, 80)], (8, 2))
    size = min(20, east - west, north - south) * np.array([[0.003], [0.3]]).repeat(4, axis=0)
    blobs = [shapely.Point(c).buffer(r, quad_segs=3) for c, r in zip(centres, size[:, 0], strict=True)]
    shapes = [Area.of(b.intersection(shapely.box(-400, -88, 600, 88))).geometry for b in blobs]
    found = cover(several(*shapes), box)
    masks = [Area(shape).mask(box) for shape in shapes]
    assert sum(mask.sum() for mask in masks) > 0
    for label, mask in enumerate(masks):
        assert (drawn(found, label, box) != mask).sum() <= 1e-3 * mask.sum()  # centres on the antimeridian itself


def test_a_polygon_with_a_hole_and_two_parts(box):
    ring = [place(box, c, r) for c, r in ((2.2, 2.2), (9.7, 2.2), (9.7, 9.7), (2.2, 9.7))]
    hole = [place(box, c, r) for c, r in ((4.2, 4.2), (6.7, 4.2), (6.7, 6.7), (4.2, 6.7))]
    far = [place(box, c, r) for c, r in ((20.2, 12.2), (22.7, 12.2), (22.7, 14.7), (20.2, 14.7))]
    shape = shapely.MultiPolygon([shapely.Polygon(ring, [hole]), shapely.Polygon(far)])
    found = cover(several(shape), box)
    assert np.array_equal(drawn(found, 0, box), Area.of(shape).mask(box))
    assert len(found.label) == 8 * 8 - 3 * 3 + 3 * 3
    assert len(found.slivers) == 0


def test_a_polygon_without_a_pixel_centre_takes_what_it_touches(box):
    thin = shapely.Polygon([place(box, c, r) for c, r in ((3.6, 4.1), (7.4, 4.1), (7.4, 4.3), (3.6, 4.3))])
    found = cover(several(thin), box)
    assert found.slivers.tolist() == [0]
    assert sorted(zip(found.row.tolist(), found.column.tolist(), strict=True)) == [(4, c) for c in range(3, 8)]


def test_large_polygons_are_drawn_in_strips(box, monkeypatch):
    from eowidgets.contract.labels import pixels

    shapes = [shapely.Polygon([place(box, *at) for at in ((1, 1), (28, 3), (20, 19), (-4, 12))])]
    whole = cover(several(*shapes), box)
    monkeypatch.setattr(pixels, "_SHEET", 64)
    parts = cover(several(*shapes), box)
    assert np.array_equal(drawn(whole, 0, box), drawn(parts, 0, box))
    assert len(whole.label) == Area(shapes[0]).mask(box).sum()


def test_a_point_labels_the_pixel_that_contains_it(box):
    inside, edge, outside = (shapely.Point(*place(box, *at)) for at in ((3.99, 5.01), (0.5, 19.9), (30.5, 3)))
    found = cover(several(inside, edge, outside, shapely.MultiPoint([inside, edge])), box)
    assert sorted(zip(found.label.tolist(), found.row.tolist(), found.column.tolist(), strict=True)) == [
        (0, 5, 3), (1, 19, 0), (3, 5, 3), (3, 19, 0)
    ]  # fmt: skip


def test_a_line_labels_the_pixels_that_it_touches_also_where_it_leaves_the_grid(box):
    line = shapely.LineString([place(box, 25.5, 2.5), place(box, 90.5, 2.5)])
    far = shapely.LineString([place(box, 25.5, 2.5), (60, 2.5)])
    found = cover(several(line, far), box)
    assert sorted(found.column[found.label == 0].tolist()) == list(range(25, 30))
    assert set(found.row[found.label == 0].tolist()) == {2}
    assert (found.label == 1).sum() >= 4


def test_parts_of_one_label_give_a_pixel_once(box):
    point = shapely.Point(*place(box, 4.5, 4.5))
    field = shapely.Polygon([place(box, *at) for at in ((2.1, 2.1), (6.9, 2.1), (6.9, 6.9), (2.1, 6.9))])
    found = cover(several(shapely.GeometryCollection([point, field, point])), box)
    assert len(found.label) == 25
    assert len({*zip(found.row.tolist(), found.column.tolist(), strict=True)}) == 25


def test_nothing_gives_no_pixels(box):
    assert len(cover(several(), box).label) == 0
    assert len(cover(several(shapely.Point(0, 0), shapely.box(0, 0, 1, 1)), box).label) == 0
