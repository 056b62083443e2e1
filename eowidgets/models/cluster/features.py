"""Describe the time series of every pixel by a few numbers that do not depend on which dates are cloudy."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from eowidgets.contract.feeds import Batch
from eowidgets.models.classical.series import DAYS_PER_YEAR, sort_last

#: Quantiles of each band over the clear dates.
QUANTILES = (0.1, 0.5, 0.9)
#: Minimum number of dates for seasonal features.
SEASON = 8
#: Weight of the ridge penalty that keeps the seasonal wave of a pixel with few clear dates near zero.
RIDGE = 1.0


def length(dates: int, bands: int) -> int:
    """Return the number of features per pixel."""
    if dates == 1:
        return bands
    return bands * (len(QUANTILES) + 1 + (2 if dates >= SEASON else 0))


def features(batch: Batch) -> Tensor:
    """Return the features of every pixel of a batch of windows.

    Per band: the value if there is one date; otherwise quantiles and standard deviation over the clear dates, and from
    :data:`SEASON` dates on also the cosine and sine of a yearly wave.

    Parameters
    ----------
    batch : Batch
        ``x`` has the shape (b, t, c, h, w).

    Returns
    -------
    Tensor, shape (b, features, h, w)
        NaN for a pixel without clear dates.
    """
    x, seen = batch.x, batch.usable.unsqueeze(2)
    count = batch.usable.sum(dim=1).unsqueeze(1)  # b 1 h w
    if x.shape[1] == 1:
        return x[:, 0].masked_fill(count == 0, torch.nan)
    mean = (x * seen).sum(dim=1) / count.clamp_min(1)
    off = (x - mean.unsqueeze(1)) * seen
    found = [*_quantiles(x, seen, count), (off.square().sum(dim=1) / count.clamp_min(1)).sqrt()]
    if x.shape[1] >= SEASON:
        found += _season(off, batch.usable, batch.days)
    return torch.cat(found, dim=1).masked_fill(count == 0, torch.nan)


def _quantiles(x: Tensor, seen: Tensor, count: Tensor) -> list[Tensor]:
    """Return quantiles over the observed dates, interpolated between the two nearest, each (b, c, h, w)."""
    ordered = sort_last(x.masked_fill(~seen, torch.inf).movedim(1, -1).contiguous())
    last = (count - 1).clamp_min(0).expand(x.shape[0], *x.shape[2:]).unsqueeze(-1)
    found = []
    for share in QUANTILES:
        place = share * last
        low, high = place.floor().long(), place.ceil().long()
        below, above = ordered.gather(-1, low), ordered.gather(-1, high)
        found.append(torch.lerp(below, above, (place - low).to(x.dtype)).squeeze(-1))
    return found


def _season(off: Tensor, usable: Tensor, days: Tensor) -> list[Tensor]:
    """Return cosine and sine coefficients of a yearly wave fitted to the deviations from the mean, by ridge regression."""
    angle = (2 * math.pi / DAYS_PER_YEAR * days.double()).to(off)
    wave = torch.stack([angle.cos(), angle.sin()])  # 2 t
    seen = usable.to(off.dtype)
    # Normal equations of two unknowns, solved in closed form.
    a, d = (torch.einsum("t,bthw->bhw", one.square(), seen) + RIDGE for one in wave)
    b = torch.einsum("t,bthw->bhw", wave[0] * wave[1], seen)
    right = torch.einsum("kt,btchw->kbchw", wave, off)
    a, b, d = (one.unsqueeze(1) for one in (a, b, d))
    determinant = a * d - b * b
    return [(d * right[0] - b * right[1]) / determinant, (a * right[1] - b * right[0]) / determinant]
