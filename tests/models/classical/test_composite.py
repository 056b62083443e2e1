import numpy as np
import pytest
from support.batches import batch_of

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.models.classical.periods import period_start


def test_median_is_numpys(romania):
    small = romania.isel(x=slice(0, 12), y=slice(0, 9))
    out = eow.run("composite-median", small, period="year")
    masked = small.red.where(~small.clouds)
    for i, year in enumerate(range(2015, 2022)):
        part = masked.sel(time=masked.time.dt.year == year)
        np.testing.assert_allclose(out.red[i], part.median("time"), rtol=1e-5, equal_nan=True)
        np.testing.assert_array_equal(out.observations[i], part.notnull().sum("time"))
    assert [str(t)[:10] for t in out.time.values] == [f"{y}-01-01" for y in range(2015, 2022)]


def test_medoid_is_the_observation_nearest_to_all_others(romania):
    small = romania.isel(x=slice(0, 5), y=slice(0, 4), time=slice(20, 45))
    out = eow.run("composite-medoid", small, period="all")
    bands = small.eow.bands
    x = np.stack([small[b].values for b in bands], 1)
    clear = ~small.clouds.values
    for i, j in np.ndindex(4, 5):
        spectra = x[clear[:, i, j], :, i, j]
        total = np.linalg.norm(spectra[:, None] - spectra[None], axis=-1).sum(1)
        found = np.array([float(out[b][0, i, j]) for b in bands])
        np.testing.assert_allclose(found, spectra[total.argmin()], rtol=1e-5)


def test_never_seen_is_nodata(make_cube):
    cube = make_cube(dates=4)
    cube["clouds"][:, 2, 3] = True
    for model in ("composite-median", "composite-medoid"):
        out = eow.run(model, cube, period="all")
        assert np.isnan(out.red[0, 2, 3])
        assert not out.valid[0, 2, 3]
        assert np.isfinite(out.red[0, 0, 0]) or cube.clouds[:, 0, 0].all()


@pytest.mark.parametrize(
    ("period", "expected"),
    [("month", "2020-01-01"), ("season", "2019-12-01"), ("year", "2020-01-01"), ("all", "2020-01-17")],
)
def test_periods_begin(period, expected):
    dates = np.array(["2020-01-17", "2020-02-28"], "datetime64[D]")
    assert str(period_start(dates, period)[0]) == expected


@pytest.mark.parametrize("name", ["composite-median", "composite-medoid"])
def test_order_of_dates_does_not_matter(name):
    rng = np.random.default_rng(0)
    x, seen, days = rng.random((20, 2, 30)), rng.random((20, 30)) < 0.5, 18_000 + np.arange(20) * 9.0
    order = rng.permutation(20)
    a, b = (
        get_model(name, period="season").predict(batch_of(x[o], days[o], seen[o], ("red", "nir")))
        for o in (np.arange(20), order)
    )
    for key in a:
        np.testing.assert_array_equal(a[key], b[key])
