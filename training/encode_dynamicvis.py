"""Train the small DynamicVis on EuroSAT chips: ``python -m training.encode_dynamicvis [FOLDER]``; resumes, ships, prints a table.

FOLDER (or EOW_DATA) holds ``eurosat_rgb`` and, for the probe alone, ``rsicd``. The chips of EuroSAT are divided as in
``training/eurosat.py``: by the SHA-256 of their names within each class, the first 20 % are held out, the next 15 % choose
the recipe and the step that is kept. ``--choice`` probes these 15 %, and one half of RSICD's training part from the other, and
ships nothing; without it the test part is probed: the 20 %, and RSICD's validation part. EuroSAT gives no places.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.contract.weights import load_strictly, stored, to_json, write
from eowidgets.learn import Plan, one_cycle, train
from eowidgets.models.blocks.plan import Step
from eowidgets.models.chips.eurosat.card import WEIGHTS
from eowidgets.models.encode.dynamicvis.config import SMALL
from eowidgets.models.encode.dynamicvis.network import DynamicVis, RegionHead
from training.encode_crops import cropped
from training.eurosat import SHARES, varied
from training.probe import RUNS, SEEDS, Question, components, probe, table
from training.ship import ship

NAME = "dynamicvis"
BATCH, RATE, STEPS = 48, 3e-3, 360
#: Least share of the side of a chip that a picture of the training shows: other sensors have other pixels.
LEAST = 0.5


class Pictures:
    """Pictures of an archive, 0 to 255, with their classes and names."""

    def __init__(self, archives: list[Path]) -> None:
        images, self.classes, self.names = [], [], []
        for archive in archives:
            with tarfile.open(archive) as files:
                for member in files:
                    if member.isfile() and member.name.endswith(".jpg"):
                        name = Path(member.name)
                        self.names.append(name.name)
                        self.classes.append(name.name.rpartition("_")[0])
                        data = files.extractfile(member)
                        images.append(np.asarray(Image.open(io.BytesIO(data.read())).convert("RGB")))  # type: ignore[union-attr]
        self.images = torch.from_numpy(np.stack(images).transpose(0, 3, 1, 2).astype("float32"))
        self.truth = np.unique(self.classes, return_inverse=True)[1]

    def rows(self, low: float, high: float) -> np.ndarray:
        """Return the rows of a share of each class, in the order of the hashes of the names."""
        found = []
        for k in np.unique(self.truth):
            own = sorted(
                np.flatnonzero(self.truth == k), key=lambda i: hashlib.sha256(self.names[i].encode()).hexdigest()
            )
            found += own[round(low * len(own)) : round(high * len(own))]
        return np.array(found)


def standardised(x: Tensor) -> Tensor:
    """Return what the network sees of pictures 0..255."""
    mean, spread = (x.new_tensor(v).view(-1, 1, 1) for v in (WEIGHTS.mean, WEIGHTS.std))
    return (x - mean) / spread


def vectors(network: DynamicVis, images: Tensor) -> np.ndarray:
    """Return the mean of the last map of each picture."""
    with torch.inference_mode():
        network.eval()
        return torch.cat([network(standardised(x)).mean((2, 3)) for x in images.split(64)]).numpy()


def plain(images: Tensor) -> np.ndarray:
    """Return statistics of the colours: means, spreads, percentiles and correlations."""
    flat = standardised(images).flatten(2)
    levels = flat.quantile(torch.tensor([0.05, 0.25, 0.5, 0.75, 0.95]), dim=2).permute(1, 2, 0).flatten(1)
    centred = (flat - flat.mean(2, keepdim=True)) / (flat.std(2, keepdim=True) + 1e-3)
    alike = (centred @ centred.transpose(1, 2) / flat.shape[2])[:, (0, 0, 1), (1, 2, 2)]
    edges = [(images.diff(dim=axis).abs().mean((2, 3))) / 50 for axis in (2, 3)]
    return torch.cat([flat.mean(2), flat.std(2), levels, alike, *edges], dim=1).numpy()


def measure(folder: Path, network: DynamicVis, choice: bool) -> Iterator[dict]:
    """Yield the probes of the network beside five untrained ones, principal components and plain statistics."""
    untrained = []
    for seed in range(SEEDS):
        torch.manual_seed(1000 + seed)
        untrained.append(DynamicVis(SMALL))
    eurosat = Pictures([folder / "eurosat_rgb" / "eurosat_rgb_train.tar.gz"])
    scenes = [
        Pictures([folder / "rsicd" / f"rsicd_{part}.tar.gz"]) for part in ("train", "valid")[: 1 if choice else 2]
    ]
    # 112 pixels: four times as fast, and nearer to the 64 of the training.
    half = [functional.avg_pool2d(one.images, 2) for one in scenes]
    # Every third of the other chips is enough to draw labels from.
    tested, rest = eurosat.rows(*SHARES["choice" if choice else "held out"]), eurosat.rows(*SHARES["training"])[::3]
    chips = [(eurosat.images[rows], eurosat.truth[rows]) for rows in (rest, tested)]
    if choice:
        rows = np.array([int(hashlib.sha256(n.encode()).hexdigest(), 16) % 2 for n in scenes[0].names])
        pictures = [(half[0][rows == k], scenes[0].truth[rows == k]) for k in (0, 1)]
    else:
        pictures = [(x, one.truth) for x, one in zip(half, scenes, strict=True)]
    for name, parts in (("EuroSAT, 10 classes (recall)", chips), ("RSICD, 30 scenes (recall)", pictures)):
        (x, y), (x_test, y_test) = parts
        small, small_test = (functional.adaptive_avg_pool2d(v, 32).flatten(1).numpy() for v in (x, x_test))
        sets = {
            "DynamicVis": (vectors(network, x), vectors(network, x_test)),
            "untrained": [(vectors(one, x), vectors(one, x_test)) for one in untrained],
            "PCA": components(small, small_test, SMALL.widths[-1]),
            "statistics": (plain(x), plain(x_test)),
        }
        question = Question(
            name, "classes", y, y_test, np.arange(len(y)), len(y) + np.arange(len(y_test)), 300
        )  # no places are stated
        yield probe(question, sets)


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=os.environ.get("EOW_DATA", "."))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--measure", action="store_true", help="only print the table of the shipped weights")
    parser.add_argument("--choice", action="store_true", help="probe the parts that choose a recipe, and ship nothing")
    args = parser.parse_args()
    import eowidgets.models.encode.dynamicvis as package

    folder, path, shipped = Path(args.folder), RUNS / f"{NAME}.safetensors", Path(package.__file__).parent
    torch.manual_seed(args.seed)
    network = DynamicVis(SMALL)
    if args.measure:
        load_strictly(network, stored(shipped / "weights" / f"{NAME}.safetensors").state)
        for result in measure(folder, network, args.choice):
            print(table([result]), flush=True)
        return
    head = RegionHead(SMALL.widths[-1], 10)
    both = nn.ModuleDict({"network": network, "head": head})
    chips = Pictures([folder / "eurosat_rgb" / "eurosat_rgb_train.tar.gz"])
    fit, choice = (chips.rows(*SHARES[part]) for part in ("training", "choice"))
    truth = torch.from_numpy(chips.truth)

    def loss(step: Step) -> Tensor:
        some = fit[step.rng.choice(len(fit), BATCH, replace=False)]
        seen = standardised(cropped(varied(chips.images[some], step.rng), step.rng, SMALL.side, LEAST, 1.0))
        found = network(seen)
        # A picture and each of its patches are regions: the vectors of patches are what users get.
        patches = found.flatten(2).transpose(1, 2).flatten(0, 1)
        kinds = truth[some]
        each = kinds.repeat_interleave(found.shape[-2] * found.shape[-1])
        return head.loss(found.mean((2, 3)), kinds) + head.loss(patches, each)

    def check() -> float:
        guessed = torch.cat([head.fc(network(standardised(x)).mean((2, 3))) for x in chips.images[choice].split(64)])
        return float(functional.cross_entropy(guessed, truth[choice]))

    plan = Plan(
        steps=args.steps,
        rate=RATE,
        optimiser=lambda p, rate: torch.optim.AdamW(p, lr=rate, weight_decay=0.05, betas=(0.9, 0.95)),
        schedule=one_cycle,
        clip=5.0,
        average=0.98,
        every=100,
        seed=args.seed,
    )
    RUNS.mkdir(parents=True, exist_ok=True)
    done = train(both, loss, plan, check=check, folder=RUNS, name=NAME)
    digest = write(path, network, {"kind": "DynamicVis", "config": to_json(SMALL)})
    results = list(measure(folder, network, args.choice))
    note = {"steps": done.step, "cpu_s": round(done.seconds), "choice": done.best, "sha256": digest, "results": results}
    (RUNS / f"{NAME}.json").write_text(json.dumps(note, indent=1), encoding="utf-8")
    if not args.choice:
        ship(shipped, f"{NAME}.small", path)
    print(done, table(results), sep="\n")


if __name__ == "__main__":
    main()
