import json

import numpy as np
import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.analysis.ask import splits, timetools, tools
from eowidgets.analysis.ask.landcover import CODE, classify, quantile
from eowidgets.errors import InputError
from eowidgets.simulate import simulate


def test_land_cover_of_simulated_scenes():
    """On places that set no threshold; the figures are in docs/ask.md."""
    right = total = 0
    for seed in (201, 202):
        scene = simulate(
            height=64, width=64, start="2019-01-01", end="2019-12-31", seed=seed, event_count=0, radar=False
        )
        land = classify(scene.cube)
        known = land["cover"].values != 255
        right += int((land["cover"].values == scene.classes.values[0])[known].sum())
        total += int(known.sum())
    assert right / total > 0.9


def test_forest_agrees_with_the_tree_cover_layer(romania):
    land = classify(romania.eow.between("2018", "2018"))
    forest, trees = land["cover"].values == CODE["forest"], romania["tree_cover"].values >= 40
    assert 2 * (forest & trees).sum() / (forest.sum() + trees.sum()) > 0.95


def test_land_cover_says_what_it_needs(make_cube):
    with pytest.raises(InputError, match="green, swir16"):
        classify(make_cube())


def test_land_cover_needs_dates_without_cloud(make_cube):
    bands = ("green", "red", "nir", "swir16")
    with pytest.raises(InputError, match="at least three"):
        classify(make_cube(dates=5, bands=bands, clouds=1.0))


def test_quantile_is_numpys(make_cube):
    values = np.random.default_rng(0).normal(size=(9, 4, 5)).astype("float32")
    values[values > 1] = np.nan
    for q in (0.1, 0.5, 0.9):
        np.testing.assert_allclose(quantile(values, q), np.nanquantile(values, q, axis=0), rtol=1e-5)


def test_region_halves_meet_without_overlap(make_cube):
    cube = make_cube(height=7, width=9)
    north, south = tools.region(cube, "north"), tools.region(cube, "south")
    assert (north ^ south).all()
    quarters = [tools.region(cube, p) for p in ("north-west", "north-east", "south-west", "south-east")]
    assert (np.sum(quarters, axis=0) == 1).all()
    assert 0 < tools.region(cube, "centre").sum() < north.size / 2


def test_region_of_an_area_is_the_areas_own_mask(romania):
    area = eow.Area.of((22.146, 45.201, 22.150, 45.204))
    np.testing.assert_array_equal(tools.region(romania, area=area.geojson), area.mask(romania.odc.geobox))
    with pytest.raises(InputError, match="does not touch"):
        tools.region(romania, area=(0, 0, 1, 1))


def test_sizes(romania):
    mask = np.zeros((100, 100), bool)
    mask[:10, :10] = True
    assert tools.area(mask, romania) == pytest.approx(1.0)
    assert tools.area(mask, romania, "m2") == pytest.approx(10_000)
    assert tools.area(mask, romania, "km2") == pytest.approx(0.01)
    assert tools.share(mask, np.ones_like(mask)) == pytest.approx(1.0)


def test_size_of_a_pixel_in_degrees(make_cube):
    cube = make_cube().drop_vars("spatial_ref").assign_coords(x=15 + 1e-4 * np.arange(9), y=48 - 1e-4 * np.arange(8))
    cube = cube.rio.write_crs("EPSG:4326").rio.write_transform()
    # 1e-4 degrees at 48° N are 11.12 m by 7.46 m.
    assert tools.pixel_hectares(cube) == pytest.approx(11.12 * 7.46 / 1e4, rel=0.01)


def test_objects_touch_at_corners_and_small_ones_do_not_count(romania):
    mask = np.zeros((100, 100), bool)
    mask[0:4, 0:4] = mask[4:8, 4:8] = True  # one patch of 32 pixels
    mask[50:53, 50:53] = True  # one of 9
    mask[90, 90] = True  # noise
    found = tools.objects(mask, romania)
    assert found["count"] == 2
    assert found["hectares"] == pytest.approx([0.32, 0.09])
    assert not found["mask"][90, 90]
    assert tools.objects(mask, romania, 0.1)["count"] == 1


def test_polygons_have_the_area_of_their_pixels(romania):
    mask = np.zeros((100, 100), bool)
    mask[10:30, 20:60] = True
    mask[15:20, 30:40] = False  # a hole
    shapes = tools.polygons(mask, romania, "<b>name</b>")
    json.dumps(shapes)
    assert eow.Area.of(shapes).hectares == pytest.approx(7.5, rel=2e-3)
    np.testing.assert_array_equal(eow.Area.of(shapes).mask(romania.odc.geobox), mask)


def test_nine_fields():
    mask = np.zeros((90, 90), bool)
    mask[:30, 60:] = True
    mask[31:33, 40] = True
    shares = tools.grid_shares(mask, np.ones_like(mask))
    assert tools.main_cell(shares) == "north-east"
    assert shares["centre"] == pytest.approx(2 / 902)
    assert sum(shares.values()) == pytest.approx(1)


def test_nearest(romania):
    mask = np.zeros((100, 100), bool)
    mask[49, 90] = True
    found = tools.nearest(mask, np.ones_like(mask), romania)
    assert found["metres"] == pytest.approx(405, rel=0.02)
    assert found["direction"] in ("east", "south-east", "north-east")  # north of the grid is not north of the globe
    mask[49, 49] = True
    assert tools.nearest(mask, np.ones_like(mask), romania)["metres"] == 0


def test_zonal_means_by_name(romania):
    west, south, east, north = romania.eow.bounds
    middle = (west + east) / 2
    ring = lambda a, b: [[[a, south], [b, south], [b, north], [a, north], [a, south]]]  # noqa: E731
    layer = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {"name": n}, "geometry": {"type": "Polygon", "coordinates": ring(a, b)}}
            for n, a, b in (("left", west, middle), ("right", middle, east))
        ],
    }
    columns = xr.DataArray(np.tile(np.arange(100.0), (100, 1)), dims=("y", "x"))
    table = tools.zonal(columns, layer, romania)
    assert table["left"] < 40 < 60 < table["right"]
    assert tools.best(table, "highest") == "right"


def test_the_date_of_a_break_is_found():
    """On simulated clear-cuts, whose day is known."""
    scene = simulate(
        height=64,
        width=64,
        start="2017-01-01",
        end="2019-12-31",
        events=("clear-cut",),
        event_count=2,
        radar=False,
        seed=5,
    )
    event = scene.events[0]
    mask = event.mask
    stable = (scene.classes.values == CODE["forest"]).all(axis=0)
    found = splits.break_date(scene.cube, mask, stable)
    off = abs(np.datetime64(found["date"]) - np.datetime64(event.start, "D"))
    assert off <= np.timedelta64(45, "D")
    assert found["early"] <= found["date"] <= found["late"]
    assert np.isnan(found["dates"][~mask]).all()


def test_two_years_of_a_change(romania):
    before, after = timetools.two_years(romania, "2017-01-01", "2020-12-31")
    assert set(before.time.dt.year.values) == {2017}
    assert set(after.time.dt.year.values) == {2020}
    one, two = timetools.two_years(romania, "2019-01-01", "2019-12-31")
    assert set(one.time.dt.year.values) == {2018}
    assert set(two.time.dt.year.values) == {2019}


def test_two_years_of_a_short_series(bouconne):
    with pytest.raises(InputError, match="does not contain the year before"):
        timetools.two_years(bouconne)


def test_transitions_add_up(romania):
    before, after = (tools.land_cover(y) for y in timetools.two_years(romania, "2017-01-01", "2020-12-31"))
    where = tools.region(romania)
    table = timetools.transitions(before, after, where, romania)
    assert table["forest > field"] == pytest.approx(
        tools.area(
            timetools.patches_only(timetools.changed_mask(before, after, "forest", "field"), romania, where), romania
        )
    )
    assert list(table.values()) == sorted(table.values(), reverse=True)
