"""Train the change networks: ``python -m training.change lenet``; resumable, saves safetensors.

A batch mixes simulated pairs (created beforehand: ``python -m training.pairs training/runs/pairs/train 1600 --first 20000``),
pairs drawn from real pictures (:mod:`training.real_pairs`), and Sentinel-2 pictures at 10 m with drawn buildings. Differences
between two dates that are not change are drawn at every step: light, colour, haze, blur, resolution, JPEG,
misplacement, order of the dates.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.change.fcsiam.config import SIAMDIFF_SIZES, SiamDiffConfig
from eowidgets.models.change.fcsiam.network import FCSiamDiff
from eowidgets.models.change.lenet.config import LENET_SIZES, LENetConfig
from eowidgets.models.change.lenet.network import LENet, maps_loss, start_rare
from eowidgets.models.change.pictures import standardised, statistics
from eowidgets.models.change.weights import load, save
from training.coarse import Coarse
from training.loop import Precision, train
from training.pairs import SIDE, Pairs
from training.real_pairs import RealPairs
from training.real_places import places
from training.seasons import other_season

RUNS = Path("training/runs")
#: Small crops: a short training needs many steps, and the cost of a step is proportional to its pixels.
CROP = 128
#: Sides of the areas over which a crop's pair is standardised, in pixels.
AREAS = (144, 192, 256)
BATCH = 8
PEAK = 2e-3
#: Shares of a batch: simulated pairs, pairs from real pictures, and Sentinel-2 pictures at 10 m.
SOURCES = {"simulated": 0.38, "real": 0.56, "coarse": 0.06}
#: Share of the crops of simulated pairs that are drawn from pairs with change.
CHANGED = 0.7
#: Losses of the rare classes count double.
CLASS_WEIGHTS = (1.0, 2.0, 2.0)
#: Share of the real pairs that are coarsened by a factor in this range: coarse pictures are
#: enlarged to half a metre before a network sees them.
ENLARGED, FACTORS = 0.3, (1.5, 4.5)
#: Share of the real pairs of which one date is recoloured to another season.
RECOLOURED = 0.4

LENET, SIAMDIFF = LENET_SIZES["small"], SIAMDIFF_SIZES["small"]
#: Name: network, steps. The short ones are for the table of ablations and are not shipped: the trained LENet with a part
#: removed, fine-tuned for the same number of steps each.
RECIPES: dict[str, tuple[LENetConfig | SiamDiffConfig, int]] = {
    "lenet": (LENET, 1000),
    "fcsiam": (SIAMDIFF, 1000),
    "short-both": (LENET, 80),
    "short-exchange-only": (dataclasses.replace(LENET, csdw=False), 80),
    "short-csdw-only": (dataclasses.replace(LENET, exchange=False), 80),
    "short-neither": (dataclasses.replace(LENET, csdw=False, exchange=False), 80),
}


class Batches:
    """Crops of pairs with the disturbances of real pictures.

    Parameters
    ----------
    pairs : Pairs
        Simulated ones.
    coarse, real : optional
        Other sources; the shares of missing ones go to the others.
    crop : int
    areas : tuple of int
        Sides of the areas that are standardised before a crop is cut from them, at least ``crop``.
    """

    def __init__(
        self,
        pairs: Pairs,
        coarse: Coarse | None = None,
        real: RealPairs | None = None,
        crop: int = CROP,
        areas: tuple[int, ...] = AREAS,
    ) -> None:
        self.pairs, self.coarse, self.real, self.crop, self.areas = pairs, coarse, real, crop, areas
        there = {"simulated": pairs, "real": real, "coarse": coarse}
        shares = {name: share for name, share in SOURCES.items() if there[name] is not None}
        self.shares = {name: share / sum(shares.values()) for name, share in shares.items()}
        # Crops with change are drawn more often: 40 % of the pairs have no change, like most pixels of the others.
        self.pool = np.flatnonzero([bool((c > 0).any()) for c in pairs.change])
        self.everything = np.arange(len(pairs))

    def draw(self, rng: np.random.Generator, batch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Draw standardised pictures before and after (n, 3, crop, crop) and classes (n, crop, crop)."""
        images, truths = zip(*(self.one(rng) for _ in range(batch)), strict=True)
        x = torch.stack(images)
        return x[:, 0], x[:, 1], torch.stack(truths)

    def one(self, rng: np.random.Generator, source: str = "any") -> tuple[Tensor, Tensor]:
        """Draw one pair (2, 3, crop, crop) from a source of :data:`SOURCES`, or from any by their shares, and its labels."""
        if source == "any":
            source = str(rng.choice(list(self.shares), p=list(self.shares.values())))
        # Standardised over areas of several sizes: pictures of users have any size.
        area = int(rng.choice(self.areas))
        if source == "coarse" and self.coarse is not None:
            pair, truth = self.coarse.draw(rng, min(area, 100 + int(rng.integers(80))))
            x, y = torch.from_numpy(pair), torch.from_numpy(truth)
            if min(y.shape) < self.crop:
                need = (self.crop, self.crop)
                x = functional.interpolate(x, need, mode="bilinear")
                y = functional.interpolate(y[None, None].float(), need, mode="nearest")[0, 0].long()
        elif source == "real" and self.real is not None:
            pictures, labels = self.real.draw(rng, area)
            x, y = torch.from_numpy(pictures), torch.from_numpy(labels.astype(np.int64))
            if rng.random() < RECOLOURED:
                date = int(rng.integers(2))
                x[date] = torch.from_numpy(other_season(x[date].numpy(), rng))
            if rng.random() < ENLARGED:
                x = enlarged(x, float(np.exp(rng.uniform(*np.log(FACTORS)))))
        else:
            pool = self.pool if rng.random() < CHANGED else self.everything
            i = int(rng.choice(pool))
            r, c = (int(rng.integers(0, SIDE - area + 1)) for _ in range(2))
            window = (slice(r, r + area), slice(c, c + area))
            x = torch.from_numpy(self.pairs.images[i][..., window[0], window[1]].copy()).float() / 255
            y = torch.from_numpy(self.pairs.change[i][window].astype(np.int64))
        x = torch.stack([disturbed(d, rng) for d in x])
        x = standardised(x, *statistics(x))
        r, c = (int(rng.integers(0, s - self.crop + 1)) for s in y.shape)
        x, y = x[..., r : r + self.crop, c : c + self.crop], y[r : r + self.crop, c : c + self.crop]
        if rng.random() < 0.5:
            x = x.flip(0)
        quarter, mirror = int(rng.integers(4)), bool(rng.integers(2))
        x, y = torch.rot90(x, quarter, (-2, -1)), torch.rot90(y, quarter, (-2, -1))
        return (x.flip(-1), y.flip(-1)) if mirror else (x, y)


def disturbed(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Disturb the picture of one date (3, h, w), 0..1, like sensor, atmosphere and file format."""
    h, w = x.shape[-2:]
    top = x.amax().clamp_min(1e-6)
    x = x / top
    x = x ** float(np.exp(rng.normal(0, 0.25)))
    x = x * torch.from_numpy(np.exp(0.08 * rng.standard_normal((3, 1, 1)))).float()
    grey = x.mean(dim=0, keepdim=True)
    x = grey + float(rng.uniform(0.5, 1.4)) * (x - grey)
    if rng.random() < 0.3:  # light or haze that differs over the picture
        slope = torch.from_numpy(rng.normal(0, 0.15, 2)).float()
        ramp = slope[0] * torch.linspace(-1, 1, h)[:, None] + slope[1] * torch.linspace(-1, 1, w)
        x = x * (1 + ramp)
    if rng.random() < 0.4:  # misregistered by more than in the simulator, and by different amounts over the picture
        x = warped(x, rng)
    if rng.random() < 0.35:  # a sensor with coarser pixels, or a resampled mosaic
        scale = float(rng.uniform(0.45, 0.95))
        small = functional.interpolate(x[None], scale_factor=scale, mode="bilinear", antialias=True)
        x = functional.interpolate(small, (h, w), mode="bicubic")[0]
    if rng.random() < 0.3:  # sharpened, as map services do
        x = x + float(rng.uniform(0.3, 1.2)) * (x - functional.avg_pool2d(x[None], 3, 1, 1)[0])
    if rng.random() < 0.5:
        x = x + float(rng.uniform(0, 0.03)) * torch.from_numpy(rng.standard_normal((1, h, w), dtype=np.float32))
    x = x.clamp(0, 1)
    if rng.random() < 0.4:
        file = io.BytesIO()
        Image.fromarray((x.permute(1, 2, 0) * 255).byte().numpy()).save(file, "JPEG", quality=int(rng.integers(35, 95)))
        x = torch.from_numpy(np.asarray(Image.open(file)).copy()).permute(2, 0, 1).float() / 255
    return x


def enlarged(x: Tensor, factor: float) -> Tensor:
    """Coarsen pictures (n, 3, h, w) by a factor and resample them to their original size."""
    size = (x.shape[-2], x.shape[-1])
    small = (max(round(size[0] / factor), 2), max(round(size[1] / factor), 2))
    coarse = functional.interpolate(x, small, mode="bilinear", antialias=True)
    return functional.interpolate(coarse, size, mode="bicubic").clamp(0, 1)


def warped(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Shift a picture (3, h, w) by about a pixel, by different amounts over the picture, like terrain and mosaics."""
    h, w = x.shape[-2:]
    coarse = rng.normal(0, 0.7, (1, 2, 1, 1)) + rng.normal(0, 0.5, (1, 2, 3, 3))
    moved = functional.interpolate(torch.from_numpy(coarse).float(), (h, w), mode="bilinear", align_corners=True)[0]
    rows = (torch.arange(h)[:, None] + moved[0]) * 2 / (h - 1) - 1
    columns = (torch.arange(w)[None] + moved[1]) * 2 / (w - 1) - 1
    at = torch.stack([columns, rows], dim=-1)[None]
    return functional.grid_sample(x[None], at, mode="bilinear", padding_mode="border", align_corners=True)[0]


def build(config: LENetConfig | SiamDiffConfig) -> LENet | FCSiamDiff:
    """Build a network with seeded weights."""
    torch.manual_seed(0)
    network = LENet(config) if isinstance(config, LENetConfig) else FCSiamDiff(config)
    for head in [h[-1] for h in network.heads] if isinstance(network, LENet) else [network.head]:
        start_rare(head)
    return network.to(memory_format=torch.channels_last)  # type: ignore[no-any-return,call-overload]


def masks(
    name: str, batches: Batches, steps: int | None = None, start: Path | None = None, precision: Precision = "auto"
) -> dict[str, object]:
    """Train one recipe of :data:`RECIPES`, from scratch or from the weights of an earlier run in the folder ``start``."""
    config, planned = RECIPES[name]
    network: nn.Module = build(config)
    short = name.startswith("short")
    before = begin(network, "lenet", start or RUNS) if short else begin(network, name, start)
    weight = torch.tensor(CLASS_WEIGHTS)

    def step(rng: np.random.Generator, generator: torch.Generator, progress: float) -> Tensor:
        torch.manual_seed(int(rng.integers(2**31)))  # dropout
        a, b, truth = batches.draw(rng, BATCH)
        a, b = (v.contiguous(memory_format=torch.channels_last) for v in (a, b))
        return maps_loss(network(a, b), truth, weight)

    peak = 5e-4 if short else PEAK
    done = train(
        f"change-{name}", network, step, RUNS, steps=steps or planned, peak=peak, every=25, precision=precision
    )
    done["steps"] += before
    done["parameters"] = sum(p.numel() for p in network.parameters())
    done["sha256"] = save(network, RUNS / f"change-{name}.safetensors")
    (RUNS / f"change-{name}.json").write_text(json.dumps(done))
    return done


def begin(network: nn.Module, name: str, start: Path | None) -> int:
    """Load the weights of an earlier run, if given; return its steps."""
    if start is None:
        return 0
    # Parts that are missing in the earlier run keep their initial weights; parts that only it has are dropped.
    network.load_state_dict(load(start / f"change-{name}.safetensors")[0].state_dict(), strict=False)
    note = json.loads((start / f"change-{name}.json").read_text(encoding="utf-8"))
    return int(note["steps"])


def main() -> None:
    """Run recipes from the command line, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="+", choices=sorted(RECIPES))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--pairs", type=Path, default=RUNS / "pairs" / "train")
    parser.add_argument("--count", type=int, default=1600)
    parser.add_argument("--data", type=Path, help="folder of the data sets of training.real_places")
    parser.add_argument("--real", type=Path, help="folder of Sentinel-2 patches (12 bands, GeoTIFF)")
    parser.add_argument("--start", type=Path, help="folder of an earlier run to continue from")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    args = parser.parse_args()
    batches = Batches(Pairs(args.pairs, args.count), Coarse(args.real), training_pairs(args.data))
    for name in args.recipes:
        print(name, masks(name, batches, args.steps, args.start, args.precision), flush=True)


def training_pairs(folder: Path | None) -> RealPairs | None:
    """Load pairs from the real places for training; None without a folder."""
    return None if folder is None else RealPairs([p for p in places(folder) if p.split == "train"])


if __name__ == "__main__":
    main()
