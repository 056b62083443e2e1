"""Calibrate a change network on the development places: temperature and bias of the class "building".

``python -m training.calibrate mci lenet fcsiam --data FOLDER`` scales the last layer of the network in
``training/runs/change-NAME.safetensors``, which is linear, so that a probability of 0.5 is the threshold with the highest
F1 and probabilities are as sharp as the labels of the development pairs support. The file is replaced.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.change_real_pairs import DEV_COUNT, RealSet, real_sets
from eowidgets.models.change.fcsiam.network import FCSiamDiff
from eowidgets.models.change.lenet.network import UNKNOWN, LENet
from eowidgets.models.change.mci.network import MCI
from eowidgets.models.change.pictures import standardised, statistics
from eowidgets.models.change.views import zoom_of
from eowidgets.models.change.weights import load, save
from training.change import RUNS

BUILDING = 2
#: Temperatures of the grid search.
TEMPERATURES = np.geomspace(0.5, 2.5, 17)


def last_layers(network: nn.Module) -> list[nn.Conv2d]:
    """Return the linear layers that give the logits."""
    if isinstance(network, MCI):
        return [cast(nn.Conv2d, network.mask.head[-1])]
    if isinstance(network, LENet):
        return [cast(nn.Conv2d, cast(nn.Sequential, head)[-1]) for head in network.heads]
    if isinstance(network, FCSiamDiff):
        return [network.head]
    raise TypeError(f"a {type(network).__name__} is not a change network")


def margins(network: nn.Module, sets: list[RealSet]) -> tuple[Tensor, Tensor]:
    """Return the log-odds of "building" of all labelled pixels and the mask of new or removed buildings."""
    odds, truth = [], []
    with torch.inference_mode():
        for one in sets:
            for pair, labels in one.pairs:
                x = torch.from_numpy(pair)
                x = standardised(x, *statistics(x))
                # As the models do: coarse pictures are enlarged to the pixel size of the training.
                zoom = zoom_of(one.metres)
                size = (x.shape[-2], x.shape[-1])
                x = functional.interpolate(x, scale_factor=zoom, mode="bicubic") if zoom > 1 else x
                logits = functional.interpolate(network(x[:1], x[1:])[0].float(), size, mode="area")[0]
                known = torch.from_numpy(labels) != UNKNOWN
                odds.append((logits[BUILDING] - logits[:BUILDING].logsumexp(dim=0))[known])
                truth.append((torch.from_numpy(labels) == BUILDING)[known])
    return torch.cat(odds), torch.cat(truth)


def best_shift(odds: Tensor, truth: Tensor) -> tuple[float, float]:
    """Return the threshold on log-odds with the highest F1, and that F1.

    Examples
    --------
    >>> odds, truth = torch.tensor([-3.0, -1.0, 0.5, 2.0]), torch.tensor([False, True, True, True])
    >>> cut, f1 = best_shift(odds, truth)
    >>> -3 < cut <= -1, f1
    (True, 1.0)
    """
    order = odds.argsort(descending=True)
    right = truth[order].double().cumsum(0)
    said = torch.arange(1, len(order) + 1, dtype=torch.float64)
    f1 = 2 * right / (said + truth.sum())
    best = int(f1.argmax())
    ranked = odds[order]
    after = ranked[best + 1] if best + 1 < len(ranked) else ranked[best] - 1
    return float((ranked[best] + after) / 2), float(f1[best])


def temperature(odds: Tensor, truth: Tensor, cut: float) -> float:
    """Return the divisor of ``odds - cut`` with the lowest cross-entropy."""
    y = truth.float()
    losses = [float(nn.functional.binary_cross_entropy_with_logits((odds - cut) / float(t), y)) for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def adjust(network: nn.Module, cut: float, divisor: float) -> None:
    """Shift and scale the logits, so that log-odds of ``cut`` become 0 and log-odds ``cut + divisor`` become 1."""
    with torch.no_grad():
        for layer in last_layers(network):
            assert layer.bias is not None
            layer.bias[BUILDING] -= cut
            layer.weight /= divisor
            layer.bias /= divisor


def calibrate(name: str, folder: Path) -> dict[str, float]:
    """Calibrate one network and replace its file."""
    path, note = RUNS / f"change-{name}.safetensors", RUNS / f"change-{name}.json"
    network, about = load(path)
    odds, truth = margins(network, real_sets(folder, "dev", DEV_COUNT))
    cut, f1 = best_shift(odds, truth)
    t = temperature(odds, truth, cut)
    adjust(network, cut, t)
    kept = {k: v for k, v in about.items() if k not in ("kind", "config")}
    done = json.loads(note.read_text(encoding="utf-8"))
    done["sha256"] = save(network, path, **kept)
    result = {"cut": cut, "temperature": t, "F1, development pairs": f1}
    done["calibration"] = [*done.get("calibration", []), result]
    note.write_text(json.dumps(done))
    return result


def main() -> None:
    """Calibrate from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=("lenet", "fcsiam", "mci"))
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets of training.real_places")
    args = parser.parse_args()
    for name in args.names:
        print(name, calibrate(name, args.data), flush=True)


if __name__ == "__main__":
    main()
