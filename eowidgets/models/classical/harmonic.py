"""Harmonic regression: each pixel as a level, an optional trend, and a few yearly harmonics."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Bands, Output, Value
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.models.classical.fill import GapFiller
from eowidgets.models.classical.series import (
    DAYS_PER_YEAR,
    MAD_TO_SD,
    SCORE,
    flat,
    huber_weights,
    masked_median,
    solving_dtype,
    unflat,
)


def design(days: Tensor, terms: int, trend: bool, origin: float) -> Tensor:
    """Return the design matrix: 1, then years since ``origin`` with ``trend``, then cos and sin of every harmonic.

    Parameters
    ----------
    days : Tensor, shape (t,), float64
        Days since 1970-01-01.
    terms : int
        Harmonics per year: 1 is the yearly wave, 2 adds the half-yearly one, and so on.
    origin : float
        Day at which the trend is 0; near the data, so that level and trend are not confounded.

    Returns
    -------
    Tensor, shape (t, 1 + trend + 2 * terms), float64
    """
    days = days.detach().cpu().double()
    columns = [torch.ones_like(days)]
    if trend:
        columns.append((days - origin) / DAYS_PER_YEAR)
    for k in range(1, terms + 1):
        phase = 2 * math.pi * k * days / DAYS_PER_YEAR
        columns += [phase.cos(), phase.sin()]
    return torch.stack(columns, dim=1)


def solve(columns: Tensor, y: Tensor, weight: Tensor, ridge: float) -> Tensor:
    """Solve a weighted ridge regression for every pixel at once; the level is not penalised.

    Parameters
    ----------
    columns : Tensor, shape (t, k)
        In the precision of the solution; ``y`` and ``weight`` may have less.
    y : Tensor, shape (n, c, t)
    weight : Tensor, shape (n, t)
        0 where there is no observation.
    ridge : float
        Added to the diagonal; each observation contributes about 0.5 there per harmonic.

    Returns
    -------
    Tensor, shape (n, c, k)
        0 where a pixel has no observation.
    """
    k = columns.shape[1]
    # Under autocast, float32 products would be rounded to bfloat16, which ruins the normal equations.
    with torch.autocast(y.device.type, enabled=False):
        outer = (columns[:, :, None] * columns[:, None, :]).flatten(1)  # t (k k)
        normal = (weight.to(outer.dtype) @ outer).reshape(-1, k, k)
        right = ((weight.unsqueeze(1) * y).to(outer.dtype) @ columns).mT  # n k c
        penalty = torch.full((k,), float(ridge), dtype=outer.dtype, device=y.device)
        penalty[0] = 0
        normal = normal + torch.diag(penalty)
        empty = (weight.sum(dim=1) <= 0).to(outer.dtype)
        normal = normal + empty[:, None, None] * torch.eye(k, dtype=outer.dtype, device=y.device)
        factor, _ = torch.linalg.cholesky_ex(normal)
        return torch.cholesky_solve(right, factor).mT


def evaluate(columns: Tensor, coefficients: Tensor, dtype: torch.dtype) -> Tensor:
    """Evaluate the fit, (n, c, t), from coefficients (n, c, k) that have more precision than the result.

    The terms are added one by one: the rounding of a matrix product depends on the other pixels of the batch, and the
    statistics that follow are compared with thresholds.
    """
    share, wave = coefficients.to(dtype), columns.to(dtype)
    values = share[..., :1] * wave[:, 0]
    for k in range(1, wave.shape[1]):
        values.addcmul_(share[..., k : k + 1], wave[:, k])
    return values


def robust_solve(columns: Tensor, y: Tensor, usable: Tensor, ridge: float, rounds: int) -> tuple[Tensor, Tensor]:
    """Fit by iteratively reweighted least squares with Huber's weights (Huber, 1964; Holland and Welsch, 1977).

    Returns
    -------
    coefficients : Tensor, shape (n, c, k)
    weight : Tensor, shape (n, t)
    """
    seen = usable.to(y.dtype)
    weight = seen
    coefficients = solve(columns, y, weight, ridge)
    for _ in range(rounds):
        weight = seen * huber_weights(y - evaluate(columns, coefficients, y.dtype), usable)
        coefficients = solve(columns, y, weight, ridge)
    return coefficients, weight


@register
class Harmonic(Model):
    """Least-squares fit of yearly harmonics to the clear observations of each pixel.

    ``y(d) = a0 + a1 · (d - d0) / 365.2425 + Σ_k  b_k cos(2π k d / 365.2425) + c_k sin(2π k d / 365.2425)``

    Source: harmonic (Fourier) regression of vegetation series, Menenti et al. (1993), doi:10.1016/0273-1177(93)90550-U,
    and Zhu and Woodcock (2014), doi:10.1016/j.rse.2014.01.011, eq. 1, with the same harmonics and trend. Choices made
    here: a ridge penalty on everything but the level replaces a rule that limits the number of harmonics for few
    observations; one Huber weight per date for all bands.
    """

    name = "harmonic"
    task = Task.RECONSTRUCT
    card = Card(
        title="Harmonic fit",
        summary="Fits the typical year of each pixel: a level, an optional trend and one to three yearly harmonics.",
        paper="Menenti et al. (1993), Advances in Space Research 13(5); Zhu and Woodcock (2014), RSE 144.",
        url="https://doi.org/10.1016/j.rse.2014.01.011",
        licence="Apache-2.0",
        scores={SCORE: 27.5},
        limits="Cannot follow a sudden change such as logging or harvest; needs about a year of dates to fit a season.",
    )

    @dataclass(frozen=True, slots=True)
    class Params:
        """Shape of the fit."""

        terms: int = param(2, unit="", low=1, high=3, step=1, label="Waves per year", help="1 is the yearly wave.")
        trend: bool = param(False, label="Trend", help="Fit a linear trend over the years.")
        robust: bool = param(True, label="Robust", help="Give less weight to outliers such as undetected cloud.")
        ridge: float = param(
            0.1,
            low=1e-6,
            high=100.0,
            label="Ridge",
            unit="observations",
            help="Penalty on harmonics and trend; matters only for pixels with few clear dates.",
        )

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs: the fit at every date, and the robust standard deviation of the residuals."""
        return (
            Bands("bands", dims="tyx", unit="1"),
            Value(
                "residual_spread",
                unit="1",
                long_name="Robust standard deviation of the residuals over all bands",
                vmin=0,
                vmax=0.1,
            ),
        )

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Fit and evaluate the harmonics.

        Returns
        -------
        dict
            ``bands`` (b, t, c, h, w) and ``residual_spread`` (b, h, w): root mean square over bands of
            1.4826 · median absolute residual. NaN for a pixel without clear dates.
        """
        p, x = self.params, batch.x
        b, _, _, h, w = x.shape
        days = batch.days.detach().cpu().double()
        columns = design(days, p.terms, p.trend, float(days.mean())).to(x.device, solving_dtype(x.device))
        y, usable = flat(x), flat(batch.usable)
        coefficients, _ = robust_solve(columns, y, usable, p.ridge, rounds=5 if p.robust else 0)
        fit = evaluate(columns, coefficients, x.dtype)
        spread = MAD_TO_SD * masked_median((y - fit).abs(), usable.unsqueeze(1), dim=-1)
        seen = batch.usable.any(dim=1, keepdim=True)
        return {
            "bands": unflat(fit, (b, h, w)).masked_fill(~seen.unsqueeze(2), torch.nan),
            "residual_spread": unflat(spread.square().mean(dim=-1).sqrt(), (b, h, w)),
        }


@register
class FillHarmonic(GapFiller):
    """Fill gaps with the harmonic fit of each pixel; clear observations stay unchanged.

    The fit is that of :class:`Harmonic` with its defaults, robust and without a trend.
    """

    name = "fill-harmonic"
    card = Card(
        title="Harmonic fit in the gaps",
        summary="Keeps clear observations and fills gaps with the typical year of each pixel.",
        paper="Menenti et al. (1993), Advances in Space Research 13(5); Zhu and Woodcock (2014), RSE 144.",
        url="https://doi.org/10.1016/j.rse.2014.01.011",
        licence="Apache-2.0",
        limits="All years get the same fit: differences between years, haze and sudden changes are not reproduced.",
    )

    @dataclass(frozen=True, slots=True)
    class Params:
        """Shape of the fit."""

        terms: int = param(2, low=1, high=3, step=1, label="Waves per year", help="1 is the yearly wave.")

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Fill the gaps; shapes as in :class:`~eowidgets.contract.outputs.Output`."""
        fit = Harmonic(terms=self.params.terms).predict(batch)["bands"]
        return {"bands": torch.where(batch.usable.unsqueeze(2), batch.x, fit)}
