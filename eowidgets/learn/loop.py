"""Train a network: the loop of :mod:`eowidgets.models.blocks.fitting` with a seed, a precision, a log and a bar."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from tqdm import tqdm

from eowidgets.arguments import FilePath, Name, checked
from eowidgets.engine.device import autocast, fast_autocast
from eowidgets.models.blocks.fitting import fit
from eowidgets.models.blocks.plan import Plan, Report, Step, one_cycle

__all__ = ["Plan", "Report", "Step", "fit", "one_cycle", "train"]


@checked
def train(
    network: nn.Module,
    loss: Callable[[Step], Tensor],
    plan: Plan,
    *,
    check: Callable[[], float] | None = None,
    folder: FilePath | None = None,
    name: Name = "network",
    precision: Literal["fp32", "bf16", "auto"] = "fp32",
    bar: bool = False,
) -> Report:
    """Train a network with a seed, and leave it in evaluation mode with its final weights.

    Torch's global generator is seeded with ``plan.seed`` for the run and restored afterwards, so two calls with the same
    network, data and plan give the same weights.

    Parameters
    ----------
    network : nn.Module
        On the device on which it is trained.
    loss : callable
        ``Step -> Tensor``, a scalar. It draws its batch and calls the network.
    plan : Plan
        Steps or minutes, rate, schedule, clipping, averaging, patience, seed.
    check : callable, optional
        Returns a validation value, lower is better, every ``plan.every`` steps; the best weights are the result.
    folder : str or Path, optional
        Folder for ``<name>.checkpoint.pt``, from which an interrupted run continues, and ``<name>.log.jsonl`` with a line per
            report. By default nothing is written.
    name : str
        Name of the files and the bar.
    precision : {"fp32", "bf16", "auto"}
        Precision of matrix products and convolutions; "auto" selects bfloat16 if the device supports it in hardware.
    bar : bool
        Whether to show a progress bar.

    Returns
    -------
    Report
        Steps, processor time, last loss and best validation value.

    Raises
    ------
    InputError
        If an argument does not match its annotation.
    ModelError
        If the loss is not finite, or the checkpoint does not belong to this run.

    Examples
    --------
    >>> import torch
    >>> from eowidgets.learn import Plan, train
    >>> network, x = torch.nn.Linear(1, 1), torch.linspace(-1, 1, 20)[:, None]
    >>> done = train(network, lambda step: (network(x) - 3 * x).square().mean(), Plan(steps=300, rate=0.1))
    >>> done.step, round(float(network(torch.ones(1)).detach()), 1)
    (300, 3.0)
    """
    folder = None if folder is None else Path(folder)
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    context = partial(fast_autocast, device) if precision == "auto" else partial(autocast, device, precision)
    cuda = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda), _reports(folder, name, bar) as report:
        torch.manual_seed(plan.seed)
        checkpoint = folder / f"{name}.checkpoint.pt" if folder is not None else None
        return fit(network, loss, plan, check=check, checkpoint=checkpoint, report=report, context=context)


@contextmanager
def _reports(folder: Path | None, name: str, bar: bool) -> Iterator[Callable[[Report], None]]:
    """Return a function that writes each report to the log and updates the bar."""
    with tqdm(total=100, desc=name, unit="%", mininterval=10, disable=not bar) as shown:

        def report(now: Report) -> None:
            line = {"step": now.step, "cpu_s": round(now.seconds, 1), "loss": round(now.loss, 5)}
            if now.best < float("inf"):
                line["check"] = round(now.value, 5)
            if folder is not None:
                with (folder / f"{name}.log.jsonl").open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
            shown.n = round(100 * now.progress)
            shown.set_postfix(**line)

        yield report
