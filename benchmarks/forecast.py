"""Accuracy and speed of the forecasters: ``python -m benchmarks.forecast PART ... --data FOLDER``.

Parts: ``etth1`` (naive forecasts and closed forms at 96 and 720), ``networks`` (trains missing networks, each row
with its processor time), ``ar`` (identifying autoregressive processes), ``kernel`` (the fast convolution kernel against
the naive one), ``pixels`` (a cube's worth of series), ``smoothing`` (ses and theta beside those of the package
statsforecast, if it is installed). Everything is seeded. The first two parts and the last need the data: ETTh1.csv of
ETDataset, unmodified; 12/4/4 months, z-score on the training part, stride 1.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from eowidgets.analysis.forecast.names import forecasters
from eowidgets.learn import Plan
from eowidgets.learn import fit as learn
from eowidgets.models.forecast import Forecaster
from eowidgets.models.forecast.networks.network import make_network
from eowidgets.models.forecast.spacetime.companion import convolve, kernel_fast, kernel_naive, stable
from eowidgets.models.forecast.spacetime.network import Companion
from training.forecast import RECIPES, Etth1, errors, train, windows

#: Forecasters of series by short name.
SERIES = {name: kind for name, kind in forecasters().items() if issubclass(kind, Forecaster)}
#: Published errors at the same look-back and horizon: (MSE, MAE). Checked against other people's copies of the tables, because
#: the papers themselves were not available: linear models (Zeng et al., 2023, table 2) and PatchTST/42 (Nie et al., 2023,
#: table 3; at 96 also the log in its repository: 0.3751 / 0.3994) as copied by work on FITS; iTransformer and TimesNet as
#: in the table of the iTransformer paper (Liu et al., 2024), copied by FilterTS and others; TimeMixer (Wang et al., 2024) as
#: in a later reproduction (with its own script: 0.380 / 0.400, kwuking/TimeMixer#52); SpaceTime (Zhang et al., 2023) from
#: memory.
PUBLISHED = {
    "itransformer": (0.386, 0.405),
    "itransformer-720": (0.503, 0.491),
    "patchtst": (0.375, 0.399),
    "timemixer": (0.375, 0.400),
    "timesnet": (0.384, 0.402),
    "nlinear": (0.374, 0.394),
    "dlinear": (0.375, 0.399),
    "nlinear-720": (0.440, 0.453),
    "dlinear-720": (0.472, 0.490),
    "spacetime-ot-720": (0.076, 0.222),
    "patchtst-720": (0.449, 0.466),
}


class Repeat(nn.Module):
    """Repeat the last ``season`` steps."""

    def __init__(self, horizon: int, season: int) -> None:
        super().__init__()
        self.horizon, self.season = horizon, season

    def forward(self, x: Tensor) -> Tensor:
        times = -(-self.horizon // self.season)
        return x[:, -self.season :].repeat(1, times, 1)[:, : self.horizon]


def etth1(data: Path) -> None:
    """Print the results that need no training loop."""
    print("| ETTh1 | horizon | channels | MSE | MAE | seconds |\n|---|---|---|---|---|---|")
    for horizon, univariate in ((96, False), (720, False), (720, True)):
        parts = Etth1.read(data, 336, univariate)
        cut = windows(parts.train, 336, horizon)
        channels = "OT" if univariate else "7"
        for name in ("last value", "season of 24", "nlinear, ridge", "dlinear, ridge"):
            clock = time.perf_counter()
            if name.endswith("ridge"):
                network = make_network(name.split(",")[0], 336, horizon, 1)
                network.solve(cut[:, :336], cut[:, 336:], ridge=100.0)
            else:
                network = Repeat(horizon, 24 if "24" in name else 1)
            mse, mae = errors(network, parts.test, 336, horizon)
            print(f"| {name} | {horizon} | {channels} | {mse:.3f} | {mae:.3f} | {time.perf_counter() - clock:.1f} |")


def networks(data: Path, only: list[str]) -> None:
    """Train (or resume) the recipes, and test the epoch with the best validation error."""
    print(
        "| network | horizon | MSE | MAE | published | MSE / published | cpu s | epochs |\n|---|---|---|---|---|---|---|---|"
    )
    for name in only or RECIPES:
        recipe = RECIPES[name]
        marks = int(recipe.options.get("marks", 0))
        parts = Etth1.read(data, recipe.lookback, recipe.univariate, marks)
        network, seconds, epochs = train(name, recipe, parts)
        mse, mae = errors(network, parts.test, recipe.lookback, recipe.horizon)
        paper = PUBLISHED[name]
        row = f"| {name} | {recipe.horizon} | {mse:.3f} | {mae:.3f} | {paper[0]:.3f} / {paper[1]:.3f} "
        print(f"{row}| {mse / paper[0]:.3f} | {seconds:.0f} | {epochs} |", flush=True)


#: Number of steps of the recursive forecast of a model of an AR process.
AHEAD = 50
#: Poles (radius, angle) of the processes: slowly damped oscillations, similar to seasons.
POLES = {2: [(0.98, 0.6)], 4: [(0.98, 0.6), (0.97, 1.8)], 6: [(0.98, 0.6), (0.97, 1.5), (0.97, 2.4)]}


def coefficients(order: int) -> Tensor:
    """Return the coefficients of the values one step, two steps, ... ago, (order,), float64."""
    polynomial = torch.ones(1, dtype=torch.float64)
    for radius, angle in POLES[order]:
        factor = torch.tensor([1.0, -2 * radius * math.cos(angle), radius**2], dtype=torch.float64)
        grown = torch.zeros(len(polynomial) + 2, dtype=torch.float64)
        for i, value in enumerate(polynomial):
            grown[i : i + 3] += value * factor
        polynomial = grown
    return -polynomial[1:]


def process(order: int, series: int, length: int) -> Tensor:
    """Return series of an AR(order) process driven by noise of variance 1, (series, length)."""
    generator = torch.Generator().manual_seed(order)
    x = torch.randn(series, length + 500, generator=generator, dtype=torch.float64)
    weight = coefficients(order)
    for t in range(order, length + 500):
        x[:, t] += x[:, t - order : t].flip(1) @ weight
    return x[:, 500:].float()


class Diagonal(nn.Module):
    """S4D of Gu et al. (2022): ``states`` real eigenvalues (S4D-Real), or half as many complex pairs (S4D-Lin)."""

    def __init__(self, states: int, pairs: bool) -> None:
        super().__init__()
        n = states // 2 if pairs else states
        self.step = nn.Parameter(torch.empty(n).uniform_(math.log(1e-3), math.log(1e-1)))
        self.rate = nn.Parameter(torch.full((n,), math.log(0.5)) if pairs else torch.arange(1.0, n + 1).log())
        self.turn = nn.Parameter(math.pi * torch.arange(n).float(), requires_grad=pairs)
        self.c = nn.Parameter(torch.randn(n, 2))
        self.pairs = pairs

    def forward(self, u: Tensor) -> Tensor:
        exponent = torch.complex(-self.rate.exp(), self.turn if self.pairs else torch.zeros_like(self.turn))
        read = torch.view_as_complex(self.c) if self.pairs else self.c[:, 0].to(torch.complex64)
        power = ((self.step.exp() * exponent)[:, None] * torch.arange(u.shape[-1])).exp()
        return convolve((read[:, None] * power).real.sum(0, keepdim=True), u)


def ar() -> None:
    """Fit the next value of AR processes; each model the best of two rates of its dynamics, by the training error.

    Two results are printed: the error of the next value over the noise variance, and, for a recursive forecast of 50 steps,
    the deviation from the process without noise, as a share of its variance. The diagonal models are also trained at the
    rate of 0.001 that their authors use for the dynamics (example.py of state-spaces/s4).
    """
    names = ("companion", "real diagonal", "complex diagonal", "real, authors' rate", "complex, authors' rate")
    print(f"| AR(p) | | {' | '.join(names)} | cpu s |\n|{'---|' * (len(names) + 3)}")
    for order in POLES:
        x = process(order, 96, 200)
        known, asked = x[:64], x[64:]
        noise = float(residual(order, asked))
        path = asked.double()
        for _ in range(AHEAD):
            path = torch.cat([path, path[:, -order:].flip(1) @ coefficients(order)[:, None]], dim=1)
        one, many, clock = [], [], time.process_time()
        tuned, theirs = (0.1, 1.0), (1 / 30,)
        for make, rates in (
            (lambda p: Companion(1, p), tuned),
            (lambda p: Diagonal(p, pairs=False), tuned),
            (lambda p: Diagonal(p, pairs=True), tuned),
            (lambda p: Diagonal(p, pairs=False), theirs),
            (lambda p: Diagonal(p, pairs=True), theirs),
        ):
            runs = [fit(make, order, known, slower) for slower in rates]
            _, model = min(runs, key=lambda run: run[0])
            one.append(float(error(model, asked, known.std()).detach()) / noise)
            apart = (run_on(model, asked, known.std()) - path)[:, -AHEAD:].square().mean()
            many.append(float(apart / path[:, -AHEAD:].square().mean()))
        row = " | ".join(f"{v:.3f}" for v in one)
        print(f"| {order} | next value / noise | {row} | {time.process_time() - clock:.0f} |")
        row = " | ".join(f"{v:.2g}" for v in many)
        print(f"| {order} | {AHEAD} steps alone / variance | {row} | |", flush=True)


def residual(order: int, x: Tensor) -> Tensor:
    """Return the noise variance of the test series: the error of the least-squares coefficients."""
    rows = x.double().unfold(1, order + 1, 1)[:, 20 - order :].flatten(0, 1)
    past, value = rows[:, :-1], rows[:, -1:]
    return (value - past @ torch.linalg.lstsq(past, value).solution).square().mean()


def error(model: nn.Module, x: Tensor, scale: Tensor) -> Tensor:
    """Return the squared error of the next value, from step 20 on."""
    return (model((x / scale)[:, None])[:, 0, 19:-1] * scale - x[:, 20:]).square().mean()


@torch.no_grad()
def run_on(model: nn.Module, x: Tensor, scale: Tensor) -> Tensor:
    """Return the series, and their recursive forecast by the model."""
    path = x / scale
    for _ in range(AHEAD):
        path = torch.cat([path, model(path[:, None])[:, 0, -1:]], dim=1)
    return path * scale


def fit(make, order: int, known: Tensor, slower: float, updates: int = 2000) -> tuple[float, nn.Module]:
    """Train on the next value; return the training error and the model."""
    torch.manual_seed(0)
    model, scale, rate = make(order), known.std(), 3e-2
    dynamics = [p for name, p in model.named_parameters() if name != "c" and p.requires_grad]
    groups = [{"params": [model.c], "lr": rate}, {"params": dynamics, "lr": rate * slower}]
    plan = Plan(
        steps=updates,
        rate=rate,
        optimiser=lambda *_: torch.optim.Adam(groups, betas=(0.9, 0.99)),
        schedule=lambda optimiser, _: torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, updates),
        every=updates,
    )
    learn(model, lambda step: error(model, known, scale) / scale**2, plan)
    with torch.no_grad():
        return float(error(model, known, scale)), model


def kernel(length: int = 8192, states: int = 64, kernels: int = 64) -> None:
    """Time the two kernels at one length."""
    torch.manual_seed(0)
    a, b, c = stable(torch.randn(kernels, states)), torch.randn(kernels, states) / 8, torch.randn(kernels, states) / 8
    seconds = {}
    for make in (kernel_naive, kernel_fast):
        times = []
        for _ in range(4):
            clock = time.perf_counter()
            made = make(a, b, c, length)
            times.append(time.perf_counter() - clock)
        seconds[make.__name__] = min(times[1:])
    exact = kernel_naive(a.double(), b.double(), c.double(), length)
    apart = float((kernel_fast(a, b, c, length) - exact).abs().max())
    ratio = seconds["kernel_naive"] / seconds["kernel_fast"]
    print(f"length {length}, {kernels} kernels of {states} states: naive {seconds['kernel_naive']:.3f} s, ", end="")
    print(
        f"fast {seconds['kernel_fast']:.4f} s, ratio {ratio:.0f}; largest difference {apart:.1e} of {made.abs().max():.2f}"
    )


def pixels(only: list[str]) -> None:
    """Forecast 100 × 100 series of 140 irregular dates, a third of the values missing, 180 days ahead every 5 days."""
    generator = torch.Generator().manual_seed(0)
    days = 17_000 + torch.sort(torch.rand(140, generator=generator, dtype=torch.float64) * 1980)[0]
    values = 0.5 + 0.3 * torch.sin(days / 365.2425 * 2 * math.pi).float().reshape(1, -1, 1)
    values = values + 0.03 * torch.randn(10_000, 140, 1, generator=generator)
    mask = torch.rand(values.shape, generator=generator) > 1 / 3
    future = days[-1] + torch.arange(5.0, 181.0, 5.0)
    print("| forecaster | fit, cpu s | 10 000 series, cpu s | 10 000 series, s |\n|---|---|---|---|")
    for name in only or SERIES:
        if name in ("chronos", "fracast"):
            continue
        model = SERIES[name]()
        start = time.process_time()
        model.fit(values, days, mask)
        fitted, clock = time.process_time(), time.perf_counter()
        model.forecast(values, days, mask, future)
        spent, wall = time.process_time() - fitted, time.perf_counter() - clock
        print(f"| {name} | {fitted - start:.1f} | {spent:.2f} | {wall:.2f} |", flush=True)


def smoothing(data: Path, windows_each: int = 40, past: int = 336, ahead: int = 24) -> None:
    """Forecast a day of hourly, complete series by our models and statsforecast; errors in standard deviations."""
    try:
        from statsforecast.models import AutoETS, SeasonalNaive, SimpleExponentialSmoothingOptimized, Theta
    except ImportError:
        print("smoothing: install statsforecast first.")
        return
    test = Etth1.read(data, past, False).test
    cut = windows(test, past, ahead)
    some = cut[torch.linspace(0, len(cut) - 1, windows_each).long()].transpose(1, 2).flatten(0, 1)  # n (t + h)
    known, later = some[:, :past, None], some[:, past:]
    days = torch.arange(past + ahead).double()  # an hour is a day here, and a day a season

    def ours(name: str, **params: float) -> Tensor:
        model = SERIES[name](season=24, **params)
        return model.forecast(known, days[:past], None, days[past:])[..., 0]

    def theirs(model) -> Tensor:
        made = [torch.from_numpy(model.forecast(row.double().numpy(), ahead)["mean"]) for row in known[..., 0]]
        return torch.stack(made).float()

    rows = {
        "seasonal naive, ours": lambda: ours("seasonal-naive"),
        "seasonal naive, statsforecast": lambda: theirs(SeasonalNaive(24)),
        "ses without season, ours": lambda: ours("ses", terms=0, pull=0.0),
        "ses without season, statsforecast": lambda: theirs(SimpleExponentialSmoothingOptimized()),
        "ses around the season, ours": lambda: ours("ses"),
        "ETS(A,N,A), statsforecast": lambda: theirs(AutoETS(24, model="ANA")),
        "theta, ours": lambda: ours("theta"),
        "theta, statsforecast": lambda: theirs(Theta(24)),
    }
    print(f"| {len(some)} series of {past} hours, {ahead} ahead | MAE | RMSE | seconds |\n|---|---|---|---|")
    for name, make in rows.items():
        make()  # triggers compilation
        clock = time.perf_counter()
        apart = make() - later
        seconds = time.perf_counter() - clock
        error, root = float(apart.abs().mean()), float(apart.square().mean().sqrt())
        print(f"| {name} | {error:.3f} | {root:.3f} | {seconds:.2f} |", flush=True)


def main() -> None:
    """Run the requested parts."""
    parts = ("etth1", "networks", "ar", "kernel", "pixels", "smoothing")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*parts, []], help="none: all of them")
    parser.add_argument("--data", type=Path, help="folder with ETTh1.csv in it")
    parser.add_argument("--only", nargs="*", default=[], choices=sorted(RECIPES), help="recipes to train")
    parser.add_argument("--models", nargs="*", default=[], choices=sorted(SERIES), help="for pixels")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for part in args.parts or parts:
        if part in ("etth1", "networks", "smoothing"):
            if args.data is None:
                parser.error(f"{part} needs --data FOLDER with ETTh1.csv in it")
            {"etth1": etth1, "smoothing": smoothing, "networks": lambda data: networks(data, args.only)}[part](
                args.data
            )
        else:
            {"ar": ar, "kernel": kernel, "pixels": lambda: pixels(args.models)}[part]()
        print()


if __name__ == "__main__":
    main()
