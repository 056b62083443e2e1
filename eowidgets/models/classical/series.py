"""Shared operations of per-pixel models: vectorised computations along masked series, without a loop over pixels."""

from __future__ import annotations

import torch
from torch import Tensor

DAYS_PER_YEAR = 365.2425

#: Score in the cards of gap fillers: PSNR on the Romanian sample (benchmarks/classical.py, defaults).
SCORE = "PSNR under borrowed clouds, Romania (dB)"
#: Huber's constant: 95 % efficiency relative to least squares for normal residuals.
HUBER = 1.345
#: Median absolute deviation to standard deviation, for the normal distribution.
MAD_TO_SD = 1.4826
#: Standard error of a median over that of a mean, for the normal distribution.
MEDIAN_TO_MEAN = 1.2533
#: Lower limit of a scale, for pixels that are fitted exactly: below the quantisation step of the sensor.
SMALLEST_SCALE = 1e-4


def solving_dtype(device: torch.device) -> torch.dtype:
    """Return the precision for normal equations: float64, or float32 where the device (Apple's GPU) has no float64."""
    return torch.float32 if device.type == "mps" else torch.float64


def relative_days(days: Tensor, like: Tensor) -> Tensor:
    """Return days since the first one, with the dtype and on the device of ``like``.

    Days since 1970 pass 2**14, where float32 keeps only minutes: the difference is taken in float64 first.
    """
    days = days.detach().cpu().double()
    return (days - days[0]).to(device=like.device, dtype=like.dtype)


def previous_index(usable: Tensor) -> Tensor:
    """Return the index of the latest usable date at or before each date, -1 if there is none.

    Parameters
    ----------
    usable : Tensor, shape (b, t, ...), bool

    Returns
    -------
    Tensor, the same shape, int64
    """
    index = torch.arange(usable.shape[1], device=usable.device).view(1, -1, *[1] * (usable.dim() - 2))
    return torch.where(usable, index, -1).cummax(dim=1).values


def next_index(usable: Tensor) -> Tensor:
    """Return the index of the earliest usable date at or after each date, -1 if there is none."""
    back = previous_index(usable.flip(1)).flip(1)
    return torch.where(back < 0, -1, usable.shape[1] - 1 - back)


def take(x: Tensor, index: Tensor) -> Tensor:
    """Select dates: ``out[b, s, c, h, w] = x[b, index[b, s, h, w], c, h, w]``; an index of -1 returns the first date."""
    index = index.clamp_min(0).unsqueeze(2).expand(-1, -1, x.shape[2], -1, -1)
    return x.gather(1, index)


def blank(x: Tensor, known: Tensor) -> Tensor:
    """Set ``x`` (b, t, c, h, w) to NaN where ``known`` (b, t, h, w) is False."""
    return x.masked_fill(~known.unsqueeze(2), torch.nan)


def masked_median(x: Tensor, mask: Tensor, dim: int = 1) -> Tensor:
    """Return the median over one dimension of the values where ``mask`` is True; for an even count, of the middle two.

    Parameters
    ----------
    x : Tensor
    mask : Tensor, bool, of a shape that broadcasts to that of ``x``
    dim : int

    Returns
    -------
    Tensor, of the shape of ``x`` without ``dim``
        NaN where the mask is False throughout.
    """
    # Dates last and contiguous in memory: sorting with a stride takes several times as long.
    values = x.masked_fill(~mask, torch.inf).movedim(dim, -1).contiguous()
    ordered = sort_last(values)
    count = mask.sum(dim=dim).unsqueeze(-1).expand(*values.shape[:-1], 1)
    low = ordered.gather(-1, ((count - 1) // 2).clamp_min(0))
    high = ordered.gather(-1, (count // 2).clamp_max(values.shape[-1] - 1))
    return (low + (high - low) / 2).masked_fill(count == 0, torch.nan).squeeze(-1)


def sort_last(values: Tensor) -> Tensor:
    """Sort along the last axis, in place on a CPU."""
    if values.device.type == "cpu":
        # numpy sorts with vector instructions, five times faster than torch on the same core; in place: it is a copy.
        values.numpy().sort(axis=-1)
        return values
    return values.sort(dim=-1).values


def flat(x: Tensor) -> Tensor:
    """Put pixels first and dates last: ``(b, t, c, h, w) -> ((b h w), c, t)``, or ``(b, t, h, w) -> ((b h w), t)``."""
    if x.dim() == 5:
        return x.permute(0, 3, 4, 2, 1).flatten(0, 2)
    return x.permute(0, 2, 3, 1).flatten(0, 2)


def unflat(x: Tensor, size: tuple[int, int, int]) -> Tensor:
    """Undo :func:`flat` for bands; ``size`` is ``(b, h, w)``. Also ``((b h w),) -> (b, h, w)``."""
    x = x.reshape(*size, *x.shape[1:])
    return x.permute(0, 4, 3, 1, 2) if x.dim() == 5 else x


def huber_weights(residual: Tensor, usable: Tensor) -> Tensor:
    """Return Huber's weight of each date, common to all bands, because cloud, haze and shadow affect all of them.

    The distance of a date is the root mean square over bands of residual / (1.4826 · median absolute residual).

    Parameters
    ----------
    residual : Tensor, shape (n, c, t)
    usable : Tensor, shape (n, t), bool

    Returns
    -------
    Tensor, shape (n, t)
        1 for small residuals, falling as 1 / distance; undefined where ``usable`` is False.
    """
    size = residual.abs()
    scale = MAD_TO_SD * masked_median(size, usable.unsqueeze(1), dim=-1).nan_to_num(1.0)
    distance = (size / scale.clamp_min(SMALLEST_SCALE).unsqueeze(-1)).square().mean(dim=1).sqrt()
    return HUBER / distance.clamp_min(HUBER)


def normalised_difference(x: Tensor, bands: tuple[str, ...], plus: str, minus: str) -> Tensor:
    """Return ``(plus - minus) / (plus + minus)`` of (b, t, c, h, w), shape (b, t, 1, h, w), clipped to ±1."""
    a, b = (x.narrow(2, bands.index(name), 1) for name in (plus, minus))
    total = a + b
    # Dark water can sum to about 0 after atmospheric correction; the index is then meaningless.
    return torch.where(total > 1e-3, (a - b) / total.clamp_min(1e-3), 0.0).clamp(-1, 1)
