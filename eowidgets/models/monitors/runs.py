"""Runs of anomalous observations, for all pixels at once, without a loop over dates."""

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
        Statistic of the weakest observation in the strongest run: above 1 there is a run.
    members : Tensor, shape (n, length), int64
        Positions of the dates of the first run; undefined if there is none.
    """

    score: Tensor
    members: Tensor

    @property
    def first(self) -> Tensor:
        """Position of the date on which the run begins, shape (n,)."""
        return self.members[:, 0]

    @property
    def last(self) -> Tensor:
        """Position of the date on which the run is complete."""
        return self.members[:, -1]


def find_runs(statistic: Tensor, clear: Tensor, length: int) -> Runs:
    """Find ``length`` consecutive clear observations whose statistic is above 1.

    Parameters
    ----------
    statistic : Tensor, shape (n, t)
    clear : Tensor, shape (n, t), bool
        Only these are used; other dates between them do not end a run.
    length : int
    """
    n, t = statistic.shape
    # Clear observations move to the front, in order, so runs are contiguous windows. The last column takes the rest.
    rank = clear.cumsum(dim=1)
    count = rank[:, -1:] if t else rank.new_zeros(n, 1)
    most = max(length, int(count.max()) if n and t else 0)
    packed = statistic.new_zeros(n, max(t, most) + 1)
    packed = packed.scatter_(1, torch.where(clear, rank - 1, t), statistic)[:, :most]
    # For a series with fewer clear dates than columns, the remainder of a cloudy date must not count.
    packed.masked_fill_(torch.arange(most, device=packed.device) >= count, 0)
    weakest = packed[:, : most - length + 1]
    for k in range(1, length):
        weakest = torch.minimum(weakest, packed[:, k : most - length + 1 + k])
    score, _ = weakest.max(dim=1)
    first = (weakest > 1).to(torch.uint8).argmax(dim=1, keepdim=True)
    # The j-th clear observation is where the rank first reaches j.
    members = torch.searchsorted(rank, first + torch.arange(1, length + 1, device=rank.device))
    return Runs(score, members.clamp_max(max(t - 1, 0)))


def start_of(signed: Tensor, watched: Tensor, crossing: Tensor) -> Tensor:
    """Return where the unbroken run of positive values begins that leads to a crossing.

    Parameters
    ----------
    signed : Tensor, shape (n, t)
        Residuals, positive if they are on the side of the crossing and large enough.
    watched : Tensor, shape (n, t), bool
        Only these are used.
    crossing : Tensor, shape (n,), int64

    Returns
    -------
    Tensor, shape (n,), int64
        The crossing itself if its own observation is not positive.
    """
    if not signed.shape[1]:
        return crossing
    index = torch.arange(signed.shape[1], device=signed.device)
    upto = watched & (index <= crossing.unsqueeze(1))
    against = torch.where(upto & (signed <= 0), index, -1).amax(dim=1, keepdim=True)
    after = upto & (index > against)
    return torch.where(after.any(dim=1), after.to(torch.uint8).argmax(dim=1), crossing)
