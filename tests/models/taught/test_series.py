"""Features of series with gaps."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eowidgets.contract.feeds import Batch
from eowidgets.models.taught.series import SERIES_FEATURES, feature_names, series_features


def a_batch(x, usable, days, bands=("red", "nir")) -> Batch:
    x, usable = torch.as_tensor(x, dtype=torch.float32), torch.as_tensor(usable)
    days = torch.as_tensor(days, dtype=torch.float64)
    return Batch(x * usable[..., None], usable, usable, x, days, days, bands, torch.zeros(len(x), 2), 10.0)


def days(*dates: str) -> np.ndarray:
    return np.array(dates, "datetime64[D]").astype("int64").astype("float64")


@pytest.mark.parametrize("name", SERIES_FEATURES)
@given(seed=st.integers(0, 2**31), dates=st.integers(1, 40))
@settings(max_examples=25, deadline=None)
def test_values_under_clouds_change_nothing(name, seed, dates):
    rng = np.random.default_rng(seed)
    x, usable = rng.random((5, dates, 2)), rng.random((5, dates)) < 0.5
    when = np.sort(rng.choice(np.arange(16_000, 18_000), dates, replace=False)).astype(float)
    other = np.where(usable[..., None], x, rng.random(x.shape))
    one, two = (series_features((name,), a_batch(v, usable, when)) for v in (x, other))
    assert one.shape == (5, len(feature_names((name,), ("red", "nir"))))
    torch.testing.assert_close(one, two, equal_nan=True)
    nothing = ~torch.as_tensor(usable).any(dim=1)
    assert bool((one.isnan().all(dim=1) == nothing).all())
    assert bool((one.isnan().any(dim=1) == nothing).all())


def test_statistics_are_the_percentiles_of_numpy():
    rng = np.random.default_rng(0)
    x, usable = rng.random((4, 30, 2)), rng.random((4, 30)) < 0.6
    found = series_features(("statistics",), a_batch(x, usable, np.arange(30.0))).numpy()
    names = feature_names(("statistics",), ("red", "nir"))
    for i in range(4):
        for q in (5, 25, 50, 75, 95):
            want = np.percentile(x[i, usable[i], 1], q)
            assert found[i, names.index(f"nir p{q}")] == pytest.approx(want, abs=1e-5)


def test_months_are_medians_over_all_years_and_gaps_are_interpolated_around_the_year():
    when = days("2019-01-10", "2020-01-20", "2020-07-05", "2020-11-15")
    x = np.zeros((1, 4, 2))
    x[0, :, 0] = 1, 3, 7, 9
    found = series_features(("months",), a_batch(x, np.ones((1, 4), bool), when))[0].numpy()
    names = feature_names(("months",), ("red", "nir"))
    red = [found[names.index(f"red month {i}")] for i in range(1, 13)]
    assert red[0] == 1  # the lower of two
    assert red[6] == 7 and red[10] == 9
    assert red[8] == pytest.approx(8)  # half way from July to November
    assert red[11] == pytest.approx((9 + 1) / 2)  # December lies between November and January


def test_harmonics_find_a_wave_in_spite_of_gaps():
    when = np.arange(18_000, 18_000 + 3 * 365, 10.0)
    phase = 2 * np.pi * when / 365.2425
    x = np.stack([0.4 + 0.2 * np.cos(phase), 0.5 - 0.1 * np.sin(phase)], axis=-1)[None]
    usable = np.random.default_rng(1).random((1, len(when))) < 0.6
    found = series_features(("harmonics",), a_batch(x, usable, when))[0].numpy()
    names = feature_names(("harmonics",), ("red", "nir"))
    value = dict(zip(names, found, strict=True))
    assert value["red mean"] == pytest.approx(0.4, abs=0.01)
    assert value["red cosine 1"] == pytest.approx(0.2, abs=0.01)
    assert value["nir sine 1"] == pytest.approx(-0.1, abs=0.01)
    assert value["red spread"] == pytest.approx(0, abs=0.01)


def test_an_index_that_a_table_holds_already_is_not_computed_again():
    assert feature_names(("mean",), ("ndvi", "nir", "red")) == ("ndvi mean", "nir mean", "red mean")
