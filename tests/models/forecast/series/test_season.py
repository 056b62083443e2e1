"""The mean season, against a plain loop."""

import numpy as np
import torch

from eowidgets.models.forecast.series.past import checked
from eowidgets.models.forecast.series.season import fit_season, kernel_median

YEAR = 365.2425


def test_kernel_medians_are_those_of_a_loop():
    rng = np.random.default_rng(5)
    y, seen, kernel = rng.standard_normal((6, 15)), rng.random((6, 15)) > 0.3, rng.random((15, 4))
    made = kernel_median(*(torch.from_numpy(a) for a in (y, seen, kernel)), pull=0.4)
    for i in range(6):
        for g in range(4):
            value = np.append(y[i, seen[i]], 0.0)
            weight = np.append(kernel[seen[i], g], 0.4)
            order = value.argsort()
            middle = np.searchsorted(weight[order].cumsum(), weight.sum() / 2)
            assert made[i, g] == value[order][middle]


def test_the_season_is_a_wave_where_nothing_was_seen_and_what_was_seen_elsewhere():
    """Two summers of a dip that no wave of the year can draw; winters were never seen."""
    days = torch.arange(18_000.0, 18_000 + 4 * YEAR, 5.0, dtype=torch.float64)
    phase = days % YEAR
    wave = 0.5 + 0.2 * torch.sin(2 * torch.pi * phase / YEAR)
    dip = -0.3 * ((phase > 200) & (phase < 240))
    summer = (phase > 90) & (phase < 270)
    series = checked((wave + dip).reshape(1, -1, 1), days, summer.reshape(1, -1, 1))
    ahead = days[-1] + torch.arange(1.0, 366.0)
    then = ahead % YEAR
    truth = 0.5 + 0.2 * torch.sin(2 * torch.pi * then / YEAR) - 0.3 * ((then > 200) & (then < 240))
    made = fit_season(series, terms=1).at(ahead)[0]
    plain = fit_season(series, terms=1, local=False).at(ahead)[0]
    inside = (then > 210) & (then < 230)
    assert (made - truth)[inside].abs().max() < 0.04
    assert (plain - truth)[inside].abs().min() > 0.1
    winter = (then < 50) | (then > 310)
    torch.testing.assert_close(made[winter], plain[winter])
