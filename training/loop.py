"""One training loop for every recipe: one-cycle AdamW, an average of the weights, a log, and resume.

Products are made in bfloat16 where the processor has units for it, else in float32.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from eowidgets.engine.device import fast_autocast

#: Horizon of 200 steps: the learning rate falls to nothing, and runs are short.
EMA = 0.995


def one_cycle(progress: float, peak: float) -> float:
    """Learning rate: 5 % of warm-up, then a half cosine down to a hundredth."""
    if progress < 0.05:
        return peak * (0.04 + 0.96 * progress / 0.05)
    return float(peak * (0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * (progress - 0.05) / 0.95))))


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
) -> dict[str, Any]:
    """Train for so many ``steps``, or ``cpu_minutes`` of processor time, and leave the averaged weights in ``network``.

    Processor time, not wall time, is what two rivals on a shared machine can be given alike; steps are what makes a
    run repeatable. A run that is stopped and started again goes on from its last checkpoint (at most ``every``
    steps are done twice).

    Parameters
    ----------
    step_loss : callable
        ``(rng, generator, progress 0..1) -> loss``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, log = folder / f"{name}.checkpoint.pt", folder / f"{name}.log.jsonl"
    optimiser = torch.optim.AdamW(network.parameters(), lr=peak, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    average = {k: v.detach().clone() for k, v in network.state_dict().items()}
    step, spent = 0, 0.0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
        average, step, spent = saved["average"], saved["step"], saved["spent"]
    budget, losses = cpu_minutes * 60, []
    if bool(steps) == bool(cpu_minutes):
        raise ValueError("give either steps or cpu_minutes")
    bar = tqdm(total=100, desc=name, unit="%", mininterval=10)
    network.train()
    clock, warm = time.process_time(), False
    while (progress := step / steps if steps else spent / budget) < 1:
        rng, generator = np.random.default_rng([seed, step]), torch.Generator().manual_seed(seed * 1_000_003 + step)
        for group in optimiser.param_groups:
            group["lr"] = one_cycle(progress, peak)
        with fast_autocast():
            value = step_loss(rng, generator, progress)
        value.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        step += 1
        keep = min(EMA, (1 + step) / (10 + step))
        with torch.no_grad():
            for key, new in network.state_dict().items():
                average[key].lerp_(new, 1 - keep) if new.is_floating_point() else average[key].copy_(new)
        now = time.process_time()
        if warm:  # the first step compiles: not counted
            spent += now - clock
        clock, warm = now, True
        losses.append(float(value.detach()))
        if step % every == 0 or step == steps or (budget and spent >= budget):
            line = {"step": step, "cpu_s": round(spent, 1), "loss": round(float(np.mean(losses)), 5)}
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            losses.clear()
            state = {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
            part = checkpoint.with_suffix(".part")
            torch.save({**state, "average": average, "step": step, "spent": spent}, part)
            part.replace(checkpoint)
            bar.n = round(100 * progress)
            bar.set_postfix(loss=line["loss"], step=step)
    bar.close()
    network.load_state_dict(average)
    network.eval()
    return {"steps": step, "cpu_minutes": round(spent / 60, 1)}
