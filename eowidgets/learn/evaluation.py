"""Test of a trained model on held-out blocks: scores with intervals, the confusion matrix, and the calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from eowidgets.contract.target import Target
from eowidgets.metrics import confusion

Array = npt.NDArray[Any]
RESAMPLES, COVERS = 400, 0.9


@dataclass(frozen=True)
class Figure:
    """A score with the ends of its 90 % interval over blocks."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, repr=False)
class Evaluation:
    """Predictions for held-out blocks compared with the labels.

    Attributes
    ----------
    target : Target
    scores : mapping of str to Figure
        Classes: ``balanced_accuracy``, ``accuracy``, ``f1`` (mean). Numbers: ``rmse``, ``mae``, ``r2``.
    majority : float
        Accuracy of the most frequent class, or the RMSE of the mean.
    counts : array, shape (labelled, predicted), optional
        Confusion matrix in examples.
    examples, blocks, folds : int
    block_metres : float
        0 if each label was a block.
    notes : tuple of str
    """

    target: Target
    scores: Mapping[str, Figure]
    majority: float
    counts: Array | None
    examples: int
    blocks: int
    folds: int
    block_metres: float
    notes: tuple[str, ...] = ()
    first: ClassVar[tuple[str, str]] = ("balanced_accuracy", "rmse")

    @property
    def main(self) -> Figure:
        """Balanced accuracy, or the root mean squared error."""
        return self.scores["rmse" if self.target.numeric else "balanced_accuracy"]

    @property
    def sentence(self) -> str:
        """The main score as a sentence."""
        where = (
            f"{self.blocks} blocks of {self.block_metres:.0f} m"
            if self.block_metres
            else f"{self.blocks} labelled places"
        )
        if self.target.numeric:
            unit = f" {self.target.unit}" if self.target.unit else ""
            return (
                f"RMSE {self.main}{unit} on {self.examples} held-out examples in {where}; "
                f"the mean of the labels has {self.majority:.3f}."
            )
        return (
            f"Balanced accuracy {self.main} on {self.examples} held-out pixels in {where}; "
            f"accuracy {self.scores['accuracy']}, of the most frequent class {self.majority:.3f}."
        )

    def plain(self) -> dict[str, Any]:
        """Return plain values for cards, files and records."""
        return {
            "scores": {name: [round(v, 6) for v in (f.value, f.low, f.high)] for name, f in self.scores.items()},
            "majority": round(self.majority, 6),
            "confusion": None if self.counts is None else self.counts.tolist(),
            "classes": [c.name for c in self.target.classes],
            "examples": self.examples,
            "blocks": self.blocks,
            "folds": self.folds,
            "block_metres": round(self.block_metres, 1),
            "notes": list(self.notes),
        }

    def table(self) -> Any:
        """Return the confusion matrix as a DataFrame: rows are labels, columns predictions."""
        import pandas as pd

        names = [c.name for c in self.target.classes]
        return pd.DataFrame(self.counts, pd.Index(names, name="labelled"), pd.Index(names, name="predicted"))

    def __str__(self) -> str:
        return " ".join((self.sentence, *self.notes))

    def __repr__(self) -> str:
        return f"<Evaluation: {self}>"

    def _repr_html_(self) -> str:
        head = f"<p>{escape(str(self))}</p>"
        return head + (self.table()._repr_html_() if self.counts is not None else "")


def evaluate(
    target: Target,
    truth: Array,
    found: Array,
    group: Array,
    *,
    folds: int,
    block_metres: float,
    notes: tuple[str, ...] = (),
    stands_for: Array | None = None,
    seed: int = 0,
) -> Evaluation:
    """Compare predictions with labels, with intervals by resampling blocks.

    Parameters
    ----------
    target : Target
    truth, found : array, shape (n,)
        Indices of classes, or numbers; examples without a prediction (-1, NaN) are left out.
    group : array, shape (n,)
    folds, block_metres, notes
        See :class:`Evaluation`.
    stands_for : array, shape (classes,), optional
        Number of pixels that an example of each class represents: accuracy and F1 are those of the pixels.
    seed : int
    """
    truth, found, group, values = _scores(target, truth, found, group, seed, stands_for)
    blocks = int(group.max(initial=-1)) + 1
    figures = {
        name: Figure(float(v[0]), *map(float, np.nanquantile(v[1:], [(1 - COVERS) / 2, (1 + COVERS) / 2])))
        for name, v in values.items()
    }
    if target.numeric:
        majority, counts = float(np.sqrt(np.mean((truth - truth.mean()) ** 2))), None
    else:
        total = np.bincount(truth, minlength=len(target.classes)) * (1 if stands_for is None else stands_for)
        majority = float(total.max() / total.sum())
        counts = confusion(found, truth, len(target.classes))
    return Evaluation(target, figures, majority, counts, len(truth), blocks, folds, block_metres, notes)


def resampled(target: Target, truth: Array, found: Array, group: Array, seed: int) -> Array:
    """Return the error (1 - balanced accuracy, or RMSE), and the errors of resampled blocks.

    Returns
    -------
    array, shape (1 + RESAMPLES,)
    """
    values = _scores(target, truth, found, group, seed)[-1]
    return values["rmse"] if target.numeric else 1 - values["balanced_accuracy"]


def _scores(
    target: Target, truth: Array, found: Array, group: Array, seed: int, stands_for: Array | None = None
) -> tuple[Array, Array, Array, dict[str, Array]]:
    """Return predictions, and scores of all blocks and of resampled ones."""
    known = np.isfinite(found) if target.numeric else found >= 0
    truth, found, group = truth[known], found[known], np.unique(group[known], return_inverse=True)[1]
    blocks = int(group.max(initial=-1)) + 1
    drawn = _resamples(blocks, seed)
    if target.numeric:
        return truth, found, group, _number_scores(truth, found, group, blocks, drawn)
    weight = np.ones(len(target.classes)) if stands_for is None else stands_for
    return truth, found, group, _class_scores(truth, found, group, blocks, drawn, weight)


def _resamples(blocks: int, seed: int) -> Array:
    """Return the number of draws of each block, (1 + RESAMPLES, blocks); the first row has each block once."""
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(blocks, np.full(blocks, 1 / blocks), size=RESAMPLES)
    return np.concatenate([np.ones((1, blocks)), drawn])


def _class_scores(
    truth: Array, found: Array, group: Array, blocks: int, weights: Array, stands_for: Array
) -> dict[str, Array]:
    counts = np.zeros((blocks, len(stands_for), len(stands_for)))
    np.add.at(counts, (group, truth, found), stands_for[truth])
    total = np.einsum("wb,bij->wij", weights, counts)
    right = np.einsum("wii->wi", total)
    with np.errstate(all="ignore"):
        recall = right / total.sum(axis=2)
        f1 = 2 * right / (total.sum(axis=2) + total.sum(axis=1))
        return {
            "balanced_accuracy": np.nanmean(recall, axis=1),
            "accuracy": right.sum(axis=1) / total.sum(axis=(1, 2)),
            "f1": np.nanmean(f1, axis=1),
        }


def _number_scores(truth: Array, found: Array, group: Array, blocks: int, weights: Array) -> dict[str, Array]:
    def mean(values: Array) -> Array:
        sums = np.bincount(group, weights=values, minlength=blocks)
        return np.asarray((weights @ sums) / (weights @ np.bincount(group, minlength=blocks)).clip(1e-9))

    error = found - truth
    square = mean(error**2)
    variance = mean(truth**2) - mean(truth) ** 2
    with np.errstate(all="ignore"):
        return {"rmse": np.sqrt(square), "mae": mean(np.abs(error)), "r2": 1 - square / variance}
