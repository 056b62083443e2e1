"""Train the small encoder of SatVision-TOA: ``python -m training.encode_satvision FOLDER``; stops, resumes, probes, and ships.

SimMIM on six bands of images with their clouds: the Landsat-7 chip of ukis-csmask (top of atmosphere), all dates of the
samples, the patches of SatCLIP and TerraMind. There is no open MODIS L1B at hand. The probe is the cloud mask of 8 x 8 pixels:
labels come from the Landsat-7 chip, and the Landsat-5 chip, another place and sensor that was never trained on, is tested.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import eowidgets.models.encode.satvision as package
from eowidgets.contract.weights import load_checkpoint, to_json, write
from eowidgets.learn import Plan, one_cycle, train
from eowidgets.models.blocks.plan import Step
from eowidgets.models.encode.satvision.card import SMALL_WEIGHTS
from eowidgets.models.encode.satvision.config import SMALL
from eowidgets.models.encode.satvision.network import SimMIM, SwinV2, random_masks
from training.encode_images import Place, arguments, package_folder, samples, satclip, terramind
from training.probe import RUNS, SEEDS, Question, components, note, probe, statistics, table
from training.ship import ship

NAME = "encode_satvision"
BANDS = SMALL_WEIGHTS.bands
BATCH, STEPS, RATE, MASKED = 32, 400, 1e-3, 0.6
#: Shares of a batch from the Landsat chip, the samples, SatCLIP and TerraMind.
SHARES = (0.35, 0.3, 0.25, 0.1)
CLOUD, SHADOW = 4, 0


def chip(folder: Path, name: str) -> Place:
    """Read a chip and its mask."""
    with np.load(folder / "cloud_chips" / f"{name}.npz") as file:
        image, mask = file["img"], file["msk"][..., 0]
    return Place(name, image.transpose(2, 0, 1)[None].astype("float32"), cover=mask)


def standardised(x: np.ndarray) -> Tensor:
    """Return what the network sees of reflectance (n, bands, h, w), and 0 in bands that were not measured."""
    mean, std = (np.array(v, np.float32)[:, None, None] for v in (SMALL_WEIGHTS.mean, SMALL_WEIGHTS.std))
    return torch.from_numpy(np.nan_to_num((x - mean) / std))


def tiles(image: np.ndarray) -> np.ndarray:
    """Cut (bands, h, w) into tiles of the network's side, (n, bands, side, side)."""
    bands, h, w = image.shape
    n = SMALL.side
    return image.reshape(bands, h // n, n, w // n, n).transpose(1, 3, 0, 2, 4).reshape(-1, bands, n, n)


def cells(image: np.ndarray) -> np.ndarray:
    """Cut (bands, h, w) into cells of the network's stride, in the order of its vectors, (n, bands, stride, stride)."""
    s = SMALL.stride
    cut = tiles(image).reshape(-1, len(image), SMALL.side // s, s, SMALL.side // s, s)
    return cut.transpose(0, 2, 4, 1, 3, 5).reshape(-1, len(image), s, s)


def encoded(network: nn.Module, image: np.ndarray) -> np.ndarray:
    """Return a vector for each cell of an image."""
    with torch.inference_mode():
        return network(standardised(tiles(image))).permute(0, 2, 3, 1).flatten(0, 2).numpy()


def fit(network: SwinV2, groups: list[list[Place]], steps: int, seed: int) -> None:
    """Train by restoring masked squares."""
    task = SimMIM(network)

    def loss(step: Step) -> Tensor:
        rng, images = step.rng, []
        for kind in rng.choice(len(SHARES), BATCH, p=SHARES):
            place = groups[kind][rng.integers(len(groups[kind]))]
            date = place.values[rng.integers(len(place.values))]
            top, left = (rng.integers(n - SMALL.side + 1) for n in date.shape[-2:])
            cut = date[:, top : top + SMALL.side, left : left + SMALL.side]
            turned = np.rot90(cut, int(rng.integers(4)), (1, 2))
            images.append((turned[..., ::-1] if rng.random() < 0.5 else turned) * rng.uniform(0.85, 1.15))
        x = np.stack(images).astype("float32")
        measured = torch.from_numpy(np.isfinite(x).all((2, 3)))
        masked = random_masks(BATCH, SMALL, MASKED, step.generator)
        found: Tensor = task(standardised(x), masked, measured)
        return found

    plan = Plan(
        steps=steps,
        rate=RATE,
        optimiser=lambda p, rate: torch.optim.AdamW(p, lr=rate, weight_decay=0.05, betas=(0.9, 0.98)),
        schedule=one_cycle,
        clip=5.0,
        average=0.98,
        every=25,
        seed=seed,
    )
    print(train(task, loss, plan, folder=RUNS, name=NAME))


def blocks(name: str, n: int, side: int) -> np.ndarray:
    """Name the block of 8 x 8 cells of every cell, row by row, of a chip with ``side`` cells along one side."""
    row, column = np.divmod(np.arange(n), side)
    return np.array([f"{name} {r // 8} {c // 8}" for r, c in zip(row, column, strict=True)])


def main() -> None:
    """Train, ship and probe from the command line."""
    args = arguments(__doc__, STEPS)
    known, tested = chip(args.folder, "landsat7"), chip(args.folder, "landsat5")
    torch.manual_seed(args.seed)
    network = SwinV2(SMALL)
    if args.probe:
        load_checkpoint(network, SMALL_WEIGHTS)
    else:
        others = [samples(BANDS, clear=False), satclip(args.folder, BANDS), terramind(args.folder, BANDS)]
        fit(network, [[known], *others], args.steps, args.seed)
        write(RUNS / f"{NAME}.safetensors", network, {"kind": "SwinV2", "config": to_json(SMALL)})
        ship(package_folder(package), SMALL_WEIGHTS.name, RUNS / f"{NAME}.safetensors")
    network.eval()
    untrained = []
    for seed in range(SEEDS):
        torch.manual_seed(1000 + seed)
        untrained.append(SwinV2(SMALL).eval())
    images = [cells(p.values[0]) for p in (known, tested)]
    cover = [cells(p.cover[None]) for p in (known, tested)]
    flat = [x.reshape(len(x), -1) for x in images]
    sets = {
        "trained": tuple(encoded(network, p.values[0]) for p in (known, tested)),
        "untrained": [tuple(encoded(one, p.values[0]) for p in (known, tested)) for one in untrained],
        f"PCA, {SMALL.width}": components(flat[0], flat[1], SMALL.width),
        "statistics": tuple(statistics(x) for x in images),
        "one number, brightness": tuple(x[:, :3].mean((1, 2, 3))[:, None] for x in images),
    }
    shares = [np.stack([(c == k).mean((1, 2, 3)) for k in (CLOUD, SHADOW)], -1) for c in cover]
    kinds = [np.concatenate([1 - s.sum(-1, keepdims=True), s], -1) for s in shares]
    three = [np.where(k.max(-1) > 0.5, k.argmax(-1), -1) for k in kinds]
    # Cells lie tile by tile: rows of a block are near each other, not always in one square.
    places = [blocks(p.name, len(x), SMALL.side // SMALL.stride) for p, x in zip((known, tested), images, strict=True)]
    results = []
    for name, labels in (
        ("cloud", [np.where(t < 0, -1, t == 1) for t in three]),
        ("clear, cloud, shadow", three),
    ):
        keep = [label >= 0 for label in labels]
        for count in (5, 30):
            question = Question(
                f"{name}, {count} labels a class",
                "classes",
                labels[0][keep[0]],
                labels[1][keep[1]],
                places[0][keep[0]],
                places[1][keep[1]],
                count * len(np.unique(labels[0][keep[0]])),
            )
            kept = {
                k: (v[0][keep[0]], v[1][keep[1]]) if isinstance(v, tuple) else [(a[keep[0]], b[keep[1]]) for a, b in v]
                for k, v in sets.items()
            }
            results.append(probe(question, kept))
            print(table(results[-1:]), flush=True)
    note(NAME, results)


if __name__ == "__main__":
    main()
