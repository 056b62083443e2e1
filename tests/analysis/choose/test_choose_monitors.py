"""Monitors scored on breaks added to the stable pixels of a cube."""

import numpy as np
import pytest
import xarray as xr

from eowidgets.analysis.choose.monitors import SIMPLEST_FIRST, choose_monitor, score_monitors
from eowidgets.errors import InputError


@pytest.fixture
def cube():
    """Five years of a calm area of 12 by 12 pixels, a third of which is cleared."""
    rng = np.random.default_rng(3)
    days = np.datetime64("2015-01-01") + np.sort(rng.choice(5 * 365, 110, replace=False))
    wave = 0.1 * np.cos(2 * np.pi * (days - days[0]).astype(float) / 365.2425)[:, None, None]
    ndvi = 0.7 + wave + 0.03 * rng.standard_normal((110, 12, 12))
    ndvi[days >= np.datetime64("2018-01-01"), :4] -= 0.4
    dims = ("time", "y", "x")
    return xr.Dataset(
        {"red": (dims, ((1 - ndvi) / 4).astype("float32")), "nir": (dims, ((1 + ndvi) / 4).astype("float32"))},
        coords={"time": days.astype("datetime64[ns]"), "y": -10.0 * np.arange(12), "x": 10.0 * np.arange(12)},
    ).rio.write_crs(32634)


def test_all_monitors_get_the_same_draws_and_a_loss_for_each(cube):
    found = score_monitors(cube, draws=3, sizes=(0.3,), series=40)
    assert found.methods == SIMPLEST_FIRST
    assert found.detection.shape == found.error.shape == found.losses.shape == (3, len(SIMPLEST_FIRST))
    assert found.counts.shape == (3,)
    assert (found.detection.mean(axis=0) > 0.7).all()
    assert (found.false_alarms.mean(axis=0) < 0.1).all()
    np.testing.assert_allclose(found.error, (1 - found.detection + found.false_alarms) / 2)
    np.testing.assert_allclose(found.losses, found.error * found.counts[:, None])
    assert found.stable == pytest.approx(2 / 3, abs=0.05)
    assert "3 draws" in found.protocol
    assert "67%" in found.protocol


def test_draws_are_seeded(cube):
    same = [score_monitors(cube, ["break-iqr"], draws=1, seed=4) for _ in range(2)]
    other = score_monitors(cube, ["break-iqr"], draws=1, seed=5)
    np.testing.assert_array_equal(same[0].error, same[1].error)
    np.testing.assert_array_equal(same[0].days, same[1].days)
    assert not np.array_equal(same[0].days, other.days)


def test_what_cannot_be_tested_is_refused_in_a_sentence(cube):
    with pytest.raises(InputError, match="'change-otsu' is not a monitor of series"):
        score_monitors(cube, ["change-otsu"])
    with pytest.raises(InputError, match="'EVI' is not an index of the monitors"):
        score_monitors(cube, index="EVI")
    with pytest.raises(InputError, match="too short to test monitors"):
        score_monitors(cube, history=4.2)
    moving = cube.copy(deep=True)
    late = moving.time.values >= np.datetime64("2017-06-01")
    moving["nir"][late] -= 0.2
    with pytest.raises(InputError, match="are stable, too few to test monitors on"):
        score_monitors(moving)


def test_the_choice_has_a_row_per_monitor_and_says_what_it_misses(cube):
    choice = choose_monitor(cube, draws=2, series=40)
    assert {s.method for s in choice.scores} == set(SIMPLEST_FIRST)
    assert "misses" in choice[choice.winner].note
    assert choice.to_json() == choose_monitor(cube, draws=2, series=40).to_json()
