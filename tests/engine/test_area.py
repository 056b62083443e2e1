from __future__ import annotations

import numpy as np
import odc.geo.xr  # noqa: F401  (registers the accessor)
import pytest
from pyproj import Transformer
from shapely.geometry import Point, box
from support.toys import Identity

import eowidgets as eow
from eowidgets.errors import InputError


def place(cube, geometry):
    return eow.Area.of(geometry, crs=cube.rio.crs)


def test_outside_the_area_is_nodata_and_the_rest_is_cut_away(make_cube):
    cube = make_cube(height=60, width=60)
    middle = cube.odc.geobox.extent.boundingbox
    circle = Point((middle.left + middle.right) / 2, (middle.bottom + middle.top) / 2).buffer(150)
    out = eow.run(Identity, cube, area=place(cube, circle), window=13)
    assert 30 <= out.sizes["y"] <= 32
    same = cube.sel(y=out["y"], x=out["x"])
    inside = out["valid"].values[0]
    assert inside.mean() == pytest.approx(np.pi / 4, abs=0.07)
    np.testing.assert_array_equal(out["red"].values[:, inside], same["red"].values[:, inside])
    assert np.isnan(out["red"].values[:, ~inside]).all()


def test_an_area_that_touches_by_one_pixel_gives_one_pixel(make_cube):
    cube = make_cube(height=20, width=20)
    edge = cube.odc.geobox.extent.boundingbox
    corner = box(edge.right - 4, edge.bottom - 500, edge.right + 500, edge.bottom + 4)
    out = eow.run(Identity, cube, area=place(cube, corner))
    assert (out.sizes["y"], out.sizes["x"]) == (1, 1)
    np.testing.assert_array_equal(out["red"].values[:, 0, 0], cube["red"].values[:, -1, -1])


def test_an_area_outside_is_refused(make_cube):
    cube = make_cube()
    edge = cube.odc.geobox.extent.boundingbox
    with pytest.raises(InputError, match="outside the cube"):
        eow.run(Identity, cube, area=place(cube, box(edge.right + 50, edge.bottom, edge.right + 90, edge.top)))


def test_a_run_on_an_area_across_the_antimeridian_gives_its_pixels(make_cube):
    cube = make_cube(height=20, width=60, crs="EPSG:32760", resolution=1000.0)
    cube = cube.assign_coords(x=cube.x + 290_000, y=cube.y + 3_000_000).rio.write_transform()
    west, south, east, north = cube.eow.bounds
    assert west < 180 < east
    part = (179.9, south + 0.05, 180.1, north - 0.05)
    out = eow.run(Identity, cube, area=part)
    assert out.sizes["x"] == pytest.approx(0.2 * 105, abs=2)  # about 105 km a degree at this latitude
    inside = out["valid"].values[0]
    x, y = np.meshgrid(out.x, out.y)
    lon, lat = Transformer.from_crs(32760, 4326, always_xy=True).transform(x, y)
    np.testing.assert_array_equal(inside, (abs(lon) > 179.9) & (lat > part[1]) & (lat < part[3]))
    assert inside.sum() > 100
    np.testing.assert_array_equal(out["red"].values[:, inside], cube["red"].sel(y=out.y, x=out.x).values[:, inside])


def test_an_area_across_the_antimeridian_far_from_the_cube_is_refused(make_cube):
    with pytest.raises(InputError, match="outside the cube"):
        eow.run(Identity, make_cube(), area=(170, -10, 190, 10))


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3035", "EPSG:32719"])
def test_areas_and_cubes_of_any_crs_meet(make_cube, crs):
    cube = make_cube(height=30, width=30, crs=crs if crs != "EPSG:4326" else "EPSG:32635")
    inner = cube.odc.geobox[8:20, 9:25].extent.to_crs("EPSG:4326").boundingbox
    out = eow.run(Identity, cube, area=tuple(inner))
    assert out.odc.geobox.crs == cube.odc.geobox.crs
    assert 12 <= out.sizes["y"] <= 30
    assert out["valid"].any()


def test_a_cube_in_degrees_runs_too(make_cube):
    cube = make_cube(height=20, width=20)
    degrees = cube.assign_coords(y=45.5 - 1e-4 * np.arange(20), x=24 + 1e-4 * np.arange(20))
    degrees = degrees.drop_vars("spatial_ref").rio.write_crs("EPSG:4326").rio.write_transform()
    out = eow.run(Identity, degrees, area=(24.0003, 45.4985, 24.001, 45.4995))
    assert out["valid"].any()
    assert out.odc.geobox.crs.epsg == 4326
