"""Probabilities of change from the scores of models without a trained head."""

from __future__ import annotations

import torch
from torch import Tensor

from eowidgets.contract.labels import ClassInfo

STABLE = ClassInfo(0, "no change", "#dddddd")
CHANGED = ClassInfo(1, "change", "#d55e00")
CHANGE_CLASSES = (STABLE, CHANGED)


def change_probabilities(score: Tensor) -> Tensor:
    """Convert scores (statistic over threshold, b, h, w) to two-class probabilities, shape (b, 2, h, w).

    The probability is ``score / (1 + score)``: 0.5 exactly at the threshold. It ranks pixels by the strength of the
    evidence. It is not calibrated, because the errors of a pixel's dates are neither independent nor normal. Scores below
    0 (within the usual range) are clipped to 0.
    """
    score = score.clamp_min(0)
    share = torch.where(torch.isinf(score), 1.0, score / (1 + score))
    return torch.stack([1 - share, share], dim=1)
