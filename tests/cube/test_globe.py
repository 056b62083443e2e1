import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from support.grids import GRIDS, grid_cube

import eowidgets as eow
from eowidgets.cube import globe
from eowidgets.cube.grid import bounds, geobox, pixel
from eowidgets.cube.series import area_series, at, clip
from eowidgets.cube.window import window
from eowidgets.errors import InputError

BOXES = {name: geobox(grid_cube(name, dates=1)) for name in GRIDS}
CUBES = {name: grid_cube(name, dates=1) for name in GRIDS}


def degrees(name, column, row):
    """Longitude and latitude of a place on a grid, by pyproj alone."""
    left, top, size, *_, crs = GRIDS[name]
    x, y = left + size * column, top - size * row
    if crs == "EPSG:4326":
        return x, y
    return Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y)


@settings(deadline=None)  # the first call in a process loads the tables of PROJ
@given(
    name=st.sampled_from(sorted(GRIDS)),
    across=st.floats(0.01, 0.99),
    down=st.floats(0.01, 0.99),
    turns=st.integers(-2, 2),
)
def test_a_pixel_is_found_by_its_degrees_in_every_turn(name, across, down, turns):
    cube, (*_, width, height, _) = CUBES[name], GRIDS[name]
    column, row = int(across * width), int(down * height)
    lon, lat = degrees(name, column + 0.5, row + 0.5)
    assert pixel(cube, lon + 360 * turns, lat) == (row, column)
    assert float(at(cube, lon, lat).red[0]) == row * width + column + 1


@given(name=st.sampled_from(sorted(GRIDS)), across=st.floats(0, 1), down=st.floats(0, 1))
def test_bounds_contain_every_place_of_a_grid(name, across, down):
    *_, width, height, _ = GRIDS[name]
    lon, lat = degrees(name, across * width, down * height)
    west, south, east, north = bounds(CUBES[name])
    assert -180 <= west < 180
    assert west < east <= west + 360 + 1e-9
    span = max(east - west, north - south)
    assert south - 0.002 * span <= min(90, max(-90, lat)) <= north + 0.002 * span
    slack = 0.002 * span
    assert (lon - west + slack) % 360 <= east - west + 2 * slack


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Fiji, UTM 60 south", (179.74, -18.25, 180.31, -18.06)),
        ("0..360, part", (-161.25, 13.75, -31.25, 76.25)),
        ("0..360, around 180", (170, 0, 190, 10)),
        ("0..360, whole", (-180, -90, 180, 90)),
        ("0..360, centres on the poles", (-180, -90, 180, 90)),
        ("Antarctica, pole inside", (-180, -90, 180, -52.3)),
        ("Arctic, pole inside", (-180, 30.98, 180, 90)),
        ("whole, equal area", (-180, -80.6, 180, 85)),
        ("-180..180, NAD 83", (-125, 25, -75, 50)),
    ],
)
def test_bounds_follow_one_convention(name, expected):
    assert bounds(CUBES[name]) == pytest.approx(expected, abs=0.06)


def test_the_edge_of_a_disc_is_not_on_earth_and_bounds_are_those_of_the_disc():
    import xarray as xr

    size = 60_000 * (np.arange(185) - 92)
    disc = xr.Dataset(coords={"y": -size.astype(float), "x": size.astype(float)}).rio.write_crs(
        "+proj=geos +h=35785831 +lon_0=140.7 +sweep=y"
    )
    west, south, east, north = bounds(disc)
    assert west == pytest.approx(140.7 - 79, abs=3)
    assert east == pytest.approx(140.7 + 79, abs=3)
    assert -south == pytest.approx(north, abs=3)
    assert pixel(disc, 140.7, 0) == (92, 92)
    with pytest.raises(InputError, match="outside the cube"):
        pixel(disc, -39.3, 0)  # on the far side


@pytest.mark.parametrize("point", [(0, 91), (float("nan"), 0), (0, float("nan")), (float("inf"), 10)])
def test_what_is_not_on_earth_is_refused(point):
    with pytest.raises(InputError, match="not on Earth"):
        pixel(CUBES["Romania"], *point)


@pytest.mark.parametrize("name", sorted(GRIDS))
def test_an_area_around_some_pixels_gives_them(name):
    cube, (*_, width, height, _) = CUBES[name], GRIDS[name]
    row, column = height // 3, width // 2
    ring = [degrees(name, column + a, row + b) for a, b in ((0.1, 0.1), (4.9, 0.1), (4.9, 2.9), (0.1, 2.9))]
    lon = np.unwrap([p[0] for p in ring], period=360)
    area = {
        "type": "Polygon",
        "coordinates": [[[x, p[1]] for x, p in zip([*lon, lon[0]], [*ring, ring[0]], strict=True)]],
    }
    cut = clip(cube, area)
    expected = cube.red.values[0, row : row + 3, column : column + 5]
    found = cut.red.values[np.isfinite(cut.red.values)]
    # Edges that bend less than the pixel's half away from a centre leave all fifteen inside.
    assert set(expected.ravel()) == set(found)
    series = area_series(cube, area)
    assert float(series.red[0]) == pytest.approx(expected.mean(), rel=1e-6)


@pytest.mark.parametrize("name", ["0..360, whole", "-180..180, whole", "0..360, centres on the poles"])
@pytest.mark.parametrize("area", [(-10, -20, 10, 20), (170, -20, 190, 20), (350, 0, 370, 10), (-20, 40, 350 - 360, 60)])
def test_an_area_on_both_sides_of_the_seam_gives_continuous_columns(name, area):
    cube = CUBES[name]
    cut = clip(cube, area)
    steps = np.diff(cut.x.values)
    np.testing.assert_allclose(steps, steps[0])
    assert cut.sizes["x"] == pytest.approx((area[2] - area[0]) / steps[0], abs=1)
    for row, column in ((0, 0), (-1, -1)):
        lon, lat = float(cut.x[column]), float(cut.y[row])
        assert float(cut.red[0, row, column]) == float(at(cube, lon, lat).red[0])
        assert pixel(cut, lon - 360, lat) == (row % cut.sizes["y"], column % cut.sizes["x"])
    west, south, east, north = bounds(cut)
    middle = (area[0] + area[2]) / 2
    assert ((west + east) / 2 - middle + 180) % 360 == pytest.approx(180, abs=2.6)
    assert (south + north) / 2 == pytest.approx((area[1] + area[3]) / 2, abs=2.6)


def test_the_whole_globe_as_an_area_keeps_every_pixel():
    for name in ("0..360, whole", "-180..180, whole", "whole, Mercator", "Antarctica, pole inside", "Romania"):
        for area in ((-180, -90, 180, 90), (0, -90, 360, 90)):
            cut = clip(CUBES[name], area)
            assert np.isfinite(cut.red.values).all()
            assert cut.red.shape == CUBES[name].red.shape


def test_an_area_around_the_pole_is_a_disc_on_a_polar_grid():
    cube = CUBES["Antarctica, pole inside"]
    inside = np.isfinite(clip(cube, (-180, -90, 180, -80)).red.values[0])
    x, y = np.meshgrid(cube.x, cube.y)
    lat = Transformer.from_crs(3031, 4326, always_xy=True).transform(x, y)[1]
    assert inside.sum() == (lat < -80).sum()


@pytest.mark.parametrize("name", sorted(GRIDS))
def test_opening_with_a_box_cuts_the_same_pixels_as_clip(name):
    cube = CUBES[name]
    west, south, east, north = bounds(cube)
    width, height = east - west, north - south
    area = (west + 0.4 * width, south + 0.4 * height, west + 0.6 * width, south + 0.6 * height)
    cut = window(cube, area)
    assert cut is not None
    opened = eow.open(cube.drop_vars("valid"), bbox=area, budget=None)
    expected = clip(cube, area)
    np.testing.assert_array_equal(opened.red, expected.red)
    np.testing.assert_allclose(opened.x, expected.x)


def test_an_area_elsewhere_is_refused_with_both_places():
    with pytest.raises(InputError, match=r"179\.0000 to 181\.0000° E.*does not touch the cube \(-125"):
        clip(CUBES["-180..180, NAD 83"], (179, 30, 181, 40))
    assert window(CUBES["Fiji, UTM 60 south"], (10, 40, 11, 41)) is None
    assert window(CUBES["Fiji, UTM 60 south"], (-0.3, -18.2, 0.3, -18.1)) is None


def test_a_full_circle_is_told_from_nearly_one():
    assert globe.is_full_circle(BOXES["0..360, whole"])
    assert globe.is_full_circle(BOXES["0..360, centres on the poles"])
    assert not globe.is_full_circle(BOXES["0..360, part"])
    assert not globe.is_full_circle(BOXES["whole, Mercator"])
    assert not globe.is_full_circle(geobox(CUBES["-180..180, whole"].isel(x=slice(1, None))))
