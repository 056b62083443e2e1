"""Probabilities of change from the scores of models without a trained head."""

from __future__ import annotations

import torch
from torch import Tensor

from eowidgets.contract.labels import ClassInfo

STABLE = ClassInfo(0, "no change", "#dddddd")
CHANGED = ClassInfo(1, "change", "#d55e00")
CHANGE_CLASSES = (STABLE, CHANGED)


def change_probabilities(score: Tensor) -> Tensor:
    """Return scores (statistic over threshold, b, h, w) as two-class probabilities, shape (b, 2, h, w).

    ``score / (1 + score)``: 0.5 exactly at the threshold. It ranks pixels by how clear the case is; it is not
    calibrated, for the errors of one pixel's dates are neither independent nor normal. A score below 0 (within the
    usual range) counts as 0.
    """
    score = score.clamp_min(0)
    share = torch.where(torch.isinf(score), 1.0, score / (1 + score))
    return torch.stack([1 - share, share], dim=1)
