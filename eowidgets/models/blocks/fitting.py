"""Fit a network by gradient descent: the one loop used by recipes, trained forecasters and notebooks.

The loop covers what every training repeats: optimiser steps, a learning-rate schedule, gradient clipping, an average
of the weights, early stopping, checkpoints and reports. The caller supplies the loss.
:func:`eowidgets.learn.train` adds a seed, a precision, a log and a progress bar.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from eowidgets.errors import ModelError
from eowidgets.models.blocks.plan import Plan, Report, Step
from eowidgets.models.blocks.threads import suitable_threads

Weights = dict[str, Tensor]


class _Run:
    """State of a run: what changes from step to step, and what a checkpoint stores."""

    def __init__(self, network: nn.Module, plan: Plan) -> None:
        self.network, self.plan = network, plan
        self.step, self.seconds, self.best, self.waited = 0, 0.0, float("inf"), 0
        self.optimiser = plan.optimiser(network.parameters(), plan.rate)
        self.scheduler = plan.schedule(self.optimiser, lambda: self.progress) if plan.schedule else None
        self.average = _copy(network.state_dict()) if plan.average else {}
        self.best_weights: Weights = {}

    @property
    def progress(self) -> float:
        """Completed share of the steps or of the time, whichever is larger."""
        plan = self.plan
        steps = self.step / plan.steps if plan.steps else 0.0
        return min(1.0, max(steps, self.seconds / (60 * plan.minutes) if plan.minutes else 0.0))

    @property
    def done(self) -> bool:
        """Whether a limit is reached, or patience is exhausted."""
        return self.progress >= 1 or 0 < self.plan.patience <= self.waited

    def advance(self, value: Tensor) -> None:
        """Take one gradient step on a loss."""
        self.optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]  # torch has no annotation for it
        if self.plan.clip is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.plan.clip)
        self.optimiser.step()
        self.step += 1
        if self.average:
            self._follow()

    @torch.no_grad()
    def _follow(self) -> None:
        keep = min(self.plan.average, (1 + self.step) / (10 + self.step))
        for key, new in self.network.state_dict().items():
            average = self.average[key]
            average.lerp_(new, 1 - keep) if new.is_floating_point() else average.copy_(new)

    def assess(self, check: Callable[[], float]) -> float:
        """Check the current result weights, and keep them if they are the best."""
        with _swapped(self.network, self.average), torch.no_grad():
            self.network.eval()
            value = float(check())
            self.network.train()
            if value < self.best:
                self.best, self.waited, self.best_weights = value, 0, _copy(self.network.state_dict())
            else:
                self.waited += 1
        return value

    def result(self) -> Weights:
        """Return the weights that the run leaves in the network; empty if these are the last ones."""
        return self.best_weights or self.average

    def save(self, path: Path) -> None:
        """Write a checkpoint; the previous one is replaced only when the new one is complete."""
        state = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scheduler": self.scheduler.state_dict() if self.scheduler else {},
            "average": self.average,
            "best_weights": self.best_weights,
            "numbers": {"step": self.step, "seconds": self.seconds, "best": self.best, "waited": self.waited},
            "seed": self.plan.seed,
            "random": _random_states(self.network),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint.

        Raises
        ------
        ModelError
            If the file is damaged, or belongs to another network, or to a plan that differs in more than its limits.
        """
        try:
            state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
            numbers = state["numbers"]
            plan = (state["seed"], bool(state["average"]), bool(state["scheduler"]))
            if plan != (self.plan.seed, bool(self.average), self.scheduler is not None):
                raise ValueError("another plan")
            self.optimiser.load_state_dict(state["optimiser"])
            self.network.load_state_dict(state["network"])
            if self.scheduler is not None:
                self.scheduler.load_state_dict(state["scheduler"])
        except (
            AttributeError,
            EOFError,
            KeyError,
            RuntimeError,
            TypeError,
            ValueError,
            pickle.UnpicklingError,
        ) as error:
            raise ModelError(
                f"The checkpoint {path.name} is damaged or belongs to another run: delete it, or give another name."
            ) from error
        device = _device(self.network)
        self.average, self.best_weights = (
            {key: value.to(device) for key, value in state[name].items()} for name in ("average", "best_weights")
        )
        self.step, self.seconds = numbers["step"], numbers["seconds"]
        self.best, self.waited = numbers["best"], numbers["waited"]
        _restore(self.network, state["random"])


@suitable_threads()
def fit(
    network: nn.Module,
    loss: Callable[[Step], Tensor],
    plan: Plan,
    *,
    check: Callable[[], float] | None = None,
    checkpoint: Path | None = None,
    report: Callable[[Report], None] | None = None,
    context: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> Report:
    """Fit a network, and leave it with its final weights in evaluation mode.

    Torch's global generator, from which dropout draws, is used as seeded by the caller. A checkpoint holds its state, so
    a run that was stopped and resumed ends with the same weights as an uninterrupted one.

    Parameters
    ----------
    network : nn.Module
        On the device on which it is fitted.
    loss : callable
        ``Step -> Tensor``, a scalar. It draws its batch and calls the network.
    plan : Plan
    check : callable, optional
        Return a validation value of the network in evaluation mode; lower is better. It is called every ``plan.every``
        steps and at the end; the weights with the lowest value are the result.
    checkpoint : Path, optional
        File to continue from, if it exists, and to write every ``plan.every`` steps.
    report : callable, optional
        Called with a :class:`Report` every ``plan.every`` steps and at the end. An exception raised in it ends the run; the
        last checkpoint remains.
    context : callable
        Return a context for each call of ``loss``, for example one of a lower precision.

    Returns
    -------
    Report

    Raises
    ------
    ModelError
        If the loss is not finite, or the checkpoint does not belong to this run.

    Examples
    --------
    >>> import torch
    >>> network, x = torch.nn.Linear(1, 1), torch.linspace(-1, 1, 20)[:, None]
    >>> done = fit(network, lambda step: (network(x) - 3 * x).square().mean(), Plan(steps=300, rate=0.1))
    >>> done.step, round(float(network(torch.ones(1)).detach()), 1)
    (300, 3.0)
    """
    run = _Run(network, plan)
    if checkpoint is not None and checkpoint.exists():
        run.load(checkpoint)
    network.train()
    losses: list[Tensor] = []
    last = Report(run.step, run.progress, run.seconds, float("nan"), float("nan"), run.best, True)
    clock: float | None = None
    while not run.done:
        with context():
            value = loss(Step(run.step, run.progress, plan.seed))
        run.advance(value)
        losses.append(value.detach())
        now = time.process_time()
        run.seconds += now - clock if clock is not None else 0.0
        clock = now
        if run.scheduler is not None:
            run.scheduler.step()
        if run.step % plan.every and run.progress < 1:
            continue
        mean = _finite_mean(losses, run.step)
        losses.clear()
        checked = run.assess(check) if check is not None else float("nan")
        if checkpoint is not None:
            run.save(checkpoint)
        last = Report(run.step, run.progress, run.seconds, mean, checked, run.best, run.done)
        if report is not None:
            report(last)
    final = run.result()
    if final:
        network.load_state_dict(final)
    network.eval()
    return last


def _finite_mean(losses: list[Tensor], step: int) -> float:
    mean = float(torch.stack(losses).double().mean())
    if not np.isfinite(mean):
        raise ModelError(
            f"The loss is not finite up to step {step}: give a lower learning rate, or look for missing values in the data."
        )
    return mean


def _copy(state: Weights) -> Weights:
    return {key: value.detach().clone() for key, value in state.items()}


@contextmanager
def _swapped(network: nn.Module, weights: Weights) -> Iterator[None]:
    """Set other weights for the duration of the context; do nothing if they are empty."""
    own = _copy(network.state_dict()) if weights else {}
    try:
        if weights:
            network.load_state_dict(weights)
        yield
    finally:
        if weights:
            network.load_state_dict(own)


def _device(network: nn.Module) -> torch.device:
    return next((p.device for p in network.parameters()), torch.device("cpu"))


def _random_states(network: nn.Module) -> Weights:
    """Return the states of torch's global generators that a step on the network's device may use."""
    device, states = _device(network), {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def _restore(network: nn.Module, states: Weights) -> None:
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and _device(network).type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], _device(network))
