"""The common offset of every date (haze, illumination), estimated on stable pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from eowidgets.models.classical.harmonic import design, evaluate, robust_solve
from eowidgets.models.classical.series import DAYS_PER_YEAR, MAD_TO_SD, MEDIAN_TO_MEAN, masked_median, solving_dtype

#: Minimum number and minimum share of stable pixels for an offset.
FEWEST_STABLE, LEAST_STABLE = 30, 0.03
#: Minimum observed share of the area on a date; other dates are not used.
SEEN = 0.1
#: A pixel is stable if its yearly medians differ by less than this, or by less than this many standard errors.
TOLERANCE_INDEX, TOLERANCE_BANDS, ERRORS = 0.06, 0.03, 4.0
#: Minimum number of clear observations of a one-year block, and of a pixel to be classified.
BLOCK, JUDGED = 5, 12
#: Offsets that last longer than half of this (days) stay in the series.
LASTING = DAYS_PER_YEAR
#: Number of alternations between the estimates of offsets and of stable pixels.
ITERATIONS = 3


@dataclass(frozen=True, slots=True)
class Reference:
    """Offsets of the dates of a cube and the pixels they come from.

    Attributes
    ----------
    offsets : Tensor, shape (t, c)
        Offsets to subtract; 0 if not significant, NaN on dates with too little of the area observed.
    stable, judged : Tensor, shape (n,), bool
        Pixels without lasting change, and pixels with enough observations to be classified.
    """

    offsets: Tensor
    stable: Tensor
    judged: Tensor

    @property
    def share(self) -> float:
        """Share of the classified pixels that are stable; NaN if none was classified."""
        return float((self.stable & self.judged).sum()) / judged if (judged := int(self.judged.sum())) else float("nan")

    @property
    def enough(self) -> bool:
        """Whether enough pixels are stable for an offset."""
        return enough(int((self.stable & self.judged).sum()), int(self.judged.sum()))


def enough(stable: int, judged: int) -> bool:
    """Return whether the numbers of stable and of classified pixels suffice for an offset."""
    # For a cube of a few pixels the minimum is lower.
    return stable >= max(min(FEWEST_STABLE, judged // 2), LEAST_STABLE * judged, 3)


def find_reference(series: Tensor, usable: Tensor, days: Tensor, terms: int) -> Reference:
    """Estimate the offsets.

    Each pixel is fitted robustly over the whole series. A pixel is stable if the yearly medians of its residuals agree:
    abrupt or gradual changes separate them. The offset of a date is the median residual of the stable pixels, less its own
    running median over a year, so a common step or trend of stable pixels is never subtracted. Stable pixels and offsets
    are estimated alternately.

    Parameters
    ----------
    series : Tensor, shape (n, t, c)
    usable : Tensor, shape (n, t), bool
    days : Tensor, shape (t,)
    terms : int
        Harmonics per year of the fit.
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
                # The first offsets are estimated from all pixels, including changed ones, so they are not used here.
                offsets = torch.zeros_like(offsets)
                continue
            offsets = torch.zeros_like(offsets)
            break
        offsets = _offsets(residual, usable & stable.unsqueeze(1), near)
    return Reference(offsets.masked_fill(few.to(offsets.device).unsqueeze(1), torch.nan), stable, judged)


def _offsets(residual: Tensor, usable: Tensor, near: list[np.ndarray]) -> Tensor:
    """Return the transient common offset of every date, shape (t, c)."""
    seen = usable.T.unsqueeze(1)  # t 1 n
    values = residual.permute(2, 1, 0)
    count = seen.sum(dim=-1)  # t 1
    middle = masked_median(values, seen, dim=-1)
    spread = MAD_TO_SD * masked_median((values - middle.unsqueeze(-1)).abs(), seen, dim=-1)
    usual = spread.nanmedian(dim=0).values
    # Large disagreement between pixels means that some changed or lie under haze: there is no common offset.
    weight = (2.5 * usual / spread.clamp_min(1e-6)).square().clamp_max(1).nan_to_num(0)
    weight = weight * count / (count + FEWEST_STABLE / 3)
    middle = torch.where(count >= 3, middle, torch.nan)
    lasting = torch.stack([middle[torch.as_tensor(k, device=middle.device)].nanmedian(dim=0).values for k in near])
    return ((middle - lasting) * weight).nan_to_num(0)


def _steady(residual: Tensor, usable: Tensor, blocks: list[np.ndarray]) -> Tensor:
    """Return the pixels whose medians over blocks agree, shape (n,), bool."""
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
    """Return the noise of each band from differences of consecutive clear observations, which ignore steps, (n, c)."""
    rank = usable.cumsum(dim=1)
    n, bands, t = residual.shape
    packed = residual.new_zeros(n, bands, t + 1)
    place = torch.where(usable, rank - 1, t).unsqueeze(1).expand(-1, bands, -1)
    packed = packed.scatter_(2, place, residual)[..., :t]
    there = torch.arange(1, t, device=residual.device) < rank[:, -1:]
    apart = (packed[..., 1:] - packed[..., :-1]).abs()
    return MAD_TO_SD * masked_median(apart, there.unsqueeze(1), dim=-1).nan_to_num(0) / 2**0.5


def _blocks(days: np.ndarray) -> list[np.ndarray]:
    """Return the positions of the dates of overlapping years, half a year apart, and of the last half-year."""
    year, first, last = DAYS_PER_YEAR, days.min(initial=0), days.max(initial=0)
    if not len(days):
        return []
    starts = np.arange(days[0], max(last - year, days[0]) + 1, year / 2)
    first = [np.flatnonzero((days >= s) & (days < s + year)) for s in starts]
    return [*first, np.flatnonzero(days > last - year / 2)]


def _near(days: np.ndarray) -> list[np.ndarray]:
    return [np.flatnonzero(np.abs(days - d) <= LASTING / 2) for d in days]
