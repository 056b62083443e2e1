"""What is agreed on before a network is fitted: the plan, the place of a step in it, and what is reported."""

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

#: Makes a torch scheduler from an optimiser and a function that gives the progress of the run, 0 to 1.
Schedule = Callable[[Optimizer, Callable[[], float]], LRScheduler]

#: Share of a run in which :func:`one_cycle` raises the rate; what it starts and ends at, as shares of the peak.
WARM_UP, FIRST, LAST = 0.05, 0.04, 0.01


@dataclass(frozen=True)
class Step:
    """The place of one step in a run, as the loss gets it.

    Attributes
    ----------
    number : int
        Steps that were made before.
    progress : float
        Share of the run that is done, 0 to 1.
    seed : int
        Of the plan.
    rng, generator : numpy.random.Generator, torch.Generator
        Seeded by ``seed`` and ``number``, so that a resumed run draws the same numbers.
    """

    number: int
    progress: float
    seed: int

    @cached_property
    def rng(self) -> np.random.Generator:
        """Random numbers of this step for NumPy."""
        return np.random.default_rng([self.seed, self.number])

    @cached_property
    def generator(self) -> torch.Generator:
        """Random numbers of this step for torch, on the CPU."""
        return torch.Generator().manual_seed(self.seed * 1_000_003 + self.number)


def adamw(parameters: Iterable[nn.Parameter], rate: float) -> Optimizer:
    """Make AdamW with the defaults of torch."""
    return AdamW(parameters, lr=rate)


def one_cycle(optimiser: Optimizer, progress: Callable[[], float]) -> LRScheduler:
    """Raise the rate during the first 5 % of the run, then lower it to a hundredth along a half cosine.

    It follows the progress of the run and not the number of the step, so it also serves runs that are limited by time.
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
    """How a network is fitted.

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
        Largest norm of the gradient.
    average : float
        Decay of the exponential average of the weights, which is then the result; 0 takes the last weights. The average
        starts at the first weights, and its decay rises to this value, so short runs have one too.
    every : int
        Steps between two reports, checks and checkpoints.
    patience : int
        Checks in a row without a lower value after which the run ends; 0 sets no limit.
    seed : int
        Of the random numbers that :class:`Step` gives to the loss.

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
            raise InputError("A run needs an end: give steps or minutes above 0.")


@dataclass(frozen=True, slots=True)
class Report:
    """How a run stands after some steps; the last one is also the result of :func:`~eowidgets.models.blocks.fitting.fit`.

    Attributes
    ----------
    step : int
        Steps made, those before a resumption included.
    progress : float
        0 to 1.
    seconds : float
        Processor time; the first step after a start is not counted, because it may compile.
    loss : float
        Mean over the steps since the report before; NaN if there were none.
    value : float
        Of the last check; NaN without one.
    best : float
        Lowest value of the checks; infinite without one.
    done : bool
        The run has ended.
    """

    step: int
    progress: float
    seconds: float
    loss: float
    value: float
    best: float
    done: bool
