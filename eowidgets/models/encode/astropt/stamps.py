"""Scale telescope counts to values of order one."""

from __future__ import annotations

import torch
from torch import Tensor

#: Standard deviation of a normal distribution, in median absolute deviations.
SIGMA = 1.4826


def stretched(images: Tensor, seen: Tensor) -> Tensor:
    """Subtract the sky, divide by its noise, and compress bright stars; 0 where nothing was measured.

    The sky is the median of an image, the noise its median absolute deviation, and the compression ``asinh``.

    Parameters
    ----------
    images : Tensor, shape (b, c, h, w)
        Counts.
    seen : Tensor, shape (b, h, w), bool

    Returns
    -------
    Tensor, shape (b, c, h, w)
    """
    known = torch.where(seen.unsqueeze(1), images, torch.nan)
    sky = known.flatten(2).nanmedian(dim=2).values[..., None, None]
    noise = (known - sky).abs().flatten(2).nanmedian(dim=2).values[..., None, None] * SIGMA
    # A stamp without any noise is synthetic; it is only shifted.
    scaled = (known - sky) / torch.where(noise > 0, noise, 1.0)
    return torch.nan_to_num(scaled.asinh())
