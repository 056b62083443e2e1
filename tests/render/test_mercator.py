import numpy as np
import pytest
from support.grids import GRIDS, grid_cube

from eowidgets.cube import globe
from eowidgets.cube.grid import bounds, geobox
from eowidgets.render.mercator import MercatorGrid, MercatorSource
from eowidgets.render.place import Place


@pytest.mark.parametrize("name", sorted(GRIDS))
def test_every_pixel_of_the_map_has_the_pixel_of_the_cube_at_its_degrees(name):
    cube = grid_cube(name, dates=1)
    source = MercatorSource(cube, longest=200)
    values = source.values("red", slice(None), source.whole)[0]
    place, box = source.place, geobox(cube)
    assert np.isfinite(values).mean() > 0.3
    rng = np.random.default_rng(0)
    for row, column in zip(rng.integers(source.height, size=60), rng.integers(source.width, size=60), strict=True):
        lon = np.degrees((place.x0 + (column + 0.5) * place.dx) / 6378137)
        lat = np.degrees(np.arctan(np.sinh((place.y0 - (row + 0.5) * place.dy) / 6378137)))
        c, r = globe.locate(box, lon, lat)
        if 0 <= c < box.width and 0 <= r < box.height:
            assert values[row, column] == cube.red.values[0, int(r), int(c)]
        else:
            assert np.isnan(values[row, column])


@pytest.mark.parametrize("name", sorted(GRIDS))
def test_a_map_grid_covers_the_bounds_and_no_more(name):
    cube = grid_cube(name, dates=1)
    west, south, east, north = bounds(cube)
    (s, w), (n, e) = MercatorGrid.over(geobox(cube), 1024).corners
    assert (w, e) == pytest.approx((west, east))
    assert (s, n) == pytest.approx((max(south, -85.0511), min(north, 85.0511)), abs=1e-4)


def interpolated(head, x, y):
    """Degrees of a place of the picture as the browser finds them."""
    n = head["nodes"]
    u, v = x * (n - 1), y * (n - 1)
    i, j = min(int(u), n - 2), min(int(v), n - 2)
    weights = np.outer([j + 1 - v, v - j], [i + 1 - u, u - i])
    a, b = (float((np.reshape(head[k], (n, n))[j : j + 2, i : i + 2] * weights).sum()) for k in ("lon", "lat"))
    if head["pole"]:
        return np.degrees(np.arctan2(b, a)), head["pole"] * (90 - np.hypot(a, b))
    return a, b


@pytest.mark.parametrize("name", sorted(GRIDS))
def test_the_browsers_coordinates_are_within_a_fifth_of_a_pixel(name):
    cube = grid_cube(name, dates=1)
    place, box = Place.of(cube), geobox(cube)
    head = place.head()
    rng = np.random.default_rng(1)
    for x, y in rng.uniform(0.02, 0.98, (80, 2)):
        lon, lat = interpolated(head, x, y)
        column, row = globe.locate(box, lon, lat)
        assert (column, row) == pytest.approx((x * box.width, y * box.height), abs=0.2)
    if not head["pole"]:
        assert max(np.abs(np.diff(np.reshape(head["lon"], (head["nodes"],) * 2))).ravel()) < 180


def test_there_is_no_north_at_a_pole_and_a_scale_all_the_same():
    place = Place.of(grid_cube("Antarctica, pole inside", dates=1))
    assert place.north == 0
    assert place.metres == pytest.approx(50_000, rel=0.05)
    assert Place.of(grid_cube("Fiji, UTM 60 south", dates=1)).north == pytest.approx(0.94, abs=0.1)
