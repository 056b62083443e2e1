"""Linear probes of encoders: logistic regression on fixed features, drawn labels, held-out places, intervals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.stats import t as student
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

#: Draws of the labels.
SEEDS = 5
#: Inverse strengths of the regularisation, one of which cross-validation inside the drawn labels chooses.
STRENGTHS = np.logspace(-4, 1, 6)


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Which examples may be drawn as labels, and which are tested; no place has both.

    Attributes
    ----------
    labels : array, shape (n,), int
    train, test : array, shape (n,), bool
    """

    labels: np.ndarray
    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True, slots=True)
class Score:
    """Balanced accuracy in percent: the mean over the draws, and half of its 95 % interval."""

    mean: float
    half: float

    def __str__(self) -> str:
        return f"{self.mean:.1f} ± {self.half:.1f}"


def interval(values: np.ndarray) -> Score:
    """Return the mean over the draws with a 95 % interval from Student's t."""
    half = student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
    return Score(float(values.mean()), float(half))


def probe(features: np.ndarray, split: Split, per_class: int) -> np.ndarray:
    """Return the balanced accuracy in percent of every draw of ``per_class`` labels a class, shape (SEEDS,)."""
    found = []
    for seed in range(SEEDS):
        rng = np.random.default_rng([seed, per_class])
        chosen = []
        for k in np.unique(split.labels[split.test]):
            here = np.flatnonzero(split.train & (split.labels == k))
            chosen.append(rng.permutation(here)[:per_class])
        drawn = np.concatenate(chosen)
        folds = StratifiedKFold(min(3, per_class), shuffle=True, random_state=seed)
        regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
        search = GridSearchCV(regression, {"logisticregression__C": STRENGTHS}, cv=folds)
        search.fit(features[drawn], split.labels[drawn])
        guess = search.predict(features[split.test])
        found.append(100 * balanced_accuracy_score(split.labels[split.test], guess))
    return np.array(found)


def compare(features: Mapping[str, np.ndarray], split: Split, counts: tuple[int, ...]) -> dict[str, dict[str, str]]:
    """Probe several features with the same draws, print the table, and return it; the first is compared with the others."""
    table: dict[str, dict[str, str]] = {}
    first = next(iter(features))
    for count in counts:
        runs = {name: probe(x, split, count) for name, x in features.items()}
        for name, values in runs.items():
            row = table.setdefault(name, {})
            row[f"{count} labels a class"] = str(interval(values))
            if name != first:
                row[f"{first} is better by, {count}"] = str(interval(runs[first] - values))
    for name, row in table.items():
        print(name, json.dumps(row, ensure_ascii=False), flush=True)
    return table


def components(raw: np.ndarray, fitted_on: np.ndarray, count: int) -> np.ndarray:
    """Return principal components of raw values (n, ...), fitted without labels on the examples of ``fitted_on``."""
    flat = raw.reshape(len(raw), -1)
    some = flat[fitted_on][:6000]
    pca = PCA(min(count, *some.shape), svd_solver="randomized" if flat.shape[1] > 500 else "auto", random_state=0)
    return pca.fit(some).transform(flat)


def statistics(raw: np.ndarray) -> np.ndarray:
    """Return mean, spread and five percentiles of every band of images (n, bands, h, w)."""
    flat = raw.reshape(*raw.shape[:2], -1)
    levels = np.percentile(flat, (5, 25, 50, 75, 95), axis=-1).transpose(1, 2, 0)
    return np.concatenate([flat.mean(-1)[..., None], flat.std(-1)[..., None], levels], -1).reshape(len(raw), -1)


def settled(network: nn.Module, inputs: list[torch.Tensor]) -> nn.Module:
    """Give an untrained network the statistics of its norms from real inputs: without them it would be scaled wrongly."""
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = None
        norm.reset_running_stats()
    network.train()
    with torch.no_grad():
        for x in inputs:
            network(x)
    return network.eval()


def note(name: str, tables: Mapping[str, object]) -> None:
    """Write what was measured beside the log of the training."""
    path = Path("training/runs") / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(tables, ensure_ascii=False, indent=1), encoding="utf-8")
