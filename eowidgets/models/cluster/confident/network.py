"""A small network that assigns pixels to clusters from their neighbourhood."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Dilation of each 3 x 3 convolution; their sum is the receptive radius.
DILATIONS = (1, 2, 4)
REACH = sum(DILATIONS)


class Segmenter(nn.Module):
    """Three dilated convolutions, each with a residual connection, between two per-pixel linear layers.

    Parameters
    ----------
    features, classes, width : int
    """

    def __init__(self, features: int, classes: int, width: int = 32) -> None:
        super().__init__()
        self.enter = nn.Conv2d(features, width, 1)
        self.blocks = nn.ModuleList(nn.Conv2d(width, width, 3, padding=d, dilation=d) for d in DILATIONS)
        self.leave = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (b, f, h, w) to logits (b, k, h, w)."""
        h = functional.gelu(self.enter(x))
        for block in self.blocks:
            h = h + functional.gelu(block(h))
        out: Tensor = self.leave(h)
        return out


def focal_confidence(logits: Tensor, labels: Tensor, confidence: Tensor, gamma: float) -> Tensor:
    """Return the mean of cross-entropy * (1 - p)^gamma * confidence.

    Parameters
    ----------
    logits : Tensor, shape (b, k, h, w)
    labels : Tensor, shape (b, h, w), int64
    confidence : Tensor, shape (b, h, w)
        0 where a pixel is ignored.
    gamma : float
        Exponent that lowers the weight of pixels that the network already assigns to their label.

    Examples
    --------
    >>> logits = torch.tensor([0.0, 0.0]).view(1, 2, 1, 1)
    >>> one = torch.ones(1, 1, 1)
    >>> round(float(focal_confidence(logits, one.long(), one, gamma=2.0)), 4)
    0.1733
    """
    entropy = functional.cross_entropy(logits, labels, reduction="none")
    loss = entropy * (1 - (-entropy).exp()).clamp_min(0) ** gamma * confidence
    return loss.sum() / confidence.sum().clamp_min(1e-6)


def confidence_of(posterior: Tensor, seen: Tensor, away: Tensor, side: int = 5) -> Tensor:
    """Return the confidence of the pseudo-label of each pixel, 0 to 1, shape (b, h, w).

    The product of two factors: how much nearer the nearest centre is than the second (one minus the ratio of distances),
    and the share of the neighbours with the same label.

    Parameters
    ----------
    posterior : Tensor, shape (b, k, h, w)
        Probabilities, whose largest is the label.
    seen : Tensor, shape (b, h, w), bool
    away : Tensor, shape (b, k, h, w)
        Distances to the centres.
    side : int
        Side of the neighbourhood in pixels.
    """
    two = away.topk(2, dim=1, largest=False).values
    ratio = 1 - two[:, 0] / two[:, 1].clamp_min(1e-6)
    k = posterior.shape[1]
    one_hot = functional.one_hot(posterior.argmax(dim=1), k).movedim(-1, 1).to(posterior) * seen.unsqueeze(1)
    around = functional.avg_pool2d(one_hot, side, 1, side // 2)
    there = functional.avg_pool2d(seen.unsqueeze(1).to(posterior), side, 1, side // 2)
    agreement = (around * one_hot).sum(dim=1) / there[:, 0].clamp_min(1e-6)
    return torch.where(seen, ratio * agreement, 0.0)
