"""Weights and images that follow from arithmetic, so that numbers of a reference do not depend on a generator."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def wave(*shape: int, scale: float = 1.0) -> Tensor:
    """Return numbers between -scale and scale, without a pattern that matters; float32."""
    count = int(torch.Size(shape).numel())
    return (torch.arange(count, dtype=torch.float64) * 0.7548776662466927 % 1.0 * 2 - 1).mul(scale).float().view(shape)


def fill(network: nn.Module) -> nn.Module:
    """Set all learned weights by arithmetic: matrices small, the scales of norms near 1; buffers stay."""
    with torch.no_grad():
        for i, (name, p) in enumerate(sorted(network.named_parameters())):
            if p.requires_grad:
                size = wave(*p.shape, scale=0.1 if p.dim() < 2 else (3.0 / p[0].numel()) ** 0.5)
                p.copy_(size * (1 + i % 3 / 4) + (1.0 if p.dim() == 1 and "norm" in name and "weight" in name else 0.0))
    return network.eval()
