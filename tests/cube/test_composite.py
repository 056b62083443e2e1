import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eowidgets.cube.composite import composite
from eowidgets.errors import InputError


@given(value=st.floats(0, 1, width=32), how=st.sampled_from(["median", "mean", "min", "max", "medoid", "best"]))
@settings(max_examples=15, deadline=None)
def test_composite_of_a_constant_is_that_constant(value, how):
    import pandas as pd
    import xarray as xr

    data = np.full((5, 2, 3), value, "float32")
    cube = xr.Dataset(
        {"red": (("time", "y", "x"), data), "clouds": (("time", "y", "x"), np.zeros((5, 2, 3), bool))},
        coords={"time": pd.date_range("2020-01-01", periods=5), "y": [2.0, 1.0], "x": [0.0, 1.0, 2.0]},
    )
    np.testing.assert_allclose(composite(cube, how, "all")["red"], np.float32(value), rtol=1e-6)


def test_months_leave_clouds_out(make_cube):
    cube = make_cube(dates=8)
    months = composite(cube, "median", "month")
    masked = cube.red.where(~cube.clouds)
    for i, month in enumerate(np.unique(cube.time.dt.month)):
        expected = masked.sel(time=cube.time.dt.month == month).median("time")
        np.testing.assert_allclose(months.red.isel(time=i), expected, rtol=1e-6)
    assert (months.time.values == cube.time.groupby("time.month").min().values).all()
    assert (months.valid == (months.observations > 0)).all()
    assert not months.clouds.any()
    assert months.rio.crs == cube.rio.crs


def test_medoid_is_a_real_observation(make_cube):
    cube = make_cube(dates=6, clouds=0.3)
    best = composite(cube, "medoid", "all").isel(time=0)
    pairs = {(r, n) for r, n in zip(cube.red.values[:, 2, 3], cube.nir.values[:, 2, 3], strict=True)}
    assert (best.red.values[2, 3], best.nir.values[2, 3]) in pairs


def test_best_takes_the_clearest_date_and_fills_from_the_next(make_cube):
    cube = make_cube(dates=3, height=2, width=2, clouds=0)
    cube["clouds"][0] = [[True, True], [True, False]]
    cube["clouds"][1] = [[True, False], [False, False]]  # the clearest, but for one pixel
    cube["clouds"][2] = [[False, True], [False, True]]
    out = composite(cube, "best", "all").isel(time=0)
    for band in ("red", "nir"):
        expected = cube[band].values[1].copy()
        expected[0, 0] = cube[band].values[2, 0, 0]
        np.testing.assert_array_equal(out[band], expected)


def test_pixels_never_seen_are_nodata_without_a_warning(make_cube, recwarn):
    cube = make_cube(dates=3)
    cube["clouds"][:, 0, 0] = True
    for how in ("median", "mean", "min", "max", "medoid", "best"):
        out = composite(cube, how, "all")
        assert np.isnan(out.red[0, 0, 0])
        assert not out.valid[0, 0, 0]
    assert not [w for w in recwarn if issubclass(w.category, RuntimeWarning)]


def test_lazy_equals_eager(make_cube):
    cube = make_cube(dates=7)
    for how in ("median", "medoid", "best"):
        a, b = composite(cube, how, "month"), composite(cube.chunk({"time": 3}), how, "month").compute()
        np.testing.assert_array_equal(a.red, b.red)


def test_periods(romania):
    assert composite(romania, "max", "year").sizes["time"] == 7
    seasons = {(t.year + (t.month == 12), t.month % 12 // 3) for t in romania.indexes["time"]}
    assert composite(romania, "max", "season").sizes["time"] == len(seasons)
    first = romania.indexes["time"][0]
    blocks = {(t - first).days // 90 for t in romania.indexes["time"]}
    assert composite(romania, "max", "90D").sizes["time"] == len(blocks)
    with pytest.raises(InputError, match="period 'fortnight'"):
        composite(romania, "median", "fortnight")
    with pytest.raises(InputError, match="Did you mean 'median'"):
        composite(romania, "medain", "year")
