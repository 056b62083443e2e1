"""Apply a network to a pair of images: pixel size, and probabilities averaged over mirrored and rotated views."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Numbers of views that can be averaged: the original; with its three mirror images; all eight.
VIEWS = (1, 4, 8)
#: Pixel size of the training, in metres; the coarsest pixel size that is enlarged to it, and the largest factor.
METRES, COARSEST, LARGEST = 0.5, 2.5, 4


def zoom_of(metres: float | None) -> int:
    """Return the factor by which images are enlarged so that their pixels have about half a metre.

    Images of unknown pixel size and those of more than 2.5 m are not enlarged.

    Examples
    --------
    >>> [zoom_of(m) for m in (0.3, 0.6, 1.0, 2.0, 10.0, None)]
    [1, 1, 2, 4, 1, 1]
    """
    if metres is None or metres > COARSEST:
        return 1
    return min(max(round(metres / METRES), 1), LARGEST)


def probabilities(network: nn.Module, before: Tensor, after: Tensor, views: int = 1, zoom: int = 1) -> Tensor:
    """Return the probability of every class, averaged over views.

    With ``views=8`` the result is equivariant to mirroring and rotation; with ``views=4`` to mirroring and rotation by
    180 degrees.

    Parameters
    ----------
    network : Module
        ``network(before, after)[0]`` are logits (n, classes, h, w).
    before, after : Tensor, shape (n, channels, h, w)
        Standardised images. With ``views=8``, both ``h`` and ``w`` must be allowed as rows and as columns.
    views : {1, 4, 8}
    zoom : int
        Factor by which the images are enlarged for the network (:func:`zoom_of`). Probabilities have the size of the
        original images.

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
    if zoom > 1:  # one pair at a time: enlarged pairs take zoom² as much memory
        return torch.cat([_enlarged(network, x, y, views, zoom) for x, y in zip(before, after, strict=True)])
    # A view is its own inverse: flipped along some axes, and rows and columns exchanged or not.
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


def _enlarged(network: nn.Module, before: Tensor, after: Tensor, views: int, zoom: int) -> Tensor:
    """Return probabilities (1, classes, h, w) of one pair of images (channels, h, w)."""
    size = (before.shape[-2], before.shape[-1])
    x, y = (functional.interpolate(v[None], scale_factor=zoom, mode="bicubic") for v in (before, after))
    return functional.interpolate(probabilities(network, x, y, views), size, mode="area")
