"""Train UniTS: ``python -m training.units places --data FOLDER``; resumable, saves safetensors with their hash.

``places`` reads the series named in :mod:`training.series_sets` from FOLDER; the other recipes need no files.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from torch import Tensor
from torch.nn import functional

import eowidgets as eow
from eowidgets.cube.schema import bands
from eowidgets.models.units.change import one_hot
from eowidgets.models.units.clear import guess_clear
from eowidgets.models.units.condition import Condition, condition, spread_bands
from eowidgets.models.units.config import CONFIGS
from eowidgets.models.units.flow import expected, loss, to_target
from eowidgets.models.units.forecast import AHEAD, PAST, YEAR, forecast_condition
from eowidgets.models.units.network import UniTS
from eowidgets.models.units.weights import load, save
from eowidgets.simulate import CLASSES
from training.loop import train
from training.scenes import Places, Scenes, invented
from training.units_places import Sets, batches, weights_of
from training.windows import DATES, SIDE, Source, Windows, some_bands, turned

RUNS = Path("training/runs")
BATCH = 8

#: Western two thirds and the first 60 % of the clear dates: everything else is for tests.
TRAIN = {"columns": (0.0, 2 / 3), "dates_until": 0.6}
#: Partly observed dates of the same years are additional dates.
LEAST = 0.3
#: Forecasts are trained on dates before this one; trust and widening are fitted on the following year, tests use the next one.
UNTIL = "2019-01-01"

StepLoss = Callable[[np.random.Generator, torch.Generator, float], Tensor]


def sample() -> xr.Dataset:
    """Open the training cube; clouds that its scene mask missed are masked."""
    return eow.open("romania", clouds="robust")


def compiled(network: UniTS, use: bool) -> Callable[[Tensor, Tensor, Condition], Tensor]:
    """Return network and encoder as one callable, compiled with ``use``."""

    def whole(x: Tensor, t: Tensor, given: Condition) -> Tensor:
        return network(x, t, network.encode(given))

    return torch.compile(whole, dynamic=False) if use else whole


def gaps(rng: np.random.Generator, source: Source) -> Windows:
    """Draw windows with masks of real clouds; at random a short, sparse series, or a run of hidden dates."""
    dates = 7 if rng.random() < 0.25 else DATES
    run = int(rng.integers(3, 6)) if rng.random() < 0.25 else 0
    hide = (dates // 3, 2 * dates // 3)
    w = source.draw(rng, BATCH, dates=dates, hide=hide, run=run, slack=8, turn=True, jitter=0.5)
    w.days += float(rng.uniform(-10, 10))
    return w


def filling(rng: np.random.Generator, places: Places) -> tuple[Condition, Tensor, Tensor]:
    """Draw :func:`gaps`, now and then of a few bands only.

    Returns
    -------
    Condition
    Tensor, shape (b, t, len(BANDS), h, w)
        The truth.
    Tensor, shape (b, t, len(BANDS), h, w), bool
        Mask of known, hidden values.
    """
    source = places.pick(rng)
    w = gaps(rng, source)
    keep = some_bands(rng, source.bands, 0.1)
    x, names = w.x[:, :, keep], tuple(source.bands[i] for i in keep)
    given = condition(x, w.known & ~w.hidden, w.days, names)
    asked = (w.known & w.hidden)[:, :, None] & given.present[:, None, None]
    return given, spread_bands(x, names)[0], asked


def gap_filling(network: UniTS, places: Places, *, compile: bool) -> StepLoss:
    """Learn :func:`filling`."""
    call = compiled(network, compile)

    def step(rng: np.random.Generator, generator: torch.Generator, progress: float) -> Tensor:
        given, full, asked = filling(rng, places)
        # Unknown and observed values have residual 0 along the path, as in sampling.
        target = torch.where(asked, to_target(network.config, full, given), 0.0)
        return loss(call, network.config, target, asked.float(), given, generator, l1=2 * (1 - progress), at_zero=0.75)

    return step


def filling_places() -> Places:
    """Return the Romanian cube and invented ones."""
    real = Source(sample(), **TRAIN, least=LEAST)
    return Places(real, invented(real.bands, 24), 0.3)


def reconstruct(network: UniTS, compile: bool) -> StepLoss:
    """Fill gaps of the Romanian cube, and of invented ones."""
    return gap_filling(network, filling_places(), compile=compile)


def places(network: UniTS, compile: bool, folder: Path) -> StepLoss:
    """Fill gaps on many places: the Romanian cube, composed landscapes of real series, and simulated scenes."""
    draw = batches(Sets.of(folder, Source(sample(), **TRAIN, least=LEAST)), network.config)
    call = compiled(network, compile)

    def step(rng: np.random.Generator, generator: torch.Generator, progress: float) -> Tensor:
        given, full, asked = draw(rng)
        target = torch.where(asked, to_target(network.config, full, given), 0.0)
        weight = weights_of(full, given, asked)
        return loss(call, network.config, target, weight, given, generator, l1=1 - progress, at_zero=0.8)

    return step


def cloudy(rng: np.random.Generator, places: Places) -> tuple[Windows, Condition, Tensor]:
    """Draw clouds of other dates over clear ones, without mask; also return the truth (b, t, len(BANDS), h, w)."""
    source = places.pick(rng)
    w, raw = source.draw_cloudy(rng, BATCH, cloudy=(3, 8), slack=8, turn=True, jitter=0.5)
    clear = guess_clear(raw, torch.ones_like(w.known), source.bands)
    given = condition(raw, clear, w.days + float(rng.uniform(-10, 10)), source.bands, show=raw)
    return w, given, spread_bands(w.x, source.bands)[0]


def cloud_removal(network: UniTS, places: Places, *, compile: bool) -> StepLoss:
    """Learn to remove the clouds of :func:`cloudy`; the loss covers all known pixels."""
    call = compiled(network, compile)

    def step(rng: np.random.Generator, generator: torch.Generator, progress: float) -> Tensor:
        w, given, full = cloudy(rng, places)
        weight = w.known[:, :, None] * given.present[:, None, None]
        target = torch.where(weight, to_target(network.config, full, given), 0.0)
        # Clear pixels are many and easy.
        size = weight * torch.where(w.hidden, 1.0, 0.3)[:, :, None]
        return loss(call, network.config, target, size, given, generator, l1=2 * (1 - progress), at_zero=0.9)

    return step


def judging(network: UniTS, places: Places, *, compile: bool) -> StepLoss:
    """Learn the mask of clouds; the rest of the network is frozen."""
    tell = network.requires_grad_(False).judge
    assert tell is not None
    tell.requires_grad_(True)

    def step(rng: np.random.Generator, generator: torch.Generator, progress: float) -> Tensor:
        w, given, _ = cloudy(rng, places)
        with torch.no_grad():
            through = expected(network, given)
        # Pixels in the mask of the cube are cloud too.
        there = (w.hidden | ~w.known).float()
        return functional.binary_cross_entropy_with_logits(tell(given, through).float(), there)

    return step


def clouds(network: UniTS, compile: bool) -> StepLoss:
    """Remove clouds of the Romanian cube and of invented ones."""
    real = Source(sample(), **TRAIN, least=0.6)
    return cloud_removal(network, Places(real, invented(real.bands, 24), 0.4), compile=compile)


@dataclass(frozen=True, slots=True)
class History:
    """A place and the dates that can be origins of a forecast."""

    source: Source
    seen: npt.NDArray[np.intp]
    clear: npt.NDArray[np.intp]
    origins: npt.NDArray[np.intp]  # dates with enough dates before them, and enough clear ones in the year after
    whole: float  # days of the observed years

    @classmethod
    def of(cls, source: Source, until: str = "2100-01-01") -> History:
        """Drop all dates from ``until`` on."""
        share = source.seen.flatten(1).float().mean(1).numpy()
        limit = min(float(np.datetime64(until, "D").astype(np.int64)), source.days[-1] + 1)
        seen = np.flatnonzero((share > 0.3) & (source.days < limit))
        whole = np.ceil((limit - source.days[0]) / YEAR) * YEAR
        clear = source.clear[source.days[source.clear] < limit]
        past, days = np.searchsorted(seen, clear), source.days[clear]
        ahead = np.searchsorted(days, days + 366) - np.arange(len(clear))
        return cls(source, seen, clear, clear[(past >= PAST) & (ahead >= AHEAD)], float(whole))

    def draw(self, rng: np.random.Generator, batch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Draw windows of one origin: reflectance, mask of known values, days; the last :data:`AHEAD` dates are the future.

        Years after the target year serve as years before the sample: the climatology is then as accurate in training
        as in use, and the network does not learn corrections that more years would make unnecessary.
        """
        days = self.source.days
        origin = int(rng.choice(self.origins))
        end = days[origin] + 366
        ahead = self.clear[(self.clear >= origin) & (days[self.clear] < end)]
        past = self.seen[self.seen < origin]
        ahead = np.sort(rng.choice(ahead, AHEAD, replace=False))
        later = self.seen[days[self.seen] >= end]
        dates, parts = np.concatenate([later, past, ahead]), []
        for _ in range(batch):
            row, column = (int(rng.integers(0, s - SIDE + 1)) for s in self.source.x.shape[-2:])
            place = (slice(row, row + SIDE), slice(column, column + SIDE))
            parts.append(turned(rng, self.source.x[dates][:, :, *place], self.source.seen[dates][:, *place]))
        x, known = (torch.stack(p) for p in zip(*parts, strict=True))
        when = np.concatenate([days[later] - self.whole, days[past], days[ahead]]) + float(rng.uniform(-10, 10))
        return x, known, torch.from_numpy(when).expand(batch, -1)


def seasons(network: UniTS, real: History, others: list[History], share: float, *, compile: bool) -> StepLoss:
    """Learn to forecast up to a year ahead from a random day."""
    # One origin per step: many origins improve training more than many places.
    call, few = compiled(network, compile), BATCH // 2

    def step(rng: np.random.Generator, generator: torch.Generator, progress: float) -> Tensor:
        history = others[int(rng.integers(len(others)))] if rng.random() < share else real
        x, known, days = history.draw(rng, few)
        n = days.shape[1] - AHEAD
        names = history.source.bands
        given = forecast_condition(x[:, :n], known[:, :n], days[:, :n], days[:, n:], names)
        full, _ = spread_bands(x[:, n:], names)
        blank = torch.zeros(few, PAST, *full.shape[2:])
        weight = torch.cat([blank[:, :, :1] > 0, known[:, n:, None]], 1) & given.present[:, None, None]
        target = torch.where(weight, to_target(network.config, torch.cat([blank, full], 1), given), 0.0)
        return loss(call, network.config, target, weight.float(), given, generator, l1=2 * (1 - progress), at_zero=0.75)

    return step


def judge(network: UniTS, compile: bool) -> StepLoss:
    """Separate clouds from ground; the invented places differ from those of ``clouds``."""
    real = Source(sample(), **TRAIN, least=0.6)
    return judging(network, Places(real, invented(real.bands, 24, first=2100), 0.6), compile=compile)


def forecast(network: UniTS, compile: bool) -> StepLoss:
    """Forecast the Romanian cube, and invented ones; its last two years are not used."""
    real = History.of(Source(sample(), columns=TRAIN["columns"], least=LEAST), UNTIL)
    others = [h for s in invented(real.source.bands, 24) if len((h := History.of(s)).origins)]
    return seasons(network, real, others, 0.5, compile=compile)


def class_maps(network: UniTS, scenes: Scenes, *, compile: bool) -> StepLoss:
    """Learn class maps of simulated scenes under clouds; radar is dropped from half of the batches."""
    call = compiled(network, compile)

    def step(rng: np.random.Generator, generator: torch.Generator, progress: float) -> Tensor:
        given, classes = scenes.draw(rng, BATCH, radar=bool(rng.random() < 0.5), turn=True)
        target = one_hot(classes, network.config.classes)
        return loss(call, network.config, target, torch.ones(1), given, generator, at_zero=0.7)

    return step


def change(network: UniTS, compile: bool) -> StepLoss:
    """Map the land cover of simulated scenes."""
    return class_maps(network, Scenes(range(1000, 1400)), compile=compile)


def begin(network: UniTS, other: UniTS) -> None:
    """Load another network's weights wherever the shapes agree: class maps have a different first and last layer."""
    own = network.state_dict()
    network.load_state_dict(own | {k: v for k, v in other.state_dict().items() if v.shape == own[k].shape})


@dataclass(frozen=True, slots=True)
class Recipe:
    """Task, initial weights, processor time and learning rate of a training."""

    loss: Callable[..., StepLoss]
    start: str  # weights to continue from, in RUNS; "" starts from scratch
    cpu_minutes: float
    peak: float
    config: str = "tiny"
    data: bool = False  # reads files


RECIPES = {
    "places": Recipe(places, "", 60, 1.5e-3, config="compact", data=True),
    "reconstruct": Recipe(reconstruct, "", 75, 1.5e-3),
    "clouds": Recipe(clouds, "units-reconstruct", 57, 8e-4),
    "judge": Recipe(judge, "units-clouds", 15, 2e-3),
    "forecast": Recipe(forecast, "units-reconstruct", 15, 5e-4),
    "change": Recipe(change, "units-reconstruct", 86, 1.5e-3),
}


def main() -> None:
    """Run one recipe from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=sorted(RECIPES))
    parser.add_argument("--config", choices=sorted(CONFIGS), help="in place of the recipe's")
    parser.add_argument("--data", type=Path, help="folder of the series that places reads")
    parser.add_argument("--start", help="weights to continue from, in place of the recipe's")
    parser.add_argument("--minutes", type=float, help="processor time, in place of the recipe's")
    parser.add_argument("--steps", type=int, default=0, help="in place of processor time: repeatable")
    parser.add_argument("--peak", type=float, help="highest learning rate, in place of the recipe's")
    parser.add_argument("--compile", action="store_true", help="saves time in runs of more than an hour")
    args = parser.parse_args()
    recipe = RECIPES[args.task]
    torch.manual_seed(0)
    start = args.start or (recipe.start and RUNS / f"{recipe.start}.safetensors")
    if recipe.data and (args.data is None or not args.data.is_dir()):
        raise SystemExit(f"{args.task} reads series: give their folder with --data.")
    config = CONFIGS[args.config or recipe.config]
    if not recipe.data:
        config = dataclasses.replace(config, bands=bands(sample()))
    if args.task == "change":
        config = dataclasses.replace(CONFIGS[args.config], target="classes", classes=len(CLASSES))
    if args.task == "judge":
        config = dataclasses.replace(config, judge=32)
    network = UniTS(config)
    if start:
        begin(network, load(Path(start)))
    minutes = 0.0 if args.steps else args.minutes or recipe.cpu_minutes
    name = f"units-{args.task}"
    peak = args.peak or recipe.peak
    step_loss = recipe.loss(network, args.compile, *([args.data] if recipe.data else []))
    done = train(name, network, step_loss, RUNS, cpu_minutes=minutes, steps=args.steps, peak=peak)
    digest = save(network, RUNS / f"{name}.safetensors")
    report = {**done, "sha256": digest}
    (RUNS / f"{name}.json").write_text(json.dumps(report))
    print(report)


if __name__ == "__main__":
    main()
