"""The contrastive losses of SkySense: positions of the grid, groups of them, whole images, and sources."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from eowidgets.models.encode.skysense.context import sinkhorn

HEAT = 0.1


def apart(student: Tensor, teacher: Tensor) -> Tensor:
    """Return the InfoNCE loss of vectors (n, width): each should be closer to its partner than to all other partners."""
    alike = functional.normalize(student, dim=-1) @ functional.normalize(teacher, dim=-1).T / HEAT
    return functional.cross_entropy(alike, torch.arange(len(alike), device=alike.device))


def groups(student: Tensor, teacher: Tensor, count: int, rounds: int = 3) -> tuple[Tensor, Tensor]:
    """Return the means of ``count`` groups of positions in each image, found by clustering the teacher's tokens.

    Parameters
    ----------
    student, teacher : Tensor, shape (b, n, width)
    count : int
        At most n.

    Returns
    -------
    (Tensor, Tensor)
        (b, count, width) each, with one assignment for both.
    """
    with torch.no_grad():
        unit = functional.normalize(teacher, dim=-1)
        n = unit.shape[1]
        centres = unit[:, torch.linspace(0, n - 1, min(count, n)).long()]
        for _ in range(rounds):
            shares = sinkhorn(unit @ functional.normalize(centres, dim=-1).transpose(1, 2))
            shares = shares / shares.sum(dim=1, keepdim=True).clamp_min(1e-6)
            centres = shares.transpose(1, 2) @ unit
    return shares.transpose(1, 2) @ student, shares.transpose(1, 2) @ teacher


def granular(student: Tensor, teacher: Tensor, count: int = 4) -> Tensor:
    """Return the mean loss of positions, groups and images; tokens (b, n, width) of two views of the same images."""
    losses = [apart(student.mean(1), teacher.mean(1))]
    if student.shape[1] > 1:
        losses.append(apart(student.flatten(0, 1), teacher.flatten(0, 1)))
        of_student, of_teacher = groups(student, teacher, count)
        losses.append(apart(of_student.flatten(0, 1), of_teacher.flatten(0, 1)))
    return torch.stack(losses).mean()


def aligned(one: Tensor, other: Tensor) -> Tensor:
    """Return the InfoNCE loss between the tokens of two sources, (b, t, n, width), at the same positions."""
    one, other = (x.mean(1).flatten(0, 1) for x in (one, other))
    return (apart(one, other) + apart(other, one)) / 2
