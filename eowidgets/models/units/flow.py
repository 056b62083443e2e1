"""Conditional flow matching: the straight path from noise (t = 0) to data (t = 1), its loss and its solvers.

Lipman et al., "Flow Matching for Generative Modeling", 2023. The path is ``x_t = (1 - t) ε + t x1`` and its
velocity ``x1 - ε``. Where the network predicts the data, the velocity is ``(x̂1 - x_t) / (1 - t)``: the same flow,
so that one Euler step from pure noise gives the conditional mean.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from eowidgets.models.units.condition import Condition, restore, standardise
from eowidgets.models.units.config import UniTSConfig
from eowidgets.models.units.network import Context, UniTS

Solver = Literal["euler", "midpoint", "heun"]


def _wide(t: Tensor, like: Tensor) -> Tensor:
    return t.reshape(*t.shape, *([1] * (like.dim() - t.dim()))).to(like.dtype)


def scale_input(x: Tensor, t: Tensor) -> Tensor:
    """Return the best linear estimate of unit-variance data from ``x_t``; 0 at t = 0, where ``x_t`` is pure noise.

    It is the network input instead of ``x_t``, so that the network need not learn to ignore noise (a preconditioning in
    the sense of Karras et al., 2022).
    """
    t = _wide(t, x)
    return x * (t / (t**2 + (1 - t) ** 2))


def to_target(config: UniTSConfig, truth: Tensor, given: Condition) -> Tensor:
    """Convert reflectance (b, t, c, h, w), in the order of ``BANDS``, to the flow variable."""
    if config.target == "residual":
        return (truth - given.base) / config.residual_scale
    return standardise(truth)


def from_target(config: UniTSConfig, x1: Tensor, given: Condition) -> Tensor:
    """Undo :func:`to_target`; ``x1`` may have leading sample axes."""
    if config.target == "residual":
        return given.base + config.residual_scale * x1
    return restore(x1)


def predict(network: UniTS, x: Tensor, t: Tensor, context: Context) -> Tensor:
    """Call the network on ``x_t``, scaled as in the training."""
    out: Tensor = network(scale_input(x, t) if network.config.predict == "data" else x, t, context)
    return out


def loss(
    network: Callable[[Tensor, Tensor, Condition], Tensor],
    config: UniTSConfig,
    x1: Tensor,
    weight: Tensor,
    given: Condition,
    generator: torch.Generator,
    *,
    l1: float = 0.0,
    at_zero: float = 0.5,
) -> Tensor:
    """Compute the masked flow-matching loss.

    Parameters
    ----------
    network : callable
        ``(x, t, given) -> prediction``, the network with its encoder (one callable, so that it can be compiled).
    x1 : Tensor, shape (b, t, c, h, w)
        The target; ignored where ``weight`` is 0.
    weight : Tensor, broadcastable to ``x1``
        0 where the target is unknown or the band absent.
    l1 : float
        Weight of the absolute error, which is added to the squared one. It speeds up the start of training; the squared
        error alone makes the flow exact, so recipes let it fall to 0.
    at_zero : float
        Share of windows trained at t = 0, the only step of a one-step prediction.

    Returns
    -------
    Tensor, scalar
    """
    b = x1.shape[0]
    t = 0.98 * torch.rand(b, generator=generator)
    t = torch.where(torch.rand(b, generator=generator) < at_zero, 0.0, t).to(x1.device)
    noise = torch.randn(x1.shape, generator=generator).to(x1.device)
    wide = _wide(t, x1)
    x = (1 - wide) * noise + wide * x1
    x = x if config.target == "classes" else x * given.present[:, None, None]
    data = config.predict == "data"
    out = network((scale_input(x, t) if data else x)[None], t[None], given)[0].float()
    error = out - (x1 if data else x1 - noise)
    weight = weight.expand_as(x1)
    size = error.square() + l1 * error.abs()
    return (weight * size).sum() / weight.sum().clamp(min=1)


def integrate(
    velocity: Callable[[Tensor, float], Tensor],
    x: Tensor,
    steps: int,
    solver: Solver = "euler",
    *,
    singular: bool = False,
    early: float = 1.0,
) -> Tensor:
    """Solve ``dx/dt = velocity(x, t)`` from t = 0 to 1, in steps that end at ``(i / steps) ** early``.

    Parameters
    ----------
    solver : {"euler", "midpoint", "heun"}
        Of order 1, 2, 2; one, two, two evaluations per step.
    singular : bool
        The velocity is undefined at t = 1: Heun's last step is then an Euler step.
    """
    for i in range(steps):
        t = (i / steps) ** early
        h = ((i + 1) / steps) ** early - t
        v = velocity(x, t)
        if solver == "midpoint":
            v = velocity(x + h / 2 * v, t + h / 2)
        elif solver == "heun" and not (singular and i == steps - 1):
            v = (v + velocity(x + h * v, t + h)) / 2
        x = x + h * v
    return x


def sample(
    network: UniTS,
    given: Condition,
    *,
    steps: int = 1,
    samples: int = 1,
    solver: Solver = "euler",
    seed: int = 0,
    known: Tensor | None = None,
    context: Context | None = None,
) -> Tensor:
    """Draw samples of the target.

    Parameters
    ----------
    steps, samples : int
        Solver steps, and number of samples (computed together; the condition is encoded once).
    known : Tensor, optional, shape (b, t, h, w), bool
        Where the residual is known to be 0: there the path follows the known data, as in training.

    Returns
    -------
    Tensor, shape (samples, b, t, c, h, w), float32
        In units of the target; see :func:`from_target`.
    """
    config = network.config
    context = network.encode(given) if context is None else context
    b, t, _, height, width = given.pixels.shape
    # Every window gets the same noise, so the result does not depend on the batches.
    shape = (samples, 1, t, config.channels, height, width)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(given.pixels.device)
    noise = noise.expand(-1, b, -1, -1, -1, -1)
    classes = config.target == "classes"
    if not classes:
        noise = noise * given.present[:, None, None]
    fixed = None if known is None else known[:, :, None]

    def velocity(x: Tensor, time: float) -> Tensor:
        flow_time = x.new_full((samples, b), time)
        out = predict(network, x, flow_time, context).float()
        if config.predict == "data":
            if fixed is not None:
                out = out.masked_fill(fixed, 0.0)
            out = (out - x) / (1 - time)
        elif fixed is not None:
            out = torch.where(fixed, -noise, out)
        return out if classes else out * given.present[:, None, None]

    return integrate(velocity, noise, steps, solver, singular=config.predict == "data", early=config.early)


def expected(network: UniTS, given: Condition) -> Tensor:
    """Return reflectance (b, t, len(BANDS), h, w) in one step from pure noise: its mean, if the network predicts data."""
    return from_target(network.config, sample(network, given), given)[0]
