"""Test-time augmentation: the probabilities of a pair of pictures, averaged over mirrored and rotated views."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

#: Numbers of views that can be averaged: the picture as it is; its three mirror images as well; all eight.
VIEWS = (1, 4, 8)


def probabilities(network: nn.Module, before: Tensor, after: Tensor, views: int = 1) -> Tensor:
    """Probability of every class, averaged over views.

    With ``views=8`` a mirrored or rotated pair has the mirrored or rotated probabilities; with ``views=4`` this holds for
    mirror images and half turns.

    Parameters
    ----------
    network : Module
        ``network(before, after)[0]`` are logits (n, classes, h, w).
    before, after : Tensor, shape (n, channels, h, w)
        Standardised pictures. With ``views=8``, both ``h`` and ``w`` must be allowed as rows and as columns.
    views : {1, 4, 8}

    Returns
    -------
    Tensor, shape (n, classes, h, w), float32

    Raises
    ------
    ValueError
        For another number of views.
    """
    if views not in VIEWS:
        raise ValueError(f"views is {views}: give one of {', '.join(map(str, VIEWS))}")
    # A view that is its own inverse: mirrored along some axes, and rows and columns exchanged or not.
    turns: list[Callable[[Tensor], Tensor]] = [_mirror(()), _mirror((-1,)), _mirror((-2,)), _mirror((-2, -1))]
    total = torch.zeros(())
    for exchanged in (False, True)[: 1 + (views == 8)]:
        x, y = (v.mT if exchanged else v for v in (before, after))
        for turn in turns[: min(views, 4)]:
            share = turn(network(turn(x), turn(y))[0].float().softmax(dim=1))
            total = total + (share.mT if exchanged else share)
    return total / views


def _mirror(dims: tuple[int, ...]) -> Callable[[Tensor], Tensor]:
    return lambda x: x.flip(dims) if dims else x
