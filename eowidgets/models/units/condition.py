"""What the network is told: the observed series, its gaps, and linear interpolation across them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.models.classical.regression import regress
from eowidgets.models.units.config import BANDS, MEANS, SPREADS

#: Channels of the condition: observed bands, interpolated bands, seen or not, days to the nearest clear date.
CHANNELS = 2 * len(BANDS) + 2


@dataclass(slots=True)
class Condition:
    """A window of a satellite time series, ready for the network.

    Attributes
    ----------
    pixels : Tensor, shape (b, t, CHANNELS, h, w)
        Standardised; 0 where unknown.
    base : Tensor, shape (b, t, len(BANDS), h, w)
        Reflectance interpolated linearly in time; the residual is counted from it.
    days : Tensor, shape (b, t)
        Days since 1970-01-01, increasing.
    lonlat : Tensor, optional, shape (b, 2)
    aux : Tensor, optional, shape (b, t, aux, h, w)
        Sentinel-1 backscatter, standardised, 0 where there is none.
    present : Tensor, shape (len(BANDS),), bool
        Bands that the cube has and the network knows.
    """

    pixels: Tensor
    base: Tensor
    days: Tensor
    present: Tensor
    lonlat: Tensor | None = None
    aux: Tensor | None = None


def standardise(x: Tensor) -> Tensor:
    """Bring reflectance (..., band, h, w) to about zero mean and unit spread."""
    mean, spread = (x.new_tensor(v)[:, None, None] for v in (MEANS, SPREADS))
    return (x - mean) / spread


def restore(z: Tensor) -> Tensor:
    """Undo :func:`standardise`."""
    mean, spread = (z.new_tensor(v)[:, None, None] for v in (MEANS, SPREADS))
    return z * spread + mean


def spread_bands(x: Tensor, bands: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    """Put the bands of a cube (..., c, h, w) in their places among :data:`BANDS`; the others are 0.

    Returns
    -------
    Tensor, shape (..., len(BANDS), h, w)
    Tensor, shape (len(BANDS),), bool
        Which bands are there.
    """
    index = [BANDS.index(b) for b in bands]
    full = x.new_zeros((*x.shape[:-3], len(BANDS), *x.shape[-2:]))
    full[..., index, :, :] = x
    present = torch.zeros(len(BANDS), dtype=torch.bool, device=x.device)
    present[index] = True
    return full, present


def known_bands(names: tuple[str, ...], device: torch.device) -> Tensor:
    """Which of :data:`BANDS` are among ``names``, shape (len(BANDS),), bool."""
    return torch.tensor([b in names for b in BANDS], device=device)


def interpolate(x: Tensor, usable: Tensor, days: Tensor) -> tuple[Tensor, Tensor]:
    """Interpolate linearly in time at every pixel, and hold the nearest value before the first and after the last.

    Parameters
    ----------
    x : Tensor, shape (b, t, c, h, w)
    usable : Tensor, shape (b, t, h, w), bool
    days : Tensor, shape (b, t), float
        Increasing.

    Returns
    -------
    Tensor, shape (b, t, c, h, w)
        Equal to ``x`` where usable. A pixel that was never seen gets the mean of what is seen in its window on
        each date, or in the whole window on dates without any.
    Tensor, shape (b, t, h, w)
        Days to the nearest usable date, 1000 where there is none.
    """
    b, t, c, h, w = x.shape
    position = torch.arange(t, device=x.device).view(1, t, 1, 1)
    before = torch.where(usable, position, -1).cummax(dim=1).values
    after = torch.where(usable, position, t).flip(1).cummin(dim=1).values.flip(1)
    left = torch.where(before < 0, after, before).clamp(max=t - 1)
    right = torch.where(after >= t, before, after).clamp(min=0)
    rel = (days - days[:, :1]).float()
    when = rel.view(b, t, 1, 1).expand(b, t, h, w)
    d_left, d_right = when.gather(1, left), when.gather(1, right)
    weight = ((when - d_left) / (d_right - d_left).clamp(min=1e-6)).clamp(0, 1)
    index = left.unsqueeze(2).expand(b, t, c, h, w)
    low = x.gather(1, index)
    high = x.gather(1, right.unsqueeze(2).expand(b, t, c, h, w))
    filled = low + weight.unsqueeze(2) * (high - low)
    gap = torch.minimum((when - d_left).abs(), (d_right - when).abs())
    never = ~usable.any(dim=1)
    if bool(never.any()):
        seen = usable.unsqueeze(2).to(x.dtype)
        count = seen.sum(dim=(-2, -1), keepdim=True)
        per_date = (x * seen).sum(dim=(-2, -1), keepdim=True) / count.clamp(min=1)
        overall = (x * seen).sum(dim=(1, -2, -1), keepdim=True) / count.sum(dim=1, keepdim=True).clamp(min=1)
        guess = torch.where(count > 0, per_date, overall).expand_as(x)
        filled = torch.where(never[:, None, None], guess, filled)
        gap = gap.masked_fill(never[:, None], 1000.0)
    return filled, gap


def condition(
    x: Tensor,
    usable: Tensor,
    days: Tensor,
    bands: tuple[str, ...],
    *,
    lonlat: Tensor | None = None,
    aux: Tensor | None = None,
    show: Tensor | None = None,
    trained: tuple[str, ...] = BANDS,
    regression: bool = False,
) -> Condition:
    """Build the condition from a masked series.

    Parameters
    ----------
    x : Tensor, shape (b, t, c, h, w)
        Reflectance; what is not usable is ignored.
    usable : Tensor, shape (b, t, h, w), bool
    days : Tensor, shape (b, t)
    bands : tuple of str
        Names along ``c``, each one of :data:`BANDS`.
    show : Tensor, optional, shape (b, t, c, h, w)
        What the network sees in place of ``x`` masked: for cloud removal the measurements with their clouds.
    trained : tuple of str
        Bands that the network was trained on; the others are interpolated, and it does not see them.
    regression : bool
        Count the residual on partly visible dates from the regression on the other dates.
    """
    full, present = spread_bands(x * usable.unsqueeze(2), bands)
    base, gap = interpolate(full, usable, days)
    if regression:
        index = [BANDS.index(b) for b in bands]
        with torch.autocast(x.device.type, enabled=False):  # normal equations need full precision
            filled = base[:, :, index].float()
            filled = torch.maximum(regress(filled, usable, days), filled.clamp(max=0))
        base[:, :, index] = filled.to(base.dtype)
    present = present & known_bands(trained, x.device)
    there = present[:, None, None]
    if show is None:
        observed = standardise(full) * there * usable.unsqueeze(2)
    else:
        observed = standardise(spread_bands(show, bands)[0]) * there
    near = torch.log1p(gap).unsqueeze(2) / 4
    pixels = torch.cat([observed, standardise(base) * there, usable.unsqueeze(2).to(x.dtype), near], dim=2)
    return Condition(pixels, base, days, present, lonlat, aux)
