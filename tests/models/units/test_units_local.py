"""The repeated regression from which the residual is counted."""

from __future__ import annotations

import torch

from eowidgets.models.units.between import interpolate
from eowidgets.models.units.local import refine, repeated
from eowidgets.models.units.regression import regress


def land(t=8, side=16, seed=0):
    """Two kinds of ground whose mixture differs between pixels; every date has its own light on each."""
    g = torch.Generator().manual_seed(seed)
    share = torch.rand((1, 1, 1, side, side), generator=g)
    light = 0.2 + 0.1 * torch.rand((1, t, 3, 1, 1), generator=g)
    other = 0.1 + 0.2 * torch.rand((1, t, 3, 1, 1), generator=g)
    x = share * light + (1 - share) * other + 0.002 * torch.randn((1, t, 3, side, side), generator=g)
    usable = torch.rand((1, t, side, side), generator=g) > 0.5
    return x, usable, 18000 + 10 * torch.arange(t).double()[None]


def error(made, x, usable):
    return float((made - x)[(~usable)[:, :, None].expand_as(x)].square().mean())


def test_more_passes_come_nearer():
    x, usable, days = land()
    line = interpolate(x * usable[:, :, None], usable, days)[0]
    found = [error(repeated(line, usable, days, n), x, usable) for n in (0, 1, 6)]
    assert found[1] < 0.5 * found[0] and found[2] < found[1]


def test_one_pass_is_the_regression():
    x, usable, days = land()
    line = interpolate(x * usable[:, :, None], usable, days)[0]
    torch.testing.assert_close(repeated(line, usable, days, 1), regress(line, usable, days))
    torch.testing.assert_close(refine(line[None], usable, days, [0, 1, 2], 1.0)[0], regress(line, usable, days))


def test_what_was_seen_is_kept():
    x, usable, days = land()
    line = interpolate(x * usable[:, :, None], usable, days)[0]
    seen = usable[:, :, None].expand_as(x)
    assert torch.equal(repeated(line, usable, days, 4)[seen], x[seen])


def test_a_hidden_date_lies_between_the_filled_ones():
    x, usable, days = land()
    usable[:, 3] = False
    line = interpolate(x * usable[:, :, None], usable, days)[0]
    made = repeated(line, usable, days, 1)
    torch.testing.assert_close(made[:, 3], (made[:, 2] + made[:, 4]) / 2)
    spans = repeated(line, usable, days, 1, spans=False)
    torch.testing.assert_close(spans[:, 3], line[:, 3])


def test_a_series_that_was_never_seen_stays():
    x, usable, days = land()
    nothing = torch.zeros_like(usable)
    assert torch.equal(repeated(x, nothing, days, 2), x)
    assert torch.equal(repeated(x, torch.ones_like(usable), days, 2), x)


def test_fewer_pixels_give_nearly_the_same():
    x, usable, days = land(side=32)
    line = interpolate(x * usable[:, :, None], usable, days)[0]
    exact, fast = (error(repeated(line, usable, days, 2, every=n), x, usable) for n in (1, 2))
    assert fast < 1.5 * exact


def test_windows_do_not_mix():
    parts = [land(seed=s) for s in (0, 1)]
    x, usable, days = (torch.cat(p) for p in zip(*parts, strict=True))
    usable[1, 4] = False
    both = repeated(x, usable, days, 3)
    for i in range(2):
        one = slice(i, i + 1)
        torch.testing.assert_close(repeated(x[one], usable[one], days[one], 3), both[one], atol=1e-6, rtol=1e-5)


def hazy(t=6, side=16, hidden=2):
    """A series whose dates are those before them under a haze of their own, and one that is half hidden."""
    g = torch.Generator().manual_seed(0)
    ground = 0.1 + 0.2 * torch.rand((2, 1, 3, side, side), generator=g)
    gain, haze = (s * torch.rand((2, t, 3, 1, 1), generator=g) for s in (0.5, 0.1))
    x = (0.75 + gain) * ground + haze
    usable = torch.ones((2, t, side, side), dtype=torch.bool)
    usable[:, hidden, :, side // 2 :] = False
    days = (18000 + torch.tensor([0.0, 3, 17, 30, 31, 60])[:t]).double().expand(2, -1)
    return x, usable, days


def test_samples_move_together_by_their_share():
    x, usable, days = hazy()
    wrong = torch.where(usable[:, :, None], x, x + 0.05)
    made = torch.stack([wrong, torch.where(usable[:, :, None], x, wrong + 0.02)])
    bands = [0, 1, 2]
    assert refine(made, usable, days, bands, 0.0) is made
    mean = made.mean(0)
    with torch.autocast("cpu", torch.bfloat16):
        out = refine(made, usable, days, bands, 0.6)
    torch.testing.assert_close(out.mean(0), mean + 0.6 * (regress(mean, usable, days) - mean), atol=1e-6, rtol=0)
    torch.testing.assert_close(out[1] - out[0], made[1] - made[0], atol=1e-6, rtol=0)
    only = refine(made, usable, days, [1], 0.6)
    assert torch.equal(only[:, :, :, [0, 2]], made[:, :, :, [0, 2]])


def test_reflectance_does_not_become_negative():
    x, usable, days = hazy()
    dark = torch.where(usable[:, :, None], x - x[:, 2:3].amin((-2, -1), keepdim=True) - 0.05, x).clamp(min=0)
    out = refine(dark[None], usable, days, [0, 1, 2], 1.0)
    assert (regress(dark, usable, days) < 0).any() and not (out < 0).any()
