"""Value objects of a training run: its plan, the position of a step in it, and reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np
import torch
from annotated_types import Interval
from torch import nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from eowidgets.arguments import Count, NotNegative, Positive, Seed, WholeFromZero, checked
from eowidgets.errors import InputError

#: Returns a torch scheduler for an optimiser and a function that returns the progress of the run, 0 to 1.
Schedule = Callable[[Optimizer, Callable[[], float]], LRScheduler]

#: Share of a run in which :func:`one_cycle` raises the rate; its first and last rate, as shares of the peak.
WARM_UP, FIRST, LAST = 0.05, 0.04, 0.01


@dataclass(frozen=True)
class Step:
    """The position of one step in a run; the argument of the loss.

    Attributes
    ----------
    number : int
        Number of earlier steps.
    progress : float
        Completed share of the run, 0 to 1.
    seed : int
        Seed of the plan.
    rng, generator : numpy.random.Generator, torch.Generator
        Seeded with ``seed`` and ``number``, so a resumed run draws the same numbers.
    """

    number: int
    progress: float
    seed: int

    @cached_property
    def rng(self) -> np.random.Generator:
        """Random generator of this step for NumPy."""
        return np.random.default_rng([self.seed, self.number])

    @cached_property
    def generator(self) -> torch.Generator:
        """Random generator of this step for torch, on the CPU."""
        return torch.Generator().manual_seed(self.seed * 1_000_003 + self.number)


def adamw(parameters: Iterable[nn.Parameter], rate: float) -> Optimizer:
    """Return AdamW with the defaults of torch."""
    return AdamW(parameters, lr=rate)


def one_cycle(optimiser: Optimizer, progress: Callable[[], float]) -> LRScheduler:
    """Raise the rate during the first 5 % of the run, then lower it to a hundredth along a half cosine.

    It follows the progress of the run and not the step number, so it also serves runs that are limited by time.
    """

    def factor(_: int) -> float:
        done = progress()
        if done < WARM_UP:
            return FIRST + (1 - FIRST) * done / WARM_UP
        return float(LAST + (1 - LAST) * 0.5 * (1 + np.cos(np.pi * (done - WARM_UP) / (1 - WARM_UP))))

    return LambdaLR(optimiser, factor)


@checked
@dataclass(frozen=True, slots=True)
class Plan:
    """Settings of a training run.

    Parameters
    ----------
    steps : int
        Steps of the optimiser after which the run ends; 0 sets no limit.
    minutes : float
        Processor time after which it ends; 0 sets no limit. Only ``steps`` make a run repeatable.
    rate : float
        Learning rate, or its peak.
    optimiser : callable
        ``(parameters, rate) -> torch optimiser``.
    schedule : callable, optional
        :func:`one_cycle`, or any function from the optimiser and the progress to a torch scheduler, which is stepped after
        every step. Without it the rate is constant.
    clip : float, optional
        Largest gradient norm.
    average : float
        Decay of the exponential moving average of the weights, which is then the result; 0 returns the last weights. The
        average starts at the first weights and its decay rises to this value, so it also works for short runs.
    every : int
        Steps between two reports, checks and checkpoints.
    patience : int
        Consecutive checks without a lower value after which the run ends; 0 sets no limit.
    seed : int
        Seed of the random numbers that :class:`Step` gives to the loss.

    Raises
    ------
    InputError
        If there is no limit, or a number is out of range.
    """

    steps: WholeFromZero = 0
    minutes: NotNegative = 0.0
    rate: Positive = 1e-3
    optimiser: Callable[[Iterable[nn.Parameter], float], Optimizer] = adamw
    schedule: Schedule | None = None
    clip: Positive | None = None
    average: Annotated[float, Interval(ge=0, lt=1)] = 0.0
    every: Count = 100
    patience: WholeFromZero = 0
    seed: Seed = 0

    def __post_init__(self) -> None:
        if not (self.steps or self.minutes):
            raise InputError("The plan has no limit: give steps or minutes above 0.")


@dataclass(frozen=True, slots=True)
class Report:
    """State of a run after some steps; the last one is also the result of :func:`~eowidgets.models.blocks.fitting.fit`.

    Attributes
    ----------
    step : int
        Completed steps, including those before a resumption.
    progress : float
        0 to 1.
    seconds : float
        Processor time; the first step after a start is not counted, because it may compile.
    loss : float
        Mean over the steps since the previous report; NaN if there were none.
    value : float
        Result of the last check; NaN without one.
    best : float
        Lowest result of the checks; infinite without one.
    done : bool
        Whether the run has ended.
    """

    step: int
    progress: float
    seconds: float
    loss: float
    value: float
    best: float
    done: bool
