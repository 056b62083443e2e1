"""Linear probes of frozen vectors: labels drawn five times, places kept apart, intervals, and rivals on the same draws."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

RUNS = Path("training/runs")
SEEDS, BOOTS, FOLDS = 5, 200, 3
STRENGTHS = np.logspace(-4, 1, 6)

Kind = Literal["classes", "two classes", "value"]
#: Vectors of the training and of the test part.
Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is to be read from the vectors.

    Attributes
    ----------
    name : str
    kind : {"classes", "two classes", "value"}
        Scored by the mean recall of the classes, the area under the ROC curve, or R².
    train, test : array
        Truth.
    train_places, test_places : array
        Place of every sample. No place is in both parts.
    labels : int
        Samples of the training part that a draw has; of classes, an equal number of each as far as there are enough.
    """

    name: str
    kind: Kind
    train: np.ndarray
    test: np.ndarray
    train_places: np.ndarray
    test_places: np.ndarray
    labels: int

    def __post_init__(self) -> None:
        shared = set(self.train_places.tolist()) & set(self.test_places.tolist())
        if shared:
            raise ValueError(f"{self.name}: {len(shared)} places are in both parts")


def probe(question: Question, sets: Mapping[str, Pair | Sequence[Pair]]) -> dict[str, Any]:
    """Score sets of vectors on a question.

    Every draw fits a logistic (or ridge) regression to standardised vectors of the drawn labels; its strength is chosen
    by cross-validation over places of the drawn part. The test part is resampled by place, so that intervals hold both
    the draw of the labels and the choice of the test places.

    Parameters
    ----------
    question : Question
    sets : mapping of str to (train, test), or a list of them
        Vectors; the first one is compared with the others. A list has the vectors of several networks, such as five random
        initialisations, of which every draw takes the next.

    Returns
    -------
    dict
        ``scores`` and ``ahead`` (first minus other): name -> (mean, low, high), 95 % intervals.
    """
    found: dict[str, list[float]] = {name: [] for name in sets}
    for seed in range(SEEDS):
        rng = np.random.default_rng([seed, 11])
        drawn = _drawn(question, rng)
        resampled = _resampled(question, rng)
        for name, given in sets.items():
            train, test = given if isinstance(given, tuple) else given[seed % len(given)]
            guessed = _guessed(question, train[drawn], question.train[drawn], question.train_places[drawn], test)
            found[name] += [_score(question, guessed[some], question.test[some]) for some in resampled]
    first = next(iter(sets))
    scores = {name: _interval(np.array(values)) for name, values in found.items()}
    ahead = {n: _interval(np.array(found[first]) - np.array(v)) for n, v in found.items() if n != first}
    return {"question": question.name, "scores": scores, "ahead": ahead}


def table(results: list[dict[str, Any]]) -> str:
    """Write the results of :func:`probe` as a table in Markdown."""
    names = list(results[0]["scores"])
    lines = ["| probe | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for result in results:
        cells = [f"{m:.3f} ({low:.3f} to {high:.3f})" for m, low, high in result["scores"].values()]
        lines.append(f"| {result['question']} | " + " | ".join(cells) + " |")
        ahead = [f"{m:+.3f} ({low:+.3f} to {high:+.3f})" for m, low, high in result["ahead"].values()]
        lines.append("| ... ahead of it by | | " + " | ".join(ahead) + " |")
    return "\n".join(lines)


def components(train: np.ndarray, test: np.ndarray, count: int) -> Pair:
    """Return the principal components of the plain inputs, fitted to the training part; none without variance."""
    from sklearn.decomposition import PCA

    fitted = PCA(min(count, train.shape[0] - 1, train.shape[1]), random_state=0).fit(train)
    kept = fitted.explained_variance_ratio_ > 1e-6
    return fitted.transform(train)[:, kept], fitted.transform(test)[:, kept]


def statistics(images: np.ndarray) -> np.ndarray:
    """Return mean, spread and five percentiles of every band of images (n, bands, h, w)."""
    flat = images.reshape(*images.shape[:2], -1)
    levels = np.percentile(flat, (5, 25, 50, 75, 95), axis=-1).transpose(1, 2, 0)
    return np.concatenate([flat.mean(-1)[..., None], flat.std(-1)[..., None], levels], -1).reshape(len(images), -1)


def settled(network: nn.Module, inputs: Sequence[torch.Tensor]) -> nn.Module:
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


def note(name: str, results: object) -> None:
    """Write what was measured beside the log of the training."""
    RUNS.mkdir(parents=True, exist_ok=True)
    (RUNS / f"{name}.json").write_text(json.dumps(results, ensure_ascii=False, indent=1), encoding="utf-8")


def _drawn(question: Question, rng: np.random.Generator) -> np.ndarray:
    order = rng.permutation(len(question.train))
    if question.kind == "value":
        return order[: question.labels]
    classes = np.unique(question.train)
    share = -(-question.labels // len(classes))
    return np.concatenate([order[question.train[order] == k][:share] for k in classes])


def _resampled(question: Question, rng: np.random.Generator) -> list[np.ndarray]:
    """Draw places of the test part with replacement."""
    places = np.unique(question.test_places)
    rows = {p: np.flatnonzero(question.test_places == p) for p in places}
    every = [np.concatenate([rows[p] for p in rng.choice(places, len(places))]) for _ in range(BOOTS)]
    if question.kind == "value":
        return every
    kept = [some for some in every if len(np.unique(question.test[some])) > 1]
    if not kept:
        raise ValueError(f"{question.name}: no resampled test part has two classes")
    return kept


def _guessed(question: Question, x: np.ndarray, y: np.ndarray, places: np.ndarray, test: np.ndarray) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.model_selection import GroupKFold
    from sklearn.preprocessing import StandardScaler

    scale = StandardScaler().fit(x)
    x, test = scale.transform(x), scale.transform(test)

    def fitted(strength: float, x: np.ndarray, y: np.ndarray) -> Any:
        if question.kind == "value":
            return Ridge(1 / strength).fit(x, y)
        return LogisticRegression(C=strength, max_iter=150, class_weight="balanced").fit(x, y)

    def answer(model: Any, x: np.ndarray) -> np.ndarray:
        if question.kind == "two classes":
            return np.asarray(model.decision_function(x))
        return np.asarray(model.predict(x))

    folds = list(GroupKFold(min(FOLDS, len(np.unique(places)))).split(x, y, places))
    best, strongest = -np.inf, STRENGTHS[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for strength in STRENGTHS:
            values = []
            for fit, check in folds:
                if question.kind != "value" and min(len(np.unique(y[fit])), len(np.unique(y[check]))) < 2:
                    continue
                values.append(_score(question, answer(fitted(strength, x[fit], y[fit]), x[check]), y[check]))
            if values and np.mean(values) > best:
                best, strongest = float(np.mean(values)), strength
        return answer(fitted(strongest, x, y), test)


def _score(question: Question, guessed: np.ndarray, truth: np.ndarray) -> float:
    if question.kind == "value":
        return float(1 - ((guessed - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())
    if question.kind == "two classes":
        from scipy.stats import rankdata

        ranks, positive = rankdata(guessed), truth == truth.max()
        n = int(positive.sum())
        return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(truth) - n)))
    return float(np.mean([(guessed[truth == k] == k).mean() for k in np.unique(truth)]))


def _interval(values: np.ndarray) -> tuple[float, float, float]:
    return float(values.mean()), float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975))
