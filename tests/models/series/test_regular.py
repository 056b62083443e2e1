import numpy as np
import pytest
import torch

from eowidgets.models.series.regular import interpolated, season

STEPS = tuple(range(0, 368, 16))


def days(*dates):
    return torch.tensor(np.array(dates, "datetime64[D]").astype(float))


@pytest.mark.parametrize(
    ("last", "year", "start"),
    [
        ("2016-08-28", 0, "2015-09-14"),
        ("2016-08-20", 0, "2015-09-14"),  # its last date is 2016-08-31: within 16 days
        ("2016-08-14", 0, "2014-09-14"),
        ("2016-12-31", 0, "2015-09-14"),
        ("2016-12-31", 2013, "2013-09-14"),
    ],
)
def test_the_last_season_that_the_dates_cover(last, year, start):
    found = season(days("2001-01-01", last), STEPS, month=9, day=14, year=year)
    assert str(np.datetime64(int(found[0]), "D")) == start
    np.testing.assert_array_equal(np.diff(found.numpy()), 16)


def test_interpolation_is_that_of_numpy_for_every_series_and_its_gaps():
    rng = np.random.default_rng(0)
    at = np.sort(rng.choice(np.arange(1000, 1400), 40, replace=False)).astype(float)
    x, usable = rng.random((20, 40, 3)).astype("float32"), rng.random((20, 40)) < 0.6
    wanted = np.arange(980.0, 1420, 13)
    found, _ = interpolated(*(torch.as_tensor(v) for v in (x, usable, at, wanted)))
    for i in range(20):
        for band in range(3):
            expected = np.interp(wanted, at[usable[i]], x[i, usable[i], band])
            np.testing.assert_allclose(found[i, :, band], expected, atol=1e-5)


def test_what_was_hardly_observed_is_told():
    at = torch.arange(0.0, 368, 16, dtype=torch.float64)
    usable = torch.zeros(4, 23, dtype=torch.bool)
    usable[1, 5], usable[2, :8], usable[3, ::3] = True, True, True
    x = torch.where(usable[..., None], 0.5, 0.0)
    found, enough = interpolated(x, usable, at, at)
    assert enough.tolist() == [False, False, True, True]  # 0, 1, 8 and 8 of 23 dates
    assert found[0].abs().max() == 0
    torch.testing.assert_close(found[1:], torch.full((3, 23, 1), 0.5))
