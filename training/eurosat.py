"""Train the classifier of chips: ``python -m training.eurosat FOLDER``; resumable, writes its weights into the package.

FOLDER holds the JPEGs of EuroSAT RGB, one folder per class. The files of a class are sorted by the SHA-256 of their names:
the first 20 % are held out and measured once by ``benchmarks/chips.py``, the next 15 % choose the step that is
kept, the rest is for training. EuroSAT gives no locations, so a split by place is not possible.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

import eowidgets.models.chips.eurosat as package
from eowidgets.contract.weights import to_json, write
from eowidgets.learn import Plan, one_cycle, train
from eowidgets.models.blocks.plan import Step
from eowidgets.models.chips.eurosat.card import WEIGHTS
from eowidgets.models.chips.eurosat.network import SMALL, ChipNet
from training.ship import ship

RUNS = Path("training/runs")
SHARES = {"held out": (0.0, 0.2), "choice": (0.2, 0.35), "training": (0.35, 1.0)}
BATCH, STEPS, RATE, DECAY = 64, 4000, 3e-3, 0.02
#: Path reflectance and transmittance of the atmosphere for red, green and blue under common haze, for the step from the top of
#: the atmosphere to the surface.
AIR = np.array((0.025, 0.045, 0.075), np.float32) / 0.275
CLEAR = np.array((0.92, 0.90, 0.86), np.float32)


def files(folder: Path, part: Literal["held out", "choice", "training"]) -> list[tuple[Path, int]]:
    """Return the files of a part and their classes."""
    low, high = SHARES[part]
    found = []
    for label, name in enumerate(sorted(p.name for p in folder.iterdir() if p.is_dir())):
        own = sorted((folder / name).glob("*.jpg"), key=lambda p: hashlib.sha256(p.name.encode()).hexdigest())
        found += [(p, label) for p in own[round(low * len(own)) : round(high * len(own))]]
    return found


def pictures(folder: Path, part: Literal["held out", "choice", "training"]) -> tuple[Tensor, Tensor]:
    """Return the pictures of a part (n, 3, 64, 64), 0..255, and their classes (n,)."""
    listed = files(folder, part)
    images = np.stack([np.asarray(Image.open(p)) for p, _ in listed]).transpose(0, 3, 1, 2)
    return torch.from_numpy(images.astype("float32")), torch.tensor([k for _, k in listed])


def varied(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Rotate, mirror and shift pictures (n, 3, h, w), and vary light and atmosphere; 1..255."""
    n, _, h, w = x.shape
    out = []
    padded = functional.pad(x, (8, 8, 8, 8), mode="reflect")
    for i in range(n):
        r, c = (int(v) for v in rng.integers(0, 17, 2))
        one = torch.rot90(padded[i, :, r : r + h, c : c + w], int(rng.integers(4)), (1, 2))
        out.append(one.flip(2) if rng.random() < 0.5 else one)
    y = (torch.stack(out) - 1) / 254
    share = rng.uniform(0, 1.1, (n, 1)) * (rng.random((n, 1)) < 0.5)
    air, clear = share * AIR, 1 - share * (1 - CLEAR)
    y = (y - _planes(air)) / _planes(clear)
    gain = np.exp(rng.normal(0, 0.1, (n, 1)) + rng.normal(0, 0.03, (n, 3)))
    y = y * _planes(gain) + 0.01 * float(rng.random()) * torch.from_numpy(rng.standard_normal(y.shape, dtype="float32"))
    return 1 + 254 * y.clamp(0, 1)


def _planes(values: np.ndarray) -> Tensor:
    return torch.from_numpy(values.astype("float32"))[:, :, None, None]


def standardised(x: Tensor) -> Tensor:
    """Return the input of the network for pictures 0..255."""
    mean, std = (x.new_tensor(v).view(-1, 1, 1) for v in (WEIGHTS.mean, WEIGHTS.std))
    return (x - mean) / std


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    (x, truth), (x_choice, truth_choice) = pictures(args.folder, "training"), pictures(args.folder, "choice")
    torch.manual_seed(args.seed)
    network = ChipNet(SMALL).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def loss(step: Step) -> Tensor:
        some = step.rng.choice(len(x), BATCH, replace=False)
        seen = standardised(varied(x[some], step.rng)).contiguous(memory_format=torch.channels_last)
        return functional.cross_entropy(network(seen), truth[some], label_smoothing=0.05)

    def check() -> float:
        with torch.inference_mode():
            return float((network(standardised(x_choice)).argmax(1) != truth_choice).float().mean())

    plan = Plan(
        steps=args.steps,
        rate=RATE,
        optimiser=lambda p, rate: torch.optim.AdamW(p, lr=rate, weight_decay=DECAY),
        schedule=one_cycle,
        clip=5.0,
        average=0.98,
        every=50,
        seed=args.seed,
    )
    RUNS.mkdir(parents=True, exist_ok=True)
    done = train(network, loss, plan, check=check, folder=RUNS, name="eurosat")
    path = RUNS / "eurosat.safetensors"
    digest = write(path, network, {"kind": "ChipNet", "config": to_json(SMALL)})
    ship(Path(package.__file__).parent, WEIGHTS.name, path)
    note = {"steps": done.step, "cpu_s": round(done.seconds), "error of choice": done.best, "sha256": digest}
    (RUNS / "eurosat.json").write_text(json.dumps(note), encoding="utf-8")
    print(note)


if __name__ == "__main__":
    main()
