"""How well classes are mapped, and how well their change is: everything from counts of pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eowidgets.errors import InputError
from eowidgets.metrics.pairs import Array, mask

Counts = npt.NDArray[np.int64]


def confusion(made: npt.ArrayLike, truth: npt.ArrayLike, classes: int, where: npt.ArrayLike | None = None) -> Counts:
    """Count how often each true class (rows) was mapped as each class (columns).

    Parameters
    ----------
    made, truth : array-like of int or bool
        Classes from 0 to ``classes - 1``. A truth outside this range (255, -1: not labelled) is left out.
    classes : int
    where : array-like of bool, optional
        Only these count.

    Returns
    -------
    ndarray, shape (classes, classes), int64

    Raises
    ------
    InputError
        If shapes differ, or `made` has classes out of range where it is compared.

    Examples
    --------
    >>> confusion([0, 1, 1, 2], [0, 1, 2, 255], classes=3).tolist()
    [[1, 0, 0], [0, 1, 0], [0, 1, 0]]
    """
    a, b = np.asarray(made).astype(np.int64), np.asarray(truth).astype(np.int64)
    if a.shape != b.shape:
        raise InputError(f"The map has shape {a.shape} and the truth {b.shape}: they must be the same.")
    known = (b >= 0) & (b < classes) & mask(where, b.shape)
    a, b = a[known], b[known]
    if a.size and not 0 <= a.min() <= a.max() < classes:
        raise InputError(f"The map has classes from {a.min()} to {a.max()}, but there are only 0 to {classes - 1}.")
    return np.bincount(b * classes + a, minlength=classes**2).reshape(classes, classes)


def accuracy(counts: Counts) -> float:
    """Share of pixels that were mapped right, from a :func:`confusion`; NaN where nothing was counted."""
    return float(_ratio(np.trace(counts), counts.sum()))


def iou(counts: Counts) -> Array:
    """Intersection over union of each class, NaN for a class that neither map has; shape (classes,)."""
    hit = np.diag(counts)
    return _ratio(hit, counts.sum(0) + counts.sum(1) - hit)


def f1(counts: Counts) -> Array:
    """Harmonic mean of precision and recall of each class, NaN for a class that neither map has; shape (classes,)."""
    return _ratio(2 * np.diag(counts), counts.sum(0) + counts.sum(1))


def kappa(counts: Counts) -> float:
    """Cohen's kappa (1960, doi:10.1177/001316446002000104): agreement beyond chance; NaN where chance explains all."""
    n = counts.sum()
    chance = float(_ratio(counts.sum(0) @ counts.sum(1), n * n))
    return float(_ratio(accuracy(counts) - chance, 1 - chance))


@dataclass(frozen=True, slots=True)
class ChangeScores:
    """Scores of semantic change detection, each 0..1, NaN where it is not defined."""

    bc: float  #: binary change: IoU of "changed since the date before"
    sc: float  #: semantic change: mean IoU of the new classes where the truth changed
    miou: float  #: mean IoU of the classes over all dates

    @property
    def scs(self) -> float:
        """Semantic change segmentation score: the mean of both."""
        return (self.bc + self.sc) / 2


def change_scores(
    made: npt.ArrayLike, truth: npt.ArrayLike, classes: int, where: npt.ArrayLike | None = None
) -> ChangeScores:
    """Binary and semantic change scores of a series of class maps (Toker et al. 2022, doi:10.48550/arXiv.2203.12560).

    Parameters
    ----------
    made, truth : array-like of int, shape (time, y, x)
        A change is any difference from the date before. A pair of dates counts where the truth is labelled
        (0 to ``classes - 1``) on both. The semantic score looks only where the truth changed, and averages over
        the classes that occur there in either map.
    classes : int
    where : array-like of bool, optional
        Broadcasts to ``(time, y, x)``: a pair of dates counts where both are inside.

    Examples
    --------
    >>> scores = change_scores([[0, 0], [1, 1]], [[0, 0], [1, 0]], classes=2)
    >>> scores.bc, scores.sc, scores.scs
    (0.5, 1.0, 0.75)
    """
    a, b = np.asarray(made).astype(np.int64), np.asarray(truth).astype(np.int64)
    if b.ndim < 1 or len(b) < 2:
        raise InputError("Change is scored between dates: give maps (time, y, x) of at least two dates.")
    every = confusion(a, b, classes, where)  # also refuses shapes that differ and classes that do not exist
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
