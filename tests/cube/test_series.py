import numpy as np
import odc.geo.xr  # noqa: F401
import pytest
import rioxarray  # noqa: F401

from eowidgets.cube.area import Area
from eowidgets.cube.series import area_series, at, clip, cloud_cover
from eowidgets.errors import InputError


def corner(cube, row, column):
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(str(cube.rio.crs), "EPSG:4326", always_xy=True)
    return to_degrees.transform(float(cube.x[column]), float(cube.y[row]))


def test_at_gives_the_pixel(romania):
    lon, lat = corner(romania, 17, 42)
    series = at(romania, lon, lat)
    np.testing.assert_array_equal(series.red, romania.red[:, 17, 42])
    assert series.sizes == {"time": 140}


def test_clip_keeps_what_is_inside_and_empties_the_rest(romania):
    west, north = corner(romania, 10, 20)
    east, south = corner(romania, 30, 50)
    middle = (west + east) / 2
    triangle = {"type": "Polygon", "coordinates": [[[west, south], [east, south], [middle, north], [west, south]]]}
    cut = clip(romania, triangle)
    assert cut.sizes["y"] <= 32
    assert cut.sizes["x"] <= 42
    inside = Area.of(triangle).mask(cut.odc.geobox)
    assert np.isnan(cut.red.values[:, ~inside]).all()
    assert not cut.valid.values[:, ~inside].any()
    original = romania.red.sel(y=cut.y, x=cut.x).values
    np.testing.assert_array_equal(cut.red.values[:, inside], original[:, inside])


def test_clip_touching_by_one_pixel(romania):
    lon, lat = corner(romania, 0, 0)
    cut = clip(romania, (lon - 0.01, lat - 0.00003, lon + 0.00003, lat + 0.01))
    assert (cut.sizes["y"], cut.sizes["x"]) == (1, 1)
    np.testing.assert_array_equal(cut.red.values.ravel(), romania.red[:, 0, 0])


def test_clip_outside_says_where_both_are(romania):
    with pytest.raises(InputError, match=r"does not touch the cube \(22\.14"):
        clip(romania, (0, 0, 1, 1))


def test_area_series_is_the_mean_of_what_was_seen(romania):
    west, south, _, _ = romania.eow.bounds
    area = (west + 0.003, south + 0.003, west + 0.006, south + 0.006)
    series = area_series(romania, area)
    cut = clip(romania, area)
    seen = (cut.valid & ~cut.clouds).values
    for i in (2, 60, 127):
        values = cut.nir.values[i][seen[i]]
        assert float(series.nir[i]) == pytest.approx(values.mean(), rel=1e-5)
        assert float(series.nir_std[i]) == pytest.approx(values.std(), rel=1e-4)
        assert float(series.nir_p10[i]) == pytest.approx(np.quantile(values, 0.1), rel=1e-4)
    inside = Area.of(area).mask(cut.odc.geobox).sum()
    np.testing.assert_allclose(series.usable, seen.sum((1, 2)) / inside)
    assert series.attrs["hectares"] == pytest.approx(Area.of(area).hectares, abs=1e-3)
    assert np.isnan(series.nir[np.asarray(series.usable) == 0]).all()


def test_area_series_of_an_index_is_the_mean_of_the_pixels(romania):
    area = (22.146, 45.201, 22.150, 45.204)
    series = area_series(romania, area, ["NDVI"])
    cut = clip(romania, area)
    seen = (cut.valid & ~cut.clouds).values[60]
    ndvi = ((cut.nir - cut.red) / (cut.nir + cut.red)).values[60][seen]
    assert float(series.ndvi[60]) == pytest.approx(ndvi.mean(), rel=1e-4)
    assert {"ndvi_std", "ndvi_p10", "ndvi_p90"} <= set(series)


def test_cloud_cover_is_the_share_not_seen(make_cube):
    cube = make_cube(dates=2, height=2, width=2, clouds=0)
    cube["clouds"][0, 0, 0] = True
    cube["valid"][1, :, 0] = False
    assert cloud_cover(cube).values.tolist() == [0.25, 0.5]
