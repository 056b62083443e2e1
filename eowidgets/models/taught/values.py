"""Input values of the features: the bands of a batch, and the indices computed from them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.contract.feeds import Batch

#: Normalised differences that are added to the bands: name, and the two bands.
DIFFERENCES = {
    "ndvi": ("nir", "red"),
    "ndwi": ("green", "nir"),
    "ndmi": ("nir", "swir16"),
    "nbr": ("nir", "swir22"),
    "radar-difference": ("vv", "vh"),
}
#: Bands that already hold an index, which is not computed again.
_SMALL = 1e-6


@dataclass(frozen=True, slots=True)
class Values:
    """Values by date.

    Attributes
    ----------
    x : Tensor, shape (n, t, k)
    usable : Tensor, shape (n, t), bool
    days : Tensor, shape (t,), float64
    names : tuple of str
        Along ``k``.
    """

    x: Tensor
    usable: Tensor
    days: Tensor
    names: tuple[str, ...]

    @property
    def masked(self) -> Tensor:
        """Values with NaN where the ground was not observed."""
        return self.x.masked_fill(~self.usable[..., None], torch.nan)


def value_names(bands: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the values for some bands."""
    return (*bands, *(name for name, pair in DIFFERENCES.items() if set(pair) <= set(bands) and name not in bands))


def values_of(batch: Batch) -> Values:
    """Return bands and indices of a batch of series.

    Parameters
    ----------
    batch : Batch
        Series, ``(n, t, c)``.
    """
    names = value_names(batch.bands)
    found = [batch.x]
    for name in names[len(batch.bands) :]:
        one, two = (batch.x[..., batch.bands.index(band)] for band in DIFFERENCES[name])
        total = one + two
        # Backscatter in dB has negative sums: only a sum of about zero has no ratio.
        ratio = torch.where(total.abs() > _SMALL, (one - two) / total, 0.0).clamp(-2, 2)
        found.append(ratio[..., None])
    return Values(torch.cat(found, dim=-1), batch.usable, batch.days, names)
