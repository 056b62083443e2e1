"""The geographic context of SkySense: prototype vectors per region, learned by clustering."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def sinkhorn(alike: Tensor, *, sharpness: float = 0.05, rounds: int = 3) -> Tensor:
    """Assign samples to clusters so that all clusters get equal shares (Cuturi, 2013; Caron et al., 2020).

    Parameters
    ----------
    alike : Tensor, shape (..., n, k)
        Similarity of samples and clusters, -1 to 1.
    sharpness : float
        Small values give hard assignments.
    rounds : int
        Number of normalisations, each of the cluster sums and then of the sample sums.

    Returns
    -------
    Tensor, shape (..., n, k)
        Rows sum to 1.
    """
    # In logarithms: exp(1 / 0.05) is large, and products of it would overflow.
    plan = alike / sharpness
    for _ in range(rounds):
        plan = plan - plan.logsumexp(dim=-2, keepdim=True)
        plan = plan - plan.logsumexp(dim=-1, keepdim=True)
    return plan.exp()


class GeoContext(nn.Module):
    """Prototypes of regions, and of the whole world for regions without training data.

    Parameters
    ----------
    regions : (int, int)
        Rows and columns into which the globe is cut.
    prototypes, width : int
    keep : float
        Share of a prototype that is kept in an update.
    """

    def __init__(self, regions: tuple[int, int], prototypes: int, width: int, keep: float = 0.99) -> None:
        super().__init__()
        self.regions, self.keep = regions, keep
        count = regions[0] * regions[1] + 1
        first = functional.normalize(torch.randn(prototypes, width), dim=-1)
        self.register_buffer("prototypes", first.expand(count, -1, -1).clone())
        self.register_buffer("updates", torch.zeros(count))
        self.prototypes: Tensor
        self.updates: Tensor

    def region(self, lonlat: Tensor) -> Tensor:
        """Return the region number of places in degrees (b, 2), (b,), from 1; 0 is the whole world."""
        rows, columns = self.regions
        lon, lat = lonlat.double().unbind(-1)
        row = ((90 - lat) / 180 * rows).long().clamp(0, rows - 1)
        column = (((lon + 180) % 360) / 360 * columns).long().clamp(0, columns - 1)
        return 1 + row * columns + column

    def forward(self, x: Tensor, lonlat: Tensor) -> Tensor:
        """Return the attention of tokens (b, n, width) over the prototypes of their region, of the same shape."""
        region = self.region(lonlat)
        region = torch.where(self.updates[region] > 0, region, 0)
        own = self.prototypes[region]
        alike = functional.normalize(x, dim=-1) @ functional.normalize(own, dim=-1).transpose(1, 2)
        return (alike / 0.1).softmax(dim=-1) @ own

    @torch.no_grad()
    def update(self, x: Tensor, lonlat: Tensor) -> None:
        """Move the prototypes of the regions, and of the world, towards the tokens (b, n, width) assigned to them."""
        regions = self.region(lonlat)
        for number in [0, *sorted(set(regions.tolist()))]:
            tokens = functional.normalize((x if number == 0 else x[regions == number]).flatten(0, 1), dim=-1)
            shares = sinkhorn(tokens @ functional.normalize(self.prototypes[number], dim=-1).T)
            mean = shares.T @ tokens / shares.sum(0).clamp_min(1e-6).unsqueeze(-1)
            # The first update replaces the random initial values.
            keep = self.keep if self.updates[number] else 0.0
            self.prototypes[number] = keep * self.prototypes[number] + (1 - keep) * mean
            self.updates[number] += 1
