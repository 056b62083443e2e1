import pytest

from eowidgets.cube.grid import bounds, geobox, pixel
from eowidgets.errors import InputError


def test_pixel_finds_every_centre(make_cube):
    from pyproj import Transformer

    cube = make_cube(dates=1, height=5, width=7)
    to_degrees = Transformer.from_crs("EPSG:32635", "EPSG:4326", always_xy=True)
    for row in range(5):
        for column in range(7):
            lon, lat = to_degrees.transform(float(cube.x[column]), float(cube.y[row]))
            assert pixel(cube, lon, lat) == (row, column)


def test_point_outside_says_where_the_cube_is(romania):
    with pytest.raises(InputError, match=r"outside the cube, which reaches from 22\.1"):
        pixel(romania, 0, 0)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (8, 1)])
def test_thin_rasters_have_a_grid(make_cube, shape):
    cube = make_cube(height=8, width=12).isel(y=slice(0, shape[0]), x=slice(2, 2 + shape[1]))
    box = geobox(cube)
    assert box.shape == shape
    assert (box.resolution.x, box.resolution.y) == (10, -10)
    assert (box.affine.c + 5, box.affine.f - 5) == (float(cube.x[0]), float(cube.y[0]))


def test_no_crs_is_refused_with_the_mend(make_cube):
    cube = make_cube().drop_vars("spatial_ref")
    with pytest.raises(InputError, match="write_crs"):
        geobox(cube)


def test_bounds_hold_the_cube(romania):
    west, south, east, north = bounds(romania)
    assert west < east
    assert south < north
    assert (round(west, 2), round(south, 1)) == (22.14, 45.2)
