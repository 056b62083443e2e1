"""Train the small encoder of SSL4Eco: ``python -m training.encode_ssl4eco FOLDER``; stops, resumes, probes, and ships.

Season contrast on the two samples of the package, four dates of the seasons of each place; on the patches of SatCLIP and on
EuroSAT's chips for training, which have one date, the keys differ by crop and light alone. ``--choice`` probes a recipe without
shipping it, on chips and places that are only for that; without it the test part is probed (``training.sentinel_probes``).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

import eowidgets.models.encode.ssl4eco as package
from eowidgets.contract.weights import load_checkpoint, to_json, write
from eowidgets.learn import Plan, one_cycle, train
from eowidgets.models.blocks.plan import Step
from eowidgets.models.encode.ssl4eco.card import SMALL_WEIGHTS
from eowidgets.models.encode.ssl4eco.config import SMALL
from eowidgets.models.encode.ssl4eco.contrast import SeasonContrast
from eowidgets.models.encode.ssl4eco.model import standardised
from eowidgets.models.encode.ssl4eco.network import ResNet
from training.encode_crops import Windows, cropped, lit
from training.encode_images import arguments, eurosat, package_folder, samples, satclip
from training.probe import RUNS, SEEDS, note, settled, table
from training.sentinel_probes import measure, typical
from training.ship import ship

NAME = "encode_ssl4eco"
BANDS = ("blue", "green", "red", "nir", "nir08")
#: The queue is shorter than a round of windows, so that no key of a window's own is among its negatives.
BATCH, STEPS, RATE, SIDE, QUEUE = 64, 400, 2e-3, 32, 1024
MOMENTUM, TEMPERATURE = 0.99, 0.1
#: Windows a round of each place with seasons.
SEASONAL = 200
#: Share of the images with all bands of which only blue, green and red are kept.
COLOURS_ONLY = 0.2


def encoded(network: nn.Module, images: np.ndarray) -> np.ndarray:
    """Return maps of vectors (n, width, rows, columns) of reflectance images (n, bands, h, w)."""
    with torch.inference_mode():
        parts = np.array_split(images, max(1, len(images) // 128))
        return torch.cat([network(inputs(some)) for some in parts]).numpy()


def inputs(images: np.ndarray) -> Tensor:
    """Return what the network sees of reflectance images, of which the last bands may lack."""
    x = torch.from_numpy(np.ascontiguousarray(images))
    lacking = len(BANDS) - x.shape[1]
    if lacking:
        x = torch.cat([x, x.new_full((len(x), lacking, *x.shape[2:]), float("nan"))], dim=1)
    return standardised(x, SMALL_WEIGHTS)


def fit(network: ResNet, windows: Windows, steps: int, seed: int) -> None:
    """Train by season contrast."""
    contrast = SeasonContrast(network, queue=QUEUE, momentum=MOMENTUM, temperature=TEMPERATURE)

    def loss(step: Step) -> Tensor:
        rng = step.rng
        dates = windows.draw(seed, step.number, BATCH, rng).dates
        dates[:, rng.random(BATCH) < COLOURS_ONLY, 3:] = np.nan
        first, second, third = (torch.from_numpy(x) for x in dates)
        # Crops keep the size of a pixel within a fifth, for a class is a matter of texture in metres.
        query, *keys = (cropped(x, rng, SIDE, 0.5, 0.75) for x in (first, second, third, first))
        keys = [lit(keys[0], rng, 0.15, 0.05), keys[1], lit(keys[2], rng, 0.15, 0.05)]
        seen, *others = (standardised(x, SMALL_WEIGHTS) for x in (query, *keys))
        found: Tensor = contrast(seen, others)
        return found

    plan = Plan(
        steps=steps,
        rate=RATE,
        optimiser=lambda p, rate: torch.optim.AdamW([q for q in p if q.requires_grad], lr=rate, weight_decay=0.01),
        schedule=one_cycle,
        every=50,
        seed=seed,
    )
    print(train(contrast, loss, plan, folder=RUNS, name=NAME))


def main() -> None:
    """Train, ship and probe from the command line."""
    args = arguments(__doc__, STEPS)
    chips = eurosat(args.folder)
    here = chips.part == "training"
    torch.manual_seed(args.seed)
    network = ResNet(SMALL)
    if args.probe:
        load_checkpoint(network, SMALL_WEIGHTS)
    else:
        places = samples(BANDS) + satclip(args.folder, BANDS)
        fit(
            network,
            Windows(chips.values[here], chips.classes[here], places, len(BANDS), SEASONAL),
            args.steps,
            args.seed,
        )
        if not args.choice:
            write(RUNS / f"{NAME}.safetensors", network, {"kind": "ResNet", "config": to_json(SMALL)})
            ship(package_folder(package), SMALL_WEIGHTS.name, RUNS / f"{NAME}.safetensors")
    network.eval()
    common = [inputs(x) for x in typical(args.folder, BANDS, chips.values[here])]
    untrained = []
    for seed in range(SEEDS):
        torch.manual_seed(1000 + seed)
        untrained.append(settled(ResNet(SMALL), common))
    encoders = {
        "trained": lambda x: encoded(network, x),
        "untrained": [lambda x, one=one: encoded(one, x) for one in untrained],
    }
    results = []
    for result in measure(encoders, chips, args.folder, BANDS, SMALL.width, "choice" if args.choice else "test"):
        results.append(result)
        print(table([result]), flush=True)
    note(NAME, results)


if __name__ == "__main__":
    main()
