"""How models without a trained head say "change" or "no change"."""

from __future__ import annotations

import torch
from torch import Tensor

from eowidgets.tasks import ClassInfo

STABLE = ClassInfo(0, "no change", "#dddddd")
CHANGED = ClassInfo(1, "change", "#d55e00")
CHANGE_CLASSES = (STABLE, CHANGED)


def change_probabilities(score: Tensor) -> Tensor:
    """Scores (statistic over threshold, b, h, w) as two-class "probabilities", shape (b, 2, h, w).

    ``score / (1 + score)``: 0.5 exactly at the threshold. It ranks pixels by how clear the case is; it is not
    calibrated, for the errors of one pixel's dates are neither independent nor normal.
    """
    share = torch.where(torch.isinf(score), 1.0, score / (1 + score))
    return torch.stack([1 - share, share], dim=1)
