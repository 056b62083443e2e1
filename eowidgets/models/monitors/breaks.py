"""Find the first valid break: extended histories, and a repeated search after a minor crossing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from eowidgets.models.classical.series import DAYS_PER_YEAR, MAD_TO_SD, MEDIAN_TO_MEAN, masked_median
from eowidgets.models.monitors.watched import Watched

#: Length of an extended history in years, or that of the first history if it is longer.
MEMORY = 6.0
#: Minimum number of clear observations of a part of a year whose median is a magnitude.
PART = 4
#: Minimum noise of reflectance, or of an index, of any fit.
NOISE_FLOOR = 0.005
#: Years after a period whose dates confirm and measure its breaks.
TAIL = 1.5


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where the statistic of each pixel first crosses its threshold.

    Attributes
    ----------
    score : Tensor, shape (n,)
        Largest statistic over threshold; above 1 there is a crossing.
    first, confirmed : Tensor, shape (n,), int64
        Positions, among the dates after the history, on which it is first seen and confirmed; undefined where
        there is none.
    """

    score: Tensor
    first: Tensor
    confirmed: Tensor


@dataclass(frozen=True, slots=True)
class Breaks:
    """The break of each pixel.

    Attributes
    ----------
    score : Tensor, shape (n,)
        As in :class:`Crossing`; at most 1 where no crossing is valid, NaN where the pixel cannot be monitored.
    first, confirmed : Tensor, shape (n,), float64
        Days since 1970-01-01, NaN without a break.
    magnitude : Tensor, shape (n, c)
        Size of the break (:func:`magnitude_of`), NaN without a break.
    """

    score: Tensor
    first: Tensor
    confirmed: Tensor
    magnitude: Tensor


#: Finds the first crossing among the dates after the history whose position is at least ``since`` (n,).
Search = Callable[[Watched, Tensor], Crossing]
#: Fits a history: positions of its first date, of the first date after it, and one past the last monitored date; rows.
Fit = Callable[[int, int, int, Tensor], Watched]


def periods(days: Tensor, start: float, history: float, renew: float) -> Iterator[tuple[int, int, int, float]]:
    """Yield the periods in which breaks are searched, in order.

    Returns
    -------
    iterator of (begin, cut, end, until)
        The history is ``days[begin:cut]``, the monitored dates are ``days[cut:end]``, and breaks before the day ``until``
        are valid.
    """
    last = float(days[-1]) if len(days) else start
    border = start + history * DAYS_PER_YEAR
    while True:
        until = border + renew * DAYS_PER_YEAR
        # A period of less than half a year is merged with the previous one.
        final = renew <= 0 or until + renew * DAYS_PER_YEAR / 2 > last
        begin = int((days < border - max(history, MEMORY) * DAYS_PER_YEAR).sum()) if border > start else 0
        end = len(days) if final else int((days < until + TAIL * DAYS_PER_YEAR).sum())
        yield begin, int((days < border).sum()), end, float("inf") if final else until
        if final:
            return
        border = until


def find_breaks(
    days: Tensor,
    shape: tuple[int, int],
    fit: Fit,
    search: Search,
    *,
    start: float,
    history: float,
    renew: float,
    smallest: float,
    sure: float,
    like: Tensor,
) -> Breaks:
    """Find the first valid break.

    A period of ``renew`` years follows the history; without a break it extends the history, which is fitted again for the
    next period. A pixel with too few clear dates in its first history is monitored from a later one on. After a crossing
    whose magnitude is below ``smallest``, or below ``sure`` standard errors, the search continues.

    Parameters
    ----------
    days : Tensor, shape (t,)
    shape : (int, int)
        Pixels and bands.
    start : float
        First day of the history.
    history, renew : float
        Years; 0 never renews.
    like : Tensor
        Defines device and dtype.
    """
    n, bands = shape
    nothing = like.new_full((n,), torch.nan, dtype=torch.float64)
    out = Breaks(like.new_full((n,), torch.nan), nothing, nothing.clone(), like.new_full((n, bands), torch.nan))
    open_ = torch.arange(n, device=like.device)
    for begin, cut, end, until in periods(days, start, history, renew):
        if not len(open_):
            break
        seen = fit(begin, cut, end, open_)
        ok = seen.watchable
        if not bool(ok.any()):
            continue
        found, magnitude = first_that_counts(seen, search, smallest, sure)
        broken = ok & (found.score > 1)
        if len(seen.later):
            broken &= seen.later[found.first] < until
        # A crossing beyond the period is left to the next history, which has more data.
        score = torch.where(broken, found.score, found.score.clamp_max(1)).masked_fill(~ok, torch.nan)
        out.score[open_] = torch.fmax(out.score[open_], score)
        at = open_[broken]
        if len(at):
            out.first[at] = seen.later[found.first[broken]].double()
            out.confirmed[at] = seen.later[found.confirmed[broken]].double()
            out.magnitude[at] = magnitude[broken]
        open_ = open_[~broken]
    return out


def first_that_counts(seen: Watched, search: Search, smallest: float, sure: float) -> tuple[Crossing, Tensor]:
    """Repeat the search after every minor crossing; return the crossing and its magnitude (n, c)."""
    found = search(seen, torch.zeros_like(seen.counted))
    magnitude = seen.residual.new_full(seen.residual.shape[:2], torch.nan)
    if not len(seen.later):
        return found, magnitude
    rows = torch.nonzero(found.score > 1).flatten()
    while len(rows):
        part = seen.take(rows)
        first = found.first[rows]
        size, error = magnitude_of(part, first)
        length = size.square().sum(dim=1).sqrt()
        # The sum of squares due to chance alone grows with the number of bands; for one band the limit is `sure` errors.
        distance = (size / error.clamp_min(1e-9)).square().sum(dim=1)
        slight = (length < smallest) | (distance < sure**2 + 2 * (size.shape[1] - 1) * (sure > 0))
        if sure > 0:
            # The year after a minor crossing may contain a valid break.
            moved = split(part, first, size)
            found.first[rows] = moved
            found.confirmed[rows] = torch.maximum(found.confirmed[rows], moved)
            size, _ = magnitude_of(part, moved)
        magnitude[rows] = size
        rows = rows[slight]
        if not len(rows):
            break
        since = found.confirmed[rows] + 1
        new = search(seen.take(rows), since)
        crossed = (new.score > 1) & (since < len(seen.later))
        found.score[rows] = torch.where(crossed, new.score, torch.maximum(new.score, found.score[rows]).clamp_max(1))
        found.first[rows], found.confirmed[rows] = new.first, new.confirmed
        rows = rows[crossed]
    return found, magnitude


def split(seen: Watched, first: Tensor, size: Tensor) -> Tensor:
    """Return the position, from ``first`` (n,) and within a year, at which a step of ``size`` (n, c) begins, (n,)."""
    length = size.square().sum(dim=1, keepdim=True).sqrt().clamp_min(1e-9)
    along = (seen.after * (size / length).unsqueeze(-1)).sum(dim=1)
    when = seen.later[first].unsqueeze(1)
    year = seen.clear & (seen.later >= when) & (seen.later < when + DAYS_PER_YEAR)
    gain = torch.where(year, torch.minimum(torch.maximum(along, -length), length) - length / 2, 0.0)
    before = (gain.cumsum(dim=1) - gain).masked_fill(~year, torch.inf)
    return torch.where(year.any(dim=1), before.argmin(dim=1), first)


def magnitude_of(seen: Watched, first: Tensor) -> tuple[Tensor, Tensor]:
    """Return the magnitude of a change first observed at ``first`` (n,), and its standard error for independent errors.

    The median residual over a part of the following year: the first quarter or half-year, or the half-year three or six
    months later; the part with the largest magnitude. Cleared land is green again within months, and a leafless forest
    looks like cleared land. A part needs :data:`PART` clear observations; if none has them, the median of all within a
    year is used.

    Returns
    -------
    magnitude : Tensor, shape (n, c)
    error : Tensor, shape (n, c)
    """
    since = seen.later - seen.later[first].unsqueeze(1)
    best, count = _median_in(seen, since, 0.0, 1.0)
    best, length = best.nan_to_num(0), torch.full_like(best[:, 0], -1.0)
    for start, end in ((0.0, 0.25), (0.0, 0.5), (0.25, 0.75), (0.5, 1.0)):
        middle, k = _median_in(seen, since, start, end)
        long = middle.square().sum(dim=1).sqrt()
        better = (k >= PART) & (long > length)
        best = torch.where(better.unsqueeze(1), middle, best)
        count, length = torch.where(better, k, count), torch.where(better, long, length)
    share = 1 / count.clamp_min(1) + seen.columns / seen.counted.clamp_min(1)
    return best, MEDIAN_TO_MEAN * robust_spread(seen) * share.sqrt().unsqueeze(1)


def _median_in(seen: Watched, since: Tensor, start: float, end: float) -> tuple[Tensor, Tensor]:
    """Return median (n, c) and number (n,) of the clear observations within some years after a date."""
    where = seen.clear & (since >= start * DAYS_PER_YEAR) & (since < end * DAYS_PER_YEAR)
    return masked_median(seen.after, where.unsqueeze(1), dim=-1), where.sum(dim=1)


def robust_spread(seen: Watched) -> Tensor:
    """Return 1.4826 x the median absolute residual of the history, by band, at least :data:`NOISE_FLOOR`, (n, c)."""
    middle = masked_median(seen.before.abs(), seen.known.unsqueeze(1), dim=-1)
    return (MAD_TO_SD * middle.nan_to_num(1.0)).clamp_min(NOISE_FLOOR)


def since_mask(clear: Tensor, since: Tensor) -> Tensor:
    """Return the clear observations from the position ``since`` (n,) on, shape (n, t)."""
    return clear & (torch.arange(clear.shape[1], device=clear.device) >= since.unsqueeze(1))


def change_point(seen: Watched, found: Crossing, sign: Tensor, sigma: Tensor, since: Tensor) -> Crossing:
    """Date crossings by least squares: the step that best divides the residuals up to the crossing.

    With m the size of the step (:func:`magnitude_of` at the crossing), the first date is the j that
    maximises ``Σ_{i = j..crossing} (e_i - m / 2)``. Residuals are clipped at 3 σ or m, so that one undetected cloud
    does not move the date.

    Parameters
    ----------
    sign : Tensor, shape (n,)
        Side of the crossing.
    sigma : Tensor, shape (n,)
    """
    rows = torch.nonzero(found.score > 1).flatten()
    if not len(rows):
        return found
    part = seen.take(rows)
    signed = part.after.squeeze(1) * sign[rows].unsqueeze(1)
    noise = sigma[rows].unsqueeze(1)
    crossing = found.confirmed[rows]
    step = (magnitude_of(part, crossing)[0] * sign[rows].unsqueeze(1)).nan_to_num(0)
    step = torch.maximum(step, noise)
    limit = torch.maximum(3 * noise, step)
    upto = since_mask(part.clear, since[rows])
    upto &= torch.arange(signed.shape[1], device=signed.device) <= crossing.unsqueeze(1)
    gain = torch.where(upto, torch.minimum(torch.maximum(signed, -limit), limit) - step / 2, 0.0)
    before = (gain.cumsum(dim=1) - gain).masked_fill(~upto, torch.inf)
    first = found.first.clone()
    first[rows] = torch.where(upto.any(dim=1), before.argmin(dim=1), crossing)
    return replace(found, first=first)
