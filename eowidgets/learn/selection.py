"""Select features and a head by cross-validation in spatial blocks: the simplest candidate that is as good as the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from eowidgets.contract.choice import Choice, Score
from eowidgets.contract.target import Target
from eowidgets.contract.trainable import Progress
from eowidgets.errors import EowidgetsError
from eowidgets.learn.blocks import Blocks
from eowidgets.learn.candidates import Candidate, OfFeatures, OutOfFold
from eowidgets.learn.evaluation import COVERS, resampled
from eowidgets.models.taught.heads.committee import Committee, averaged

Array = npt.NDArray[Any]
#: A simpler candidate is selected if its error exceeds the best by at most this share and by no more than the noise.
TIE = 0.005
#: Names of the baselines of the comparison.
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
        Comparison of all candidates.
    """

    candidate: Candidate
    outcome: OutOfFold
    choice: Choice


def compare(
    candidates: Sequence[Candidate],
    blocks: Blocks,
    seed: int,
    progress: Progress,
    known: Mapping[str, OutOfFold | str] | None = None,
) -> dict[str, OutOfFold | str]:
    """Test candidates; the outcome of a candidate that fails is the reason.

    Parameters
    ----------
    candidates : sequence of Candidate
    blocks : Blocks
    seed : int
    progress : callable
    known : mapping, optional
        Outcomes of an earlier comparison, which are included in the result.
    """
    found: dict[str, OutOfFold | str] = dict(known or {})
    for i, one in enumerate(candidates):
        mean = _of_members(one, found)
        try:
            found[one.name] = mean or one.tested(blocks, seed, partial(_share, progress, i, len(candidates)))
        except EowidgetsError as error:
            found[one.name] = str(error)
    return found


def _share(progress: Progress, i: int, of: int, share: float) -> None:
    progress((i + share) / of)


def _of_members(candidate: Candidate, found: Mapping[str, OutOfFold | str]) -> OutOfFold | None:
    """Average the predictions of the members of a committee, if all were tested, without further training."""
    if not isinstance(candidate, OfFeatures) or candidate.model.head != Committee.kind:
        return None
    members = [found.get(f"{candidate.model.features} {kind.kind}") for kind in Committee.members]
    tested = [one for one in members if isinstance(one, OutOfFold)]
    if len(tested) < len(members):
        return None
    answers = [torch.from_numpy(one.answers) for one in tested]
    mean = averaged(answers, tested[0].truth.dtype.kind == "f").numpy()
    return OutOfFold(mean, tested[0].truth, tested[0].group)


def select(
    candidates: Sequence[Candidate], outcomes: dict[str, OutOfFold | str], target: Target, blocks: Blocks, seed: int
) -> Selected:
    """Select the simplest candidate whose error is within the noise of the best.

    Parameters
    ----------
    candidates : sequence of Candidate
        From simple to complex.
    outcomes : dict
        Outcomes of :func:`compare`.
    target, blocks, seed
        As for :func:`compare`.

    Raises
    ------
    EowidgetsError
        If none could be tested: the error of the first.
    """
    tested = [(one, outcome) for one in candidates if isinstance(outcome := outcomes[one.name], OutOfFold)]
    if not tested:
        candidates[0].tested(blocks, seed, lambda _: None)  # raises its error again
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
        f"candidate within {TIE:.1%} and the noise of the best was selected."
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
