"""Mini-batch k-means (Sculley, 2010, doi:10.1145/1772690.1772862) with k-means++ initialisation, on torch."""

from __future__ import annotations

import torch
from torch import Tensor

#: Batch size, number of batches, and number of initialisations of which the best is kept.
BATCH, STEPS, STARTS = 2048, 100, 4
#: Number of points on which the initialisations are drawn and compared.
TRIAL = 4096


def kmeans(points: Tensor, k: int, generator: torch.Generator) -> Tensor:
    """Return the centres of clusters, the largest cluster first.

    Parameters
    ----------
    points : Tensor, shape (n, f)
    k : int
    generator : torch.Generator
        On the CPU; the same state gives the same centres.

    Returns
    -------
    Tensor, shape (k, f)
        Some are equal where there are fewer than ``k`` different points.

    Examples
    --------
    >>> points = torch.tensor([[0.0], [0.2], [0.4], [5.0], [5.2]])
    >>> [round(v, 1) for v in kmeans(points, 2, torch.Generator().manual_seed(0)).flatten().tolist()]
    [0.2, 5.1]
    """
    trial = points[torch.randperm(len(points), generator=generator)[:TRIAL]]
    found = [_improved(trial, plus_plus(trial, k, generator)) for _ in range(STARTS)]
    centres = min(found, key=lambda c: float(distances(trial, c).amin(dim=1).sum()))
    counts = torch.ones(k)
    for _ in range(STEPS if len(points) > TRIAL else 0):
        some = points[torch.randint(len(points), (BATCH,), generator=generator)]
        sums, new = _sums(some, centres)
        counts += new
        # The centre is the mean of all points assigned to it so far.
        centres = centres + (sums - new.unsqueeze(1) * centres) / counts.unsqueeze(1)
    size = torch.bincount(distances(points, centres).argmin(dim=1), minlength=k)
    return centres[size.argsort(descending=True, stable=True)]


def plus_plus(points: Tensor, k: int, generator: torch.Generator) -> Tensor:
    """Draw initial centres, with a probability proportional to the squared distance to the nearest centre so far."""
    chosen = [points[int(torch.randint(len(points), (1,), generator=generator))]]
    near = distances(points, chosen[0][None])[:, 0]
    for _ in range(k - 1):
        weights = near if bool(near.sum() > 0) else torch.ones_like(near)
        chosen.append(points[int(torch.multinomial(weights, 1, generator=generator))])
        near = torch.minimum(near, distances(points, chosen[-1][None])[:, 0])
    return torch.stack(chosen)


def distances(points: Tensor, centres: Tensor) -> Tensor:
    """Return squared distances between points and centres, shape (n, k)."""
    return (points.square().sum(dim=1, keepdim=True) + centres.square().sum(dim=1) - 2 * points @ centres.T).clamp_min(
        0
    )


def _improved(points: Tensor, centres: Tensor, rounds: int = 20) -> Tensor:
    """Improve centres by Lloyd's algorithm; a centre without points stays."""
    for _ in range(rounds):
        sums, counts = _sums(points, centres)
        centres = torch.where(counts.unsqueeze(1) > 0, sums / counts.clamp_min(1).unsqueeze(1), centres)
    return centres


def _sums(points: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Return sum and number of the points assigned to each centre."""
    nearest = distances(points, centres).argmin(dim=1)
    sums = torch.zeros_like(centres).index_add_(0, nearest, points)
    return sums, torch.bincount(nearest, minlength=len(centres)).to(points.dtype)
