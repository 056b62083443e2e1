"""Train the small AgriFM on crops and land cover: ``python -m training.encode_agrifm [FOLDER]``; resumes, ships, prints a table.

FOLDER (or EOW_DATA) holds ``sits_modis`` and ``terramind_examples``; the probe also needs ``presto`` and ``formosat_sits``.
As in the paper, maps of land cover are the supervision: the crop of MODIS series of Brazil, each as a small even field, and
the shares of land cover in squares of Sentinel-2 at three places. Places (a tenth of a degree) of every third hash are held out.
"""

from __future__ import annotations

import argparse
import json
import os
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

import eowidgets as eow
from eowidgets.contract.weights import load_strictly, stored, to_json, write
from eowidgets.learn import Plan, one_cycle, train
from eowidgets.models.blocks.plan import Step
from eowidgets.models.encode.agrifm.config import SMALL
from eowidgets.models.encode.agrifm.network import AgriFM
from eowidgets.models.encode.ten_bands import BANDS, MEAN, STD
from training.encode_data import FITTED, HELD, cells, majority, pixels, place
from training.probe import Question, components, probe, table
from training.ship import ship

RUNS = Path("training/runs")
NAME = "agrifm"
FIELDS, SQUARES, RATE, STEPS = 48, 16, 2e-3, 1000
SIDE = 4
#: Bands of MODIS, as those of Sentinel-2 that they are closest to.
MODIS = {"blue": "blue", "red": "red", "nir": "nir", "mir": "swir22"}


def scaled(values: np.ndarray, bands: tuple[str, ...]) -> Tensor:
    """Return what the network sees of reflectance (..., bands): all ten bands, 0 where one is missing."""
    out = np.zeros((*values.shape[:-1], len(BANDS)), "float32")
    for i, band in enumerate(bands):
        k = BANDS.index(band)
        out[..., k] = (values[..., i] - MEAN[k]) / STD[k]
    return torch.from_numpy(out)


def fields(x: Tensor, side: int = SIDE) -> Tensor:
    """Make series (n, t, c) even fields (n, t, c, side, side)."""
    return x[..., None, None].expand(*x.shape, side, side)


class Crops:
    """MODIS series with crops, by place."""

    def __init__(self, folder: Path) -> None:
        x, labels, places = [], [], []
        for name in ("samples_mt_9classes", "cerrado_col6_first3000"):
            z = np.load(folder / "sits_modis" / f"{name}.npz", allow_pickle=True)
            x.append(z["X"][..., [list(z["bands"]).index(b) for b in MODIS]])
            labels += [f"{name}: {v}" for v in z["label"]]
            places += [f"{lat:.1f} {lon:.1f}" for lat, lon in zip(z["lat"], z["lon"], strict=True)]
        self.raw = np.concatenate(x).astype("float32")
        self.x = scaled(self.raw, tuple(MODIS.values()))
        self.names, self.truth = np.unique(labels, return_inverse=True)
        self.places = np.array(places)
        part = np.array([zlib.crc32(p.encode()) % 12 for p in places])
        self.test, self.choice = part < 4, part == 4
        self.fit = ~self.test & ~self.choice
        self.mato_grosso = np.array([v.startswith("samples") for v in labels])


def plain(x: np.ndarray) -> np.ndarray:
    """Return statistics of series (n, t, c): mean, spread, least, most and quartiles of each band over the dates."""
    return np.concatenate([x.mean(1), x.std(1), x.min(1), x.max(1), *np.quantile(x, (0.25, 0.5, 0.75), axis=1)], axis=1)


def vectors(network: AgriFM, x: Tensor) -> np.ndarray:
    """Return the mean vector of each image (n, t, c, h, w)."""
    with torch.inference_mode():
        return torch.cat([network.eval()(part).mean((2, 3)) for part in x.split(256)]).numpy()


def squares(folder: Path, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return squares of 8 pixels (n, 10, 8, 8) with one class, the class, and a block of 32 pixels as their place."""
    images, classes, blocks = [], [], []
    for name in names:
        here = place(folder, name)
        found = majority(here.cover, 8)
        n = 224 // 8
        rows, columns = np.divmod(np.arange(n * n), n)
        images.append(cells(here.optical, 8))
        classes.append(found)
        blocks += [f"{name} {r // 4} {c // 4}" for r, c in zip(rows, columns, strict=True)]
    y = np.concatenate(classes)
    # Classes of the held-out places; the others have no test.
    keep = np.isin(y, (2, 4, 5, 9))
    return np.concatenate(images)[keep], y[keep], np.array(blocks)[keep]


def romania() -> tuple[np.ndarray, Tensor, np.ndarray, np.ndarray, np.ndarray]:
    """Return series of cells of 8 pixels of the sample, their images, tree cover, columns and blocks."""
    cube = eow.open("romania")
    bands = tuple(b for b in BANDS if b in cube)
    clear = cube[list(bands)].where(cube.valid & ~cube.clouds)
    # Means of 24 parts of the series, as the model makes of a long one.
    parts = np.array_split(np.arange(cube.sizes["time"]), SMALL.frames)
    x = np.stack([np.stack([clear[b].isel(time=p).median("time").values for b in bands], -1) for p in parts])
    seen = np.isfinite(x).all(-1)
    tensor = torch.where(torch.from_numpy(seen)[..., None], scaled(np.nan_to_num(x), bands), 0.0)
    n = 96 // 8
    # t h w c -> n t c 8 8
    images = torch.from_numpy(
        np.stack([cells(frame.numpy().transpose(2, 0, 1), 8) for frame in tensor[:, :96, :96]], axis=1)
    )
    raw = np.stack([cells(np.nan_to_num(frame).transpose(2, 0, 1), 8).mean((2, 3)) for frame in x[:, :96, :96]], axis=1)
    trees = np.nanmean(cells(cube.tree_cover.values[None].squeeze()[None].astype("float32"), 8), axis=(1, 2, 3))
    rows, columns = np.divmod(np.arange(n * n), n)
    return raw, images, trees, columns, np.array([f"{r // 2} {c // 2}" for r, c in zip(rows, columns, strict=True)])


def measure(folder: Path, network: AgriFM) -> list[dict]:
    """Probe the network beside its untrained self, principal components and plain statistics."""
    torch.manual_seed(0)
    untrained = AgriFM(SMALL)
    results = []

    def add(name: str, kind: str, raw: np.ndarray, images: Tensor, y: np.ndarray, places: np.ndarray, test: np.ndarray,
            labels: int, stats: np.ndarray | None = None) -> None:  # fmt: skip
        flat = raw.reshape(len(raw), -1)
        stats = plain(raw) if stats is None else stats
        own, other = vectors(network, images), vectors(untrained, images)
        sets = {
            "AgriFM": (own[~test], own[test]),
            "untrained": (other[~test], other[test]),
            "PCA": components(flat[~test], flat[test], SMALL.vector),
            "statistics": (stats[~test], stats[test]),
        }
        question = Question(name, kind, y[~test], y[test], places[~test], places[test], labels)  # type: ignore[arg-type]
        results.append(probe(question, sets))

    crops = Crops(folder)
    some = crops.mato_grosso
    add("MODIS, 9 crops of Mato Grosso (recall)", "classes", crops.raw[some], fields(crops.x[some]), crops.truth[some],
        crops.places[some], crops.test[some], 450)  # fmt: skip
    sets = [squares(folder, names) for names in (FITTED, HELD)]
    x, y, blocks = (np.concatenate([s[i] for s in sets]) for i in range(3))
    test = np.arange(len(y)) >= len(sets[0][1])
    stats = np.concatenate([x.mean((2, 3)), x.std((2, 3)), x.min((2, 3)), x.max((2, 3))], 1)
    images = scaled(x.transpose(0, 2, 3, 1), BANDS).permute(0, 3, 1, 2)[:, None]
    add("Sentinel-2, one date, 4 classes of cover (recall)", "classes", x, images, y, blocks, test, 400, stats)
    fuel = pixels(folder, "fuel_moisture")
    add("fuel moisture, 3 dates (R²)", "value", fuel.optical, fields(scaled(fuel.optical, BANDS)), fuel.truth, fuel.places,
        fuel.test, 800)  # fmt: skip
    raw, images, trees, columns, blocks = romania()
    kept = columns != 6
    add("Romania, tree cover, east from west (R²)", "value", raw[kept], images[kept], trees[kept], blocks[kept],
        columns[kept] > 6, 60)  # fmt: skip
    a = pd.read_csv(folder / "formosat_sits" / "train_dataset.csv.gz", header=None).to_numpy()
    polygon = np.array([f"{p:.0f}" for p in a[:, 1]])
    raw = a[:, 2:].reshape(len(a), 149, 3)[:, 2::6].astype("float32")
    raw = raw / (1000.0 if np.median(raw) > 2 else 1.0)
    test = np.array([zlib.crc32(p.encode()) % 5 < 2 for p in polygon])
    add("FORMOSAT-2, 13 classes (recall)", "classes", raw, fields(scaled(raw, ("nir", "red", "green"))), a[:, 0].astype(int),
        polygon, test, 130)  # fmt: skip
    return results


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=os.environ.get("EOW_DATA", "."))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--measure", action="store_true", help="only print the table of the shipped weights")
    args = parser.parse_args()
    import eowidgets.models.encode.agrifm as package

    folder, path, shipped = Path(args.folder), RUNS / f"{NAME}.safetensors", Path(package.__file__).parent
    torch.manual_seed(args.seed)
    network = AgriFM(SMALL)
    if args.measure:
        load_strictly(network, stored(shipped / "weights" / f"{NAME}.safetensors").state)
        print(table(measure(folder, network)))
        return
    crops, places = Crops(folder), [place(folder, name) for name in FITTED]
    truth, rows = torch.from_numpy(crops.truth), np.flatnonzero(crops.fit)
    heads = nn.ModuleDict({"crop": nn.Linear(SMALL.vector, len(crops.names)), "cover": nn.Linear(SMALL.vector, 10)})
    both = nn.ModuleDict({"network": network, "heads": heads})
    # Common crops are drawn as often as the root of their number asks.
    often = np.bincount(crops.truth[rows]) ** -0.5
    chances = often[crops.truth[rows]] / often[crops.truth[rows]].sum()
    optical = [scaled(p.optical.transpose(1, 2, 0), BANDS).permute(2, 0, 1) for p in places]

    def loss(step: Step) -> Tensor:
        rng = step.rng
        some = rng.choice(rows, FIELDS, p=chances)
        x = _varied(crops.x[some], rng, least=2)
        lost = torch.from_numpy(rng.random(x.shape[:2]) < rng.uniform(0, 0.4))
        x = x.masked_fill(lost[..., None], 0.0)
        crop = functional.cross_entropy(
            heads["crop"](network(fields(x)).mean((2, 3))), truth[some], label_smoothing=0.05
        )
        images, shares = [], []
        for _ in range(SQUARES):
            k, (r, c) = int(rng.integers(len(places))), rng.integers(0, 224 - 16, 2)
            part = optical[k][:, r : r + 16, c : c + 16]
            part = torch.rot90(part, int(rng.integers(4)), (1, 2))
            images.append(part.flip(2) if rng.random() < 0.5 else part)
            cover = places[k].cover[r : r + 16, c : c + 16]
            shares.append(np.bincount(cover.ravel(), minlength=10) / cover.size)
        y = torch.stack(images).permute(0, 2, 3, 1)
        y = _varied(y.flatten(1, 2), rng, least=3).unflatten(1, (16, 16)).permute(0, 3, 1, 2)
        found = heads["cover"](network(y[:, None]).mean((2, 3)))
        return crop + functional.cross_entropy(found, torch.from_numpy(np.stack(shares).astype("float32")))

    def check() -> float:
        return float(
            functional.cross_entropy(
                heads["crop"](network(fields(crops.x[crops.choice])).mean((2, 3))), truth[crops.choice]
            )
        )

    plan = Plan(
        steps=args.steps,
        rate=RATE,
        optimiser=lambda p, rate: torch.optim.AdamW(p, lr=rate, weight_decay=0.05),
        schedule=one_cycle,
        clip=1.0,
        average=0.98,
        every=100,
        seed=args.seed,
    )
    RUNS.mkdir(parents=True, exist_ok=True)
    done = train(both, loss, plan, check=check, folder=RUNS, name=NAME)
    digest = write(path, network, {"kind": "AgriFM", "config": to_json(SMALL)})
    results = measure(folder, network)
    note = {"steps": done.step, "cpu_s": round(done.seconds), "choice": done.best, "sha256": digest, "results": results}
    (RUNS / f"{NAME}.json").write_text(json.dumps(note, indent=1), encoding="utf-8")
    ship(shipped, f"{NAME}.small", path)
    print(done, table(results), sep="\n")


def _varied(x: Tensor, rng: np.random.Generator, least: int) -> Tensor:
    """Change the light and noise of values (n, k, c), and hide all but ``least`` or more bands of half of them."""
    n, _, c = x.shape
    gain = np.exp(rng.normal(0, 0.1, (n, 1, 1)) + rng.normal(0, 0.03, (n, 1, c)))
    shift = rng.normal(0, 0.1, (n, 1, c))
    noise = 0.1 * rng.standard_normal(x.shape)
    there = (x != 0).any(dim=1, keepdim=True)
    y = x * torch.from_numpy(gain.astype("float32")) + torch.from_numpy((shift + noise).astype("float32"))
    hidden = np.zeros((n, 1, c), bool)
    for i in np.flatnonzero(rng.random(n) < 0.5):
        own = np.flatnonzero(there[i, 0].numpy())
        hidden[i, 0, rng.permutation(own)[int(rng.integers(least, len(own) + 1)) :]] = True
    return torch.where(there & torch.from_numpy(~hidden), y, 0.0)


if __name__ == "__main__":
    main()
