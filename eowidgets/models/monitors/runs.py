"""Runs of observations: all out of line; for all pixels at once, without a loop over dates."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Runs:
    """The first run of each pixel.

    Attributes
    ----------
    score : Tensor, shape (n,)
        Of the weakest observation in the strongest run: above 1 there is a run.
    members : Tensor, shape (n, length), int64
        Positions of the dates of the first run; of no meaning where there is none.
    """

    score: Tensor
    members: Tensor

    @property
    def first(self) -> Tensor:
        """Position of the date on which the run begins, shape (n,)."""
        return self.members[:, 0]

    @property
    def last(self) -> Tensor:
        """Position of the date on which it is complete."""
        return self.members[:, -1]


def find_runs(statistic: Tensor, clear: Tensor, length: int) -> Runs:
    """Find ``length`` clear observations in a row whose statistic is above 1.

    Parameters
    ----------
    statistic : Tensor, shape (n, t)
    clear : Tensor, shape (n, t), bool
        Only these count; what lies between them does not end a run.
    length : int
    """
    n, t = statistic.shape
    # Clear observations move to the front, in order: runs become plain windows. The last column takes the rest.
    place = torch.where(clear, clear.cumsum(dim=1) - 1, t)
    most = max(length, int(clear.sum(dim=1).max()) if n else 0)
    wide = max(t, most) + 1
    packed = statistic.new_zeros(n, wide).scatter_(1, place, statistic)[:, :most]
    dates = place.new_zeros(n, wide).scatter_(1, place, torch.arange(t, device=place.device).expand(n, t))[:, :most]
    # What lies behind the last clear observation holds 0, or the leftover of a cloudy date.
    packed = packed.masked_fill(torch.arange(most, device=place.device) >= clear.sum(dim=1, keepdim=True), 0)
    weakest = packed[:, : most - length + 1]
    for k in range(1, length):
        weakest = torch.minimum(weakest, packed[:, k : most - length + 1 + k])
    first = (weakest > 1).to(torch.uint8).argmax(dim=1, keepdim=True)
    members = dates.gather(1, first + torch.arange(length, device=place.device))
    return Runs(weakest.amax(dim=1), members)


def start_of(signed: Tensor, watched: Tensor, crossing: Tensor) -> Tensor:
    """Where the unbroken run of positive values begins that leads to a crossing.

    Parameters
    ----------
    signed : Tensor, shape (n, t)
        Residuals, positive where they are on the side of the crossing and far enough out.
    watched : Tensor, shape (n, t), bool
        Only these count.
    crossing : Tensor, shape (n,), int64

    Returns
    -------
    Tensor, shape (n,), int64
        The crossing itself where its own observation is not positive.
    """
    if not signed.shape[1]:
        return crossing
    index = torch.arange(signed.shape[1], device=signed.device)
    upto = watched & (index <= crossing.unsqueeze(1))
    against = torch.where(upto & (signed <= 0), index, -1).amax(dim=1, keepdim=True)
    after = upto & (index > against)
    return torch.where(after.any(dim=1), after.to(torch.uint8).argmax(dim=1), crossing)
