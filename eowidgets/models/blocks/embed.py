"""Fixed sinusoidal embeddings of flow time, dates, day of year, places and positions on a grid."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

DAYS_PER_YEAR = 365.2425


def sinusoid(x: Tensor, dim: int, longest: float = 10_000.0) -> Tensor:
    """Embed numbers by sines and cosines of geometrically spaced wavelengths (Vaswani et al., 2017).

    Parameters
    ----------
    x : Tensor, shape (...)
    dim : int
        Even size of the embedding.
    longest : float
        Wavelength of the slowest wave divided by 2π.

    Returns
    -------
    Tensor, shape (..., dim), float32
    """
    half = dim // 2
    rate = torch.exp(-math.log(longest) * torch.arange(half, device=x.device) / half)
    angle = x.float().unsqueeze(-1) * rate
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


def day_waves(days: Tensor, dim: int, longest: float) -> Tensor:
    """Embed days as Garnot et al. (2020) do: sines in even channels and cosines in odd ones.

    Parameters
    ----------
    days : Tensor, shape (t,)
    dim : int
    longest : float
        Wavelength of the slowest wave divided by 2π.

    Returns
    -------
    Tensor, shape (t, dim), float32
    """
    place = torch.arange(dim, device=days.device)
    angle = days.double()[:, None] / longest ** (2 * (place // 2) / dim)
    return torch.where(place % 2 == 0, angle.sin(), angle.cos()).float()


def harmonics(days: Tensor, dim: int) -> Tensor:
    """Embed days by the first ``dim / 2`` harmonics of the year: equal seasons get equal vectors.

    Parameters
    ----------
    days : Tensor, shape (...)
        Days since 1970-01-01 (fractions count).

    Returns
    -------
    Tensor, shape (..., dim), float32
    """
    # Days since 1970 pass 2**14: the phase is taken in float64 before anything is rounded to float32.
    phase = (days.double() / DAYS_PER_YEAR % 1.0).float() * (2 * math.pi)
    angle = phase.unsqueeze(-1) * torch.arange(1, dim // 2 + 1, device=days.device)
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


def grid_positions(height: int, width: int, dim: int, device: torch.device | None = None) -> Tensor:
    """Embed the positions of a grid, half of the channels for rows and half for columns.

    Returns
    -------
    Tensor, shape (height * width, dim), float32
    """
    rows = sinusoid(torch.arange(height, device=device), dim // 2, 100.0)
    columns = sinusoid(torch.arange(width, device=device), dim // 2, 100.0)
    both = torch.cat([rows[:, None].expand(-1, width, -1), columns[None].expand(height, -1, -1)], dim=-1)
    return both.reshape(height * width, dim)


def place(lonlat: Tensor, dim: int) -> Tensor:
    """Embed longitude and latitude in degrees, shape (..., 2), into (..., dim)."""
    radians = torch.deg2rad(lonlat.float())
    waves = 2.0 ** torch.arange(dim // 4, device=lonlat.device)
    angle = (radians.unsqueeze(-1) * waves).flatten(-2)
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


def months(dim: int) -> nn.Embedding:
    """Embed months, 0 to 11, by their angle in the year: ``dim / 2`` equal sines, then equal cosines; not trained."""
    angle = torch.arange(12).unsqueeze(-1) * (2 * math.pi / 12)
    table = torch.cat([angle.sin().expand(-1, dim // 2), angle.cos().expand(-1, dim // 2)], dim=-1)
    made = nn.Embedding(12, dim)
    made.weight = nn.Parameter(table, requires_grad=False)
    return made
