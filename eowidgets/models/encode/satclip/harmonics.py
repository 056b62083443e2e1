"""Real spherical harmonics of any degree, by a numerically stable recursion of normalised Legendre functions."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def legendre(cosine: Tensor, sine: Tensor, degrees: int) -> dict[tuple[int, int], Tensor]:
    """Return associated Legendre functions without the sign (-1)^m, normalised for :func:`harmonics`.

    Parameters
    ----------
    cosine, sine : Tensor, shape (n,)
        Of the polar angle.
    degrees : int
        Degrees 0 to ``degrees - 1``.

    Returns
    -------
    dict of (int, int) to Tensor
        By degree and order.
    """
    found = {(0, 0): torch.full_like(cosine, math.sqrt(1 / (4 * math.pi)))}
    for m in range(1, degrees):
        found[m, m] = math.sqrt((2 * m + 1) / (2 * m)) * sine * found[m - 1, m - 1]
    for m in range(degrees - 1):
        found[m + 1, m] = math.sqrt(2 * m + 3) * cosine * found[m, m]
    for degree in range(2, degrees):
        for m in range(degree - 1):
            outer = math.sqrt((4 * degree**2 - 1) / (degree**2 - m**2))
            inner = math.sqrt(((degree - 1) ** 2 - m**2) / (4 * (degree - 1) ** 2 - 1))
            found[degree, m] = outer * (cosine * found[degree - 1, m] - inner * found[degree - 2, m])
    return found


def harmonics(polar: Tensor, azimuth: Tensor, degrees: int) -> Tensor:
    """Return real spherical harmonics, which are orthonormal over the sphere.

    Parameters
    ----------
    polar, azimuth : Tensor, shape (n,)
        Angles in radians.
    degrees : int
        Degrees 0 to ``degrees - 1``.

    Returns
    -------
    Tensor, shape (n, degrees ** 2)
        By degree, and within it by order from minus the degree (sines) to the degree (cosines).

    Examples
    --------
    >>> harmonics(torch.zeros(1), torch.zeros(1), 2).shape
    torch.Size([1, 4])
    """
    rows = legendre(polar.cos(), polar.sin(), degrees)
    angle = azimuth[:, None] * torch.arange(degrees, dtype=azimuth.dtype, device=azimuth.device)
    sines, cosines = math.sqrt(2) * angle.sin(), math.sqrt(2) * angle.cos()
    columns = []
    for degree in range(degrees):
        columns += [rows[degree, m] * sines[:, m] for m in range(degree, 0, -1)]
        columns.append(rows[degree, 0])
        columns += [rows[degree, m] * cosines[:, m] for m in range(1, degree + 1)]
    return torch.stack(columns, dim=1)
