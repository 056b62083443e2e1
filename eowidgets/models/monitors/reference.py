"""The common offset of every date (haze, illumination), estimated on stable pixels alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from eowidgets.models.classical.harmonic import design, evaluate, robust_solve
from eowidgets.models.classical.series import DAYS_PER_YEAR, MAD_TO_SD, MEDIAN_TO_MEAN, masked_median, solving_dtype

#: Fewest stable pixels, and least share of stable pixels, from which an offset is taken.
FEWEST_STABLE, LEAST_STABLE = 30, 0.03
#: Least share of the area that must be seen on a date; other dates are not used.
SEEN = 0.1
#: A pixel is stable while its yearly medians differ by less than this, or than so many standard errors.
TOLERANCE_INDEX, TOLERANCE_BANDS, ERRORS = 0.06, 0.03, 4.0
#: Fewest clear observations of a block of a year, and of a pixel that is judged at all.
BLOCK, JUDGED = 5, 12
#: An offset lasts less than half of this (days); what lasts longer stays in the series.
LASTING = DAYS_PER_YEAR
#: Estimates of offsets and of stable pixels follow one another so many times.
ITERATIONS = 3


@dataclass(frozen=True, slots=True)
class Reference:
    """Offsets of the dates of a cube and the pixels they come from.

    Attributes
    ----------
    offsets : Tensor, shape (t, c)
        To be taken off; 0 where nothing certain is known, NaN on dates on which too little of the area was seen.
    stable, judged : Tensor, shape (n,), bool
        Pixels without lasting change, and pixels that were seen often enough to tell.
    """

    offsets: Tensor
    stable: Tensor
    judged: Tensor

    @property
    def share(self) -> float:
        """Share of the judged pixels that are stable; NaN if none was judged."""
        return float((self.stable & self.judged).sum()) / judged if (judged := int(self.judged.sum())) else float("nan")

    @property
    def enough(self) -> bool:
        """Whether enough pixels are stable for an offset."""
        return enough(int((self.stable & self.judged).sum()), int(self.judged.sum()))


def enough(stable: int, judged: int) -> bool:
    """Return whether so many stable pixels of so many judged ones give an offset."""
    # A cube of a few pixels can give no more than it has.
    return stable >= max(min(FEWEST_STABLE, judged // 2), LEAST_STABLE * judged, 3)


def find_reference(series: Tensor, usable: Tensor, days: Tensor, terms: int) -> Reference:
    """Estimate the offsets.

    Each pixel is fitted robustly over the whole series. A pixel is stable while the medians of its residuals over years
    agree with each other: changes, abrupt or gradual, move them apart. The offset of a date is the median residual of
    the stable pixels, less its own running median over a year: a step or trend that stable pixels have in common is
    never taken off. Stable pixels and offsets are estimated in turn.

    Parameters
    ----------
    series : Tensor, shape (n, t, c)
    usable : Tensor, shape (n, t), bool
    days : Tensor, shape (t,)
    terms : int
        Waves per year of the fit.
    """
    days = days.detach().cpu().double()
    columns = design(days, max(terms, 1), False, 0.0).to(series.device, solving_dtype(series.device))
    y = series.transpose(1, 2)
    coefficients, _ = robust_solve(columns, y, usable, 0.1, rounds=3)
    residual = (y - evaluate(columns, coefficients, y.dtype)).masked_fill(~usable.unsqueeze(1), 0)  # n c t
    judged = usable.sum(dim=1) >= JUDGED
    blocks, near = _blocks(days.numpy()), _near(days.numpy())
    few = usable.double().mean(dim=0) < SEEN if len(usable) else torch.ones(len(days), dtype=torch.bool)
    offsets = _offsets(residual, usable & judged.unsqueeze(1), near)
    stable = judged
    for k in range(ITERATIONS):
        stable = judged & _steady(residual - offsets.T, usable, blocks)
        if not enough(int(stable.sum()), int(judged.sum())):
            if k == 0 and bool(offsets.any()):
                # The first offsets come from all pixels, changed ones too: judge without them.
                offsets = torch.zeros_like(offsets)
                continue
            offsets = torch.zeros_like(offsets)
            break
        offsets = _offsets(residual, usable & stable.unsqueeze(1), near)
    return Reference(offsets.masked_fill(few.to(offsets.device).unsqueeze(1), torch.nan), stable, judged)


def _offsets(residual: Tensor, usable: Tensor, near: list[np.ndarray]) -> Tensor:
    """Short-lived common offset of every date, shape (t, c)."""
    seen = usable.T.unsqueeze(1)  # t 1 n
    values = residual.permute(2, 1, 0)
    count = seen.sum(dim=-1)  # t 1
    middle = masked_median(values, seen, dim=-1)
    spread = MAD_TO_SD * masked_median((values - middle.unsqueeze(-1)).abs(), seen, dim=-1)
    usual = spread.nanmedian(dim=0).values
    # Where pixels disagree by far, a part of them changed or lies under haze: no offset is common to them.
    weight = (2.5 * usual / spread.clamp_min(1e-6)).square().clamp_max(1).nan_to_num(0)
    weight = weight * count / (count + FEWEST_STABLE / 3)
    middle = torch.where(count >= 3, middle, torch.nan)
    lasting = torch.stack([middle[torch.as_tensor(k, device=middle.device)].nanmedian(dim=0).values for k in near])
    return ((middle - lasting) * weight).nan_to_num(0)


def _steady(residual: Tensor, usable: Tensor, blocks: list[np.ndarray]) -> Tensor:
    """Pixels whose medians over blocks agree, shape (n,), bool."""
    n, bands, _ = residual.shape
    noise = difference_spread(residual, usable)  # n c
    low, high = residual.new_full((n, bands), torch.inf), residual.new_full((n, bands), -torch.inf)
    error = torch.zeros_like(low)
    for block in blocks:
        pick = torch.as_tensor(block, device=residual.device)
        seen = usable[:, pick]
        count = seen.sum(dim=1, keepdim=True)
        middle = masked_median(residual[..., pick], seen.unsqueeze(1), dim=-1)
        known = count >= BLOCK
        low, high = (
            torch.where(known & (middle < low), middle, low),
            torch.where(known & (middle > high), middle, high),
        )
        error = torch.where(known, torch.maximum(error, MEDIAN_TO_MEAN * noise / count.clamp_min(1).sqrt()), error)
    reach = (high - low).nan_to_num(0, 0, 0)
    tolerance = TOLERANCE_INDEX if bands == 1 else TOLERANCE_BANDS
    return (reach <= torch.maximum(ERRORS * error, torch.full_like(error, tolerance))).all(dim=1)


def difference_spread(residual: Tensor, usable: Tensor) -> Tensor:
    """Noise of each band from the differences of consecutive clear observations, which no step inflates, (n, c)."""
    rank = usable.cumsum(dim=1)
    n, bands, t = residual.shape
    packed = residual.new_zeros(n, bands, t + 1)
    place = torch.where(usable, rank - 1, t).unsqueeze(1).expand(-1, bands, -1)
    packed = packed.scatter_(2, place, residual)[..., :t]
    there = torch.arange(1, t, device=residual.device) < rank[:, -1:]
    apart = (packed[..., 1:] - packed[..., :-1]).abs()
    return MAD_TO_SD * masked_median(apart, there.unsqueeze(1), dim=-1).nan_to_num(0) / 2**0.5


def _blocks(days: np.ndarray) -> list[np.ndarray]:
    """Positions of the dates of every year that begins half a year after the last one, and of the last half-year."""
    year, first, last = DAYS_PER_YEAR, days.min(initial=0), days.max(initial=0)
    if not len(days):
        return []
    starts = np.arange(days[0], max(last - year, days[0]) + 1, year / 2)
    first = [np.flatnonzero((days >= s) & (days < s + year)) for s in starts]
    return [*first, np.flatnonzero(days > last - year / 2)]


def _near(days: np.ndarray) -> list[np.ndarray]:
    return [np.flatnonzero(np.abs(days - d) <= LASTING / 2) for d in days]
