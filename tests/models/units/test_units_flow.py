"""Flow matching: paths, loss, solvers, samples."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise

import pytest
import torch
from test_units_network import SMALL, awake, given

from eowidgets.models.units.between import interpolate
from eowidgets.models.units.condition import condition
from eowidgets.models.units.flow import from_target, integrate, loss, sample, scale_input, to_target
from eowidgets.models.units.network import UniTS


@pytest.mark.parametrize("early", [1.0, 3.0])
@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("midpoint", 2), ("heun", 2)])
def test_order_of_convergence(solver, order, early):
    # dx/dt = x cos(t) has the solution x0 exp(sin t).
    x0 = torch.tensor([1.0, -2.0], dtype=torch.float64)
    truth = x0 * math.exp(math.sin(1.0))
    errors = [
        float((integrate(lambda x, t: x * math.cos(t), x0, steps, solver, early=early) - truth).abs().max())
        for steps in (64, 128, 256)
    ]
    rates = [math.log2(a / b) for a, b in pairwise(errors)]
    assert rates == pytest.approx([order, order], abs=0.15)


@pytest.mark.parametrize("solver", ["euler", "midpoint", "heun"])
def test_gaussian_target_is_sampled(solver):
    # Data N(3, 0.5²): E[x1 | x_t] is known, and so is the velocity. The solver must bring noise to it.
    mean, spread = 3.0, 0.5

    def velocity(x, t):
        variance = t**2 * spread**2 + (1 - t) ** 2
        guess = mean + t * spread**2 / variance * (x - t * mean)
        return (guess - x) / (1 - t)

    noise = torch.randn(20_000, generator=torch.Generator().manual_seed(0))
    made = integrate(velocity, noise, 64, solver, singular=True)
    assert float(made.mean()) == pytest.approx(mean, abs=0.02)
    assert float(made.std()) == pytest.approx(spread, abs=0.03)


def test_scaled_input_is_zero_at_noise_and_data_at_the_end():
    x = torch.randn(2, 3, 4)
    assert not scale_input(x, torch.tensor([0.0, 0.0])).any()
    torch.testing.assert_close(scale_input(x, torch.ones(2)), x)


def test_interpolation_is_numpys():
    import numpy as np

    rng = np.random.default_rng(0)
    days = np.cumsum(rng.integers(1, 40, 9)).astype(float)
    x, usable = rng.random((9, 2, 6, 5)), rng.random((9, 6, 5)) > 0.5
    usable[4] = True
    expected = x.copy()
    for c, i, j in np.ndindex(2, 6, 5):
        ok = usable[:, i, j]
        expected[:, c, i, j] = np.interp(days, days[ok], x[ok, c, i, j])
    got, gap = interpolate(*(torch.from_numpy(v)[None] for v in (x, usable, days)))
    np.testing.assert_allclose(got[0].numpy(), expected, atol=1e-6)
    nearest = np.abs(days[:, None] - days[None])
    wanted = np.where(usable[None], nearest[..., None, None], np.inf).min(1)
    inside = (np.cumsum(usable, 0) > 0) & (np.cumsum(usable[::-1], 0)[::-1] > 0)
    np.testing.assert_allclose(gap[0].numpy()[inside], wanted[inside], atol=1e-4)


def test_a_pixel_never_seen_gets_the_mean_of_its_window():
    x = torch.full((1, 3, 1, 2, 2), 0.25)
    usable = torch.ones((1, 3, 2, 2), dtype=torch.bool)
    usable[..., 0, 0] = False
    x[..., 0, 0] = 0.0
    filled, gap = interpolate(x, usable, torch.tensor([[0.0, 5.0, 9.0]]))
    torch.testing.assert_close(filled, torch.full_like(filled, 0.25))
    assert (gap[..., 0, 0] == 1000).all()


@pytest.mark.parametrize("target", ["residual", "reflectance"])
def test_target_and_back(target):
    config = dataclasses.replace(SMALL, target=target)
    c = given()
    truth = torch.rand_like(c.base)
    torch.testing.assert_close(from_target(config, to_target(config, truth, c), c), truth, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("predict", ["data", "velocity"])
def test_loss_falls_on_one_batch(predict):
    torch.manual_seed(0)
    network = UniTS(dataclasses.replace(SMALL, predict=predict)).train()
    c, x1 = given(), torch.randn(2, 5, 10, 8, 8)
    weight = c.present[:, None, None].float()
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    seen = []
    for _ in range(80):
        value = loss(
            lambda x, t, g: network(x, t, network.encode(g)), network.config, x1, weight, c,
            torch.Generator().manual_seed(1), at_zero=0.0,
        )  # fmt: skip
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        seen.append(float(value.detach()))
    assert seen[-1] < 0.6 * seen[0]


def test_loss_looks_only_where_it_is_told():
    network, c = awake(), given()
    weight = torch.zeros(2, 5, 10, 8, 8)
    weight[0, 2, 0] = 1
    x1 = torch.randn(2, 5, 10, 8, 8)

    def value(predicted):
        return float(loss(lambda x, t, g: predicted[None], SMALL, x1, weight, c, torch.Generator().manual_seed(0)))

    wrong_elsewhere = torch.where(weight > 0, x1, 99.0)
    assert value(wrong_elsewhere) == 0.0
    assert value(x1 + weight) == pytest.approx(1.0)
    assert network.config is SMALL


def test_same_seed_same_bytes_and_batches_do_not_matter():
    network, c = awake(), given()
    one = sample(network, c, steps=3, samples=2, seed=5)
    assert torch.equal(one, sample(network, c, steps=3, samples=2, seed=5))
    assert not torch.equal(one, sample(network, c, steps=3, samples=2, seed=6))
    assert one.shape == (2, 2, 5, 10, 8, 8)
    first = condition_part(c, slice(0, 1))
    torch.testing.assert_close(sample(network, first, steps=3, samples=2, seed=5), one[:, :1], rtol=1e-3, atol=1e-4)


def condition_part(c, part):
    return dataclasses.replace(c, pixels=c.pixels[part], base=c.base[part], days=c.days[part])


def test_one_step_from_noise_does_not_depend_on_the_noise():
    network, c = awake(), given()
    torch.testing.assert_close(
        sample(network, c, steps=1, seed=1), sample(network, c, steps=1, seed=2), atol=1e-4, rtol=0
    )


def test_known_residual_stays_known():
    network, c = awake(), given()
    known = torch.rand(2, 5, 8, 8) > 0.5
    made = sample(network, c, steps=4, samples=2, known=known)
    inside = known[None, :, :, None].expand_as(made)
    assert made[inside].abs().max() < 1e-5
    assert made[~inside].abs().max() > 0.01


def test_absent_bands_stay_silent():
    network, c = awake(), given()
    made = sample(network, c, steps=4, samples=2)
    assert not made[:, :, :, ~c.present].any()


def test_missing_radar_works_and_radar_counts():
    network = awake()
    without, with_radar = given(aux=False), given(aux=True)
    a, b = sample(network, without), sample(network, with_radar)
    assert torch.isfinite(a).all()
    assert not torch.allclose(a, b)


def test_bands_find_their_places():
    x = torch.rand(1, 3, 2, 4, 4)
    usable = torch.ones(1, 3, 4, 4, dtype=torch.bool)
    days = torch.tensor([[0.0, 5.0, 9.0]])
    a = condition(x, usable, days, ("nir", "red"))
    b = condition(x.flip(2), usable, days, ("red", "nir"))
    torch.testing.assert_close(a.pixels, b.pixels)
    assert int(a.present.sum()) == 2
