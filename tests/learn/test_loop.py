"""Training with a seed, a log and checkpoints, on a problem that takes milliseconds."""

import dataclasses
import json

import pytest
import torch
from torch import nn

from eowidgets.errors import InputError, ModelError
from eowidgets.learn import Plan, one_cycle, train

PLAN = Plan(steps=30, rate=0.02, schedule=one_cycle, clip=1.0, average=0.9, every=10, seed=3)


def make(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.Linear(8, 1))


def loss_of(network, stop_at=None):
    """Noisy samples of a plane; the batch comes from torch's generator of the step, its noise from NumPy's."""

    def loss(step):
        if step.number == stop_at:
            raise KeyboardInterrupt
        x = torch.randn(16, 3, generator=step.generator)
        noise = torch.from_numpy(step.rng.normal(0, 0.01, 16)).float()
        return (network(x)[:, 0] - x.sum(1) - noise).square().mean()

    return loss


def weights(network):
    return {key: value.clone() for key, value in network.state_dict().items()}


def same(one, other):
    return all(torch.equal(value, other[key]) for key, value in one.items())


@pytest.fixture(scope="module")
def whole():
    """Weights of a run that was not interrupted."""
    network = make()
    train(network, loss_of(network), PLAN)
    return weights(network)


def test_it_converges():
    network = make()
    done = train(network, loss_of(network), Plan(steps=200, rate=0.03, schedule=one_cycle, average=0.95))
    x = torch.randn(500, 3, generator=torch.Generator().manual_seed(9))
    with torch.no_grad():
        error = (network(x)[:, 0] - x.sum(1)).square().mean()
    assert done.step == 200 and done.progress == 1 and done.done
    assert error < 0.05 * 3  # of the variance of the sum of three
    assert not network.training


def test_the_same_seed_gives_the_same_bytes_whatever_was_drawn_before(whole):
    network = make()
    torch.rand(17)
    before = torch.get_rng_state()
    train(network, loss_of(network), PLAN)
    assert same(weights(network), whole)
    assert torch.equal(torch.get_rng_state(), before)


def test_another_seed_gives_other_bytes(whole):
    network = make()
    train(network, loss_of(network), dataclasses.replace(PLAN, seed=4))
    assert not same(weights(network), whole)


@pytest.mark.parametrize("stop_at", [3, 10, 27])
def test_an_interrupted_run_ends_with_the_same_bytes(whole, tmp_path, stop_at):
    network = make()
    with pytest.raises(KeyboardInterrupt):
        train(network, loss_of(network, stop_at), PLAN, folder=tmp_path, name="toy")
    again = make(seed=1 if stop_at >= PLAN.every else 0)  # other first weights, where a checkpoint replaces them
    done = train(again, loss_of(again), PLAN, folder=tmp_path, name="toy")
    assert same(weights(again), whole)
    assert done.step == 30


def test_a_finished_run_is_not_run_again(whole, tmp_path):
    for _ in range(2):
        network = make()
        done = train(network, loss_of(network), PLAN, folder=tmp_path)
    assert same(weights(network), whole)
    assert (done.step, done.done) == (30, True)
    assert len((tmp_path / "network.log.jsonl").read_text().splitlines()) == 3


def test_a_longer_plan_goes_on_from_a_finished_run(tmp_path):
    network = make()
    train(network, loss_of(network), Plan(steps=10, every=5), folder=tmp_path)
    assert train(network, loss_of(network), Plan(steps=25, every=5), folder=tmp_path).step == 25


def test_the_log_has_a_line_for_every_report(tmp_path):
    network = make()
    train(network, loss_of(network), PLAN, check=lambda: 0.5, folder=tmp_path, name="toy")
    lines = [json.loads(line) for line in (tmp_path / "toy.log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [10, 20, 30]
    assert all(line["loss"] > 0 and line["check"] == 0.5 for line in lines)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["toy.checkpoint.pt", "toy.log.jsonl"]


def test_nothing_is_written_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = make()
    train(network, loss_of(network), PLAN)
    assert not list(tmp_path.iterdir())


def test_the_precision_is_that_of_the_products():
    seen = []
    network = nn.Linear(2, 1)

    def loss(step):
        made = network(torch.ones(1, 2))
        seen.append(made.dtype)
        return made.float().square().mean()

    for precision in ("fp32", "bf16"):
        train(network, loss, Plan(steps=1), precision=precision)
    assert seen == [torch.float32, torch.bfloat16]
    assert network.weight.dtype == torch.float32


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    network = make()
    train(network, loss_of(network), PLAN, folder=tmp_path)
    other = nn.Linear(3, 1)
    with pytest.raises(ModelError, match=r"network\.checkpoint\.pt is damaged or belongs to another run"):
        train(other, lambda step: other(torch.ones(1, 3)).sum(), PLAN, folder=tmp_path)


@pytest.mark.parametrize("settings", [{"seed": 4}, {"average": 0.0}, {"schedule": None}])
def test_a_checkpoint_of_another_plan_is_refused(tmp_path, settings):
    network = make()
    train(network, loss_of(network), PLAN, folder=tmp_path)
    with pytest.raises(ModelError, match="belongs to another run"):
        train(network, loss_of(network), dataclasses.replace(PLAN, **settings), folder=tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04"])
def test_a_damaged_checkpoint_is_refused(tmp_path, content):
    (tmp_path / "network.checkpoint.pt").write_bytes(content)
    network = make()
    with pytest.raises(ModelError, match="is damaged or belongs to another run"):
        train(network, loss_of(network), PLAN, folder=tmp_path)


@pytest.mark.parametrize("settings", [{}, {"steps": 0, "minutes": 0.0}, {"patience": 3}])
def test_a_plan_without_an_end_is_refused(settings):
    with pytest.raises(InputError, match="The plan has no limit"):
        Plan(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        *({"steps": -1}, {"steps": 2.5}, {"steps": "ten"}, {"minutes": -1.0}, {"patience": -1}, {"seed": -1}),
        *({"every": 0}, {"rate": 0.0}, {"rate": None}, {"average": 1.0}, {"clip": 0.0}, {"schedule": 3}),
    ],
    ids=str,
)
def test_settings_out_of_range_are_refused_by_name(settings):
    (name,) = settings
    with pytest.raises(InputError, match=f"^{name} of Plan is .*: give "):
        Plan(**{"steps": 1, **settings})


@pytest.mark.parametrize("argument", [{"folder": ""}, {"name": " "}, {"precision": "half"}, {"check": 1}], ids=str)
def test_arguments_of_another_kind_are_refused_by_name(argument):
    network = make()
    (name,) = argument
    with pytest.raises(InputError, match=f"^{name} of train is "):
        train(network, loss_of(network), PLAN, **argument)


def test_a_folder_may_be_text(tmp_path):
    network = make()
    train(network, loss_of(network), PLAN, folder=str(tmp_path / "new"))
    assert (tmp_path / "new" / "network.checkpoint.pt").exists()
