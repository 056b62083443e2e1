"""The recipes of the repository train with the loop of the package."""

import numpy as np
import pytest
import torch
from torch import nn

# Recipes are in the repository and not in the package.
loop = pytest.importorskip("training.loop")
forecast = pytest.importorskip("training.forecast")


def steps(network):
    def loss(rng, generator, progress):
        x = torch.from_numpy(rng.standard_normal((8, 2), dtype=np.float32))
        return (network(x) - x.sum(1, keepdim=True)).square().mean() + 0 * torch.rand((), generator=generator)

    return loss


def test_a_recipe_leaves_log_checkpoint_and_averaged_weights(tmp_path):
    torch.manual_seed(0)
    network = nn.Linear(2, 1)
    done = loop.train("toy", network, steps(network), tmp_path, steps=6, every=3)
    assert done["steps"] == 6
    assert sorted(p.name for p in tmp_path.iterdir()) == ["toy.checkpoint.pt", "toy.log.jsonl"]
    saved = torch.load(tmp_path / "toy.checkpoint.pt", weights_only=True)
    assert torch.equal(network.weight, saved["average"]["weight"])
    assert not torch.equal(network.weight, saved["network"]["weight"])


@pytest.mark.parametrize("limits", [{}, {"steps": 2, "cpu_minutes": 1.0}])
def test_a_recipe_has_one_limit(tmp_path, limits):
    network = nn.Linear(2, 1)
    with pytest.raises(ValueError, match="either steps or cpu_minutes"):
        loop.train("toy", network, steps(network), tmp_path, **limits)


def table(length, seed):
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(length)[:, None] * [0.3, 0.5]) + 0.1 * rng.standard_normal((length, 2))
    return torch.from_numpy(wave).float()


def test_forecasts_stop_early_with_the_best_epoch(tmp_path, capsys):
    recipe = forecast.Recipe("dlinear", 12, horizon=4, batch=32, epochs=9, patience=2, rate=0.5, decay=1.0)
    data = forecast.Etth1(table(120, 0), table(60, 1), table(60, 2))
    network, _, epochs = forecast.train("toy", recipe, data, tmp_path)
    said = [line.split("validation ")[1].split(",")[0] for line in capsys.readouterr().out.splitlines()]
    assert epochs == len(said) < 9
    best = min(float(v) for v in said)
    assert forecast.errors(network, data.valid, 12, 4)[0] == pytest.approx(best, abs=1e-4)
    assert float(said[-1]) > best and float(said[-2]) > best
