"""Train TempCNN on labelled MODIS series of Mato Grosso: ``python -m training.tempcnn FOLDER`` (about 3 minutes on one core).

FOLDER holds ``samples_mt_9classes.npz`` and ``cerrado_col6_first3000.npz``: the package data of the R package sits, as arrays
``X`` (n, dates, bands), ``days``, ``label``, ``lon``, ``lat`` and ``bands``. Places are split by cells of half a degree into
training, validation (which chooses the step) and test; only ``benchmarks/series.py`` reads the test part.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.contract.weights import to_json, write
from eowidgets.learn import Plan, train
from eowidgets.models.series import tempcnn
from eowidgets.models.series.regular import interpolated, season
from eowidgets.models.series.tempcnn.card import BANDS, CROPS, STEPS
from eowidgets.models.series.tempcnn.network import TempCNN, TempCNNConfig
from training.ship import ship

FILES = ("samples_mt_9classes.npz", "cerrado_col6_first3000.npz")
#: Names of the bands in the files, in our order; and classes of the second file with another name in the first.
THEIRS = ("blue", "red", "nir", "mir")
SAME = {"Cerrado_Campo": "Cerrado", "Cerrado_Rupestre": "Cerrado"}
#: Side of the cells in degrees; one of five cells is for the test and one for validation.
CELL, FOLDS = 0.5, 5
TEST, VALIDATION = 0, 1
#: Sampled at one place, which cannot be split: only in training.
ONE_PLACE = "Forest"
EPOCHS, BATCH, RATE, DECAY = 120, 32, 1e-3, 1e-6


@dataclass(frozen=True)
class Samples:
    """Labelled series.

    Attributes
    ----------
    x : array (n, t, c), float32
    days : array (n, t), float64
    label : array (n,), int64
    fold : array (n,), int64
    lonlat : array (n, 2)
    """

    x: npt.NDArray[np.float32]
    days: npt.NDArray[np.float64]
    label: npt.NDArray[np.int64]
    fold: npt.NDArray[np.int64]
    lonlat: npt.NDArray[np.float64]

    def __getitem__(self, keep: npt.NDArray[np.bool_]) -> Samples:
        """Return a subset of the series."""
        return Samples(self.x[keep], self.days[keep], self.label[keep], self.fold[keep], self.lonlat[keep])

    @property
    def test(self) -> Samples:
        """Test part, used for neither training nor choice of settings."""
        return self[self.fold == TEST]


def read(folder: Path) -> Samples:
    """Read both files; series in both are kept once."""
    parts: list[tuple[npt.NDArray, ...]] = []
    for name in FILES:
        with np.load(folder / name) as file:
            order = [list(file["bands"]).index(b) for b in THEIRS]
            names = [SAME.get(str(v), str(v)) for v in file["label"]]
            place = np.stack([file["lon"], file["lat"]], axis=1)
            parts.append((file["X"][..., order], file["days"].astype("float64"), np.array(names), place))
    x, days, names, place = (np.concatenate(p) for p in zip(*parts, strict=True))
    keys = [f"{lon:.4f} {lat:.4f} {day:.0f}" for (lon, lat), day in zip(place, days[:, 0], strict=True)]
    first = np.unique(keys, return_index=True)[1]
    x, days, names, place = x[first], days[first], names[first], place[first]
    label = np.array([[crop.name for crop in CROPS].index(n) for n in names])
    fold = np.array([zlib.crc32(f"{int(a)} {int(b)}".encode()) % FOLDS for a, b in np.floor(place / CELL)])
    fold[names == ONE_PLACE] = max(TEST, VALIDATION) + 1
    return Samples(x.astype("float32"), days, label, fold, place)


def prepared(samples: Samples) -> Tensor:
    """Interpolate to the dates of the model like the model; shape (n, 23, c)."""
    out = torch.empty(len(samples.x), len(STEPS), len(BANDS))
    for i, (x, days) in enumerate(zip(torch.as_tensor(samples.x), torch.as_tensor(samples.days), strict=True)):
        wanted = season(days, STEPS, month=9, day=14)
        out[i] = interpolated(x[None], torch.ones(1, len(x), dtype=torch.bool), days, wanted)[0]
    return out


def adam(parameters: Iterable[nn.Parameter], rate: float) -> torch.optim.Optimizer:
    """Build the optimiser of the paper, with its weight decay."""
    return torch.optim.Adam(parameters, lr=rate, weight_decay=DECAY)


def fit(samples: Samples, *, epochs: int, seed: int, folder: Path | None) -> tuple[TempCNN, float]:
    """Train; also return the accuracy on the validation part."""
    x, y = prepared(samples), torch.as_tensor(samples.label)
    learn, choose = (torch.as_tensor(m) for m in (samples.fold > VALIDATION, samples.fold == VALIDATION))
    torch.manual_seed(seed)
    network = TempCNN(TempCNNConfig(len(STEPS), len(BANDS), len(CROPS)))
    flat = x[learn].flatten(0, 1)
    network.low.copy_(flat.quantile(0.02, dim=0))
    network.high.copy_(flat.quantile(0.98, dim=0))
    xs, ys = x[learn], y[learn]
    steps = len(xs) // BATCH

    def loss(step) -> Tensor:
        epoch, at = divmod(step.number, steps)
        order = torch.randperm(len(xs), generator=torch.Generator().manual_seed(seed * 1009 + epoch))
        some = order[at * BATCH : (at + 1) * BATCH]
        return functional.cross_entropy(network(xs[some]), ys[some])

    def check() -> float:
        return float(functional.cross_entropy(network(x[choose]), y[choose]))

    plan = Plan(steps=steps * epochs, rate=RATE, optimiser=adam, every=steps, seed=seed)
    train(network, loss, plan, check=check, folder=folder, name="tempcnn", bar=True)
    with torch.inference_mode():
        right = network(x[choose]).argmax(dim=1) == y[choose]
    return network, float(right.double().mean())


def main() -> None:
    """Train, and write the weights into the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="with the npz files")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="for the log and the checkpoint")
    args = parser.parse_args()
    samples = read(args.folder)
    network, score = fit(samples, epochs=args.epochs, seed=args.seed, folder=args.runs)
    source = args.runs / "tempcnn.safetensors"
    write(source, network, {"kind": "TempCNN", "config": to_json(network.config)})
    ship(
        Path(tempcnn.__file__).parent,
        "tempcnn.matogrosso",
        source,
        {"accuracy, places of the validation part": round(score, 4)},
    )
    print(f"accuracy on the validation part: {score:.4f}")


if __name__ == "__main__":
    main()
