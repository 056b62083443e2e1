"""Bands without a network."""

from __future__ import annotations

import torch
from test_units_adapters import make_batch

from eowidgets.models.units.between import interpolate
from eowidgets.models.units.follow import coupling, follow


def coupled(t=9, side=8):
    """A series whose third band leaves the line by 2 x the first - 0.5 x the second, and its gaps."""
    g = torch.Generator().manual_seed(0)
    two = 0.3 + 0.02 * torch.randn((2, t, 2, side, side), generator=g)
    trend = torch.linspace(0, 0.1, t)[None, :, None, None]
    third = trend + 2 * two[:, :, 0] - 0.5 * two[:, :, 1]
    days = (18000 + 10.0 * torch.arange(t)).double().expand(2, -1)
    usable = torch.rand((2, t, side, side), generator=g) > 0.3
    return torch.cat([two, third[:, :, None]], dim=2), usable, days


def test_the_coupling_is_found():
    x, usable, days = coupled()
    found = coupling(x, usable, days, [0, 1], [2])
    torch.testing.assert_close(found, torch.tensor([[2.0, -0.5]]).expand(2, 1, 2), atol=0.05, rtol=0)


def test_a_band_follows_those_that_are_known():
    x, usable, days = coupled()
    base, _ = interpolate(x * usable[:, :, None], usable, days)
    made = torch.cat([x[:, :, :2], base[:, :, 2:]], dim=2)[None]  # the network was perfect in its bands
    with torch.autocast("cpu", torch.bfloat16):
        out = follow(made, base, usable, days, [0, 1], [2])
    gap = ~usable[:, 1:-1]
    before, after = ((v[:, 1:-1, 2] - x[:, 1:-1, 2]).abs()[gap].mean() for v in (base, out[0]))
    assert after < 0.1 * before
    torch.testing.assert_close(out[0, :, :, 2][usable], x[:, :, 2][usable], atol=1e-6, rtol=0)
    torch.testing.assert_close(out[..., :2, :, :], made[..., :2, :, :])


def test_without_three_dates_in_a_row_it_stays_interpolated():
    x, usable, days = coupled()
    usable[:, 1::2] = False
    assert not coupling(x, usable, days, [0, 1], [2]).any()
    batch = make_batch(t=2)
    made = batch.x[None] + 0.1
    assert follow(made, batch.x, batch.usable, batch.days.expand(2, -1), [0], [1]) is made
