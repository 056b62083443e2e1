"""Train UniTS: ``python -m training.units reconstruct``; stops, resumes, and saves safetensors with their hash."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import eowidgets as eow
from eowidgets.cube.simulate import CLASSES
from eowidgets.models.units.change import one_hot
from eowidgets.models.units.clear import guess_clear
from eowidgets.models.units.condition import Condition, condition, spread_bands
from eowidgets.models.units.config import CONFIGS, UniTSConfig
from eowidgets.models.units.flow import loss, to_target
from eowidgets.models.units.forecast import AHEAD, PAST, forecast_condition
from eowidgets.models.units.network import UniTS
from eowidgets.models.units.weights import load, save
from training.loop import train
from training.scenes import Scenes
from training.windows import SIDE, Source, jittered, some_bands, turned

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


def reconstruct(config: UniTSConfig, steps: int, compile: bool) -> tuple[UniTS, dict[str, float]]:
    """Train ``units-reconstruct`` on the Romanian cube."""
    torch.manual_seed(0)
    network = UniTS(config)
    source = Source(eow.open("romania"), **TRAIN)
    done = train("units-reconstruct", network, gap_filling(network, source, compile=compile), RUNS, steps=steps)
    return network, done


def cloud_removal(network: UniTS, source: Source, *, compile: bool) -> StepLoss:
    """Real clouds of other dates laid over clear ones; no mask is given, the truth is asked everywhere."""
    call = compiled(network, compile)

    def step(rng: np.random.Generator, generator: torch.Generator, progress: float) -> Tensor:
        w, raw = source.draw_cloudy(rng, BATCH, cloudy=(3, 8), slack=8, turn=True, jitter=0.3)
        clear = guess_clear(raw, torch.ones_like(w.known), source.bands)
        given = condition(raw, clear, w.days + float(rng.uniform(-4, 4)), source.bands, show=raw)
        full, _ = spread_bands(w.x, source.bands)
        weight = w.known[:, :, None] * given.present[:, None, None]
        target = torch.where(weight, to_target(network.config, full, given), 0.0)
        # Clear pixels are many and easy.
        size = weight * torch.where(w.hidden, 1.0, 0.3)[:, :, None]
        return loss(call, network.config, target, size, given, generator, l1=2 * (1 - progress))

    return step


def clouds(config: UniTSConfig, steps: int, compile: bool) -> tuple[UniTS, dict[str, float]]:
    """Train ``units-clouds``, from the weights of ``units-reconstruct``."""
    network = load(RUNS / "units-reconstruct.safetensors").requires_grad_(True)
    source = Source(eow.open("romania"), **TRAIN)
    recipe = cloud_removal(network, source, compile=compile)
    return network, train("units-clouds", network, recipe, RUNS, steps=steps, peak=8e-4)


def seasons(network: UniTS, source: Source, *, until: str, compile: bool) -> StepLoss:
    """Up to a year ahead from a random day; nothing from ``until`` on is looked at."""
    call = compiled(network, compile)
    share = source.seen.flatten(1).float().mean(1).numpy()
    limit = float(np.datetime64(until, "D").astype(np.int64))
    past_dates = np.flatnonzero((share > 0.3) & (source.days < limit))
    clear = source.clear[source.days[source.clear] < limit]

    def step(rng: np.random.Generator, generator: torch.Generator, progress: float) -> Tensor:
        while True:
            origin = int(rng.choice(clear[12:]))
            ahead = clear[(clear >= origin) & (source.days[clear] < source.days[origin] + 366)]
            begin = source.days[past_dates[0]] + rng.uniform(0, 1) * max(
                0.0, source.days[origin] - source.days[0] - 500
            )
            past = past_dates[(past_dates < origin) & (source.days[past_dates] >= begin)]
            if len(ahead) >= AHEAD and len(past) >= PAST:
                break
        ahead = np.sort(rng.choice(ahead, AHEAD, replace=False))
        dates = np.concatenate([past, ahead])
        parts = []
        for _ in range(BATCH):
            row, column = (int(rng.integers(0, s - SIDE + 1)) for s in source.x.shape[-2:])
            place = (slice(row, row + SIDE), slice(column, column + SIDE))
            parts.append(turned(rng, source.x[dates][:, :, *place], source.seen[dates][:, *place]))
        x, known = (torch.stack(p) for p in zip(*parts, strict=True))
        x = jittered(rng, x, 0.3)
        days = torch.from_numpy(source.days[dates]).expand(BATCH, -1)
        n = len(past)
        given = forecast_condition(x[:, :n], known[:, :n], days[:, :n], days[:, n:], source.bands)
        full, _ = spread_bands(x[:, n:], source.bands)
        blank = torch.zeros(BATCH, PAST, *full.shape[2:])
        weight = torch.cat([blank[:, :, :1] > 0, known[:, n:, None]], 1) & given.present[:, None, None]
        target = torch.where(weight, to_target(network.config, torch.cat([blank, full], 1), given), 0.0)
        return loss(call, network.config, target, weight.float(), given, generator, l1=2 * (1 - progress))

    return step


def forecast(config: UniTSConfig, steps: int, compile: bool) -> tuple[UniTS, dict[str, float]]:
    """Train ``units-forecast`` on the dates before 2020, from the weights of ``units-reconstruct``."""
    network = load(RUNS / "units-reconstruct.safetensors").requires_grad_(True)
    source = Source(eow.open("romania"), columns=TRAIN["columns"])
    recipe = seasons(network, source, until="2020-01-01", compile=compile)
    return network, train("units-forecast", network, recipe, RUNS, steps=steps, peak=5e-4)


def class_maps(network: UniTS, scenes: Scenes, *, compile: bool) -> StepLoss:
    """Class maps of simulated scenes under their clouds; radar is dropped from half of the batches."""
    call = compiled(network, compile)

    def step(rng: np.random.Generator, generator: torch.Generator, progress: float) -> Tensor:
        given, classes = scenes.draw(rng, BATCH, radar=bool(rng.random() < 0.5))
        target = one_hot(classes, network.config.classes)
        return loss(call, network.config, target, torch.ones(1), given, generator, at_zero=0.7)

    return step


def change(config: UniTSConfig, steps: int, compile: bool) -> tuple[UniTS, dict[str, float]]:
    """Train ``units-change`` on simulated scenes."""
    torch.manual_seed(0)
    network = UniTS(dataclasses.replace(config, target="classes", classes=len(CLASSES)))
    recipe = class_maps(network, Scenes(range(1000, 1048)), compile=compile)
    return network, train("units-change", network, recipe, RUNS, steps=steps)


#: Recipe and number of steps. The shipped gap filler took 2911 steps, 37 minutes of processor time on a busy machine.
RECIPES = {
    "reconstruct": (reconstruct, 3000),
    "clouds": (clouds, 1000),
    "forecast": (forecast, 500),
    "change": (change, 1200),
}


def main() -> None:
    """Run one recipe from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=sorted(RECIPES))
    parser.add_argument("--config", choices=sorted(CONFIGS), default="tiny")
    parser.add_argument("--steps", type=int, default=0, help="0 takes the number of the recipe")
    parser.add_argument("--no-compile", action="store_true")
    args = parser.parse_args()
    recipe, steps = RECIPES[args.task]
    network, done = recipe(CONFIGS[args.config], args.steps or steps, not args.no_compile)
    digest = save(network, RUNS / f"units-{args.task}.safetensors")
    report = {**done, "sha256": digest}
    (RUNS / f"units-{args.task}.json").write_text(json.dumps(report))
    print(report)


if __name__ == "__main__":
    main()
