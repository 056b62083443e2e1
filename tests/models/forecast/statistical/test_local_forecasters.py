"""The forecasters without training, each against a plain loop."""

import numpy as np
import pytest
import torch

from eowidgets.contract.registry import get_model
from eowidgets.errors import InputError
from eowidgets.models.forecast.statistical.smoothing import levels

YEAR = 365.2425


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(3)
    days = np.unique(rng.integers(17_000, 18_200, 90)).astype(float)
    values = 0.5 + 0.3 * np.sin(2 * np.pi * days / YEAR) + 0.02 * rng.standard_normal((4, len(days)))
    mask = rng.random(values.shape) > 0.3
    future = days[-1] + np.array([1.0, 50.0, 400.0])
    return values, days, mask, future


def forecast(name, case, **params):
    values, days, mask, future = (torch.from_numpy(np.asarray(part)) for part in case)
    return (
        get_model(f"forecast-{name}", **params)
        .forecast(values[..., None], days, mask[..., None], future)[..., 0]
        .numpy()
    )


def test_persistence_is_the_last_value_seen(case):
    values, _, mask, _ = case
    asked = [v[m][-1] for v, m in zip(values, mask, strict=True)]
    assert np.array_equal(forecast("persistence", case), np.repeat(np.array(asked)[:, None], 3, axis=1))


def test_seasonal_naive_is_the_nearest_value_of_the_last_season(case):
    values, days, mask, future = case
    made = forecast("seasonal-naive", case)
    for i in range(len(values)):
        for j, day in enumerate(future):
            wanted = day - YEAR
            while wanted > days[-1]:
                wanted -= YEAR
            seen = np.flatnonzero(mask[i])
            nearest = seen[np.abs(days[seen] - wanted).argmin()]
            assert abs(days[nearest] - wanted) < YEAR / 8
            assert made[i, j] == values[i, nearest]


def test_seasonal_naive_of_a_short_series_is_its_last_value():
    days = torch.arange(17_000.0, 17_100.0, 10.0)
    values = torch.rand(2, 10, 1, generator=torch.Generator().manual_seed(0))
    made = get_model("forecast-seasonal-naive").forecast(values, days, None, days[-1:] + 180)
    assert torch.equal(made, values[:, -1:])


@pytest.mark.parametrize("season", [24.0, 7.0])
def test_seasonal_naive_on_a_regular_grid_repeats_the_last_season(season):
    values = torch.rand(1, 100, 1, generator=torch.Generator().manual_seed(0))
    days = torch.arange(100.0)
    made = get_model("forecast-seasonal-naive", season=season).forecast(values, days, None, 100 + torch.arange(60.0))
    period = int(season)
    assert torch.equal(made[0, :, 0], values[0, -period:, 0].repeat(10)[:60])


def test_climatology_is_the_kernel_mean(case):
    values, days, mask, future = case
    made = forecast("climatology", case, robust=False, width=12.0)
    for i in range(len(values)):
        for j, day in enumerate(future):
            apart = np.array([min(abs((day - d) % YEAR), YEAR - abs((day - d) % YEAR)) for d in days[mask[i]]])
            weight = np.exp(-0.5 * (apart / 12) ** 2) + 0.001
            assert np.isclose(made[i, j], (weight * values[i, mask[i]]).sum() / weight.sum(), atol=1e-9)


def test_harmonic_is_least_squares(case):
    values, days, mask, future = case
    made = forecast("harmonic", case, robust=False, ridge=1e-6, terms=1, trend=True, local=False)

    def columns(d):
        phase = 2 * np.pi * d / YEAR
        return np.stack([np.ones_like(d), d - days[-1], np.cos(phase), np.sin(phase)], axis=1)

    for i in range(len(values)):
        fit, *_ = np.linalg.lstsq(columns(days[mask[i]]), values[i, mask[i]], rcond=None)
        np.testing.assert_allclose(made[i], columns(future) @ fit, atol=1e-5)


def test_harmonic_trend_goes_on_no_longer_than_it_was_seen():
    days = torch.arange(17_000.0, 17_000.0 + 730, 10.0)
    values = (0.1 + 0.0002 * (days - 17_000)).reshape(1, -1, 1)
    ahead = days[-1] + torch.tensor([365.0, 700.0, 720.0, 2000.0, 3000.0])
    made = get_model("forecast-harmonic", terms=1, ridge=1e-6, trend=True).forecast(values, days, None, ahead)[0, :, 0]
    truth = 0.1 + 0.0002 * (ahead - 17_000).clamp(max=2 * days[-1] - 2 * 17_000)
    assert torch.allclose(made, truth, atol=2e-3)


def test_robust_models_shrug_off_a_missed_cloud(case):
    values, days, _, future = case
    mask = np.ones_like(values, bool)
    cloudy = values.copy()
    cloudy[:, ::9] -= 0.6
    for name, options in (("climatology", {}), ("harmonic", {"local": False})):
        clean = forecast(name, (values, days, mask, future), **options)
        robust = np.abs(forecast(name, (cloudy, days, mask, future), **options) - clean).max()
        plain = np.abs(forecast(name, (cloudy, days, mask, future), robust=False, **options) - clean).max()
        assert robust < 0.5 * plain


def test_a_season_of_any_length_repeats():
    days = torch.arange(100.0, dtype=torch.float64)
    values = torch.rand(1, 7, 1, generator=torch.Generator().manual_seed(0)).repeat(1, 15, 1)[:, :100]
    made = get_model("forecast-harmonic", season=7.0, ridge=1e-6).forecast(values, days, None, 100 + torch.arange(14.0))
    torch.testing.assert_close(made[0, :, 0], values[0, torch.arange(100, 114) % 7, 0], rtol=0, atol=0.02)


def test_levels_are_those_of_the_recursion():
    """On regular dates without gaps, weights that halve are simple exponential smoothing from the first value on."""
    y = torch.rand(3, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    made = levels(y, torch.ones_like(y), torch.arange(40.0, dtype=torch.float64), half_life=2.0)
    decay = 0.5**0.5
    for i in range(3):
        weight = total = 0.0
        for k in range(40):
            weight, total = weight * decay + 1, total * decay + float(y[i, k])
            assert np.isclose(float(made[i, k + 1]), total / weight)


def test_a_level_is_pulled_towards_zero_by_so_many_observations():
    y = torch.full((1, 3), 0.6, dtype=torch.float64)
    made = levels(y, torch.ones_like(y), torch.arange(3.0, dtype=torch.float64), half_life=1.0, pull=2.0)
    weights = torch.tensor([0.0, 1.0, 1.5, 1.75], dtype=torch.float64)
    torch.testing.assert_close(made[0], 0.6 * weights / (weights + 2))


def test_one_odd_date_is_no_new_level_and_many_are():
    days = torch.arange(17_000.0, 18_000.0, 10.0, dtype=torch.float64)
    flat = 0.5 + 0.01 * torch.randn(1, 100, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    odd, changed = flat.clone(), flat.clone()
    odd[:, -1] -= 0.3
    changed[:, -30:] -= 0.3
    ahead = days[-1:] + 30
    usual, one, many = (
        get_model("forecast-ses", terms=0).forecast(v, days, None, ahead).item() for v in (flat, odd, changed)
    )
    assert abs(one - usual) < 0.03
    assert many - usual < -0.15


def test_ses_keeps_a_shifted_level_and_theta_carries_half_of_a_trend():
    days = torch.arange(0.0, 1000.0, 10.0, dtype=torch.float64)
    steep = (0.001 * days).reshape(1, -1, 1)
    ahead = days[-1] + torch.tensor([100.0, 300.0], dtype=torch.float64)
    flat, theta = (
        get_model(f"forecast-{n}", terms=0, ridge=1e-6, pull=0.0).forecast(steep, days, None, ahead)[0, :, 0]
        for n in ("ses", "theta")
    )
    assert torch.allclose(flat, flat[:1].expand(2))
    assert torch.allclose(flat[0], steep[0, -1, 0], atol=0.01)
    assert torch.allclose(theta[1] - theta[0], torch.tensor(0.5 * 0.001 * 200, dtype=torch.float64), atol=1e-6)


def test_holt_carries_a_trend_on_and_ses_does_not():
    days = torch.arange(0, 4 * YEAR, 16).double()
    line = (0.1 * days / YEAR).reshape(1, -1, 1)
    future = days[-1] + torch.tensor([100.0, 300.0])
    expected = (0.1 * future / YEAR).numpy()
    holt, theta, ses = (
        get_model(f"forecast-{name}", terms=0).forecast(line, days, None, future)[0, :, 0].numpy()
        for name in ("holt", "theta", "ses")
    )
    np.testing.assert_allclose(holt, expected, atol=0.02)
    assert (ses < theta).all()
    assert (theta < holt).all()


def test_an_average_is_the_weighted_mean_of_its_members(case):
    members = ("climatology", "theta", "persistence")
    made = forecast("average", case, members=members, weights=(1.0, 3.0, 0.0))
    expected = 0.25 * forecast("climatology", case) + 0.75 * forecast("theta", case)
    np.testing.assert_allclose(made, expected, atol=1e-12)
    equal = forecast("average", case, members=members)
    np.testing.assert_allclose(equal, np.mean([forecast(m, case) for m in members], axis=0), atol=1e-12)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"members": ("climatology", "oracle")}, "no member of an average named 'oracle'"),
        ({"members": ()}, "has . weights"),
        ({"weights": (1.0,)}, "has 1 weights"),
        ({"members": ("theta",), "weights": (0.0,)}, "has . weights"),
    ],
)
def test_an_average_that_makes_no_sense(params, message):
    with pytest.raises(InputError, match=message):
        get_model("forecast-average", **params)


def test_levels_are_those_of_a_plain_loop_over_many_pieces():
    rng = np.random.default_rng(0)
    days = torch.as_tensor(rng.exponential(5, 700).cumsum())
    seen = torch.as_tensor(rng.random((3, 700)) > 0.4).double()
    y = torch.as_tensor(rng.normal(size=(3, 700))) * seen
    found = levels(y, seen, days, 20.0, 0.5)
    for k in (1, 128, 129, 400, 700):
        weight = torch.exp2(-(days[k - 1] - days[:k]) / 20.0)
        expected = (y[:, :k] * weight).sum(1) / ((seen[:, :k] * weight).sum(1) + 0.5)
        np.testing.assert_allclose(found[:, k], expected, atol=1e-9)
