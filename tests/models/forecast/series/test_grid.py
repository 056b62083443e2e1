"""Irregular series on a grid, and back to any day."""

import torch

from eowidgets.models.forecast.series.grid import past_grid, regrid, steps_ahead, to_days
from eowidgets.models.forecast.series.past import checked

YEAR = 365.2425


def test_regrid_gives_back_what_is_on_the_grid():
    values = torch.rand(2, 30, 3, generator=torch.Generator().manual_seed(0))
    series = checked(values, torch.arange(0.0, 300.0, 10.0))
    assert torch.equal(regrid(series, past_grid(series.cut, 10.0, 12), 10.0), values[:, -12:])


def test_regrid_follows_a_cloudy_series_and_falls_back_on_the_season_in_a_gap():
    days = torch.arange(17_000.0, 18_100.0, 5.0)
    truth = (0.5 + 0.3 * torch.sin(2 * torch.pi * days / YEAR)).reshape(1, -1, 1)
    mask = torch.rand(truth.shape, generator=torch.Generator().manual_seed(1)) > 0.5
    mask &= ~((days > 17_700) & (days < 17_950))[None, :, None]
    spoilt = truth.clone()
    spoilt[:, ::15] -= 0.5  # clouds that the mask has missed
    series = checked(spoilt, days, mask)
    grid = past_grid(series.cut, 10.0, 100)
    made = regrid(series, grid, 10.0)[0, :, 0]
    error = (made - (0.5 + 0.3 * torch.sin(2 * torch.pi * grid / YEAR))).abs()
    assert error.median() < 0.02
    assert error.max() < 0.12


def test_between_steps_a_forecast_is_linear():
    last, ahead = torch.tensor([[0.0]]), torch.tensor([[[10.0], [30.0]]])
    future = torch.tensor([105.0, 110.0, 115.0, 120.0], dtype=torch.float64)
    assert steps_ahead(future, 100.0, 10.0) == 2
    assert to_days(last, ahead, future, 100.0, 10.0).flatten().tolist() == [5.0, 10.0, 20.0, 30.0]
