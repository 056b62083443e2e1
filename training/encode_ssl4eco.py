"""Train the small encoder of SSL4Eco: ``python -m training.encode_ssl4eco FOLDER``; stops, resumes, probes, and ships.

Season contrast on the two samples of the package, four dates of the seasons of each place; on the patches of SatCLIP and on two
thirds of EuroSAT's chips, which have one date, the keys differ by crop and colours alone, as in the reference code. The probes
use what was never trained on: the chips of EuroSAT that are held out, and the five places of TerraMind's examples.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import eowidgets.models.encode.ssl4eco as package
from eowidgets.contract.weights import load_checkpoint, to_json, write
from eowidgets.learn import Plan, one_cycle, train
from eowidgets.models.blocks.plan import Step
from eowidgets.models.encode.ssl4eco.card import SMALL_WEIGHTS
from eowidgets.models.encode.ssl4eco.config import SMALL
from eowidgets.models.encode.ssl4eco.contrast import SeasonContrast
from eowidgets.models.encode.ssl4eco.model import standardised
from eowidgets.models.encode.ssl4eco.network import ResNet
from training import probing, sentinel_probes
from training.encode_images import Place, arguments, eurosat, samples, satclip
from training.ship import ship

NAME = "encode_ssl4eco"
BANDS = ("blue", "green", "red", "nir", "nir08")
BATCH, STEPS, RATE, SIDE, QUEUE = 64, 450, 0.06, 48, 2048
#: Shares of a batch from the samples (with seasons), SatCLIP and EuroSAT.
SHARES = (0.25, 0.25, 0.5)
#: Share of the images with all bands of which only blue, green and red are kept.
COLOURS_ONLY = 0.3


class Images:
    """Draw one place and its three dates."""

    def __init__(self, seasonal: list[Place], single: list[Place], chips: np.ndarray) -> None:
        self.seasonal, self.single = seasonal, single
        self.chips = np.concatenate([chips, np.full_like(chips[:, :2], np.nan)], axis=1)

    def draw(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Return the images of the query and of two other dates, (bands, h, w) each."""
        kind = rng.choice(len(SHARES), p=SHARES)
        if kind == len(SHARES) - 1:
            image = self.chips[rng.integers(len(self.chips))]
            return [image, image, image]
        places = (self.seasonal, self.single)[kind]
        place = places[rng.integers(len(places))]
        dates = np.zeros(3, int) if len(place.values) == 1 else rng.permutation(_four(place, rng))[:3]
        h, w = place.values.shape[-2:]
        top, left = rng.integers(h - 63), rng.integers(w - 63)
        cut = place.values[dates, :, top : top + 64, left : left + 64].copy()
        if rng.random() < COLOURS_ONLY:
            cut[:, 3:] = np.nan
        return list(cut)


def _four(place: Place, rng: np.random.Generator) -> np.ndarray:
    if place.seasons is not None and len(place.seasons):
        found: np.ndarray = place.seasons[rng.integers(len(place.seasons))]
        return found
    return np.linspace(0, len(place.values) - 1, 4).round().astype(int)


def cropped(image: np.ndarray, rng: np.random.Generator) -> Tensor:
    """Cut a fifth to all of an image, scaled to the side of the network's images."""
    h, w = image.shape[-2:]
    side = round(float(rng.uniform(0.2, 1.0)) ** 0.5 * min(h, w))
    top, left = rng.integers(h - side + 1), rng.integers(w - side + 1)
    cut = torch.from_numpy(np.ascontiguousarray(image[:, top : top + side, left : left + side]))
    return functional.interpolate(cut[None], (SIDE, SIDE), mode="bilinear", align_corners=False)[0]


def recoloured(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Change brightness, contrast, greyness and sharpness, and mirror, as the reference does."""
    if rng.random() < 0.8:
        x = x * float(rng.uniform(0.6, 1.4))
        mean = x.nanmean(dim=(1, 2), keepdim=True)
        x = (x - mean) * float(rng.uniform(0.6, 1.4)) + mean
    if rng.random() < 0.2:
        x = x.nanmean(dim=0, keepdim=True).where(x.isfinite(), x)
    if rng.random() < 0.5:
        x = _blurred(x, float(rng.uniform(0.1, 2.0)))
    return x.flip(-1) if rng.random() < 0.5 else x


def _blurred(x: Tensor, sigma: float) -> Tensor:
    at = torch.arange(-3.0, 4.0)
    kernel = torch.exp(-0.5 * (at / sigma).square())
    kernel = (kernel / kernel.sum()).view(1, 1, 1, -1)
    y = functional.pad(x[:, None], (3, 3, 3, 3), mode="reflect")
    y = functional.conv2d(functional.conv2d(y, kernel), kernel.transpose(2, 3))
    return y[:, 0]


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


def main() -> None:
    """Train, ship and probe from the command line."""
    args = arguments(__doc__, STEPS)
    chips, classes, held = eurosat(args.folder)
    torch.manual_seed(args.seed)
    network = ResNet(SMALL)
    untrained = ResNet(SMALL)
    untrained.load_state_dict(network.state_dict())
    if args.probe:
        load_checkpoint(network, SMALL_WEIGHTS)
    else:
        fit(network, Images(samples(BANDS), satclip(args.folder, BANDS), chips[~held]), args.steps, args.seed)
        folder = probing.Path("training/runs")
        write(folder / f"{NAME}.safetensors", network, {"kind": "ResNet", "config": to_json(SMALL)})
        ship(probing.Path(package.__file__).parent, SMALL_WEIGHTS.name, folder / f"{NAME}.safetensors")
    network.eval()
    probing.settled(untrained, [inputs(x) for x in sentinel_probes.typical(args.folder, BANDS, chips[~held])])
    encoders = {"trained": lambda x: encoded(network, x), "untrained": lambda x: encoded(untrained, x)}
    tables = {
        "EuroSAT": sentinel_probes.chips(encoders, chips, classes, held, SMALL.width),
        "TerraMind": sentinel_probes.places(encoders, args.folder, BANDS, SMALL.width),
    }
    probing.note(NAME, tables)


def fit(network: ResNet, images: Images, steps: int, seed: int) -> None:
    """Train by season contrast."""
    contrast = SeasonContrast(network, queue=QUEUE, momentum=0.99)

    def loss(step: Step) -> Tensor:
        rng, parts = step.rng, [[], [], [], []]
        for _ in range(BATCH):
            first, second, third = images.draw(rng)
            query, other = cropped(first, rng), cropped(third, rng)
            keys = recoloured(cropped(second, rng), rng), other, recoloured(cropped(first, rng), rng)
            for part, image in zip(parts, (query, *keys), strict=True):
                part.append(image)
        query, *keys = (standardised(torch.stack(part), SMALL_WEIGHTS) for part in parts)
        return contrast(query, keys)

    plan = Plan(
        steps=steps,
        rate=RATE,
        optimiser=lambda p, rate: torch.optim.SGD(
            [q for q in p if q.requires_grad], lr=rate, momentum=0.9, weight_decay=1e-4
        ),
        schedule=one_cycle,
        every=25,
        seed=seed,
    )
    print(train(contrast, loss, plan, folder=probing.Path("training/runs"), name=NAME))


if __name__ == "__main__":
    main()
