"""Scores of class maps and of their changes, all computed from a confusion matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eowidgets.errors import InputError
from eowidgets.metrics.pairs import Array, mask

Counts = npt.NDArray[np.int64]


def confusion(
    predicted: npt.ArrayLike, target: npt.ArrayLike, classes: int, where: npt.ArrayLike | None = None
) -> Counts:
    """Count how often each true class (rows) was predicted as each class (columns).

    Parameters
    ----------
    predicted, target : array-like of int or bool
        Classes from 0 to ``classes - 1``. Target values outside this range (255, -1: not labelled) are left out.
    classes : int
    where : array-like of bool, optional
        Mask of the pixels to compare.

    Returns
    -------
    ndarray, shape (classes, classes), int64

    Raises
    ------
    InputError
        If shapes differ, or `predicted` has classes out of range at compared pixels.

    Examples
    --------
    >>> confusion([0, 1, 1, 2], [0, 1, 2, 255], classes=3).tolist()
    [[1, 0, 0], [0, 1, 0], [0, 1, 0]]
    """
    a, b = np.asarray(predicted).astype(np.int64), np.asarray(target).astype(np.int64)
    if a.shape != b.shape:
        raise InputError(f"The prediction has shape {a.shape}, but the target has {b.shape}: give the same shape.")
    known = (b >= 0) & (b < classes) & mask(where, b.shape)
    a, b = a[known], b[known]
    if a.size and not 0 <= a.min() <= a.max() < classes:
        raise InputError(
            f"The prediction has classes from {a.min()} to {a.max()}: give classes from 0 to {classes - 1}."
        )
    return np.bincount(b * classes + a, minlength=classes**2).reshape(classes, classes)


def accuracy(counts: Counts) -> float:
    """Return the overall accuracy of a :func:`confusion`; NaN if nothing was counted."""
    return float(_ratio(np.trace(counts), counts.sum()))


def iou(counts: Counts) -> Array:
    """Return intersection over union of each class, NaN for a class in neither map; shape (classes,)."""
    hit = np.diag(counts)
    return _ratio(hit, counts.sum(0) + counts.sum(1) - hit)


def f1(counts: Counts) -> Array:
    """Return the F1 score (harmonic mean of precision and recall) of each class, NaN for a class in neither map."""
    return _ratio(2 * np.diag(counts), counts.sum(0) + counts.sum(1))


def kappa(counts: Counts) -> float:
    """Return Cohen's kappa (1960, doi:10.1177/001316446002000104): agreement beyond chance; NaN if chance explains all."""
    n = counts.sum()
    chance = float(_ratio(counts.sum(0) @ counts.sum(1), n * n))
    return float(_ratio(accuracy(counts) - chance, 1 - chance))


@dataclass(frozen=True, slots=True)
class ChangeScores:
    """Scores of semantic change detection, each 0..1, NaN if undefined."""

    bc: float  #: binary change: IoU of "changed since the date before"
    sc: float  #: semantic change: mean IoU of the new classes where the target changed
    miou: float  #: mean IoU of the classes over all dates

    @property
    def scs(self) -> float:
        """Semantic change segmentation score: the mean of both."""
        return (self.bc + self.sc) / 2


def change_scores(
    predicted: npt.ArrayLike, target: npt.ArrayLike, classes: int, where: npt.ArrayLike | None = None
) -> ChangeScores:
    """Return binary and semantic change scores of class-map series (Toker et al. 2022, doi:10.48550/arXiv.2203.12560).

    Parameters
    ----------
    predicted, target : array-like of int, shape (time, y, x)
        A change is any difference from the previous date. A pair of dates is used where the target is labelled (0 to
        ``classes - 1``) on both. The semantic score is computed where the target changed, and averages over the classes
        that occur there in either map.
    classes : int
    where : array-like of bool, optional
        Broadcasts to ``(time, y, x)``: a pair of dates is used where both are inside.

    Examples
    --------
    >>> scores = change_scores([[0, 0], [1, 1]], [[0, 0], [1, 0]], classes=2)
    >>> scores.bc, scores.sc, scores.scs
    (0.5, 1.0, 0.75)
    """
    a, b = np.asarray(predicted).astype(np.int64), np.asarray(target).astype(np.int64)
    if b.ndim < 1 or len(b) < 2:
        raise InputError("The change scores need at least two dates: give maps (time, y, x).")
    every = confusion(a, b, classes, where)  # also refuses different shapes and invalid classes
    known = (b >= 0) & (b < classes) & mask(where, b.shape)
    pair = known[1:] & known[:-1]
    truly, said = b[1:] != b[:-1], a[1:] != a[:-1]
    binary = iou(confusion(said, truly, 2, pair))
    semantic = iou(confusion(a[1:], b[1:], classes, pair & truly))
    return ChangeScores(bc=float(binary[1]), sc=_nanmean(semantic), miou=_nanmean(iou(every)))


def _ratio(above: npt.ArrayLike, below: npt.ArrayLike) -> Array:
    above, below = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    return np.asarray(np.divide(above, below, out=np.full(np.shape(below), np.nan), where=below != 0))


def _nanmean(values: Array) -> float:
    there = values[np.isfinite(values)]
    return float(there.mean()) if there.size else float("nan")
