"""Select features and a head by cross-validation in spatial blocks: the simplest that is as good as the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.contract.choice import Choice, Score
from eowidgets.contract.target import Target
from eowidgets.contract.trainable import Progress
from eowidgets.errors import EowidgetsError
from eowidgets.learn.blocks import Blocks
from eowidgets.learn.candidates import Candidate, OutOfFold
from eowidgets.learn.evaluation import COVERS, resampled

Array = npt.NDArray[Any]
#: A simpler candidate is selected if it is worse by at most this share, and by no more than the noise.
TIE = 0.01
#: Names of what candidates are compared with.
MAJORITY, MEAN = "most frequent class", "mean of the labels"


@dataclass(frozen=True)
class Selected:
    """The outcome of a test of candidates.

    Attributes
    ----------
    candidate : Candidate
    outcome : OutOfFold
        Predictions of the selected candidate for held-out blocks.
    choice : Choice
        All of them.
    """

    candidate: Candidate
    outcome: OutOfFold
    choice: Choice


def compare(
    candidates: Sequence[Candidate], target: Target, blocks: Blocks, seed: int, progress: Progress
) -> dict[str, OutOfFold | str]:
    """Test candidates; one that fails has the reason in place of its predictions."""
    found: dict[str, OutOfFold | str] = {}
    for i, one in enumerate(candidates):
        try:
            found[one.name] = one.tested(blocks, seed, lambda share, i=i: progress((i + share) / len(candidates)))  # type: ignore[misc]
        except EowidgetsError as error:
            found[one.name] = str(error)
    return found


def select(
    candidates: Sequence[Candidate], outcomes: dict[str, OutOfFold | str], target: Target, blocks: Blocks, seed: int
) -> Selected:
    """Select the simplest candidate that is within the noise of the best.

    Parameters
    ----------
    candidates : sequence of Candidate
        From simple to complex.
    outcomes : dict
        Of :func:`compare`.
    target, blocks, seed
        As for :func:`compare`.

    Raises
    ------
    EowidgetsError
        If none could be tested: the reason of the first.
    """
    tested = [(one, outcome) for one in candidates if isinstance(outcome := outcomes[one.name], OutOfFold)]
    if not tested:
        candidates[0].tested(blocks, seed, lambda _: None)  # raises its reason again
    errors = np.stack([resampled(target, o.truth, o.found, o.group, seed) for _, o in tested])
    mean = errors[:, 0]
    best = int(np.nanargmin(mean))
    noise = np.nanstd(errors[:, 1:] - errors[best, 1:], axis=1)
    scale = mean[best] if target.numeric else 1.0
    close = mean - mean[best] <= np.minimum(noise, TIE * scale)
    winner = next(i for i in range(len(tested)) if close[i])
    low, high = np.nanquantile(errors[:, 1:], [(1 - COVERS) / 2, (1 + COVERS) / 2], axis=1)
    scores = [Score(one.name, float(mean[i]), float(low[i]), float(high[i])) for i, (one, _) in enumerate(tested)]
    scores += [_most_frequent(target, blocks, tested[0][1], seed)]
    scores.sort(key=lambda s: s.error)
    scores += [Score(name, note=reason) for name, reason in outcomes.items() if isinstance(reason, str)]
    where = f"{int(blocks.group.max()) + 1} blocks" + (f" of {blocks.size:.0f} m" if blocks.size else "")
    protocol = (
        f"Each of {blocks.folds} parts of {where} was predicted by a model that was trained on the others; the simplest "
        f"candidate within {TIE:.0%} and the noise of the best was selected."
    )
    chosen, outcome = tested[winner]
    metric, unit = ("RMSE", target.unit) if target.numeric else ("balanced error", "")
    choice = Choice(
        "teach",
        metric,
        unit,
        tuple(scores),
        chosen.name,
        draws=blocks.folds,
        values=len(outcome.truth),
        seed=seed,
        protocol=protocol,
    )
    return Selected(chosen, outcome, choice)


def _most_frequent(target: Target, blocks: Blocks, outcome: OutOfFold, seed: int) -> Score:
    """Score the most frequent class, or the mean."""
    truth = outcome.truth
    constant = np.full(len(truth), truth.mean()) if target.numeric else np.full(len(truth), np.bincount(truth).argmax())
    errors = resampled(target, truth, constant, outcome.group, seed)
    low, high = np.nanquantile(errors[1:], [(1 - COVERS) / 2, (1 + COVERS) / 2])
    name = MEAN if target.numeric else MAJORITY
    return Score(name, float(errors[0]), float(low), float(high), "baseline")
