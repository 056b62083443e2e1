"""Input of the network: the observed series, its gaps, and the base of the residual."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.models.units.between import interpolate
from eowidgets.models.units.config import BANDS, MEANS, SPREADS
from eowidgets.models.units.local import repeated

#: Channels of the condition: observed bands, interpolated bands, mask of observed pixels, days to the nearest clear date.
CHANNELS = 2 * len(BANDS) + 2


@dataclass(slots=True)
class Condition:
    """A window of a satellite time series, ready for the network.

    Attributes
    ----------
    pixels : Tensor, shape (b, t, CHANNELS, h, w)
        Standardised; 0 where unknown.
    base : Tensor, shape (b, t, len(BANDS), h, w)
        Reflectance interpolated linearly in time; the base of the residual.
    days : Tensor, shape (b, t)
        Days since 1970-01-01, increasing.
    lonlat : Tensor, optional, shape (b, 2)
    aux : Tensor, optional, shape (b, t, aux, h, w)
        Sentinel-1 backscatter, standardised, 0 where missing.
    present : Tensor, shape (len(BANDS),), bool
        Bands that the cube has and the network was trained on.
    """

    pixels: Tensor
    base: Tensor
    days: Tensor
    present: Tensor
    lonlat: Tensor | None = None
    aux: Tensor | None = None


def standardise(x: Tensor) -> Tensor:
    """Scale reflectance (..., band, h, w) to about zero mean and unit variance."""
    mean, spread = (x.new_tensor(v)[:, None, None] for v in (MEANS, SPREADS))
    return (x - mean) / spread


def restore(z: Tensor) -> Tensor:
    """Invert :func:`standardise`."""
    mean, spread = (z.new_tensor(v)[:, None, None] for v in (MEANS, SPREADS))
    return z * spread + mean


def spread_bands(x: Tensor, bands: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    """Arrange the bands of a cube (..., c, h, w) in the order of :data:`BANDS`; absent ones are 0.

    Returns
    -------
    Tensor, shape (..., len(BANDS), h, w)
    Tensor, shape (len(BANDS),), bool
        Mask of the existing bands.
    """
    index = [BANDS.index(b) for b in bands]
    full = x.new_zeros((*x.shape[:-3], len(BANDS), *x.shape[-2:]))
    full[..., index, :, :] = x
    present = torch.zeros(len(BANDS), dtype=torch.bool, device=x.device)
    present[index] = True
    return full, present


def known_bands(names: tuple[str, ...], device: torch.device) -> Tensor:
    """Return a mask of the :data:`BANDS` that are among ``names``, shape (len(BANDS),), bool."""
    return torch.tensor([b in names for b in BANDS], device=device)


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
    passes: int = 0,
    every: int = 1,
) -> Condition:
    """Build the condition from a masked series.

    Parameters
    ----------
    x : Tensor, shape (b, t, c, h, w)
        Reflectance; unusable values are ignored.
    usable : Tensor, shape (b, t, h, w), bool
    days : Tensor, shape (b, t)
    bands : tuple of str
        Names along ``c``, each one of :data:`BANDS`.
    show : Tensor, optional, shape (b, t, c, h, w)
        Input of the network instead of the masked ``x``: for cloud removal the measurements including clouds.
    trained : tuple of str
        Bands that the network was trained on; the others are interpolated and are not inputs.
    passes : int
        Passes of the regression on the other dates that gives the base on partly visible dates; with 0 the base is linear
        interpolation.
    every : int
        Step between the pixels that the regression is fitted to.
    """
    full, present = spread_bands(x * usable.unsqueeze(2), bands)
    base, gap = interpolate(full, usable, days)
    if passes:
        index = [BANDS.index(b) for b in bands]
        line = base[:, :, index].float()
        # A regression fitted to few pixels must not make reflectance negative.
        made = torch.maximum(repeated(line, usable, days, passes, every=every), line.clamp(max=0))
        base[:, :, index] = made.to(base.dtype)
    present = present & known_bands(trained, x.device)
    there = present[:, None, None]
    if show is None:
        observed = standardise(full) * there * usable.unsqueeze(2)
    else:
        observed = standardise(spread_bands(show, bands)[0]) * there
    near = torch.log1p(gap).unsqueeze(2) / 4
    pixels = torch.cat([observed, standardise(base) * there, usable.unsqueeze(2).to(x.dtype), near], dim=2)
    return Condition(pixels, base, days, present, lonlat, aux)
