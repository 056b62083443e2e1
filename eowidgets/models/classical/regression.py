"""Predict the cloudy part of a date from its clear part: a ridge regression on the other dates, window by window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import xarray as xr
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.cube.quantity import quantity
from eowidgets.cube.schema import bands
from eowidgets.models.classical.fill import GapFiller, interpolate
from eowidgets.models.classical.series import (
    MAD_TO_SD,
    SCORE,
    SMALLEST_SCALE,
    blank,
    masked_median,
    relative_days,
    solving_dtype,
)
from eowidgets.models.classical.spikes import spikes

#: Ridge penalty, as a share of the mean variance of the other dates.
RIDGE = 0.03
#: Number of dates that each date is regressed on: those nearest in time.
NEAREST = 14
#: Minimum number of clear pixels of a date in a window.
LEAST = 8
#: Deviations may exceed the range of those of the clear pixels by this share of it.
BEYOND = 0.5
#: Distance from the first fit, in robust standard deviations, beyond which clear pixels are left out of the second.
FAR = 6.0
#: Quantities that are never negative.
POSITIVE = ("reflectance", "brightness", "backscatter", "amplitude", "radiance")


def between(x: Tensor, days: Tensor, date: int) -> Tensor:
    """Interpolate a filled series (b, t, n, c) to one of its dates from its neighbours, (b, n, c)."""
    left, right = max(date - 1, 0), min(date + 1, x.shape[1] - 1)
    if date in (left, right):
        return x[:, right if date == left else left]
    share = (days[:, date] - days[:, left]) / (days[:, right] - days[:, left]).clamp(min=1e-6)
    return torch.lerp(x[:, left], x[:, right], share.to(x.dtype)[:, None, None])


def regress(x: Tensor, usable: Tensor, days: Tensor, ridge: float = RIDGE, only: Sequence[int] | None = None) -> Tensor:
    """Predict the cloudy part of each date from the nearest dates, by their covariance over the clear pixels of the date.

    Parameters
    ----------
    x : Tensor, shape (b, t, c, h, w)
        A series without gaps, with the measured values where ``usable``.
    usable : Tensor, shape (b, t, h, w), bool
    days : Tensor, shape (b, t)
        Increasing, and the same for all windows of the batch.
    ridge : float
        Share of the mean variance of the other dates that is added to all variances.
    only : sequence of int, optional
        Positions of the dates to predict; None for all.

    Returns
    -------
    Tensor, shape of ``x``
        ``x`` itself where observed, and on dates with fewer than :data:`LEAST` observed pixels. Elsewhere the deviation from
        the neighbouring dates exceeds that of the clear pixels of that date by at most :data:`BEYOND` of its range, because a
        fit on few pixels would extrapolate much further.
    """
    t, h, w = usable.shape[1:]
    series = x.movedim(2, -1).flatten(2, 3)  # b t n c
    seen = usable.flatten(2)
    out = series.clone()
    for date in range(t) if only is None else only:
        hidden = ~seen[:, date] & (seen[:, date].sum(dim=1, keepdim=True) >= LEAST)
        if not bool(hidden.any()):
            continue
        nearest = (days[0] - days[0, date]).abs().argsort(stable=True)
        others = nearest[nearest != date][:NEAREST].sort().values
        features = series[:, others].transpose(1, 2).flatten(2)  # b n (k c)
        prior = between(series, days, date)
        moved = _fit(features, series[:, date] - prior, seen[:, date], ridge)
        out[:, date] = torch.where(hidden.unsqueeze(-1), prior + moved, series[:, date])
    return out.reshape(*out.shape[:2], h, w, -1).movedim(-1, 2)


def _fit(features: Tensor, off: Tensor, clear: Tensor, ridge: float) -> Tensor:
    """Fit deviations (b, n, c) on the clear pixels (b, n), twice, and predict them everywhere."""
    # Dates are similar, so the equations are nearly singular: in float32 the result would depend on the batch size.
    exact = solving_dtype(off.device)
    features, target = features.to(exact), off.to(exact)
    found = _ridge(features, target, clear.to(exact), ridge)
    apart = (target - found).abs()
    usual = MAD_TO_SD * masked_median(apart, clear.unsqueeze(-1), dim=1).unsqueeze(1)
    near = clear & ((apart / usual.clamp_min(SMALLEST_SCALE)).amax(dim=-1) < FAR)
    near = torch.where((near.sum(dim=1, keepdim=True) >= LEAST), near, clear)
    if bool((near != clear).any()):
        found = _ridge(features, target, near.to(exact), ridge)
    unseen = ~near.unsqueeze(-1)
    low = target.masked_fill(unseen, torch.inf).amin(dim=1, keepdim=True)
    high = target.masked_fill(unseen, -torch.inf).amax(dim=1, keepdim=True)
    room = BEYOND * (high - low)
    return found.clamp(low - room, high + room).to(off.dtype)


def _ridge(features: Tensor, target: Tensor, weight: Tensor, ridge: float) -> Tensor:
    weight = weight.unsqueeze(-1)
    count = weight.sum(dim=1, keepdim=True).clamp(min=1)
    middle, level = ((v * weight).sum(dim=1, keepdim=True) / count for v in (features, target))
    features = features - middle
    there = (features * weight).transpose(1, 2)
    gram = there @ features
    scale = gram.diagonal(dim1=1, dim2=2).mean(dim=1).clamp_min(1e-12)
    eye = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
    found: Tensor = torch.linalg.solve(gram + ridge * scale[:, None, None] * eye, there @ (target - level))
    return level + features @ found


@register
class FillRegression(GapFiller):
    """Predict the cloudy part of each date from its clear pixels.

    Gaps are first filled by linear interpolation in time. Then, window by window, each date is regressed on the dates
    nearest to it over its clear pixels, and the regression predicts the others. Dates with almost no clear pixels keep
    the linear interpolation. With ``robust``, values that are transient outliers in time (undetected clouds) are returned
    unchanged, and left out of the fit.
    """

    name = "fill-regression"
    feed = Windows(min_dates=2, size=48, halo=8, blend=8)
    card = Card(
        title="Regression on the other dates",
        summary="Predicts the cloudy part of each date from its clear pixels and their covariance with the nearest dates.",
        paper="Ridge regression; similar to the linear histogram matching of Landsat 7's gap filling (Scaramuzza et al., 2004).",
        licence="Apache-2.0",
        scores={SCORE: 32.9},
        limits="Improves only partly cloudy dates: a fully cloudy date is interpolated linearly.",
    )

    @dataclass(frozen=True, slots=True)
    class Params:
        """Strength of the penalty, and treatment of outliers."""

        ridge: float = param(
            RIDGE,
            low=1e-4,
            high=10.0,
            label="Ridge",
            help="Ridge penalty as a share of the variance of the other dates: higher is closer to linear interpolation.",
        )
        robust: bool = param(
            True,
            label="Robust",
            help="Leave transient outliers, such as undetected clouds, out of the fit; off is better if the mask is complete.",
        )

    def __init__(self, **params: object) -> None:
        super().__init__(**params)
        self.positive: tuple[bool, ...] | None = None
        #: Positions of the dates to predict, None for all; comparisons of fillers need only a few.
        self.only: Sequence[int] | None = None

    def survey(self, cube: xr.Dataset) -> None:
        """Record which bands are never negative."""
        self.positive = tuple(quantity(cube[name]).key in POSITIVE for name in bands(cube))

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Fill the gaps; shapes as in :class:`~eowidgets.contract.outputs.Output`."""
        trusted = batch.usable
        if self.params.robust:
            trusted = trusted & ~spikes(batch.x, trusted, batch.days)
        filled, _ = interpolate(batch.x * trusted.unsqueeze(2), trusted, batch.days)
        days = relative_days(batch.days, filled).expand(len(filled), -1)
        with torch.autocast(filled.device.type, enabled=False):  # a fit in half precision is unstable
            made = regress(filled.float(), trusted, days, self.params.ridge, self.only)
        if self.positive is not None:
            low = made.new_tensor([0.0 if p else -torch.inf for p in self.positive])
            made = torch.maximum(made, low[:, None, None])
        made = torch.where(batch.usable.unsqueeze(2), batch.x, made.to(batch.x.dtype))
        return {"bands": blank(made, batch.usable.any(dim=1, keepdim=True).expand_as(batch.usable))}
