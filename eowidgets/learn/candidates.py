"""Candidate models, and their test on held-out blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from eowidgets.contract.trainable import Examples, Progress, Trainable
from eowidgets.learn.blocks import Blocks
from eowidgets.learn.material import Material
from eowidgets.models.taught.model import TaughtModel, rows_of

Array = npt.NDArray[Any]
#: Maximum number of training examples per fold in the test of candidates.
MOST_IN_TEST = 4000
#: Number of windows or series per prediction of a network.
BATCH = 64


@dataclass(frozen=True)
class OutOfFold:
    """Predictions for examples by models that were trained without their block.

    Attributes
    ----------
    answers : array, shape (n, classes) or (n, 1), float32
        Logits, or numbers; NaN if missing.
    truth, group : array, shape (n,)
    """

    answers: Array
    truth: Array
    group: Array

    @property
    def found(self) -> Array:
        """Index of the most likely class (-1 if missing), or the number."""
        if self.truth.dtype.kind == "f":
            return np.asarray(self.answers[:, 0])
        known = np.isfinite(self.answers).all(axis=1)
        return np.where(known, np.nan_to_num(self.answers).argmax(axis=1), -1)


class Candidate(ABC):
    """A model that can be selected and trained."""

    name: str

    @abstractmethod
    def tested(self, blocks: Blocks, seed: int, progress: Progress) -> OutOfFold:
        """Train without each fold, and predict that fold."""

    @abstractmethod
    def taught(self, blocks: Blocks, seed: int, progress: Progress) -> Trainable:
        """Train on all examples."""


@dataclass(frozen=True)
class Computed:
    """Features of labelled examples, and of unlabelled places.

    Attributes
    ----------
    x : array, shape (n, features), float32
        NaN rows if missing.
    around : array, shape (m, features), float32
    bands : tuple of str
    """

    x: Array
    around: Array
    bands: tuple[str, ...]

    @property
    def known(self) -> Array:
        """Mask of the examples with features, shape (n,)."""
        return np.asarray(np.isfinite(self.x).all(axis=1))


class Features:
    """Features of labelled examples, computed once for all heads."""

    def __init__(self, material: Material) -> None:
        self.material = material
        self._found: dict[str, Computed] = {}

    def of(self, model: TaughtModel) -> Computed:
        """Return the features that a model uses."""
        key = f"{model.features} {sorted(model.encoder.items())}"
        if key not in self._found:
            x, bands = self.material.features(model)
            self._found[key] = Computed(x, self.material.around(model, x), bands)
        return self._found[key]


@dataclass
class OfFeatures(Candidate):
    """Features and a head.

    Parameters
    ----------
    model : TaughtModel
        Not fitted.
    features : Features
    """

    model: TaughtModel
    features: Features

    @property
    def name(self) -> str:  # type: ignore[override]
        """Features and head in one name."""
        return f"{self.model.features} {self.model.head}"

    def tested(self, blocks: Blocks, seed: int, progress: Progress) -> OutOfFold:
        """Fit the head without each fold, and predict that fold."""
        material, computed = self.features.material, self.features.of(self.model)
        x, known, target = computed.x, computed.known, material.target
        answers = np.full((len(x), max(1, len(target.classes))), np.nan, "float32")
        splits = blocks.splits()
        for k, (train, test) in enumerate(splits):
            progress(k / len(splits))
            train, test = train[known[train]], test[known[test]]
            train = np.random.default_rng([seed, k]).permutation(train)[:MOST_IN_TEST]
            if not len(test) or len(np.unique(material.truth[train])) < 2:
                continue
            made = self._fitted(train, blocks, seed)
            answers[test] = predicted(made, x[test])
        return OutOfFold(answers, material.truth, blocks.group)

    def taught(self, blocks: Blocks, seed: int, progress: Progress) -> Trainable:
        """Fit the head to all examples."""
        return self._fitted(np.flatnonzero(self.features.of(self.model).known), blocks, seed)

    def _fitted(self, rows: Array, blocks: Blocks, seed: int) -> TaughtModel:
        material, computed = self.features.material, self.features.of(self.model)
        return self.model.fit_features(
            computed.x[rows],
            material.truth[rows],
            blocks.group[rows],
            computed.bands,
            material.target,
            around=computed.around,
            stands_for=material.stands_for,
            seed=seed,
        )


def predicted(model: TaughtModel, x: Array) -> Array:
    """Return the logits or numbers for features."""
    network: Any = model.network
    with torch.inference_mode():
        return np.asarray(network(torch.from_numpy(x)).numpy())


@dataclass
class OfNetwork(Candidate):
    """A registered model whose network is trained on series or windows.

    Parameters
    ----------
    model : Trainable
        Not trained.
    material : Material
    """

    model: Trainable
    material: Material

    @property
    def name(self) -> str:  # type: ignore[override]
        """Name of the model."""
        return self.model.name

    def tested(self, blocks: Blocks, seed: int, progress: Progress) -> OutOfFold:
        """Train without each fold, and predict that fold; windows give one prediction per labelled pixel."""
        examples = self.material.examples(self.model, blocks.group)
        fold_of = {int(g): int(f) for g, f in zip(blocks.group, blocks.fold, strict=True)}
        fold = np.array([fold_of[int(g)] for g in examples.group])
        parts: list[OutOfFold] = []
        for k in range(blocks.folds):
            share = _part(progress, k, blocks.folds)
            test = examples.take(fold == k)
            if not len(test):
                continue
            made = self.model.fit(examples.take(fold != k), self.material.target, seed=seed, progress=share)
            found = _forward(made, test)
            answers, truth, row = rows_of(found, test.target)
            parts.append(OutOfFold(answers, truth, test.group[row]))
        return OutOfFold(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("answers", "truth", "group")))

    def taught(self, blocks: Blocks, seed: int, progress: Progress) -> Trainable:
        """Train on all examples."""
        examples = self.material.examples(self.model, blocks.group)
        return self.model.fit(examples, self.material.target, seed=seed, progress=progress)


def _forward(model: Trainable, examples: Examples) -> Tensor:
    """Return the logits or numbers of examples, in batches."""
    network: Any = model.network
    parts = [np.arange(i, min(i + BATCH, len(examples))) for i in range(0, len(examples), BATCH)]
    with torch.inference_mode():
        return torch.cat([model.forward(network, examples.take(rows).batch).float() for rows in parts])


def _part(progress: Progress, k: int, folds: int) -> Callable[[float], None]:
    return lambda share: progress((k + share) / folds)
