"""Training loop of all recipes: one-cycle AdamW, averaged weights, a log, and checkpoints to resume from.

Matrix products are computed in bfloat16 if the processor has units for it, else in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from eowidgets.learn import Plan, one_cycle
from eowidgets.learn import train as learn

#: Decay of the average of the weights, over about 200 steps. The learning rate falls to zero, and runs are short.
EMA = 0.995
Precision = Literal["auto", "fp32", "bf16"]


def adamw(parameters: Iterable[nn.Parameter], rate: float) -> torch.optim.Optimizer:
    """Build the optimiser of the recipes."""
    return torch.optim.AdamW(parameters, lr=rate, weight_decay=0.01, betas=(0.9, 0.98), fused=True)


def train(
    name: str,
    network: nn.Module,
    step_loss: Callable[[np.random.Generator, torch.Generator, float], Tensor],
    folder: Path,
    *,
    cpu_minutes: float = 0.0,
    steps: int = 0,
    peak: float = 1.5e-3,
    seed: int = 0,
    every: int = 100,
    precision: Precision = "auto",
) -> dict[str, Any]:
    """Train for a number of ``steps``, or ``cpu_minutes`` of processor time, and leave the averaged weights in ``network``.

    Processor time, unlike wall time, is comparable between runs on a shared machine; steps make a run repeatable.
    An interrupted run continues from its last checkpoint (at most ``every`` steps are repeated).

    Parameters
    ----------
    step_loss : callable
        ``(rng, generator, progress 0..1) -> loss``.
    precision : {"auto", "fp32", "bf16"}
        ``"auto"`` uses bfloat16 if the processor has matrix units for it. Some networks are faster with it elsewhere.
    """
    if bool(steps) == bool(cpu_minutes):
        raise ValueError("give either steps or cpu_minutes")
    plan = Plan(
        steps=steps,
        minutes=cpu_minutes,
        rate=peak,
        optimiser=adamw,
        schedule=one_cycle,
        clip=1.0,
        average=EMA,
        every=every,
        seed=seed,
    )
    done = learn(
        network,
        lambda step: step_loss(step.rng, step.generator, step.progress),
        plan,
        folder=folder,
        name=name,
        precision=precision,
        bar=True,
    )
    return {"steps": done.step, "cpu_minutes": round(done.seconds / 60, 1)}
