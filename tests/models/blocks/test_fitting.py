"""The parts of the training loop, each against values worked out by hand."""

import math

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import StepLR

from eowidgets.errors import ModelError
from eowidgets.models.blocks.fitting import fit
from eowidgets.models.blocks.plan import Plan, Step, one_cycle

PLAIN = {"optimiser": lambda parameters, rate: torch.optim.SGD(parameters, lr=rate)}


class One(nn.Module):
    """A single number."""

    def __init__(self, value=0.0):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(value))


def test_a_step_follows_the_gradient():
    network = One(2.0)
    fit(network, lambda step: network.w.square(), Plan(steps=1, rate=0.25, **PLAIN))
    assert float(network.w.detach()) == 1.0  # 2 - 0.25 · 4


def test_gradients_are_clipped_to_a_norm():
    network = One(2.0)
    fit(network, lambda step: 100 * network.w, Plan(steps=1, rate=0.5, clip=1.0, **PLAIN))
    assert float(network.w.detach()) == pytest.approx(1.5)


def test_the_average_rises_from_the_first_weights():
    network = One(0.0)
    # The weights are 1, 2, 3 after the steps; the decay is 2/11, 3/12, 4/13, below its limit of 0.9.
    fit(network, lambda step: -network.w, Plan(steps=3, rate=1.0, average=0.9, **PLAIN))
    expected = 0.0
    for step in (1, 2, 3):
        keep = (1 + step) / (10 + step)
        expected = keep * expected + (1 - keep) * step
    assert float(network.w.detach()) == pytest.approx(expected)


def test_the_rate_of_one_cycle():
    rates = []
    network = One()

    def schedule(optimiser, progress):
        made = one_cycle(optimiser, progress)
        rates.append(made.get_last_lr()[0])
        step = made.step
        made.step = lambda: (step(), rates.append(made.get_last_lr()[0]))
        return made

    fit(network, lambda step: network.w * 0, Plan(steps=40, rate=2.0, schedule=schedule, **PLAIN))
    assert rates[0] == pytest.approx(0.04 * 2)
    assert rates[1] == pytest.approx(2 * (0.04 + 0.96 / 2))  # half of the warm-up
    assert rates[2] == pytest.approx(2.0)  # 5 % of 40 steps
    assert rates[21] == pytest.approx(2 * (0.01 + 0.99 * 0.5))  # the middle of the cosine
    assert rates[40] == pytest.approx(0.01 * 2)
    assert len(rates) == 41


def test_any_scheduler_of_torch_serves():
    network = One()
    plan = Plan(steps=4, rate=1.0, schedule=lambda o, _: StepLR(o, 2, 0.1), **PLAIN)
    fit(network, lambda step: -network.w, plan)
    assert float(network.w.detach()) == pytest.approx(2.2)  # 1 + 1 + 0.1 + 0.1


def test_progress_and_numbers_of_the_steps():
    network, steps = One(), []
    fit(network, lambda step: (steps.append((step.number, step.progress)), network.w * 0)[1], Plan(steps=4))
    assert steps == [(0, 0.0), (1, 0.25), (2, 0.5), (3, 0.75)]


def test_random_numbers_belong_to_a_step_and_a_seed():
    def draw(number, seed):
        step = Step(number, 0.5, seed)
        return float(step.rng.random()), float(torch.rand((), generator=step.generator))

    assert draw(3, 1) == draw(3, 1)
    assert len({draw(n, s) for n in range(3) for s in range(3)}) == 9


def test_it_stops_early_and_keeps_the_best_weights():
    network = One()
    values = iter([3.0, 1.0, 2.0, 1.5, 0.1])
    plan = Plan(steps=100, rate=1.0, every=2, patience=2, **PLAIN)
    done = fit(network, lambda step: -network.w, plan, check=lambda: next(values))
    assert (done.step, done.best, done.value, done.done) == (8, 1.0, 1.5, True)
    assert float(network.w.detach()) == 4.0  # after the second check


def test_a_value_that_is_not_a_number_is_no_improvement():
    network = One()
    values = iter([1.0, math.nan, math.nan])
    done = fit(network, lambda step: -network.w, Plan(steps=9, every=1, patience=2), check=lambda: next(values))
    assert (done.step, done.best) == (3, 1.0)


def test_patience_survives_an_interruption(tmp_path):
    path, plan = tmp_path / "one.pt", Plan(steps=100, rate=1.0, every=1, patience=3, **PLAIN)
    network, values = One(), iter([1.0, 2.0])
    with pytest.raises(StopIteration):
        fit(network, lambda step: -network.w, plan, check=lambda: next(values), checkpoint=path)
    again, values = One(), iter([2.0, 2.0, 2.0])
    done = fit(again, lambda step: -again.w, plan, check=lambda: next(values), checkpoint=path)
    assert (done.step, float(again.w.detach())) == (4, 1.0)


def test_the_check_sees_the_average_in_evaluation_mode():
    network, seen = One(), []

    def check():
        seen.append((network.training, float(network.w.detach())))
        return 0.0

    fit(network, lambda step: -network.w, Plan(steps=1, rate=1.0, average=0.9, **PLAIN), check=check)
    assert seen == [(False, pytest.approx(9 / 11))]


def test_reports_hold_the_mean_loss_since_the_last_one():
    network, reports = One(), []
    fit(network, lambda step: network.w * 0 + step.number, Plan(steps=5, every=2), report=reports.append)
    assert [(r.step, r.loss, r.done) for r in reports] == [(2, 0.5, False), (4, 2.5, False), (5, 4.0, True)]


def test_an_exception_in_a_report_ends_the_run_and_leaves_the_checkpoint(tmp_path):
    def report(now):
        if now.step == 4:
            raise KeyboardInterrupt

    path, network = tmp_path / "one.pt", One()
    with pytest.raises(KeyboardInterrupt):
        fit(network, lambda step: -network.w, Plan(steps=6, every=2), report=report, checkpoint=path)
    steps = []
    fit(network, lambda step: (steps.append(step.number), -network.w)[1], Plan(steps=6, every=2), checkpoint=path)
    assert steps == [4, 5]


def test_time_ends_a_run_too(monkeypatch):
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("eowidgets.models.blocks.fitting.time.process_time", lambda: float(next(clock)))
    network = One()
    done = fit(network, lambda step: -network.w, Plan(minutes=0.5))
    assert (done.step, done.seconds) == (4, 30.0)  # the first step is not counted


def test_a_loss_that_is_not_finite_is_an_error():
    network = One()
    with pytest.raises(ModelError, match="not finite up to step 5"):
        fit(network, lambda step: network.w * math.inf, Plan(steps=9, every=5))


def test_frozen_parameters_stay():
    network = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    network[0].requires_grad_(False)
    before = network[0].weight.clone()
    fit(network, lambda step: network(torch.ones(1, 2)).sum(), Plan(steps=3, clip=1.0))
    assert torch.equal(network[0].weight, before)
