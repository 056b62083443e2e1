"""Train the small encoder of PhilEO: ``python -m training.encode_phileo FOLDER``; stops, resumes, probes, and ships its weights.

The U-Net restores hidden squares and hidden bands, and its bridge tells where an image is, on the unit sphere, and the class of a
chip of EuroSAT, in place of the climate zone of the paper, of which there is no map at hand. Images are those of
``training.encode_ssl4eco``; EuroSAT's chips have no location. The probes, and ``--choice``, are the same.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import eowidgets.models.encode.phileo as package
from eowidgets.contract.weights import load_checkpoint, to_json, write
from eowidgets.learn import Plan, one_cycle, train
from eowidgets.models.blocks.plan import Step
from eowidgets.models.encode.phileo.card import SMALL_WEIGHTS
from eowidgets.models.encode.phileo.config import SMALL
from eowidgets.models.encode.phileo.network import GeoUNet, on_the_sphere
from training.encode_crops import Windows, cropped, lit
from training.encode_images import arguments, eurosat, package_folder, samples, satclip
from training.probe import RUNS, SEEDS, note, settled, table
from training.sentinel_probes import measure, typical
from training.ship import ship

NAME = "encode_phileo"
BANDS = SMALL_WEIGHTS.bands
BATCH, STEPS, RATE, SIDE = 48, 160, 2e-3, 32
#: Windows a round of each place with seasons.
SEASONAL = 200
#: Pixels along one side of a hidden square, the share that is hidden, and the weights of the location and of the class.
SQUARE, HIDDEN, LOCATION, CLASS = 8, 0.4, 0.3, 0.5
#: Share of the images that are restored from the bridge alone: skip connections make it superfluous for most of an image.
BRIDGE_ALONE = 0.5
#: Share of the images with all bands of which only blue, green and red are shown.
COLOURS_ONLY = 0.2


def standardised(images: np.ndarray) -> Tensor:
    """Return what the network sees of reflectance (n, bands, h, w), of which the last bands may lack; 0 where it is NaN."""
    mean, std = (np.array(v, np.float32)[:, None, None] for v in (SMALL_WEIGHTS.mean, SMALL_WEIGHTS.std))
    lacking = len(BANDS) - images.shape[1]
    x = (images - mean[: images.shape[1]]) / std[: images.shape[1]]
    return torch.from_numpy(np.nan_to_num(np.pad(x, ((0, 0), (0, lacking), (0, 0), (0, 0)))))


def encoded(network: nn.Module, images: np.ndarray) -> np.ndarray:
    """Return maps of vectors (n, width, rows, columns) of reflectance images (n, bands, h, w)."""
    with torch.inference_mode():
        parts = np.array_split(images, max(1, len(images) // 128))
        return torch.cat([network(standardised(some)) for some in parts]).numpy()


def hidden_squares(rng: np.random.Generator) -> Tensor:
    """Draw the pixels that are hidden, the same number in every image, shape (BATCH, 1, SIDE, SIDE)."""
    n = SIDE // SQUARE
    rank = rng.random((BATCH, n * n)).argsort(1).argsort(1)
    squares = torch.from_numpy(rank < round(HIDDEN * n * n)).view(BATCH, 1, n, n)
    return squares.repeat_interleave(SQUARE, 2).repeat_interleave(SQUARE, 3)


def fit(network: GeoUNet, windows: Windows, classes: int, steps: int, seed: int) -> None:
    """Train by restoring, by finding the place, and by the class of chips."""

    class Task(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network
            self.kind = nn.Linear(SMALL.width, classes)

        def forward(self, step: Step) -> Tensor:
            rng = step.rng
            drawn = windows.draw(seed, step.number, BATCH, rng)
            images = lit(cropped(torch.from_numpy(drawn.dates[0]), rng, SIDE, 0.5, 0.75), rng, 0.1, 0.03)
            x, hidden = standardised(images.numpy()), hidden_squares(rng)
            measured = images.isfinite()
            shown = measured.clone()
            shown[torch.from_numpy(rng.random(BATCH) < COLOURS_ONLY), 3:] = False
            alone = torch.from_numpy(rng.random(BATCH) < BRIDGE_ALONE)
            # What is restored from the bridge alone is restored everywhere, seen or not.
            target = measured & (hidden | ~shown | alone[:, None, None, None])
            restored, place, deep = network.pretext(torch.where(shown & ~hidden, x, 0.0), alone)
            loss = functional.smooth_l1_loss(restored[target], x[target])
            there = torch.from_numpy(np.isfinite(drawn.lonlat[:, 0]))
            truth = on_the_sphere(torch.from_numpy(drawn.lonlat)[there])
            loss = loss + LOCATION * (1 - (place[there] * truth).sum(-1)).mean()
            kinds = torch.from_numpy(drawn.classes)
            guessed = self.kind(deep.mean(dim=(2, 3)))[kinds >= 0]
            return loss + CLASS * functional.cross_entropy(guessed, kinds[kinds >= 0], label_smoothing=0.1)

    task = Task()

    def loss(step: Step) -> Tensor:
        found: Tensor = task(step)
        return found

    plan = Plan(
        steps=steps,
        rate=RATE,
        optimiser=lambda p, rate: torch.optim.AdamW(p, lr=rate, weight_decay=0.02),
        schedule=one_cycle,
        clip=5.0,
        average=0.98,
        every=50,
        seed=seed,
    )
    print(train(task, loss, plan, folder=RUNS, name=NAME))


def main() -> None:
    """Train, ship and probe from the command line."""
    args = arguments(__doc__, STEPS)
    chips = eurosat(args.folder)
    here = chips.part == "training"
    torch.manual_seed(args.seed)
    network = GeoUNet(SMALL)
    if args.probe:
        load_checkpoint(network, SMALL_WEIGHTS)
    else:
        places = samples(BANDS) + satclip(args.folder, BANDS)
        windows = Windows(chips.values[here], chips.classes[here], places, len(BANDS), SEASONAL)
        fit(network, windows, len(np.unique(chips.classes)), args.steps, args.seed)
        if not args.choice:
            write(RUNS / f"{NAME}.safetensors", network, {"kind": "GeoUNet", "config": to_json(SMALL)})
            ship(package_folder(package), SMALL_WEIGHTS.name, RUNS / f"{NAME}.safetensors")
    network.eval()
    common = [standardised(x) for x in typical(args.folder, BANDS, chips.values[here])]
    untrained = []
    for seed in range(SEEDS):
        torch.manual_seed(1000 + seed)
        untrained.append(settled(GeoUNet(SMALL), common))
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
