"""Seasons of series whose truth is known, however they are observed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eowidgets.errors import InputError
from eowidgets.models.blocks.indexed import IndexSeries
from eowidgets.models.phenology.harmonic import waves
from eowidgets.models.phenology.metrics import GAP, INCOMPLETE, NO_SEASON, SEASON, TOO_FEW
from eowidgets.models.phenology.model import Phenology, PhenologyHarmonic, PhenologyLogistic, PhenologyWhittaker
from eowidgets.models.phenology.whittaker import smooth
from eowidgets.models.phenology.years import SeasonYears, quiet_month

MODELS = (PhenologyWhittaker, PhenologyHarmonic, PhenologyLogistic)


def day(text: str) -> float:
    return float(np.datetime64(text, "D").astype(int))


def curve(of_year: np.ndarray, up: float = 120, down: float = 270, pace: float = 10) -> np.ndarray:
    return 0.2 + 0.6 / (1 + np.exp(-(of_year - up) / pace)) / (1 + np.exp((of_year - down) / pace))


def of_year(days: np.ndarray) -> np.ndarray:
    dates = days.astype("int64").astype("datetime64[D]")
    return (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) + 1.0


def series(values: np.ndarray, days: np.ndarray, usable: np.ndarray | None = None) -> IndexSeries:
    y = np.atleast_2d(values.T).T.astype(float)
    use = np.ones(y.shape, bool) if usable is None else usable.reshape(y.shape)
    return IndexSeries(np.where(use, y, 0.0), use, days.astype(float))


def measured(model: Phenology, given: IndexSeries, month: int = 1) -> dict[str, np.ndarray]:
    model.month = month
    return model.metrics(given, model.years(given.days))


DAYS = np.arange(day("2018-01-01"), day("2020-12-31"), 10.0)


@pytest.mark.parametrize("kind", MODELS)
def test_days_of_a_known_season(kind):
    found = measured(kind(), series(curve(of_year(DAYS)), DAYS))
    assert found["quality"].tolist() == [[SEASON]] * 3
    assert np.abs(found["start"] - 120).max() < 6
    assert np.abs(found["end"] - 270).max() < 6
    assert np.abs(found["peak"] - 195).max() < 30
    assert np.abs(found["amplitude"] - 0.6).max() < 0.08
    assert np.abs(found["base"] - 0.2).max() < 0.06
    np.testing.assert_allclose(found["length"], found["end"] - found["start"], atol=1e-9)
    # 150 days at 0.6 above the base.
    assert np.abs(found["integral"] - 90).max() < 12
    assert (found["greenup_rate"] > 0).all() and (found["senescence_rate"] > 0).all()


@pytest.mark.parametrize("kind", MODELS)
def test_standard_deviations_hold_the_truth(kind):
    rng = np.random.default_rng(4)
    n = 300
    up = rng.uniform(100, 150, n)
    y = curve(of_year(DAYS)[:, None], up, up + 140) + rng.normal(0, 0.03, (len(DAYS), n))
    found = measured(kind(), series(y, DAYS))
    apart = np.abs(found["start"] - up) / found["start_sd"]
    assert np.mean(apart < 1.96) > (0.6 if kind is PhenologyHarmonic else 0.75)
    assert np.nanmedian(np.abs(found["start"] - up)) < 5


@pytest.mark.parametrize("kind", MODELS)
def test_the_southern_year_is_not_cut(kind):
    # Green from November to April.
    green = curve((of_year(DAYS) - 305) % 365.25, up=10, down=160)
    given = series(green, DAYS)
    assert quiet_month(given.values, given.usable, given.days) in (6, 7, 8, 9)
    found = measured(kind(), given, month=7)
    whole = found["quality"][:, 0] == SEASON
    assert whole.sum() >= 2
    assert np.abs(found["start"][whole, 0] - 315).max() < 8
    assert np.abs(found["end"][whole, 0] - 465).max() < 8


def test_the_quiet_month_of_the_north_is_january():
    given = series(curve(of_year(DAYS)), DAYS)
    assert quiet_month(given.values, given.usable, given.days) == 1


@pytest.mark.parametrize("kind", MODELS)
def test_two_seasons(kind):
    two = curve(of_year(DAYS), 80, 150, 6) + curve(of_year(DAYS), 210, 290, 6) - 0.2
    found = measured(kind(seasons=2), series(two, DAYS))
    assert found["quality"].tolist() == found["quality_2"].tolist() == [[SEASON]] * 3
    for name, true in (("start", 80), ("end", 150), ("start_2", 210), ("end_2", 290)):
        assert np.abs(found[name] - true).max() < (16 if kind is PhenologyHarmonic else 8), name
    one = measured(kind(seasons=2), series(curve(of_year(DAYS)), DAYS))
    assert (one["quality_2"] == NO_SEASON).all()
    assert np.isnan(one["start_2"]).all()
    assert np.abs(one["start"] - 120).max() < 6


def test_what_cannot_be_said_is_a_class_of_its_own():
    clean = curve(of_year(DAYS))
    flat = np.full_like(clean, 0.3)
    usable = np.ones((len(DAYS), 5), bool)
    usable[(of_year(DAYS) > 80) & (of_year(DAYS) < 165), 1] = False  # a gap around each start
    usable[:, 2] = False  # never seen
    usable[np.arange(len(DAYS)) % 12 != 0, 3] = False  # four dates a year
    given = series(np.stack([clean, clean, clean, clean, flat], axis=1), DAYS, usable)
    quality = measured(PhenologyWhittaker(), given)["quality"]
    assert quality[:, 0].tolist() == [SEASON] * 3
    assert quality[:, 1].tolist() == [GAP] * 3
    assert np.isnan(quality[:, 2]).all()
    assert quality[:, 3].tolist() == [TOO_FEW] * 3
    assert quality[:, 4].tolist() == [NO_SEASON] * 3
    assert np.isnan(measured(PhenologyWhittaker(), given)["start"][:, 2:]).all()


def test_a_series_that_begins_in_summer_has_an_incomplete_first_season():
    late = DAYS[day("2018-07-01") < DAYS]
    found = measured(PhenologyWhittaker(), series(curve(of_year(late)), late))
    assert found["quality"][0, 0] == INCOMPLETE
    assert np.isnan(found["start"][0, 0])
    assert abs(found["end"][0, 0] - 270) < 6
    assert found["quality"][1, 0] == SEASON


@pytest.mark.parametrize("kind", MODELS)
def test_a_pixel_does_not_depend_on_those_around_it(kind):
    rng = np.random.default_rng(1)
    y = curve(of_year(DAYS)[:, None], rng.uniform(90, 150, 40)) + rng.normal(0, 0.02, (len(DAYS), 40))
    usable = rng.random(y.shape) > 0.3
    whole = measured(kind(), IndexSeries(np.where(usable, y, 0), usable, DAYS))
    alone = measured(kind(), IndexSeries(np.where(usable, y, 0)[:, 7:8], usable[:, 7:8], DAYS))
    for name, values in alone.items():
        np.testing.assert_allclose(whole[name][:, 7:8], values, rtol=1e-6, atol=1e-6, err_msg=name)


@settings(max_examples=30, deadline=None)
@given(scale=st.floats(0.2, 50), shift=st.floats(-5, 5), days=st.integers(-40, 40), seed=st.integers(0, 1000))
def test_scale_and_shift_of_the_values_move_no_day(scale, shift, days, seed):
    rng = np.random.default_rng(seed)
    y = curve(of_year(DAYS) - days) + rng.normal(0, 0.01, len(DAYS))
    one = measured(PhenologyWhittaker(robust=False), series(y, DAYS))
    other = measured(PhenologyWhittaker(robust=False, min_amplitude=0.0), series(scale * y + shift, DAYS))
    for name in ("start", "peak", "end", "start_sd"):
        np.testing.assert_allclose(one[name], other[name], atol=1e-3, err_msg=name)
    np.testing.assert_allclose(other["amplitude"], scale * one["amplitude"], rtol=1e-5, atol=1e-9)


def test_the_smoother_solves_its_equations():
    rng = np.random.default_rng(3)
    days = np.sort(rng.choice(np.arange(0.0, 300), 40, replace=False))
    y, usable = rng.normal(size=(40, 3)), rng.random((40, 3)) > 0.2
    found = smooth(np.where(usable, y, 0), usable, days, 15.0, robust=False)
    nodes = found.nodes
    place = np.clip(np.searchsorted(nodes, days, side="right") - 1, 0, len(nodes) - 2)
    share = (days - nodes[place]) / 5
    basis = np.zeros((40, len(nodes)))
    basis[np.arange(40), place], basis[np.arange(40), place + 1] = 1 - share, share
    bend = np.diff(np.eye(len(nodes)), 2, axis=0)
    for k in range(3):
        w = usable[:, k].astype(float)
        left = basis.T @ (w[:, None] * basis) + (15 / 5) ** 3 * bend.T @ bend + 1e-9 * np.eye(len(nodes))
        z = np.linalg.solve(left, basis.T @ (w * y[:, k]))
        np.testing.assert_allclose(found.value[:, k], z, atol=1e-8)
        inverse = np.linalg.inv(left)
        np.testing.assert_allclose(found.variance[:, k] / found.noise[k], np.diag(inverse), rtol=1e-6)


def test_waves_fit_a_wave():
    year = 365.2425
    y = 0.5 + 0.2 * np.cos(2 * np.pi * (DAYS - 30) / year)
    found = waves(y[:, None], np.ones((len(DAYS), 1), bool), DAYS, day("2019-01-01"), day("2020-01-01"), 2, False)
    true = 0.5 + 0.2 * np.cos(2 * np.pi * (found.nodes - 30) / year)
    assert np.abs(found.value[:, 0] - true).max() < 1e-3


def test_season_years():
    days = np.array([day("2019-03-01"), day("2020-08-01")])
    assert SeasonYears.of(days, 1).years.tolist() == [2019, 2020]
    assert SeasonYears.of(days, 7).years.tolist() == [2018, 2019, 2020]
    assert SeasonYears.of(days, 7).starts[0] == day("2018-07-01")


def test_bad_parameters_are_refused():
    with pytest.raises(InputError, match="threshold"):
        PhenologyWhittaker(threshold=1.5)
    with pytest.raises(InputError, match="year_start"):
        PhenologyWhittaker(year_start=13)
