"""Train the small encoder of SatVision-TOA: ``python -m training.encode_satvision FOLDER``; stops, resumes, probes, and ships.

SimMIM on six bands of images with their clouds: the Landsat-7 chip of ukis-csmask (top of atmosphere), all dates of the
samples, the patches of SatCLIP and TerraMind. There is no open MODIS L1B at hand. The probe is the cloud mask of 8 x 8 pixels:
labels come from the Landsat-7 chip, and the Landsat-5 chip, another place and sensor that was never trained on, is tested.
"""

from __future__ import annotations

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
from training import probing
from training.encode_images import Place, arguments, samples, satclip, terramind
from training.ship import ship

NAME = "encode_satvision"
BANDS = SMALL_WEIGHTS.bands
BATCH, STEPS, RATE, MASKED = 32, 400, 1e-3, 0.6
#: Shares of a batch from the Landsat chip, the samples, SatCLIP and TerraMind.
SHARES = (0.35, 0.3, 0.25, 0.1)
CLOUD, SHADOW = 4, 0


def chip(folder: probing.Path, name: str) -> Place:
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
    print(train(task, loss, plan, folder=probing.Path("training/runs"), name=NAME))


def thresholds(raw: np.ndarray, split: probing.Split, per_class: int) -> np.ndarray:
    """Return the balanced accuracy of one threshold on the mean of blue, green and red, set on the drawn labels."""
    brightness, found = raw[:, :3].mean((1, 2, 3)), []
    for seed in range(probing.SEEDS):
        rng = np.random.default_rng([seed, per_class])
        drawn = np.concatenate(
            [rng.permutation(np.flatnonzero(split.train & (split.labels == k)))[:per_class] for k in (0, 1)]
        )
        levels = np.sort(brightness[drawn])
        rates = [probing.balanced_accuracy_score(split.labels[drawn], brightness[drawn] > level) for level in levels]
        guess = brightness[split.test] > levels[int(np.argmax(rates))]
        found.append(100 * probing.balanced_accuracy_score(split.labels[split.test], guess))
    return np.array(found)


def main() -> None:
    """Train, ship and probe from the command line."""
    args = arguments(__doc__, STEPS)
    known, tested = chip(args.folder, "landsat7"), chip(args.folder, "landsat5")
    torch.manual_seed(args.seed)
    network, untrained = SwinV2(SMALL), SwinV2(SMALL)
    untrained.load_state_dict(network.state_dict())
    if args.probe:
        load_checkpoint(network, SMALL_WEIGHTS)
    else:
        others = [samples(BANDS, clear=False), satclip(args.folder, BANDS), terramind(args.folder, BANDS)]
        fit(network, [[known], *others], args.steps, args.seed)
        file = probing.Path("training/runs") / f"{NAME}.safetensors"
        write(file, network, {"kind": "SwinV2", "config": to_json(SMALL)})
        ship(probing.Path(package.__file__).parent, SMALL_WEIGHTS.name, file)
    network.eval()
    untrained.eval()
    raw = np.concatenate([cells(p.values[0]) for p in (known, tested)])
    cover = np.concatenate([cells(p.cover[None]) for p in (known, tested)])
    first = np.arange(len(raw)) < len(raw) // 2
    features = {
        "trained": np.concatenate([encoded(network, p.values[0]) for p in (known, tested)]),
        "untrained": np.concatenate([encoded(untrained, p.values[0]) for p in (known, tested)]),
        f"PCA, {SMALL.width}": probing.components(raw, first, SMALL.width),
        "statistics": probing.statistics(raw),
    }
    share = np.stack([(cover == k).mean((1, 2, 3)) for k in (CLOUD, SHADOW)], -1)
    clear = 1 - share.sum(-1)
    kinds = np.concatenate([clear[:, None], share], -1)
    three = np.where(kinds.max(-1) > 0.5, kinds.argmax(-1), -1)
    tables = {}
    for name, labels in (("cloud", np.where(three < 0, -1, three == 1)), ("clear, cloud, shadow", three)):
        split = probing.Split(labels, first & (labels >= 0), ~first & (labels >= 0))
        print(name, "tested cells", int(split.test.sum()), flush=True)
        tables[name] = probing.compare(features, split, (5, 30))
        if name == "cloud":
            row = {f"{n} labels a class": str(probing.interval(thresholds(raw, split, n))) for n in (5, 30)}
            print("one threshold on brightness", row)
            tables[name]["one threshold on brightness"] = row
    probing.note(NAME, tables)


if __name__ == "__main__":
    main()
