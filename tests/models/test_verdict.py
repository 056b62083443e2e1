from __future__ import annotations

import torch

from eowidgets.models.blocks.verdict import change_probabilities


def test_probabilities_lie_between_0_and_1_for_every_score():
    scores = torch.tensor([[[-0.5, -1.0, 0.0, 1.0, 3.0, torch.inf, torch.nan]]])
    found = change_probabilities(scores)[0, 1, 0]
    torch.testing.assert_close(
        found, torch.tensor([0.0, 0.0, 0.0, 0.5, 0.75, 1.0, torch.nan]), equal_nan=True, rtol=0, atol=0
    )
    torch.testing.assert_close(change_probabilities(scores).sum(1)[0, 0, :6], torch.ones(6))
