"""Train forecasting networks on ETTh1: ``python -m training.forecast itransformer --data FOLDER``; resumable, with a log.

The standard protocol: 12/4/4 months of 30 days, z-score on the training part, all windows at stride 1, errors in
standard deviations over all channels. Training stops when the validation error has not fallen for a few epochs; the
best epoch is tested, once. Each run adds a row to ``training/runs/forecast.jsonl``.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from eowidgets.learn import Plan, Report, Step, fit
from eowidgets.models.forecast.networks.network import SeriesNetwork, make_network

RUNS = Path("training/runs")
MONTH = 30 * 24
BORDERS = (0, 12 * MONTH, 16 * MONTH, 20 * MONTH)
COLUMNS = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A network with its training settings.

    Parameters
    ----------
    network : str
    lookback, horizon, batch, epochs, patience : int
    rate : float
        Learning rate, times ``decay`` after every epoch.
    minutes : float
        Processor time after which training stops in any case.
    univariate : bool
        The oil temperature only.
    clip : float
        Largest norm of the gradient.
    options : dict
        For the network.
    """

    network: str
    lookback: int
    horizon: int = 96
    batch: int = 32
    epochs: int = 10
    patience: int = 3
    rate: float = 1e-4
    decay: float = 0.5
    weight_decay: float = 0.0
    minutes: float = 8.0
    univariate: bool = False
    clip: float = 1.0
    seed: int = 0
    options: dict[str, Any] = field(default_factory=dict)


#: Sized for a few minutes on one core each.
RECIPES = {
    "itransformer": Recipe("itransformer", 96, rate=5e-4, decay=0.6, options={"width": 256, "hidden": 256}),
    "patchtst": Recipe("patchtst", 336, batch=128, rate=5e-4, decay=0.8, epochs=12, minutes=8),
    "timemixer": Recipe("timemixer", 96, batch=128, rate=1e-2, decay=0.6, epochs=7, minutes=5),
    "timesnet": Recipe("timesnet", 96, rate=5e-4, decay=0.5, epochs=6, minutes=5, options={"periods": 5, "kernels": 4}),
    # Training of its authors, with the calendar as input.
    "timesnet-published": Recipe(
        "timesnet", 96, decay=0.5, minutes=20, clip=1e9, options={"periods": 5, "kernels": 6, "marks": 4}
    ),
    "spacetime-ot-720": Recipe(
        "spacetime",
        336,
        horizon=720,
        rate=2e-3,
        decay=0.6,
        epochs=5,
        minutes=4,
        univariate=True,
        weight_decay=1e-4,
        options={"kernels": 32},
    ),
    "nlinear": Recipe("nlinear", 336, batch=64, rate=1e-3, decay=0.6, epochs=8, minutes=2),
    "dlinear": Recipe("dlinear", 336, batch=64, rate=1e-3, decay=0.6, epochs=8, minutes=2),
    "nlinear-720": Recipe("nlinear", 336, horizon=720, batch=64, rate=1e-3, decay=0.6, epochs=8, minutes=2),
    "dlinear-720": Recipe("dlinear", 336, horizon=720, batch=64, rate=1e-3, decay=0.6, epochs=8, minutes=2),
    "patchtst-720": Recipe("patchtst", 336, horizon=720, batch=128, rate=5e-4, decay=0.8, epochs=8, minutes=7),
    "itransformer-720": Recipe(
        "itransformer", 96, horizon=720, rate=5e-4, decay=0.6, options={"width": 256, "hidden": 256}
    ),
}


@dataclass(frozen=True, slots=True)
class Etth1:
    """The three parts, each with as many steps before it as the look-back needs; z-scored, (t, c + marks)."""

    train: Tensor
    valid: Tensor
    test: Tensor

    @classmethod
    def read(cls, folder: Path, lookback: int, univariate: bool, marks: int = 0) -> Etth1:
        """Read ``ETTh1.csv`` from a folder or below it, with ``marks`` columns of the calendar, up to four."""
        path = next(iter(sorted(folder.rglob("ETTh1.csv"))), None)
        if path is None:
            raise SystemExit(f"No ETTh1.csv in {folder}: give the folder of ETDataset with --data.")
        table = np.loadtxt(path, delimiter=",", skiprows=1, usecols=range(1, 8))
        first, second, third, last = BORDERS
        table = table[:, -1:] if univariate else table
        known = table[:second]
        table = (table - known.mean(0)) / known.std(0)
        if marks:
            hours = np.loadtxt(path, delimiter=",", skiprows=1, usecols=0, dtype="datetime64[h]")
            table = np.concatenate([table, calendar(hours)[:, :marks]], axis=1)
        table = torch.from_numpy(table).float()
        return cls(table[first:second], table[second - lookback : third], table[third - lookback : last])


def calendar(hours: np.ndarray) -> np.ndarray:
    """Compute hour of the day, day of the week, of the month and of the year, each in -0.5..0.5, (t, 4)."""
    days = hours.astype("datetime64[D]")
    month = (days - days.astype("datetime64[M]")).astype(int)
    year = (days - days.astype("datetime64[Y]")).astype(int)
    week = (days.astype(int) + 3) % 7  # 1970 began on a Thursday
    day = (hours - days).astype(int)
    return np.stack([day / 23, week / 6, month / 30, year / 365], axis=1) - 0.5


def windows(table: Tensor, lookback: int, horizon: int) -> Tensor:
    """Return all windows at stride 1 without a copy, (n, lookback + horizon, c)."""
    return table.unfold(0, lookback + horizon, 1).transpose(1, 2)


@torch.no_grad()
def errors(network: nn.Module, table: Tensor, lookback: int, horizon: int, batch: int = 256) -> tuple[float, float]:
    """Compute mean squared and mean absolute error over all windows, steps and channels."""
    network.eval()
    squared = absolute = 0.0
    cut = windows(table, lookback, horizon)
    for part in cut.split(batch):
        made = network(part[:, :lookback])
        difference = made - part[:, lookback:, : made.shape[-1]]
        squared += float(difference.square().mean()) * len(part) / len(cut)
        absolute += float(difference.abs().mean()) * len(part) / len(cut)
    return squared, absolute


def loss_of(network: SeriesNetwork, x: Tensor, y: Tensor) -> Tensor:
    """Return the squared error, or the loss that the network defines."""
    own = getattr(network, "loss", None)
    loss: Tensor = own(x, y) if own is not None else (network(x) - y).square().mean()
    return loss


def train(name: str, recipe: Recipe, data: Etth1, folder: Path = RUNS) -> tuple[SeriesNetwork, float, int]:
    """Train one network; an interrupted run continues after its last complete epoch.

    Returns
    -------
    network, seconds of processor time, epochs
    """
    torch.manual_seed(recipe.seed)
    length, ahead = recipe.lookback, recipe.horizon
    channels = data.train.shape[1] - int(recipe.options.get("marks", 0))
    network = make_network(recipe.network, length, ahead, channels, **recipe.options)
    cut = windows(data.train, length, ahead)
    batches = -(-len(cut) // recipe.batch)

    def loss(step: Step) -> Tensor:
        epoch, place = divmod(step.number, batches)
        if place == 0:
            torch.manual_seed(recipe.seed * 1000 + epoch)  # dropout
        part = cut[shuffled(len(cut), recipe.seed, epoch).split(recipe.batch)[place]]
        return loss_of(network, part[:, :length], part[:, length:, :channels])

    def schedule(optimiser: torch.optim.Optimizer, _: object) -> LambdaLR:
        return LambdaLR(optimiser, lambda number: recipe.decay ** (number // batches))

    def report(now: Report) -> None:
        epoch = -(-now.step // batches)
        print(f"{name} epoch {epoch}: loss {now.loss:.4f}, validation {now.value:.4f}, {now.seconds:.0f} s", flush=True)

    plan = Plan(
        steps=recipe.epochs * batches,
        minutes=recipe.minutes,
        rate=recipe.rate,
        optimiser=lambda parameters, rate: AdamW(parameters, lr=rate, weight_decay=recipe.weight_decay),
        schedule=schedule,
        clip=recipe.clip,
        every=batches,
        patience=recipe.patience,
    )
    done = fit(
        network,
        loss,
        plan,
        check=lambda: errors(network, data.valid, length, ahead)[0],
        checkpoint=folder / f"forecast-{name}.checkpoint.pt",
        report=report,
    )
    return network, done.seconds, -(-done.step // batches)


@lru_cache(maxsize=1)
def shuffled(count: int, seed: int, epoch: int) -> Tensor:
    """Return the order of the windows in an epoch."""
    return torch.from_numpy(np.random.default_rng([seed, epoch]).permutation(count))


def main() -> None:
    """Train one recipe from the command line, and test it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", choices=sorted(RECIPES))
    parser.add_argument("--data", type=Path, required=True, help="folder with ETTh1.csv in it")
    parser.add_argument("--set", default="{}", help="JSON of fields of the recipe to change")
    parser.add_argument("--name", default="", help="name of the run, if the recipe was changed")
    args = parser.parse_args()
    torch.set_num_threads(1)
    recipe = Recipe(**{**asdict(RECIPES[args.recipe]), **json.loads(args.set)})
    name = args.name or args.recipe
    marks = int(recipe.options.get("marks", 0))
    data = Etth1.read(args.data, recipe.lookback, recipe.univariate, marks)
    network, seconds, epochs = train(name, recipe, data)
    mse, mae = errors(network, data.test, recipe.lookback, recipe.horizon)
    size = sum(p.numel() for p in network.parameters())
    row = {"name": name, "mse": round(mse, 4), "mae": round(mae, 4), "cpu_s": round(seconds), "epochs": epochs}
    line = json.dumps({**row, "parameters": size, "recipe": asdict(recipe)})
    with (RUNS / "forecast.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    print(line)


if __name__ == "__main__":
    main()
