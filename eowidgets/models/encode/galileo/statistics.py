"""How values become what Galileo was trained on: the statistics of its training data, and patches with gaps."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

#: Mean and standard deviation of each channel, in dB and in reflectance times 10 000: config/normalization.json of the
#: authors, under "13". The authors leave NDVI as it is.
STATISTICS = {
    "S1": ((-11.7287, -18.8556), (4.8871, 5.7303)),
    "S2_RGB": ((1395.3409, 1338.4027, 1343.0988), (917.7041, 913.2988, 1092.6787)),
    "S2_Red_Edge": ((1543.8608, 2186.2022, 2525.0933), (1047.2206, 1048.0102, 1143.6903)),
    "S2_NIR_10m": ((2410.3377,), (1098.9792,)),
    "S2_NIR_20m": ((2750.2855,), (1204.4728,)),
    "S2_SWIR": ((2234.9111, 1474.5311), (1145.9774, 980.2430)),
}


def normalised(name: str, values: Tensor) -> Tensor:
    """Scale a group of channels, shape (b, t, c, h, w): mean - 2 std becomes 0, mean + 2 std becomes 1."""
    if name not in STATISTICS:
        return values
    mean, std = (values.new_tensor(numbers)[:, None, None] for numbers in STATISTICS[name])
    return (values - (mean - 2 * std)) / (4 * std)


def per_patch(values: Tensor, seen: Tensor, patch: int) -> tuple[Tensor, Tensor]:
    """Fill what was not seen of a patch by the mean of what was, date by date.

    Parameters
    ----------
    values : Tensor, shape (b, t, c, h patch, w patch)
    seen : Tensor, shape (b, t, h patch, w patch), bool
    patch : int

    Returns
    -------
    (Tensor, Tensor)
        The filled values, and where at least half of a patch was seen, shape (b, t, h, w), bool.
    """
    known = seen.to(values.dtype)
    share = functional.avg_pool2d(known, patch)
    # (b t) c h w -> b t c h w
    total = functional.avg_pool2d((values * known.unsqueeze(2)).flatten(0, 1), patch)
    total = total.view(*values.shape[:3], *share.shape[-2:])
    mean = total / share.clamp_min(1 / patch**2).unsqueeze(2)
    spread = mean.repeat_interleave(patch, dim=-2).repeat_interleave(patch, dim=-1)
    return torch.where(seen.unsqueeze(2), values, spread), share >= 0.5
