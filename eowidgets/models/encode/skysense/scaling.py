"""Scale radar backscatter to values of order one."""

from __future__ import annotations

from torch import Tensor

#: Typical mean and standard deviation of land in dB, VV and VH; round numbers, not fitted.
MEAN, STD = (-12.0, -19.0), (5.0, 5.0)


def radar(decibels: Tensor) -> Tensor:
    """Scale VV and VH in dB, shape (..., 2, h, w)."""
    mean, std = (decibels.new_tensor(v)[:, None, None] for v in (MEAN, STD))
    return (decibels - mean) / std
