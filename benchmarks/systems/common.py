"""Shared parts of the benchmarks of trainable models: examples from arrays, and scores on held-out parts."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch

from eowidgets.contract.feeds import Batch
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.target import Target
from eowidgets.contract.trainable import Examples, Trainable
from eowidgets.metrics.classes import accuracy, confusion, f1, iou

TREES = 300
Array = npt.NDArray


def target_of(name: str, classes: Sequence[str]) -> Target:
    """Return a target of classes in grey."""
    return Target(name, classes=tuple(ClassInfo(i, one, f"#{40 + 5 * i:02x}4060") for i, one in enumerate(classes)))


def batch_of(
    x: Array, days: Array, bands: Sequence[str], usable: Array | None = None, resolution: float = 10.0
) -> Batch:
    """Return values (n, t, c, ...) as a batch; non-finite values are not usable."""
    seen = np.isfinite(x).all(axis=2) if usable is None else usable & np.isfinite(x).all(axis=2)
    values = torch.from_numpy(np.where(seen[:, :, None], np.nan_to_num(x), 0).astype("float32"))
    there, when = torch.from_numpy(seen), torch.as_tensor(days, dtype=torch.float64)
    return Batch(values, there, there, values, when, when, tuple(bands), torch.zeros(len(x), 2), resolution)


def examples_of(batch: Batch, target: Array, group: Array | None = None) -> Examples:
    """Return a batch with its target."""
    kind = torch.float32 if target.dtype.kind == "f" else torch.int64
    return Examples(
        batch, torch.from_numpy(np.array(target)).to(kind), np.arange(len(target)) if group is None else group
    )


def trained(model: Trainable, examples: Examples, target: Target, seed: int = 0) -> Trainable:
    """Train a model and print the processor time."""
    began = time.process_time()
    found = model.fit(examples, target, seed=seed)
    print(
        f"  trained {model.name}: {len(examples)} examples, {time.process_time() - began:.0f} s of one core", flush=True
    )
    return found


def predicted(model: Trainable, batch: Batch, rows: int = 64) -> dict[str, Array]:
    """Predict in parts."""
    from eowidgets.contract.trainable import take

    parts = [
        model.predict(take(batch, rows_)) for rows_ in np.array_split(np.arange(len(batch.x)), -(-len(batch.x) // rows))
    ]
    return {name: torch.cat([p[name] for p in parts]).numpy() for name in parts[0]}


def classes_of(chances: Array) -> Array:
    """Return the most probable class; -1 where there is none."""
    return np.where(np.isnan(chances).any(1), -1, np.nan_to_num(chances).argmax(1))


def crop_scores(name: str, found: Array, truth: Array, classes: Sequence[str]) -> dict[str, float]:
    """Print and return accuracy and mean F1; missing predictions count as wrong."""
    counts = confusion(np.where(found < 0, (truth + 1) % len(classes), found), truth, len(classes))
    there = counts.sum(1) > 0
    scores = {"accuracy": accuracy(counts), "mean F1": float(np.mean(f1(counts)[there]))}
    print(f"  {name:46} accuracy {scores['accuracy']:.3f}  mean F1 {scores['mean F1']:.3f}", flush=True)
    return scores


def map_scores(name: str, found: Array, truth: Array, classes: Sequence[str]) -> dict[str, float]:
    """Print and return the IoU of every class, and their mean."""
    each = iou(confusion(found, truth, len(classes)))
    listed = "  ".join(f"{c} {v:.3f}" for c, v in zip(classes, each, strict=True))
    print(f"  {name:46} mean IoU {np.nanmean(each):.3f}  ({listed})", flush=True)
    return {**{c: float(v) for c, v in zip(classes, each, strict=True)}, "mean": float(np.nanmean(each))}


def forest(x: Array, y: Array, numeric: bool = False):
    """Fit a random forest."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestRegressor if numeric else RandomForestClassifier
    more = {"min_samples_leaf": 3} if numeric else {}
    return kind(TREES, random_state=0, n_jobs=1, **more).fit(x, y)


def filled(x: Array) -> Array:
    """Interpolate gaps of series (n, t, c) along time; before the first and after the last, the nearest."""
    out = np.array(x, dtype="float64")
    steps = np.arange(x.shape[1])
    for row in out:
        for band in row.T:
            there = np.isfinite(band)
            band[:] = np.interp(steps, steps[there], band[there]) if there.any() else 0
    return out


def shown(scores: Mapping[str, float]) -> None:
    """Print scores in the format of a card."""
    for name, value in scores.items():
        print(f'  "{name}": {value:.3f},')
