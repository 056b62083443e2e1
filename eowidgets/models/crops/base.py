"""Training parameters shared by the crop networks."""

from __future__ import annotations

from dataclasses import dataclass

from eowidgets.models.blocks.supervised import rate_param, steps_param


@dataclass(frozen=True, slots=True)
class CropParams:
    """Settings of the training."""

    steps: int = steps_param(1000)
    rate: float = rate_param(2e-3)
