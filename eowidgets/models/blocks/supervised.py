"""Train a network on labelled examples: the shared part of the trainable models, around the loop of :mod:`.fitting`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Adam, Optimizer

from eowidgets.contract.feeds import Batch
from eowidgets.contract.params import param
from eowidgets.contract.trainable import NO_TARGET, Examples, Progress
from eowidgets.errors import InputError, ModelError
from eowidgets.models.blocks.fitting import fit
from eowidgets.models.blocks.plan import Plan, Report, Step, one_cycle

#: Number of progress reports per training.
REPORTS = 100

#: Returns the loss for the outputs of the network and the target.
Loss = Callable[[Tensor, Tensor], Tensor]


def steps_param(default: int) -> int:
    """Declare the parameter ``steps``."""
    text = "Optimiser steps when the model is trained; a trained model ignores this setting."
    found: int = param(default, low=1, high=100_000, step=100, label="Training steps", help=text)
    return found


def rate_param(default: float) -> float:
    """Declare the parameter ``rate``."""
    text = "Largest learning rate when the model is trained; a trained model ignores this setting."
    found: float = param(default, low=1e-5, high=0.1, step=1e-4, label="Learning rate", help=text)
    return found


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings for training a network on examples.

    Parameters
    ----------
    steps : int
    rate : float
        Largest learning rate: it rises during the first twentieth of the run and falls along a half cosine.
    rows : int
        Examples in a batch.
    decay : float
        L2 penalty of Adam.
    turns : bool
        Whether windows are mirrored and rotated by right angles at random.
    average : float
        Decay of the moving average of the weights, which is the result.
    """

    steps: int
    rate: float
    rows: int
    decay: float = 1e-5
    turns: bool = False
    average: float = 0.99


def train_on(
    network: nn.Module,
    examples: Examples,
    forward: Callable[[Batch], Tensor],
    recipe: Recipe,
    *,
    seed: int,
    progress: Progress,
    loss: Loss | None = None,
) -> None:
    """Train a network in place on the examples that have a target.

    Parameters
    ----------
    network : Module
    examples : Examples
    forward : callable
        Return logits ``(n, k, ...)`` or numbers ``(n, 1, ...)`` for a batch.
    recipe : Recipe
    seed : int
        Seed of the batches.
    progress : callable
        Called with 0 to 1; an exception that it raises ends the training.
    loss : callable, optional
        Loss of the outputs of ``forward`` and the target; by default the cross-entropy, or the squared error divided by
        the variance of the target.

    Raises
    ------
    InputError
        If no example has a target.
    ModelError
        If the weights are not finite.
    """
    labelled = np.flatnonzero(_usable(examples).reshape(len(examples), -1).any(1).numpy())
    if not len(labelled):
        raise InputError("No example has both a target and a clear date: give labels that lie in the cube.")
    measure = loss or default_loss(examples.target)
    # Batch normalisation needs more than one row, so a small set of examples is repeated.
    rows = max(2, recipe.rows)

    def step_loss(step: Step) -> Tensor:
        chosen = step.rng.choice(labelled, rows, replace=len(labelled) < rows)
        part = examples.take(chosen)
        if recipe.turns:
            part = turned(part, int(step.rng.integers(4)), bool(step.rng.integers(2)))
        found = forward(part.batch)
        blank = found.isnan().any(1)
        missing = torch.nan if part.target.is_floating_point() else NO_TARGET
        # Targets at two dates have a time axis.
        hidden = blank if part.target.dim() == blank.dim() else blank[:, None]
        return measure(found.masked_fill(blank[:, None], 0), part.target.masked_fill(hidden, missing))

    def optimiser(parameters: object, rate: float) -> Optimizer:
        return Adam(parameters, lr=rate, weight_decay=recipe.decay)  # type: ignore[arg-type]

    def report(done: Report) -> None:
        progress(done.progress)

    plan = Plan(
        steps=recipe.steps,
        rate=recipe.rate,
        optimiser=optimiser,
        schedule=one_cycle,
        clip=1.0,
        average=recipe.average,
        every=max(1, recipe.steps // REPORTS),
        seed=seed,
    )
    progress(0.0)
    fit(network, step_loss, plan, report=report)
    if not all(bool(p.isfinite().all()) for p in network.parameters()):
        raise ModelError("The training gave weights that are not finite: give a lower learning rate.")


def _usable(examples: Examples) -> Tensor:
    """Return where a target is given and a date is clear."""
    seen = examples.batch.usable.any(1)
    there = known(examples.target)
    return there & (seen if seen.dim() == there.dim() else seen[:, None])


def known(target: Tensor) -> Tensor:
    """Return where a target is given."""
    return target.isfinite() if target.is_floating_point() else target != NO_TARGET


def default_loss(target: Tensor) -> Loss:
    """Return the cross-entropy for classes, and for numbers the squared error divided by their variance."""
    if not target.is_floating_point():
        return cross_entropy
    spread = target[known(target)].std(correction=0).clamp_min(1e-6)

    def squared(found: Tensor, truth: Tensor) -> Tensor:
        there = known(truth)
        return ((found[:, 0][there] - truth[there]) / spread).square().sum() / there.sum().clamp_min(1)

    return squared


def cross_entropy(found: Tensor, truth: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return the mean cross-entropy where a class is given; 0 if there is none."""
    sum_of = functional.cross_entropy(found, truth, weight, ignore_index=NO_TARGET, reduction="sum")
    there = known(truth)
    count = there.sum() if weight is None else weight[truth[there]].sum()
    return sum_of / count.clamp_min(1)


def balanced(target: Tensor, classes: int) -> Loss:
    """Return the cross-entropy in which a class is weighted by the square root of its inverse frequency."""
    counts = torch.bincount(target[known(target)], minlength=classes).double()
    weight = torch.where(counts > 0, (counts.sum() / counts.clamp_min(1)).sqrt(), 0.0)
    weight = (weight / weight.sum() * (counts > 0).sum()).float()
    return lambda found, truth: cross_entropy(found, truth, weight)


def turned(examples: Examples, quarters: int, mirrored: bool) -> Examples:
    """Return windows rotated by ``quarters`` right angles, mirrored or not, with their targets and sources."""

    def turn(values: Tensor) -> Tensor:
        values = torch.rot90(values, quarters, (-2, -1))
        return values.flip(-1) if mirrored else values

    return Examples(_turned(examples.batch, turn), turn(examples.target), examples.group)


def _turned(batch: Batch, turn: Callable[[Tensor], Tensor]) -> Batch:
    x, usable = turn(batch.x), turn(batch.usable)
    return replace(
        batch,
        x=x,
        raw=x if batch.raw is batch.x else turn(batch.raw),
        usable=usable,
        measured=usable if batch.measured is batch.usable else turn(batch.measured),
        sources={name: _turned(one, turn) for name, one in batch.sources.items()},
    )
