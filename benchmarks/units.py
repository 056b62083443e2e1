"""Quality and speed of UniTS beside its rivals: ``python -m benchmarks.units [part ...]`` prints the tables.

Everything is measured in one run on the same windows: real cubes for gaps, clouds and forecasts, simulated scenes
for change. Hold-outs are those of ``training/windows.py``. The rivals' weights come from ``training.rivals``; a rival
that was not trained here is left out, and so is a model without weights.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

import eowidgets as eow
from eowidgets.models.base import Batch
from eowidgets.models.units import weights
from eowidgets.models.units.adapters import FindAndFill, UniTSClouds, UniTSModel, UniTSReconstruct
from eowidgets.models.units.condition import condition, interpolate
from eowidgets.models.units.config import BANDS
from training.windows import Source, Windows

Fill = Callable[[Windows, tuple[str, ...]], Tensor]

EAST = {"columns": (2 / 3, 1.0)}
SEEN = {**EAST, "dates_until": 0.6}
NEW = {**EAST, "dates_from": 0.6}
WINDOWS = 96


# ---------------------------------------------------------------- metrics


def scores(made: Tensor, truth: Tensor, where: Tensor) -> dict[str, float]:
    """PSNR, MAE, SAM over the pixels ``where``, and SSIM of whole frames that have any of them."""
    inside = where[:, :, None].expand_as(truth)
    error = (made - truth)[inside]
    a, b = (v.movedim(2, -1)[where] for v in (made, truth))
    angle = functional.cosine_similarity(a, b, dim=-1).clamp(-1, 1).acos().rad2deg()
    frames = where.flatten(2).any(-1)
    return {
        "PSNR dB": -10 * math.log10(float(error.square().mean())),
        "MAE": float(error.abs().mean()),
        "SAM deg": float(angle.nanmean()),
        "SSIM": float(ssim(made[frames], truth[frames])),
    }


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """Structural similarity (Wang et al., 2004) with an 11-pixel Gaussian, data range 1; (n, c, h, w)."""
    line = torch.exp(-((torch.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
    kernel = (line[:, None] * line / line.sum() ** 2).expand(a.shape[1], 1, 11, 11)

    def blur(x: Tensor) -> Tensor:
        return functional.conv2d(x, kernel, groups=x.shape[1])

    ma, mb = blur(a), blur(b)
    va, vb, cov = blur(a * a) - ma**2, blur(b * b) - mb**2, blur(a * b) - ma * mb
    c1, c2 = 0.01**2, 0.03**2
    return (((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma**2 + mb**2 + c1) * (va + vb + c2))).mean()


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
    """Measurement of the nearest clear date of each pixel (or the last one before it, if there is one)."""
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
        for i in range(len(w.x)):  # windows have dates of their own
            one = slice(i, i + 1)
            batch = batch_of(w.x[one], w.x[one], seen(w)[one], w.days[i], names)
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
    found["units-reconstruct"] = by_model(UniTSReconstruct(network))
    found["units-reconstruct, mean of 8 samples"] = by_model(UniTSReconstruct(network, samples=8))
    return found


def reconstruction_network():
    return _network("units-reconstruct")


def cloud_networks() -> FindAndFill:
    return FindAndFill(_network("units-clouds"), reconstruction_network())


def _network(name: str):
    """Shipped weights, or those of a run that has just ended."""
    from training.units import RUNS

    shipped = weights.FOLDER / f"{name}.safetensors"
    return weights.load(shipped if shipped.exists() else RUNS / f"{name}.safetensors")


# ---------------------------------------------------------------- parts


def reconstruct() -> None:
    """Gaps borrowed from real cloud masks, and runs of hidden dates."""
    cube = eow.open("romania")
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
    """Another place, sensor product and season, never trained on; masks are those of Romania."""
    cube = eow.open("bouconne")
    masks = Source(eow.open("romania")).masks
    source = Source(cube)
    source.masks = masks
    rng = np.random.default_rng(2024)
    w = source.draw(rng, WINDOWS, dates=7, hide=(3, 3))
    for dates in (source.bands, tuple(b for b in source.bands if b in eow.open("romania").data_vars)):
        part = [source.bands.index(b) for b in dates]
        some = Windows(w.x[:, :, part], w.known, w.hidden, w.days)
        title = f"bouconne, never trained on, 3 of 7 dates masked, {len(dates)} bands"
        table(title, {n: scores(f(some, dates), some.x, w.known & w.hidden) for n, f in contestants().items()})


def clouds() -> None:
    """Real clouds of other dates laid over clear dates; no mask is given."""
    for title, hold_out in (("(a) dates seen", SEEN), ("(b) dates never seen", NEW)):
        source = Source(eow.open("romania"), **hold_out)
        w, raw = source.draw_cloudy(np.random.default_rng(2024), WINDOWS)
        model = UniTSClouds(cloud_networks())
        parts = []
        for i in range(len(raw)):
            one = slice(i, i + 1)
            nothing = torch.zeros_like(w.known[one])  # no mask: the cube says nothing of clouds
            parts.append(model.predict(batch_of(raw[one], raw[one], nothing, w.days[i], source.bands))["reflectance"])
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
    """Share of hidden truth inside the central 80 % of 16 samples."""
    from eowidgets.models.units.adapters import given_batch

    rows = {}
    for title, hold_out in (("(a)", SEEN), ("(b)", NEW)):
        source = Source(eow.open("romania"), **hold_out)
        w = source.draw(np.random.default_rng(77), 32)
        model = UniTSReconstruct(reconstruction_network(), samples=16)
        index = [BANDS.index(b) for b in source.bands]
        inside, total, width = 0, 0, 0.0
        for i in range(len(w.x)):
            one = slice(i, i + 1)
            batch = batch_of(w.x[one], w.x[one], seen(w)[one], w.days[i], source.bands)
            made = model.sampled(given_batch(batch, batch.usable), model.network(), known=batch.usable)[:, :, :, index]
            low, high = made.quantile(torch.tensor([0.1, 0.9]), dim=0)
            where = (w.known & w.hidden)[one][:, :, None].expand_as(low)
            hit = ((w.x[one] >= low) & (w.x[one] <= high))[where]
            inside, total = inside + int(hit.sum()), total + hit.numel()
            width += float((high - low)[where].sum())
        rows[title] = {"covered %": 100 * inside / total, "mean width": width / total}
    table("80 % intervals of 16 samples (72 to 88 % is honest)", rows)


def steps() -> None:
    """Quality and cost against the number of steps and samples."""
    source = Source(eow.open("romania"), **SEEN)
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
    """One 128 x 128 x 12 area at default steps, in windows with halo as the engine cuts them."""
    source = Source(eow.open("romania"), **SEEN)
    rows = {}
    for name, cls in (("units-reconstruct", UniTSReconstruct), ("units-clouds", UniTSClouds)):
        model = cls(reconstruction_network() if cls is UniTSReconstruct else cloud_networks())
        size, halo = cls.window.size, cls.window.halo
        count = math.ceil((128 - 2 * halo) / (size - 2 * halo)) ** 2
        w = source.draw(np.random.default_rng(0), 1)
        x = w.x.repeat(count, 1, 1, 1, 1)
        batch = batch_of(x, x, seen(w).repeat(count, 1, 1, 1), w.days[0], source.bands)
        model.predict(batch)
        best = math.inf
        for _ in range(3):
            start = time.perf_counter()
            model.predict(batch)
            best = min(best, time.perf_counter() - start)
        rows[name] = {"windows": count, "seconds": best, "Mpx·dates/s": 128 * 128 * 12 / 1e6 / best}
    table("128 x 128 x 12 at default steps", rows)


def simulator() -> None:
    """Throughput of the scene simulator."""
    from eowidgets.cube.simulate import simulate

    rows = {}
    for side in (128, 256, 512):
        best = 0.0
        for _ in range(4):
            start = time.perf_counter()
            scene = simulate(height=side, width=side, seed=3)
            best = max(best, scene.classes.size / 1e6 / (time.perf_counter() - start))
        rows[f"{side} px, {scene.classes.sizes['time']} dates, 10 bands, radar, truth"] = {"Mpx·dates/s": best}
    table("simulator", rows)


PARTS = {f.__name__: f for f in (reconstruct, bouconne, clouds, spread, steps, speed, simulator)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], help="all by default")
    args = parser.parse_args()
    torch.set_num_threads(2)
    torch.manual_seed(0)
    for part in args.part or PARTS:
        PARTS[part]()
    runs = Path("training/runs")
    for path in sorted(runs.glob("*.json")):
        print(path.stem, json.loads(path.read_text()))


if __name__ == "__main__":
    main()
