"""One value per year: the median or the medoid of the clear dates of a season."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from eowidgets.models.classical.series import masked_median


@dataclass(frozen=True, slots=True)
class Annual:
    """Annual series.

    Attributes
    ----------
    years : Tensor, shape (y,), float64
        The years in which the season begins; years without any date are left out.
    values : Tensor, shape (n, y), float64
        0 where no date of the season is clear.
    days : Tensor, shape (n, y), float64
        Day of the value, in days since 1970-01-01: that of the medoid, or the median day.
    seen : Tensor, shape (n, y), bool
    """

    years: Tensor
    values: Tensor
    days: Tensor
    seen: Tensor


def season_years(days: np.ndarray, first: int) -> np.ndarray:
    """Return the year in which the season of each day begins; seasons begin in the month ``first`` (1..12)."""
    month = days.astype("int64").astype("datetime64[D]").astype("datetime64[M]").astype(int)
    return (month - (first - 1)) // 12 + 1970


def annual(values: Tensor, usable: Tensor, days: Tensor, first: int, how: str) -> Annual:
    """Reduce series to one value per year.

    Parameters
    ----------
    values : Tensor, shape (n, t)
    usable : Tensor, shape (n, t), bool
    days : Tensor, shape (t,)
    first : int
        First month of the season.
    how : {"medoid", "median"}
        The medoid is the observation nearest to the median; ties are resolved to the earliest.
    """
    label = season_years(np.floor(days.cpu().numpy()), first)
    years = np.unique(label)
    when = days.to(values.device, torch.float64)
    n = len(values)
    value, day = (torch.zeros(n, len(years), dtype=torch.float64, device=values.device) for _ in range(2))
    seen = torch.zeros(n, len(years), dtype=torch.bool, device=values.device)
    for k, year in enumerate(years):
        pick = torch.as_tensor(np.flatnonzero(label == year), device=values.device)
        x, mask, date = values[:, pick].double(), usable[:, pick], when[pick]
        middle = masked_median(x, mask, dim=-1)
        if how == "medoid":
            far = (x - middle.unsqueeze(1)).abs().masked_fill(~mask, torch.inf)
            near = far <= far.amin(dim=1, keepdim=True) * (1 + 1e-6) + 1e-9
            at = near.to(torch.uint8).argmax(dim=1)
            middle, date_of = x.gather(1, at.unsqueeze(1)).squeeze(1), date[at]
        else:
            date_of = masked_median(date.expand(n, -1), mask, dim=-1)
        seen[:, k] = mask.any(dim=1)
        value[:, k] = torch.where(seen[:, k], middle, 0.0)
        day[:, k] = torch.where(seen[:, k], date_of, 0.0)
    return Annual(torch.as_tensor(years, dtype=torch.float64, device=values.device), value, day, seen)
