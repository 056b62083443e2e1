"""Train the small encoder of PhilEO: ``python -m training.encode_phileo FOLDER``; stops, resumes, probes, and ships its weights.

The U-Net restores hidden squares and hidden bands, and its bridge tells where an image is, on the unit sphere. Images are those
of ``training.encode_ssl4eco``; EuroSAT's chips have no location and are only restored. The probes are the same.
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
from training import probing, sentinel_probes
from training.encode_images import Place, arguments, eurosat, samples, satclip
from training.ship import ship

NAME = "encode_phileo"
BANDS = SMALL_WEIGHTS.bands
BATCH, STEPS, RATE, SIDE = 48, 260, 2e-3, 32
#: Pixels along one side of a hidden square, the share that is hidden, and the weight of the location.
SQUARE, HIDDEN, LOCATION = 8, 0.6, 0.3
#: Share of the images with all bands of which only blue, green and red are shown.
COLOURS_ONLY = 0.4


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


def cut(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cut a square of an image (bands, h, w), turned and mirrored at random."""
    top, left = (rng.integers(n - SIDE + 1) for n in image.shape[1:])
    found = np.rot90(image[:, top : top + SIDE, left : left + SIDE], int(rng.integers(4)), (1, 2))
    return found[..., ::-1] if rng.random() < 0.5 else found


def batch(places: list[Place], chips: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw images and their locations, half of EuroSAT, whose locations are NaN."""
    images, where = [], []
    for _ in range(BATCH):
        if rng.random() < 0.5:
            three = cut(chips[rng.integers(len(chips))], rng)
            images.append(np.concatenate([three, np.full_like(three[:2], np.nan)]))
            where.append((np.nan, np.nan))
            continue
        place = places[rng.integers(len(places))]
        images.append(cut(place.values[rng.integers(len(place.values))], rng))
        where.append(place.lonlat)
    return np.stack(images), np.array(where, np.float32)


def hidden_squares(rng: np.random.Generator) -> Tensor:
    """Draw the pixels that are hidden, the same number in every image, shape (BATCH, 1, SIDE, SIDE)."""
    n = SIDE // SQUARE
    rank = rng.random((BATCH, n * n)).argsort(1).argsort(1)
    squares = torch.from_numpy(rank < round(HIDDEN * n * n)).view(BATCH, 1, n, n)
    return squares.repeat_interleave(SQUARE, 2).repeat_interleave(SQUARE, 3)


def fit(network: GeoUNet, places: list[Place], chips: np.ndarray, steps: int, seed: int) -> None:
    """Train by restoring and by finding the place."""

    class Task(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, rng: np.random.Generator) -> Tensor:
            images, where = batch(places, chips, rng)
            x, hidden = standardised(images), hidden_squares(rng)
            measured = torch.from_numpy(np.isfinite(images))
            shown = measured.clone()
            shown[torch.from_numpy(rng.random(BATCH) < COLOURS_ONLY), 3:] = False
            target = measured & (hidden | ~shown)
            restored, place = network.pretext(torch.where(shown & ~hidden, x, 0.0))
            loss = functional.smooth_l1_loss(restored[target], x[target])
            there = np.isfinite(where[:, 0])
            truth = on_the_sphere(torch.from_numpy(where[there]))
            return loss + LOCATION * (1 - (place[torch.from_numpy(there)] * truth).sum(-1)).mean()

    task = Task()

    def loss(step: Step) -> Tensor:
        found: Tensor = task(step.rng)
        return found

    plan = Plan(
        steps=steps,
        rate=RATE,
        optimiser=lambda p, rate: torch.optim.AdamW(p, lr=rate, weight_decay=0.02),
        schedule=one_cycle,
        clip=5.0,
        average=0.98,
        every=25,
        seed=seed,
    )
    print(train(task, loss, plan, folder=probing.Path("training/runs"), name=NAME))


def main() -> None:
    """Train, ship and probe from the command line."""
    args = arguments(__doc__, STEPS)
    chips, classes, held = eurosat(args.folder)
    torch.manual_seed(args.seed)
    network, untrained = GeoUNet(SMALL), GeoUNet(SMALL)
    untrained.load_state_dict(network.state_dict())
    if args.probe:
        load_checkpoint(network, SMALL_WEIGHTS)
    else:
        fit(network, samples(BANDS) + satclip(args.folder, BANDS), chips[~held], args.steps, args.seed)
        file = probing.Path("training/runs") / f"{NAME}.safetensors"
        write(file, network, {"kind": "GeoUNet", "config": to_json(SMALL)})
        ship(probing.Path(package.__file__).parent, SMALL_WEIGHTS.name, file)
    network.eval()
    probing.settled(untrained, [standardised(x) for x in sentinel_probes.typical(args.folder, BANDS, chips[~held])])
    encoders = {"trained": lambda x: encoded(network, x), "untrained": lambda x: encoded(untrained, x)}
    tables = {
        "EuroSAT": sentinel_probes.chips(encoders, chips, classes, held, SMALL.width),
        "TerraMind": sentinel_probes.places(encoders, args.folder, BANDS, SMALL.width),
    }
    probing.note(NAME, tables)


if __name__ == "__main__":
    main()
