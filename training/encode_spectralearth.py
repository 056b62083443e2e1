"""Train the small encoder of SpectralEarth: ``python -m training.encode_spectralearth FOLDER``; stops, resumes, probes, ships.

A masked autoencoder on the first 60 rows of Samson and on two crops of MUUFL Gulfport. The probe is the dominant material of
patches of 4 x 4 pixels in the last 32 rows of Samson, which are separated by three rows; labels come from the first 60. The
recipe was changed once after a look at these 32 rows.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import eowidgets.models.encode.spectralearth as package
from eowidgets.contract.weights import load_checkpoint, to_json, write
from eowidgets.learn import Plan, one_cycle, train
from eowidgets.models.blocks.plan import Step
from eowidgets.models.encode.spectralearth.card import SMALL_WEIGHTS
from eowidgets.models.encode.spectralearth.config import SMALL
from eowidgets.models.encode.spectralearth.network import MaskedAutoencoder, SpectralViT
from eowidgets.models.encode.spectralearth.spectra import resampling
from training.encode_images import arguments, package_folder
from training.probe import RUNS, SEEDS, Question, components, note, probe, settled, statistics, table
from training.ship import ship

NAME = "encode_spectralearth"
BATCH, STEPS, RATE = 32, 240, 2e-3
#: Rows of Samson for training and labels, rows that are tested, and columns that are whole patches.
ROWS, TESTED, COLUMNS = slice(0, 60), slice(63, 95), slice(0, 92)
#: Patches along one side of the blocks that are resampled.
BLOCK = 4
MATERIALS = ("soil", "tree", "water")
#: Shares of a batch from Samson and the two crops of MUUFL.
SHARES = (0.5, 0.35, 0.15)
SAMSON = np.linspace(401.0, 889.0, 156)


def scenes(folder: Path) -> tuple[list[np.ndarray], np.ndarray]:
    """Return spectra on the grid of the network, (wavelengths, h, w) each, Samson first, and its abundances (h, w, 3)."""
    found = []
    for name in ("samson", "muufl_sub_51x88x72", "muufl_target_36x36x72"):
        with np.load(folder / "hyperspectral" / f"{name}.npz") as file:
            at = file.get("wavelengths", SAMSON)
            found.append(np.einsum("gc,hwc->ghw", resampling(at, SMALL).numpy(), file["cube"]).astype("float32"))
            if name == "samson":
                abundance = file["abundance"]
    return found, abundance


def patches(values: np.ndarray) -> np.ndarray:
    """Cut (c, h, w) into patches (n, c, patch, patch), row by row."""
    c, h, w = values.shape
    p = SMALL.patch
    return values.reshape(c, h // p, p, w // p, p).transpose(1, 3, 0, 2, 4).reshape(-1, c, p, p)


def encoded(network: nn.Module, values: np.ndarray) -> np.ndarray:
    """Return a vector for each patch of (wavelengths, h, w), from images of the network's side."""
    c, h, w = values.shape
    p, s = SMALL.patch, SMALL.side
    padded = np.pad(values, ((0, 0), (0, -h % s), (0, -w % s)), mode="reflect")
    gh, gw = padded.shape[1] // s, padded.shape[2] // s
    images = padded.reshape(c, gh, s, gw, s).transpose(1, 3, 0, 2, 4).reshape(-1, c, s, s)
    with torch.inference_mode():
        found = network(torch.from_numpy(np.ascontiguousarray(images))).numpy()
    n = s // p
    whole = found.reshape(gh, gw, -1, n, n).transpose(2, 0, 3, 1, 4).reshape(-1, gh * n, gw * n)
    return whole[:, : h // p, : w // p].reshape(len(whole), -1).T


def fit(network: SpectralViT, images: list[np.ndarray], steps: int, seed: int) -> None:
    """Train by restoring hidden patches."""
    task = MaskedAutoencoder(network, width=64, heads=4, whole=True)

    def loss(step: Step) -> Tensor:
        rng, batch = step.rng, []
        for kind in rng.choice(len(SHARES), BATCH, p=SHARES):
            image = images[kind]
            top, left = (rng.integers(n - SMALL.side + 1) for n in image.shape[1:])
            cut = np.rot90(image[:, top : top + SMALL.side, left : left + SMALL.side], int(rng.integers(4)), (1, 2))
            batch.append((cut[..., ::-1] if rng.random() < 0.5 else cut) * rng.uniform(0.9, 1.1))
        x = torch.from_numpy(np.stack(batch).astype("float32"))
        found: Tensor = task(network.standardised(x), step.generator)
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


def blocks(part: slice) -> np.ndarray:
    """Name the block of every patch of rows of Samson."""
    rows, columns = ((p.stop - p.start) // SMALL.patch for p in (part, COLUMNS))
    row, column = np.divmod(np.arange(rows * columns), columns)
    return np.array([f"{part.start} {r // BLOCK} {c // BLOCK}" for r, c in zip(row, column, strict=True)])


def main() -> None:
    """Train, ship and probe from the command line."""
    args = arguments(__doc__, STEPS)
    (samson, *others), abundance = scenes(args.folder)
    parts = ROWS, TESTED
    known, tested = (samson[:, part, COLUMNS] for part in parts)
    torch.manual_seed(args.seed)
    network = SpectralViT(SMALL)
    pixels = np.concatenate([image.reshape(len(image), -1) for image in (known, *others)], axis=1)
    network.mean.copy_(torch.from_numpy(pixels.mean(1)))
    network.std.copy_(torch.from_numpy(pixels.std(1)))
    scale = network.mean.clone(), network.std.clone()
    if args.probe:
        load_checkpoint(network, SMALL_WEIGHTS)
    else:
        fit(network, [samson[:, ROWS], *others], args.steps, args.seed)
        write(RUNS / f"{NAME}.safetensors", network, {"kind": "SpectralViT", "config": to_json(SMALL)})
        ship(package_folder(package), SMALL_WEIGHTS.name, RUNS / f"{NAME}.safetensors")
    network.eval()
    untrained = []
    for seed in range(SEEDS):
        torch.manual_seed(1000 + seed)
        one = SpectralViT(SMALL)
        for buffer, value in zip((one.mean, one.std), scale, strict=True):
            buffer.copy_(value)
        untrained.append(settled(one, [torch.from_numpy(known[None, :, :32, i : i + 32].copy()) for i in (0, 30, 60)]))
    raw = [patches(v) for v in (known, tested)]
    share = [patches(abundance[part, COLUMNS].transpose(2, 0, 1)).mean((2, 3)) for part in parts]
    sets = {
        "trained": tuple(encoded(network, v) for v in (known, tested)),
        "untrained": [tuple(encoded(one, v) for v in (known, tested)) for one in untrained],
        f"PCA, {SMALL.width}": components(*(x.reshape(len(x), -1) for x in raw), SMALL.width),
        "mean spectrum": tuple(x.mean((2, 3)) for x in raw),
        "statistics": tuple(statistics(x) for x in raw),
    }
    places = [blocks(part) for part in parts]
    questions = [
        Question(f"material, {n} labels a class", "classes", *(s.argmax(1) for s in share), *places, n * len(MATERIALS))
        for n in (3, 10)
    ]
    questions += [
        Question(f"share of {name}, {n} patches", "value", *(s[:, k] for s in share), *places, n)
        for k, name in enumerate(MATERIALS)
        for n in (10, 50)
    ]
    results = []
    for question in questions:
        results.append(probe(question, sets))
        print(table(results[-1:]), flush=True)
    note(NAME, results)


if __name__ == "__main__":
    main()
