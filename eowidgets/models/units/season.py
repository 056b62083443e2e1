"""Fit yearly harmonics to the observations of each pixel, as candidates for the prediction of the network."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from eowidgets.models.blocks.embed import DAYS_PER_YEAR

#: Harmonics per year and ridge penalty of each fit.
FITS = ((1, 0.05), (2, 0.3))
#: A fit may exceed the observations of its pixel by this share of their range.
BEYOND = 0.5


def fits(x: Tensor, seen: Tensor, days: Tensor) -> Tensor:
    """Evaluate the fits of :data:`FITS` on every date.

    Parameters
    ----------
    x : Tensor, shape (b, t, c, h, w)
    seen : Tensor, shape (b, t, h, w)
        1 where ``x`` was observed, else 0.
    days : Tensor, shape (b, t)

    Returns
    -------
    Tensor, shape (b, t, len(FITS), c, h, w), float32
        0 for pixels without an observation.
    """
    with torch.autocast(x.device.type, enabled=False):  # normal equations need full precision
        x, seen = x.float() * seen.float().unsqueeze(2), seen.float()
        b, t, c, h, w = x.shape
        y, weight = x.flatten(-2), seen.flatten(-2)  # b t c n, b t n
        low = torch.where(seen.unsqueeze(2) > 0, x, torch.inf).amin(dim=1, keepdim=True)
        high = torch.where(seen.unsqueeze(2) > 0, x, -torch.inf).amax(dim=1, keepdim=True)
        never = low > high
        low, high = low.masked_fill(never, 0.0), high.masked_fill(never, 0.0)
        room = BEYOND * (high - low)
        phase = (2 * math.pi / DAYS_PER_YEAR) * (days % DAYS_PER_YEAR).float()
        found = []
        for terms, ridge in FITS:
            waves = [f(k * phase) for k in range(1, terms + 1) for f in (torch.cos, torch.sin)]
            columns = torch.stack([torch.ones_like(phase), *waves], dim=-1)  # b t k
            count = columns.shape[-1]
            outer = (columns.unsqueeze(-1) * columns.unsqueeze(-2)).flatten(-2)  # b t (k k)
            normal = (weight.transpose(1, 2) @ outer).reshape(b, h * w, count, count)  # b n k k
            right = torch.einsum("btcn,btk->bnkc", y, columns)
            penalty = torch.full((count,), ridge, device=x.device)
            penalty[0] = 1e-4
            factor, _ = torch.linalg.cholesky_ex(normal + torch.diag(penalty))
            coefficients = torch.cholesky_solve(right, factor)  # b n k c
            made = torch.einsum("btk,bnkc->btcn", columns, coefficients).reshape(b, t, c, h, w)
            found.append(torch.maximum(torch.minimum(made, high + room), low - room))
    return torch.stack(found, dim=2)
