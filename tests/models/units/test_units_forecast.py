"""Forecasts: the mean season, dates asked for, and the contract."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from test_units_adapters import make_batch, seeded
from test_units_network import SMALL, awake

from eowidgets.errors import InputError
from eowidgets.models.units.forecast import AHEAD, PAST, UniTSForecast, climatology, forecast_condition
from eowidgets.models.units.network import UniTS

YEAR = 365.2425


def seasonal(days):
    """A surface whose reflectance follows the year, shape (1, t, 1, 2, 2)."""
    value = 0.3 + 0.1 * torch.sin(2 * torch.pi * days / YEAR)
    return value.float()[None, :, None, None, None].expand(1, -1, 1, 2, 2).clone()


def test_climatology_finds_the_season():
    days = torch.arange(17000, 17000 + 4 * 365, 10).double()
    ahead = torch.arange(days[-1] + 30, days[-1] + 365, 30).double()
    x = seasonal(days)
    usable = torch.rand(1, len(days), 2, 2, generator=torch.Generator().manual_seed(0)) > 0.5
    made = climatology(x * usable[:, :, None], usable, days[None], ahead[None])
    torch.testing.assert_close(made, seasonal(ahead), atol=0.015, rtol=0)


def test_climatology_is_not_fooled_by_a_missed_cloud():
    days = torch.arange(17000, 17000 + 4 * 365, 10).double()
    x, usable = seasonal(days), torch.ones(1, len(days), 2, 2, dtype=torch.bool)
    clean = climatology(x, usable, days[None], days[None, -1:] + 20)
    x[0, -35] = 0.9  # about a year before the day that is asked for
    assert float((climatology(x, usable, days[None], days[None, -1:] + 20) - clean).abs().max()) < 0.01


def test_climatology_of_a_pixel_never_seen_is_that_of_the_window():
    days = torch.arange(17000, 17500, 10).double()
    x, usable = torch.full((1, len(days), 1, 2, 2), 0.2), torch.ones(1, len(days), 2, 2, dtype=torch.bool)
    usable[..., 0, 0] = False
    x[..., 0, 0] = 0
    torch.testing.assert_close(climatology(x, usable, days[None], days[None, :1]), torch.full((1, 1, 1, 2, 2), 0.2))


def test_condition_takes_the_latest_clear_dates_and_leaves_the_future_blank():
    batch = make_batch(t=30)
    batch.usable[:] = True
    batch.usable[:, 25] = False
    ahead = (batch.days[-1] + torch.tensor([10.0, 40.0]))[None].expand(2, -1)
    given = forecast_condition(batch.raw, batch.usable, batch.days.expand(2, -1), ahead, batch.bands)
    wanted = [i for i in range(30) if i != 25][-PAST:]
    assert torch.equal(given.days[0, :PAST], batch.days[wanted])
    assert torch.equal(given.days[:, PAST:], ahead)
    assert not given.pixels[:, PAST:, :10].any()
    assert not given.pixels[:, PAST:, 20].any()
    assert given.pixels[:, :PAST, 20].all()


def test_untrained_forecast_is_the_mean_season():
    batch = make_batch(t=20)
    ahead = batch.days[-1] + torch.arange(1, AHEAD + 4) * 15.0
    batch = dataclasses.replace(batch, out_days=ahead)
    out = UniTSForecast(UniTS(SMALL).eval()).predict(batch)["reflectance"]
    expected = climatology(batch.x, batch.usable, batch.days.expand(2, -1), ahead.expand(2, -1))
    torch.testing.assert_close(out, expected)


def test_a_forecast_stays_within_what_the_place_has_been():
    batch = make_batch(t=20)
    batch.usable[..., 0, 0] = False  # a pixel that was never seen has no such bounds
    batch = dataclasses.replace(
        batch, x=batch.raw * batch.usable[:, :, None], out_days=batch.days[-1] + 1 + torch.arange(3.0)
    )
    network = awake(dataclasses.replace(SMALL, trust=50.0))
    out = seeded(UniTSForecast(network), batch)["reflectance"]
    seen = batch.usable[:, :, None]
    low = batch.x.masked_fill(~seen, torch.inf).amin(1, keepdim=True)
    high = batch.x.masked_fill(~seen, -torch.inf).amax(1, keepdim=True)
    inside = (out >= low) & (out <= high)
    inside[..., 0, 0] = True
    assert inside.all()
    assert float(((out == low) | (out == high)).float().mean()) > 0.3  # the bounds were needed
    assert out.isfinite().all()


def test_dates_that_are_asked_for():
    dates = np.array(["2020-01-01", "2020-03-01"], "datetime64[ns]")
    asked = UniTSForecast(dates="2021-05-01, 2020-06-15").out_dates(dates)
    assert [str(d)[:10] for d in asked] == ["2020-06-15", "2021-05-01"]
    regular = UniTSForecast(horizon=90, every=30).out_dates(dates)
    assert [str(d)[:10] for d in regular] == ["2020-03-31", "2020-04-30", "2020-05-30"]
    with pytest.raises(InputError, match="after the last date"):
        UniTSForecast(dates="2020-02-01").out_dates(dates)
    with pytest.raises(InputError, match="invalid date"):
        UniTSForecast(dates="next spring")


def test_past_in_any_order_gives_the_same_future():
    batch = make_batch(t=20)
    batch = dataclasses.replace(batch, out_days=batch.days[-1] + torch.tensor([10.0, 50.0]))
    order = torch.randperm(20, generator=torch.Generator().manual_seed(0))
    turned = {f: getattr(batch, f)[:, order] for f in ("x", "usable", "measured", "raw")}
    shuffled = dataclasses.replace(batch, **turned, days=batch.days[order])
    model = UniTSForecast(awake(), samples=2)
    straight, other = seeded(model, batch), seeded(model, shuffled)
    assert set(straight) == {o.name for o in model.outputs(batch.bands)}
    assert straight["reflectance"].shape == (2, 2, 3, 8, 8)
    assert straight["spread"].shape == (2, 2, 8, 8)
    for key, value in straight.items():
        torch.testing.assert_close(other[key], value)


def test_each_window_has_latest_dates_of_its_own():
    """What another window of the batch has seen does not decide."""
    batch = make_batch(t=30)
    batch.usable[:] = True
    batch.usable[0, 20:28] = False
    ahead = (batch.days[-1] + torch.tensor([10.0, 40.0]))[None].expand(2, -1)
    both = forecast_condition(batch.raw, batch.usable, batch.days.expand(2, -1), ahead, batch.bands)
    assert not torch.equal(both.days[0], both.days[1])
    for i in (0, 1):
        one = slice(i, i + 1)
        alone = forecast_condition(
            batch.raw[one], batch.usable[one], batch.days.expand(1, -1), ahead[one], batch.bands
        )  # fmt: skip
        assert torch.equal(alone.days, both.days[one])
        torch.testing.assert_close(alone.pixels, both.pixels[one])
