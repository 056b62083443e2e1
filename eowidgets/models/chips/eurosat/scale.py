"""The scale of EuroSAT RGB, and the conversion of other values to it."""

from __future__ import annotations

import torch
from torch import Tensor

from eowidgets.errors import ModelError

#: Reflectance (top of atmosphere) that the authors mapped to 255; 0 became 1, and 0 means no data.
WHITE = 0.275
#: Digital numbers per unit of reflectance in Sentinel-2 files.
PER_UNIT = 10_000
AUTO, REFLECTANCE, BYTES, SENTINEL = "auto", "reflectance", "8 bit", "10000"
NUMBERS = (AUTO, REFLECTANCE, BYTES, SENTINEL)
#: A chip whose maximum is at most this holds reflectance.
BRIGHTEST = 2.0


def to_eurosat(x: Tensor, numbers: str = AUTO) -> Tensor:
    """Convert chips to the scale of EuroSAT RGB: 1 for a reflectance of 0 and 255 for 0.275 or more.

    Parameters
    ----------
    x : Tensor, shape (b, c, h, w)
        NaN where nothing was observed.
    numbers : {"auto", "reflectance", "8 bit", "10000"}
        Scale of the values: reflectance, EuroSAT's own 1 to 255, or reflectance times 10 000. With "auto", a chip whose
        maximum is at most 2 holds reflectance, and one up to 255 holds 8 bits.

    Returns
    -------
    Tensor, of the same shape

    Raises
    ------
    ModelError
        With "auto" or "8 bit", for values above 255, whose scale is ambiguous.

    Examples
    --------
    >>> to_eurosat(torch.full((1, 1, 1, 1), 0.275)).item()
    255.0
    """
    highest = x.nan_to_num(0).amax(dim=(1, 2, 3), keepdim=True)
    if numbers in (AUTO, BYTES) and bool((highest > 255).any()):
        raise ModelError(
            f"The chips hold values up to {float(highest.max()):.5g}, which are neither reflectance nor 8 bits: set "
            f"numbers={SENTINEL!r} if they are reflectance times {PER_UNIT}."
        )
    unit = {SENTINEL: PER_UNIT, REFLECTANCE: 1}.get(numbers, 1)
    drawn = 1 + 254 * (x / (WHITE * unit)).clamp(0, 1)
    if numbers == BYTES:
        return x
    return torch.where(highest > BRIGHTEST, x, drawn) if numbers == AUTO else drawn
