"""The judge of clouds."""

from __future__ import annotations

import dataclasses

import torch
from test_units_clouds import cloudy_batch
from torch.nn import functional

from eowidgets.models.units.condition import condition
from eowidgets.models.units.judge import Judge


def scene():
    """Condition of a cloudy series, what is seen through it, and where the clouds are."""
    batch, ground, clear = cloudy_batch()
    days = batch.days.expand(1, -1)
    given = condition(batch.raw, clear, days, batch.bands, show=batch.raw)
    through = condition(ground.expand_as(batch.raw), batch.measured, days, batch.bands).base
    return given, through, ~clear


def untrained(width=8):
    torch.manual_seed(0)
    return Judge(width)


def test_it_judges_every_pixel_of_every_date():
    given, through, cloudy = scene()
    assert untrained()(given, through).shape == cloudy.shape


def test_it_learns_cloud_and_shadow():
    given, through, cloudy = scene()
    judge = untrained()
    optimiser = torch.optim.Adam(judge.parameters(), lr=3e-3)
    for _ in range(60):
        functional.binary_cross_entropy_with_logits(judge(given, through), cloudy.float()).backward()
        optimiser.step()
        optimiser.zero_grad()
    assert float(((judge(given, through) > 0) == cloudy).float().mean()) > 0.99


def test_bands_that_are_not_there_say_nothing():
    given, through, _ = scene()
    elsewhere = torch.where(given.present[:, None, None], through, 0.7)
    judge = untrained()
    torch.testing.assert_close(judge(given, elsewhere), judge(given, through))


def test_windows_are_judged_each_by_itself():
    given, through, _ = scene()
    twice = dataclasses.replace(given, pixels=torch.cat([given.pixels, given.pixels.flip(1)]))
    judge = untrained()
    both = judge(twice, torch.cat([through, through.flip(1)]))
    torch.testing.assert_close(both[:1], judge(given, through))
