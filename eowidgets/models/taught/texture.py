"""Features of an image: each pixel with its surroundings at several scales."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from eowidgets.contract.feeds import Batch
from eowidgets.contract.feeds.series import flattened
from eowidgets.models.taught.values import value_names, values_of

#: Sides of the squares around a pixel, in pixels.
SCALES = (3, 7, 15)
#: Pixels of context for the largest square.
HALO = max(SCALES) // 2 + 1


def texture_names(bands: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the features."""
    values = value_names(bands)
    words = ["value", *(f"{what} in {side} px" for side in SCALES for what in ("mean", "spread")), "edge"]
    return tuple(f"{value} {word}" for word in words for value in values)


def texture_features(batch: Batch) -> Tensor:
    """Compute value, mean and standard deviation in squares, and edge strength, of the mean image over time.

    Parameters
    ----------
    batch : Batch
        Windows, ``(b, t, c, h, w)``.

    Returns
    -------
    Tensor, shape (b, features, h, w), float32
        NaN where nothing was observed.
    """
    b, _, _, h, w = batch.x.shape
    values = values_of(flattened(batch))
    weight = values.usable.to(values.x.dtype)[..., None]
    seen = weight.sum(dim=1) > 0
    picture = (values.x * weight).sum(dim=1) / weight.sum(dim=1).clamp_min(1)
    picture = picture.view(b, h, w, -1).movedim(-1, 1)
    mask = seen.view(b, h, w, 1).movedim(-1, 1).to(picture.dtype)
    found = [picture]
    for side in SCALES:
        mean, square = _mean(picture, mask, side), _mean(picture.square(), mask, side)
        found += [mean, (square - mean.square()).clamp_min(0).sqrt()]
    smooth = _mean(picture, mask, 3)
    found.append(_slope(smooth))
    return torch.cat(found, dim=1).masked_fill(mask == 0, torch.nan)


def _mean(x: Tensor, mask: Tensor, side: int) -> Tensor:
    """Average the observed values in a square around each pixel."""
    total = functional.avg_pool2d(x * mask, side, stride=1, padding=side // 2)
    share = functional.avg_pool2d(mask, side, stride=1, padding=side // 2)
    return total / share.clamp_min(1e-6)


def _slope(x: Tensor) -> Tensor:
    """Return the length of the gradient."""
    padded = functional.pad(x, (1, 1, 1, 1), mode="replicate")
    across = padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]
    down = padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]
    return (across.square() + down.square()).sqrt() / 2
