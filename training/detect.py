"""Train the aircraft detector on simulated pictures: ``python -m training.detect``; resumable, writes its weights.

Every step draws new pictures, so none is used twice. Seeds of training begin at ``TRAINING``, those for choosing the threshold
at ``CHOICE``, and those of the benchmark (``benchmarks/detect.py``) at ``HELD_OUT``; the three sets are disjoint.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from eowidgets.contract.weights import to_json, write
from eowidgets.learn import Plan, one_cycle, train
from eowidgets.models.blocks.plan import Step
from eowidgets.models.detect.flightscope.network import SMALL, Detector, loss
from eowidgets.simulate.aircraft import simulate_aircraft

RUNS = Path("training/runs")
TRAINING, CHOICE, HELD_OUT = 1_000_000, 0, 500_000
SIDE, BATCH, STEPS, RATE = 256, 8, 3000, 2e-3


def draw(step: Step) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Draw the pictures of a step, their boxes and their labels."""
    first = TRAINING + (step.seed * 1_000_000 + step.number) * BATCH
    images, boxes = [], []
    for i in range(BATCH):
        # Other pixel sizes as well: nominal 0.5 m is rarely exact.
        metres = float(np.exp(step.rng.uniform(np.log(0.4), np.log(0.65))))
        scene = simulate_aircraft(height=SIDE, width=SIDE, resolution=metres, cut=True, seed=first + i)
        images.append(torch.from_numpy(scene.image))
        boxes.append(torch.from_numpy(scene.boxes).float())
    return torch.stack(images), boxes, [torch.zeros(len(b)) for b in boxes]


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    network = Detector(SMALL).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def step_loss(step: Step) -> Tensor:
        x, boxes, labels = draw(step)
        return loss(network(x.contiguous(memory_format=torch.channels_last)), boxes, labels)

    plan = Plan(steps=args.steps, rate=RATE, schedule=one_cycle, clip=5.0, average=0.99, every=25, seed=args.seed)
    RUNS.mkdir(parents=True, exist_ok=True)
    done = train(network, step_loss, plan, folder=RUNS, name="flightscope")
    path = RUNS / "flightscope.safetensors"
    digest = write(path, network, {"kind": "Detector", "config": to_json(SMALL)})
    note = {"steps": done.step, "cpu_s": round(done.seconds), "sha256": digest}
    (RUNS / "flightscope.json").write_text(json.dumps(note), encoding="utf-8")
    print(note)


if __name__ == "__main__":
    main()
