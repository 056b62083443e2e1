"""Gaps, clouds, uncertainty and speed of UniTS and its peers: ``python -m benchmarks.units [part ...]`` prints tables.

Forecasts and change are in ``benchmarks/units_tasks.py``. All are measured in one run on the same windows. Hold-outs are
those of ``training/windows.py``. The weights of the peers come from ``training.rivals``; peers that were not trained
here and models without weights are skipped.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from torch import Tensor

import eowidgets as eow
from eowidgets import metrics
from eowidgets.contract.feeds import Batch
from eowidgets.engine.device import fast_autocast
from eowidgets.models.units import weights
from eowidgets.models.units.adapters import UniTSModel, UniTSReconstruct
from eowidgets.models.units.between import interpolate
from eowidgets.models.units.clouds import FindAndFill, UniTSClouds
from eowidgets.models.units.condition import condition
from eowidgets.models.units.config import BANDS
from eowidgets.models.units.network import UniTS
from eowidgets.models.units.regression import regress
from training.windows import Source, Windows

Fill = Callable[[Windows, tuple[str, ...]], Tensor]

EAST = {"columns": (2 / 3, 1.0)}
SEEN = {**EAST, "dates_until": 0.6}
NEW = {**EAST, "dates_from": 0.6}
WEST_NEW = {"columns": (0.0, 2 / 3), "dates_from": 0.6}
WINDOWS = 96


def romania() -> xr.Dataset:
    """Open the sample with clouds that its scene mask missed removed from input and reference."""
    return eow.open("romania", clouds="robust")


# ---------------------------------------------------------------- metrics


def scores(predicted: Tensor, target: Tensor, where: Tensor) -> dict[str, float]:
    """Compute PSNR, MAE, SAM over the pixels ``where``, and SSIM of whole frames that have any of them."""
    frames = where.flatten(2).any(-1)
    inside = where[:, :, None]
    return {
        "PSNR dB": metrics.psnr(predicted, target, inside),
        "MAE": metrics.mae(predicted, target, inside),
        "SAM deg": metrics.sam(predicted, target, where),
        "SSIM": metrics.ssim(predicted[frames], target[frames]),
    }


def table(title: str, rows: dict[str, dict[str, float]]) -> None:
    columns = list(next(iter(rows.values())))
    print(f"\n### {title}\n\n| | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
    for name, row in rows.items():
        print(f"| {name} | " + " | ".join(f"{row[c]:.4g}" if c in row else "" for c in columns) + " |", flush=True)


# ---------------------------------------------------------------- baselines and models


def seen(w: Windows) -> Tensor:
    return w.known & ~w.hidden


def linear(w: Windows, names: tuple[str, ...]) -> Tensor:
    return interpolate(w.x * seen(w)[:, :, None], seen(w), w.days)[0]


def closest(w: Windows, names: tuple[str, ...], *, before_only: bool = False) -> Tensor:
    """Return the measurement of the nearest clear date of each pixel (or, if there is one, of the last one before it)."""
    usable = seen(w)
    distance = (w.days[:, :, None] - w.days[:, None]).float()  # b t s
    cost = distance.abs() + (1e4 * (distance < 0) if before_only else 0)
    cost = cost[..., None, None] + 1e6 * ~usable[:, None]
    best = cost.argmin(dim=2)  # b t h w
    filled = w.x.gather(1, best[:, :, None].expand_as(w.x))
    return torch.where(usable.any(1)[:, None, None], filled, linear(w, names))


def last(w: Windows, names: tuple[str, ...]) -> Tensor:
    return closest(w, names, before_only=True)


def batch_of(x: Tensor, raw: Tensor, usable: Tensor, days: Tensor, names: tuple[str, ...]) -> Batch:
    measured = torch.ones_like(usable)
    return Batch(x * usable[:, :, None], usable, measured, raw, days, days, names, torch.zeros(len(x), 2), 10.0)


def by_model(model: UniTSModel) -> Fill:
    def fill(w: Windows, names: tuple[str, ...]) -> Tensor:
        parts = []
        for i in range(len(w.x)):  # the dates of every window differ
            one = slice(i, i + 1)
            batch = batch_of(w.x[one], w.x[one], seen(w)[one], w.days[i], names)
            with fast_autocast():
                parts.append(model.predict(batch)["reflectance"])
        return torch.cat(parts)

    return fill


def by_rival(name: str) -> Fill:
    from training.rivals import load

    network = load(name)

    def fill(w: Windows, names: tuple[str, ...]) -> Tensor:
        with torch.inference_mode():
            parts = []
            for i in range(0, len(w.x), 8):
                part = slice(i, i + 8)
                given = condition(w.x[part], seen(w)[part], w.days[part], names)
                parts.append(network(given)[:, :, [BANDS.index(b) for b in names]])
            return torch.cat(parts)

    return fill


def contestants() -> dict[str, Fill]:
    from training.units import RUNS

    found: dict[str, Fill] = {"last": last, "closest": closest, "linear": linear}
    for name in ("regression", "utilise"):
        if (RUNS / f"{name}.safetensors").exists():
            found[name] = by_rival(name)
    network = reconstruction_network()
    alone = copy.deepcopy(network)
    alone.config = dataclasses.replace(network.config, local=0.0)
    found["linear, and the regression on other dates"] = with_regression(linear)
    found["units-reconstruct, the network alone"] = by_model(UniTSReconstruct(alone))
    found["units-reconstruct"] = by_model(UniTSReconstruct(network))
    return found


def with_regression(fill: Fill) -> Fill:
    """Apply the last step of units-reconstruct, the regression on other dates, to another method."""

    def both(w: Windows, names: tuple[str, ...]) -> Tensor:
        return regress(torch.where(seen(w)[:, :, None], w.x, fill(w, names)), seen(w), w.days)

    return both


def reconstruction_network():
    return by_weights("units-reconstruct")


def cloud_networks() -> FindAndFill:
    return FindAndFill(by_weights("units-clouds"), by_weights("units-reconstruct-romania"))


#: Folders that are searched for weights, in this order; ``--weights`` puts another folder first.
FOLDERS = [weights.FOLDER, Path("training/runs")]
#: Files and folders given on the command line, by the name of their option.
FILES: dict[str, Path] = {}


def by_weights(name: str) -> UniTS:
    """Load the shipped weights or those of the last training run."""
    found = [p for folder in FOLDERS if (p := folder / f"{name}.safetensors").exists()]
    if not found:
        raise SystemExit(f"{name} has no weights: train it with python -m training.units {name.removeprefix('units-')}")
    print(f"\n{name}: {found[0]}")
    return weights.load(found[0])


def parts_from_command_line(
    about: str | None, parts: dict[str, Callable[[], None]], with_data: dict[str, Callable[[], None]] | None = None
) -> None:
    """Run the named parts, or all ``parts``; those ``with_data`` run only if named."""
    every = parts | (with_data or {})
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("part", nargs="*", choices=[*every, []], help="all that need no data by default")
    parser.add_argument("--weights", type=Path, help="folder that is searched before the shipped weights")
    parser.add_argument("--data", type=Path, help="folder of the held-out sets of away, and of the series of fit")
    parser.add_argument("--old", type=Path, help="other weights of units-reconstruct to compare in away")
    args = parser.parse_args()
    if args.weights:
        FOLDERS.insert(0, args.weights)
    FILES.update({k: v for k, v in (("data", args.data), ("old", args.old)) if v is not None})
    for part in args.part or parts:
        every[part]()


# ---------------------------------------------------------------- parts


def reconstruct() -> None:
    """Score gaps from real cloud masks of other dates, and runs of hidden dates."""
    cube = romania()
    fills = contestants()
    for title, hold_out, options in (
        ("(a) eastern third, dates seen: half of 12 dates under borrowed masks", SEEN, {}),
        ("(b) eastern third, dates never seen: half of 12 dates under borrowed masks", NEW, {}),
        ("(a) three dates in a row hidden", SEEN, {"run": 3}),
        ("(b) three dates in a row hidden", NEW, {"run": 3}),
    ):
        source = Source(cube, **hold_out)
        w = source.draw(np.random.default_rng(2024), WINDOWS, **options)
        table(title, {n: scores(f(w, source.bands), w.x, w.known & w.hidden) for n, f in fills.items()})


def bouconne() -> None:
    """Score another place, sensor product and season, not in any training set; masks are those of Romania."""
    cube = eow.open("bouconne")
    known, masks = romania().data_vars, Source(romania()).masks
    source = Source(cube)
    source.masks = masks
    rng = np.random.default_rng(2024)
    w = source.draw(rng, WINDOWS, dates=7, hide=(3, 3))
    for dates in (source.bands, tuple(b for b in source.bands if b in known)):
        part = [source.bands.index(b) for b in dates]
        some = Windows(w.x[:, :, part], w.known, w.hidden, w.days)
        title = f"bouconne, never trained on, 3 of 7 dates masked, {len(dates)} bands"
        table(title, {n: scores(f(some, dates), some.x, w.known & w.hidden) for n, f in contestants().items()})


def clouds() -> None:
    """Score real clouds of other dates laid over clear dates; no mask is given."""
    for title, hold_out in (("(a) dates seen", SEEN), ("(b) dates never seen", NEW)):
        source = Source(romania(), **hold_out)
        w, raw = source.draw_cloudy(np.random.default_rng(2024), WINDOWS)
        model = UniTSClouds(cloud_networks())
        parts = []
        for i in range(len(raw)):
            one = slice(i, i + 1)
            nothing = torch.zeros_like(w.known[one])  # no mask: the cube has no information on clouds
            batch = batch_of(raw[one], raw[one], nothing, w.days[i], source.bands)
            with fast_autocast():
                parts.append(model.predict(batch)["reflectance"])
        made = torch.cat(parts)
        rows = {
            "as measured": raw,
            "closest clear date (true mask given)": closest(w, source.bands),
            "linear (true mask given)": linear(w, source.bands),
            "units-clouds (no mask)": made,
        }
        table(f"cloud removal {title}", {n: scores(v, w.x, w.known & w.hidden) for n, v in rows.items()})
        clear = (w.known & ~w.hidden)[:, :, None].expand_as(made)
        print(f"\nclear pixels changed by {float((made - raw)[clear].abs().mean()):.4f} reflectance on average")


def spread() -> None:
    """Print the share of hidden values inside the central 80 % of 16 samples."""
    network, rows = reconstruction_network(), {}
    for title, hold_out in (("(a)", SEEN), ("(b)", NEW)):
        source = Source(romania(), **hold_out)
        w = source.draw(np.random.default_rng(77), 12)
        samples = draw_samples(network, w, source.bands)
        for factor in (1.0, network.config.widen):
            low, high = interval(samples, factor / network.config.widen)
            inside = (w.known & w.hidden)[:, :, None]
            rows[f"{title}, deviations x {factor:g}"] = {
                "covered %": 100 * metrics.coverage(low, high, w.x, inside),
                "mean width": metrics.mae(low, high, inside),
            }
    table("80 % intervals of 16 samples (72 to 88 % is well calibrated)", rows)


def draw_samples(network: UniTS, w: Windows, names: tuple[str, ...]) -> Tensor:
    """Draw 16 samples (k, b, t, c, h, w), widened by the factor of the network."""
    model = UniTSReconstruct(network, samples=16)
    index = [BANDS.index(b) for b in names]
    parts = []
    for i in range(len(w.x)):
        one = slice(i, i + 1)
        batch = batch_of(w.x[one], w.x[one], seen(w)[one], w.days[i], names)
        with fast_autocast():
            made = model.filled(batch, batch.usable, network, network.config.local)
        parts.append(made[:, :, :, index])
    return torch.cat(parts, dim=1)


def interval(samples: Tensor, factor: float) -> tuple[Tensor, Tensor]:
    """Return the central 80 % of the samples after their deviations are multiplied by ``factor``."""
    mean = samples.mean(0)
    low, high = (mean + factor * (samples - mean)).quantile(torch.tensor([0.1, 0.9]), dim=0)
    return low, high


def widen() -> None:
    """Print coverage by factor on deviations on the data it is fitted on: the west, on dates not in the training set."""
    network, source = reconstruction_network(), Source(romania(), **WEST_NEW)
    w = source.draw(np.random.default_rng(78), 12)
    samples, rows = draw_samples(network, w, source.bands), {}
    for factor in (1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5):
        low, high = interval(samples, factor / network.config.widen)
        covered = metrics.coverage(low, high, w.x, (w.known & w.hidden)[:, :, None])
        rows[f"x {factor:g}"] = {"covered %": 100 * covered}
    table("factor on deviations", rows)


def steps() -> None:
    """Print quality and cost by number of steps and samples."""
    source = Source(romania(), **SEEN)
    w = source.draw(np.random.default_rng(5), 32)
    network, rows = reconstruction_network(), {}
    for samples, count, solver in (
        (1, 1, "euler"),
        (1, 2, "euler"),
        (1, 4, "euler"),
        (1, 8, "euler"),
        (1, 4, "heun"),
        (1, 4, "midpoint"),
        (8, 4, "euler"),
        (8, 8, "euler"),
        (16, 8, "euler"),
    ):
        model = UniTSReconstruct(network, samples=samples, steps=count, solver=solver)
        start = time.perf_counter()
        made = by_model(model)(w, source.bands)
        seconds = time.perf_counter() - start
        row = scores(made, w.x, w.known & w.hidden)
        evaluations = samples * count * (1 if solver == "euler" else 2) - samples * (solver == "heun")
        rate = w.x[:, :, 0].numel() / 1e6 / seconds
        rows[f"{samples} x {count} {solver}"] = {
            "evaluations": evaluations,
            "PSNR dB": row["PSNR dB"],
            "Mpx·dates/s": rate,
        }
    table("quality against steps (samples x steps)", rows)


def speed() -> None:
    """Time a 128 x 128 x 12 area at default steps through the engine, without the first run, which loads and plans."""
    from eowidgets.simulate import simulate

    scene = simulate(height=128, width=128, bands=Source(romania()).bands, radar=False, seed=1)
    cube, rows = scene.cube.isel(time=slice(0, 12)), {}
    models = {"units-reconstruct": UniTSReconstruct(), "units-clouds": UniTSClouds()}
    for name, model in models.items():
        eow.run(model, cube)
        times = []
        for _ in range(5):
            start = time.perf_counter()
            eow.run(model, cube)
            times.append(time.perf_counter() - start)
        rows[name] = {"seconds": min(times), "Mpx·dates/s": 128 * 128 * 12 / 1e6 / min(times)}
    table("128 x 128 x 12 at default steps", rows)


def simulator() -> None:
    """Time the scene simulator."""
    from eowidgets.simulate import simulate

    rows = {}
    for side in (128, 256, 512):
        best = 0.0
        for _ in range(4):
            start = time.perf_counter()
            scene = simulate(height=side, width=side, seed=3)
            best = max(best, scene.classes.size / 1e6 / (time.perf_counter() - start))
        rows[f"{side} px, {scene.classes.sizes['time']} dates, 10 bands, radar, truth"] = {"Mpx·dates/s": best}
    table("simulator", rows)


def away() -> None:
    """Score places in no training set: half of the dates masked, and whole dates hidden."""
    from benchmarks.units_away import measure

    measure(folder_of_data(), reconstruction_network(), FILES.get("old"))


def fit() -> None:
    """Compare settings of weights trained on many places, on the validation part of their training sets."""
    from benchmarks.units_fit import tables

    tables(folder_of_data(), reconstruction_network())


def folder_of_data() -> Path:
    if "data" not in FILES:
        raise SystemExit("This part reads series: give their folder with --data.")
    return FILES["data"]


PARTS = {f.__name__: f for f in (reconstruct, bouconne, clouds, spread, widen, steps, speed, simulator)}


if __name__ == "__main__":
    parts_from_command_line(__doc__, PARTS, {"away": away, "fit": fit})
