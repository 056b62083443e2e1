"""State space of a seasonal series and its Kalman filter, for many series at once.

``y_t = level_t + Σ_k a_k,t cos(k ω t) + b_k,t sin(k ω t) + ε_t`` with ``level_t+d = level_t + d · slope_t + η``; slope and
harmonics are random walks too (Durbin and Koopman, 2012, chapters 3 and 4). All variances are shares of that of ε. The gain of
the filter is then the same for all bands of a pixel, so one covariance (n, k, k) serves them all, and the variance of ε is
estimated sequentially from the standardised forecast errors (West and Harrison, 1997, section 4.5).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.models.classical.harmonic import design, evaluate, robust_solve
from eowidgets.models.classical.series import DAYS_PER_YEAR, MAD_TO_SD, masked_median
from eowidgets.models.monitors.breaks import NOISE_FLOOR

#: Maximum number of observations for the variance of ε: older ones are forgotten.
MEMORY = 60.0


@dataclass(frozen=True, slots=True)
class Noise:
    """Variances of the yearly steps of level, slope and harmonics, in variances of an observation."""

    level: float
    slope: float
    season: float


@dataclass(slots=True)
class State:
    """The state of all pixels.

    Attributes
    ----------
    mean : Tensor, shape (n, c, k)
        Level, slope (per year; optional), then cos and sin of every harmonic.
    cov : Tensor, shape (n, k, k)
        Covariance of the mean, in variances of an observation.
    variance : Tensor, shape (n, c)
        Of a single observation.
    weight : Tensor, shape (n,)
        Number of observations in the estimate of the variance.
    day : Tensor, shape (n,)
    """

    mean: Tensor
    cov: Tensor
    variance: Tensor
    weight: Tensor
    day: Tensor

    def take(self, rows: Tensor) -> State:
        """Return the state of some pixels."""
        return State(*(getattr(self, name)[rows] for name in ("mean", "cov", "variance", "weight", "day")))

    def put(self, rows: Tensor, other: State) -> None:
        """Replace the state of some pixels."""
        for name in ("mean", "cov", "variance", "weight", "day"):
            getattr(self, name)[rows] = getattr(other, name)


def waves(days: Tensor, terms: int) -> Tensor:
    """Return cos and sin of every harmonic on each day, (t, 2 · terms)."""
    phase = 2 * math.pi * days.unsqueeze(1) * torch.arange(1, terms + 1, device=days.device) / DAYS_PER_YEAR
    return torch.stack([phase.cos(), phase.sin()], dim=2).flatten(1)


def start(
    y: Tensor, known: Tensor, days: Tensor, when: Tensor, *, terms: int, trend: bool, ridge: float, robust: bool
) -> State:
    """Fit the history by (robust) least squares; its coefficients and their covariance are the first state.

    Parameters
    ----------
    y : Tensor, shape (n, c, t)
    known : Tensor, shape (n, t), bool
        The clear observations of the history of each pixel.
    when : Tensor, shape (n,)
        Last day of the history: the state refers to this day.
    ridge : float
        Weight, in observations, of the prior that slope and harmonics are 0.
    """
    middle = float(days.mean())
    columns = design(days, terms, trend, middle).to(y)
    coefficients, weight = robust_solve(columns, y, known, ridge, rounds=3 if robust else 0)
    k = columns.shape[1]
    outer = (columns[:, :, None] * columns[:, None, :]).flatten(1)
    penalty = torch.full((k,), float(ridge), dtype=y.dtype, device=y.device)
    penalty[0] = 1e-9
    cov = torch.linalg.inv((weight @ outer).reshape(-1, k, k) + torch.diag(penalty))
    residual = (y - evaluate(columns, coefficients, y.dtype)).masked_fill(~known.unsqueeze(1), 0)
    size = residual.abs()
    if robust:
        limit = 3 * MAD_TO_SD * masked_median(size, known.unsqueeze(1), dim=-1).nan_to_num(0).clamp_min(NOISE_FLOOR)
        size = torch.minimum(size, limit.unsqueeze(-1))
    freedom = (known.sum(dim=1) - k).clamp_min(1)
    floor = NOISE_FLOOR if robust else 1e-9
    variance = (size.square().sum(dim=-1) / freedom.unsqueeze(1)).clamp_min(floor**2)
    state = State(coefficients, cov, variance, freedom.to(y.dtype), torch.full_like(when, middle))
    return forecast(state, when.clone(), trend, Noise(0.0, 0.0, 0.0))


def forecast(state: State, when: Tensor, trend: bool, noise: Noise) -> State:
    """Propagate the state to the days ``when`` (n,)."""
    years = ((when - state.day) / DAYS_PER_YEAR).to(state.mean)
    mean, cov = state.mean, state.cov.clone()
    if trend:
        mean = mean.clone()
        mean[..., 0] += years.unsqueeze(1) * mean[..., 1]
        # cov of (level + years · slope, ...)
        cov[:, 0] += years.unsqueeze(1) * cov[:, 1]
        cov[:, :, 0] += years.unsqueeze(1) * cov[:, :, 1]
    step = torch.full((cov.shape[1],), noise.season, dtype=cov.dtype, device=cov.device)
    step[0] = noise.level
    if trend:
        step[1] = noise.slope
    cov.diagonal(dim1=1, dim2=2).add_(years.unsqueeze(1) * step)
    return State(mean, cov, state.variance, state.weight, when)


def errors(state: State, y: Tensor, when: Tensor, wave: Tensor, trend: bool) -> Tensor:
    """Return observations less their forecasts, (n, c, w).

    Parameters
    ----------
    y : Tensor, shape (n, c, w)
    when : Tensor, shape (n, w)
    wave : Tensor, shape (n, w, 2 · terms)
    """
    out = y - state.mean[..., :1]
    if trend:
        years = ((when - state.day.unsqueeze(1)) / DAYS_PER_YEAR).to(y)
        out = out - state.mean[..., 1:2] * years.unsqueeze(1)
    first = 1 + trend
    for j in range(wave.shape[2]):
        out = out - state.mean[..., first + j, None] * wave[:, None, :, j]
    return out


def update(state: State, error: Tensor, wave: Tensor, trend: bool, floor: float) -> State:
    """Update with one observation per pixel: its error (n, c) against the forecast of its day, harmonics (n, 2 · terms)."""
    ones, zeros = torch.ones_like(wave[:, :1]), torch.zeros_like(wave[:, :1])
    z = torch.cat([ones, zeros, wave] if trend else [ones, wave], dim=1)  # n k
    pz = (state.cov * z.unsqueeze(1)).sum(dim=2)
    spread = 1 + (pz * z).sum(dim=1, keepdim=True)  # n 1
    gain = pz / spread
    mean = state.mean + gain.unsqueeze(1) * error.unsqueeze(2)
    cov = state.cov - gain.unsqueeze(2) * pz.unsqueeze(1)
    weight = state.weight.unsqueeze(1)
    variance = ((weight * state.variance + error.square() / spread) / (weight + 1)).clamp_min(floor**2)
    return State(mean, cov, variance, (state.weight + 1).clamp_max(MEMORY), state.day)
