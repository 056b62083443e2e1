"""Models of series over places of a cube: the mean of the clear pixels of each polygon and date."""

import json

import geopandas
import numpy as np
import pytest
import shapely
from support.series import Course, Mean, Told

import eowidgets as eow


@pytest.fixture
def cube(make_cube):
    return make_cube(dates=6, height=24, width=20, clouds=0.3)


def places(cube, *shapes, **columns):
    """A table of geometries given in pixels of the cube, x to the right and y down."""
    a = cube.odc.geobox.affine
    moved = [shapely.transform(s, lambda p: np.array([a @ tuple(v) for v in p])) for s in shapes]
    return geopandas.GeoDataFrame({"name": range(len(shapes)), **columns}, geometry=moved, crs=str(cube.rio.crs))


def expected_mean(cube, inside):
    """Mean over dates of the mean of the clear pixels of each date."""
    red = cube["red"].values[:, inside]
    clear = (cube["valid"] & ~cube["clouds"]).values[:, inside]
    by_date = [r[c].mean() for r, c in zip(red, clear, strict=True) if c.any()]
    return np.mean(by_date)


def mask(cube, rows, columns):
    inside = np.zeros((cube.sizes["y"], cube.sizes["x"]), bool)
    inside[rows, columns] = True
    return inside


def test_polygons_points_and_holes(cube):
    ring = shapely.box(2, 10, 8, 16).difference(shapely.box(4, 12, 6, 14))
    hole = mask(cube, slice(10, 16), slice(2, 8)) & ~mask(cube, slice(12, 14), slice(4, 6))
    where = places(cube, shapely.box(3, 2, 9, 7), shapely.Point(12.2, 5.7), ring, shapely.box(14.6, 14.6, 14.9, 14.9))
    found = eow.run(Mean, cube, places=where)
    wanted = [mask(cube, slice(2, 7), slice(3, 9)), mask(cube, 5, 12), hole, mask(cube, 14, 14)]
    np.testing.assert_allclose(found["mean"], [expected_mean(cube, m) for m in wanted], atol=1e-6)
    assert isinstance(found, geopandas.GeoDataFrame)
    assert found.crs == where.crs
    assert list(found["name"]) == [0, 1, 2, 3]
    notes = json.loads(found.attrs["provenance"])
    assert notes["call"] == "series"
    assert notes["series"] == 4


def test_another_crs_and_the_batch_change_nothing(cube):
    where = places(cube, *(shapely.Point(x + 0.5, y + 0.5) for y in range(0, 24, 5) for x in range(20)))
    one = eow.run(Mean, cube, places=where)
    np.testing.assert_array_equal(one["mean"], eow.run(Mean, cube, places=where, batch=1)["mean"])
    np.testing.assert_allclose(one["mean"], eow.run(Mean, cube, places=where.to_crs(4326))["mean"], atol=1e-6)
    pixels = eow.run(Mean, cube)["mean"].values[::5]
    np.testing.assert_allclose(one["mean"], pixels.ravel(), atol=1e-6)


def test_outputs_over_time_repeat_the_places(cube):
    where = places(cube, shapely.box(3, 2, 9, 7), shapely.Point(12.5, 5.5))
    found = eow.run(Course, cube, places=where)
    assert list(found["name"]) == [0] * 6 + [1] * 6
    np.testing.assert_array_equal(found["time"].to_numpy(), np.tile(cube["time"].values, 2))
    assert found["mean"].nunique() == 2
    assert isinstance(found, geopandas.GeoDataFrame)


def test_labels_and_places_outside(cube):
    where = places(cube, shapely.box(3, 2, 9, 7), shapely.Point(-30, 5), shapely.Point())
    with pytest.warns(UserWarning, match="2 of 3 places lie outside the cube"):
        found = eow.run(Told, cube, places=where)
    assert found["kind"].tolist()[0] == "forest"
    assert found["kind"].isna().tolist() == [False, True, True]


def test_a_date_on_which_all_of_a_place_is_cloudy_is_a_cloudy_date(cube):
    cube["clouds"][:] = False
    cube["clouds"][2, 2:7, 3:9] = True
    cube["valid"][3, 2:7, 3:9] = False
    seen = {}

    class Seen(Mean):
        def predict(self, batch):
            seen.update(usable=batch.usable[0].tolist(), measured=batch.measured[0].tolist(), raw=batch.raw[0, :, 0])
            return super().predict(batch)

    eow.run(Seen, cube, places=places(cube, shapely.box(3, 2, 9, 7)))
    assert seen["usable"] == [True, True, False, False, True, True]
    assert seen["measured"] == [True, True, True, False, True, True]
    np.testing.assert_allclose(seen["raw"][2], cube["red"].values[2, 2:7, 3:9].mean(), atol=1e-6)
    assert seen["raw"][3] == 0


def test_a_polygon_that_reaches_beyond_the_cube_counts_what_is_there(cube):
    found = eow.run(Mean, cube, places=places(cube, shapely.box(-4, -4, 6, 5)))
    np.testing.assert_allclose(found["mean"], [expected_mean(cube, mask(cube, slice(0, 5), slice(0, 6)))], atol=1e-6)


def test_a_monitor_takes_places(romania):
    part = romania.isel(y=slice(60, 100), x=slice(0, 30))
    found = eow.run("break-iqr", part, places=places(part, shapely.box(0, 0, 5, 5), shapely.Point(20.5, 20.5)))
    pixel = eow.run("break-iqr", part)["magnitude"].values[20, 20]
    np.testing.assert_allclose(found["magnitude"][1], pixel, atol=1e-5)
    assert set(found["change"]) <= {"change", "no change", None}


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda cube, at: eow.run(Mean, cube, places=at.set_crs(None, allow_override=True)), "with a CRS"),
        (lambda cube, at: eow.run(Mean, cube, places=at.assign(mean=1)), "a column 'mean' already"),
        (lambda cube, at: eow.run(Mean, cube, places=at, area=at), "area does not apply to places"),
        (lambda cube, at: eow.run(Mean, cube[["nir"]], places=at), "needs the band red"),
        (lambda cube, at: eow.run(Mean, cube.isel(time=[0]), places=at), "needs at least 3 dates"),
        (lambda cube, at: eow.run(Mean, at, places=at), "places apply to a cube: leave them out"),
        (lambda cube, at: eow.run(Mean, "nowhere", places=at), "places need a cube, and this is 'nowhere'"),
    ],
)
def test_what_does_not_fit_is_one_sentence(cube, call, sentence):
    with pytest.raises(eow.EowidgetsError, match=sentence):
        call(cube, places(cube, shapely.Point(5, 5)))
