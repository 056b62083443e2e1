"""Run a transformer over the observed tokens only, in batches of windows of similar length."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

#: Tokens per pass on a CPU; more do not fit in its caches.
CACHED = 600

#: Takes tokens, shape (b, n, width), a mask of valid tokens, shape (b, n), or None if all are valid, and their positions among
#: the tokens of the window, shape (b, n); returns tokens of the same shape.
Encode = Callable[[Tensor, Tensor | None, Tensor], Tensor]


def packed(x: Tensor, seen: Tensor, encode: Encode) -> Tensor:
    """Encode the observed tokens; 0 for the others.

    Missing tokens are left out, so cloudy windows take less time. Windows with similar numbers of tokens share a pass, and
    on a CPU the size of a pass is limited to what fits in the caches.

    Parameters
    ----------
    x : Tensor, shape (b, n, width)
    seen : Tensor, shape (b, n), bool
    encode : callable

    Returns
    -------
    Tensor, shape (b, n, width)
    """
    out, count = torch.zeros_like(x), seen.sum(1)
    share = max(1, CACHED // x.shape[1]) if x.device.type == "cpu" else len(x)
    for rows in torch.split(count.argsort(), share):
        longest = int(count[rows].max())
        at = seen[rows].byte().argsort(dim=1, descending=True, stable=True)[:, :longest]
        known = torch.arange(longest, device=x.device) < count[rows, None]
        mask = None if bool(known.all()) else known
        found = encode(x[rows[:, None], at], mask, at)
        found = found if mask is None else found.masked_fill(~mask.unsqueeze(-1), 0)
        out[rows[:, None], at] = found.to(out.dtype)
    return out
