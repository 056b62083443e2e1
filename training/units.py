"""Train UniTS: ``python -m training.units reconstruct``; stops, resumes, and saves safetensors with their hash."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import eowidgets as eow
from eowidgets.models.units.clear import guess_clear
from eowidgets.models.units.condition import Condition, condition, spread_bands
from eowidgets.models.units.config import CONFIGS, UniTSConfig
from eowidgets.models.units.flow import loss, to_target
from eowidgets.models.units.network import UniTS
from eowidgets.models.units.weights import load, save
from training.loop import train
from training.windows import Source, some_bands

RUNS = Path("training/runs")
BATCH = 8

#: Western two thirds and the first 60 % of the clear dates: everything else is for tests.
TRAIN = {"columns": (0.0, 2 / 3), "dates_until": 0.6}

StepLoss = Callable[[np.random.Generator, torch.Generator, float], Tensor]


def compiled(network: UniTS, use: bool) -> Callable[[Tensor, Tensor, Condition], Tensor]:
    """Network and encoder as one callable, compiled if asked for."""

    def whole(x: Tensor, t: Tensor, given: Condition) -> Tensor:
        return network(x, t, network.encode(given))

    return torch.compile(whole, dynamic=False) if use else whole


def gap_filling(network: UniTS, source: Source, *, compile: bool) -> StepLoss:
    """Masks borrowed from real clouds; now and then whole dates missing in a run, and a few bands only."""
    call = compiled(network, compile)

    def step(rng: np.random.Generator, generator: torch.Generator, progress: float) -> Tensor:
        run = int(rng.integers(3, 6)) if rng.random() < 0.25 else 0
        w = source.draw(rng, BATCH, hide=(4, 8), run=run, slack=8, turn=True)
        keep = some_bands(rng, source.bands, 0.1)
        names = tuple(source.bands[i] for i in keep)
        x = w.x[:, :, keep]
        days = w.days + float(rng.uniform(-4, 4))
        given = condition(x, w.known & ~w.hidden, days, names)
        full, _ = spread_bands(x, names)
        target = to_target(network.config, full, given)
        weight = (w.known & w.hidden)[:, :, None] * given.present[:, None, None]
        # What is unknown or already seen has residual 0 along the path, as when sampling.
        target = torch.where(weight, target, 0.0)
        return loss(call, network.config, target, weight.float(), given, generator, l1=4 * (1 - progress))

    return step


def reconstruct(config: UniTSConfig, cpu_minutes: float, compile: bool) -> tuple[UniTS, dict[str, float]]:
    """Train ``units-reconstruct`` on the Romanian cube."""
    torch.manual_seed(0)
    network = UniTS(config)
    source = Source(eow.open("romania"), **TRAIN)
    done = train(
        "units-reconstruct", network, gap_filling(network, source, compile=compile), RUNS, cpu_minutes=cpu_minutes
    )
    return network, done


def cloud_removal(network: UniTS, source: Source, *, compile: bool) -> StepLoss:
    """Real clouds of other dates laid over clear ones; no mask is given, the truth is asked everywhere."""
    call = compiled(network, compile)

    def step(rng: np.random.Generator, generator: torch.Generator, progress: float) -> Tensor:
        w, raw = source.draw_cloudy(rng, BATCH, cloudy=(3, 8), slack=8, turn=True)
        clear = guess_clear(raw, torch.ones_like(w.known), source.bands)
        given = condition(raw, clear, w.days + float(rng.uniform(-4, 4)), source.bands, show=raw)
        full, _ = spread_bands(w.x, source.bands)
        weight = w.known[:, :, None] * given.present[:, None, None]
        target = torch.where(weight, to_target(network.config, full, given), 0.0)
        # Clear pixels are many and easy.
        size = weight * torch.where(w.hidden, 1.0, 0.3)[:, :, None]
        return loss(call, network.config, target, size, given, generator, l1=2 * (1 - progress))

    return step


def clouds(config: UniTSConfig, cpu_minutes: float, compile: bool) -> tuple[UniTS, dict[str, float]]:
    """Train ``units-clouds``, from the weights of ``units-reconstruct``."""
    network = load(RUNS / "units-reconstruct.safetensors").requires_grad_(True)
    source = Source(eow.open("romania"), **TRAIN)
    recipe = cloud_removal(network, source, compile=compile)
    return network, train("units-clouds", network, recipe, RUNS, cpu_minutes=cpu_minutes, peak=8e-4)


RECIPES = {"reconstruct": reconstruct, "clouds": clouds}


def main() -> None:
    """Run one recipe from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=sorted(RECIPES))
    parser.add_argument("--config", choices=sorted(CONFIGS), default="tiny")
    parser.add_argument("--cpu-minutes", type=float, default=36)
    parser.add_argument("--no-compile", action="store_true")
    args = parser.parse_args()
    network, done = RECIPES[args.task](CONFIGS[args.config], args.cpu_minutes, not args.no_compile)
    digest = save(network, RUNS / f"units-{args.task}.safetensors")
    report = {**done, "sha256": digest}
    (RUNS / f"units-{args.task}.json").write_text(json.dumps(report))
    print(report)


if __name__ == "__main__":
    main()
