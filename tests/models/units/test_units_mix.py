"""Kernels over the observed dates of each pixel, and the factor on the residual."""

from __future__ import annotations

import dataclasses

import torch
from test_units_network import SMALL, awake, given

from eowidgets.models.units.flow import expected
from eowidgets.models.units.mix import Mix, Shrink
from eowidgets.models.units.network import UniTS

MIXING = dataclasses.replace(SMALL, mix=2, shrink=True)


def patches(b=1, t=5, n=2, seed=0):
    """Condition in patches of 4 pixels: bands, interpolated bands, seen, distance; and days."""
    g = torch.Generator().manual_seed(seed)
    pixels = torch.randn((b, t, n, 22, 4), generator=g)
    pixels[:, :, :, 20] = (torch.rand((b, t, n, 4), generator=g) > 0.3).float()
    return pixels, 18000 + torch.cumsum(torch.rand((b, t), generator=g) * 20 + 1, 1).double()


def test_untrained_parts_add_nothing():
    c = given()
    torch.testing.assert_close(expected(UniTS(MIXING).eval(), c), c.base)


def test_each_kernel_is_a_weighted_mean_of_observations():
    pixels, days = patches()
    mix = Mix(8, 1, 2, 0.05)
    torch.nn.init.ones_(mix.factors.bias)
    out = mix(torch.randn(1, 1, 5, 2, 8), pixels, days)
    units = torch.tensor(mix.units)[:, None]
    answer = out[0] / units + pixels[:, :, :, 10:20]
    seen = pixels[:, :, :, 20:21].bool()
    there = seen.any(dim=1, keepdim=True)
    low = pixels[:, :, :, :10].masked_fill(~seen, torch.inf).amin(dim=1, keepdim=True)
    high = pixels[:, :, :, :10].masked_fill(~seen, -torch.inf).amax(dim=1, keepdim=True)
    inside = (answer >= low - 1e-4) & (answer <= high + 1e-4)
    assert bool(inside[there.expand_as(inside)].all())


def test_what_was_not_seen_is_not_mixed():
    pixels, days = patches()
    mix = Mix(8, 2, 2, 0.05)
    torch.nn.init.normal_(mix.factors.weight)
    h = torch.randn(1, 1, 5, 2, 8)
    other = pixels.clone()
    other[:, :, :, :10] = torch.where(pixels[:, :, :, 20:21] > 0, pixels[:, :, :, :10], 9.0)
    torch.testing.assert_close(mix(h, other, days), mix(h, pixels, days))
    never = pixels.clone()
    never[:, :, :, 20] = 0
    assert not mix(h, never, days).any()


def test_the_factor_reads_no_reflectance():
    pixels, days = patches()
    shrink = Shrink()
    torch.nn.init.normal_(shrink.layers[-1].weight)
    brighter = pixels.clone()
    brighter[:, :, :, :20] += 1
    t = torch.zeros(1, 1)
    factor = shrink(pixels, days, t)
    assert torch.equal(shrink(brighter, days, t), factor)
    assert factor.shape == (1, 1, 5, 2) and bool(((factor > 0) & (factor < 1)).all())
    hidden = pixels.clone()
    hidden[:, 2, :, 20] = 0
    assert not torch.allclose(shrink(hidden, days, t), factor)


def test_windows_of_a_batch_do_not_mix():
    network, c = awake(MIXING), given(b=2)
    both = expected(network, c)
    fields = {f: getattr(c, f)[:1] for f in ("pixels", "base", "days")}
    torch.testing.assert_close(expected(network, dataclasses.replace(c, **fields)), both[:1], atol=1e-5, rtol=1e-4)


def test_a_network_without_radar_has_no_input_for_it():
    network = awake(dataclasses.replace(SMALL, aux=0))
    assert not [n for n, _ in network.named_parameters() if "aux" in n or "compare" in n]
    with_radar, without = given(aux=True), given()
    torch.testing.assert_close(expected(network, with_radar), expected(network, without))
