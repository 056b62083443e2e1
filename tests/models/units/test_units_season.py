"""Fits of yearly waves as candidates."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from test_units_network import SMALL, awake, given

from eowidgets.errors import InputError
from eowidgets.models.units.flow import expected
from eowidgets.models.units.network import UniTS
from eowidgets.models.units.season import FITS, fits

WAVES = dataclasses.replace(SMALL, mix=1, season=True)


def series(t=24, side=4):
    """A yearly wave of every pixel, sampled unevenly."""
    g = torch.Generator().manual_seed(0)
    days = 18000 + torch.cumsum(torch.randint(5, 25, (1, t), generator=g), 1).double()
    phase = (2 * math.pi / 365.2425 * days).float()[:, :, None, None, None]
    level = 0.2 + 0.1 * torch.rand((1, 1, 2, side, side), generator=g)
    return level + 0.1 * torch.cos(phase - 1), torch.rand((1, t, side, side), generator=g) > 0.3, days


def test_a_wave_is_found():
    x, seen, days = series()
    made = fits(x * seen[:, :, None], seen.float(), days)
    assert made.shape == (1, 24, len(FITS), 2, 4, 4)
    assert float((made - x.unsqueeze(2)).abs().max()) < 0.02


def test_a_fit_stays_near_what_was_observed():
    x, seen, days = series(t=6)
    steep = x + torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, 5.0])[None, :, None, None, None]
    made = fits(steep, torch.ones_like(seen).float(), days)
    room = 0.5 * (steep.amax(1) - steep.amin(1))
    assert bool((made <= (steep.amax(1) + room)[:, None, None] + 1e-5).all())
    assert bool((made >= (steep.amin(1) - room)[:, None, None] - 1e-5).all())


def test_a_pixel_that_was_never_seen_has_no_fit():
    x, seen, days = series()
    assert not fits(x, torch.zeros_like(seen), days).any()


def test_an_untrained_network_does_not_move_and_a_trained_one_does():
    c = given()
    torch.testing.assert_close(expected(UniTS(WAVES).eval(), c), c.base)
    network = awake(WAVES)
    before = expected(network, c)
    torch.nn.init.constant_(network.mix.towards.bias, 1.0)
    assert not torch.allclose(expected(network, c), before)


def test_waves_need_kernels():
    with pytest.raises(InputError, match="mix"):
        dataclasses.replace(SMALL, season=True)
