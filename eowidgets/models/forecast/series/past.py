"""The input of a forecaster: masked, irregular series, checked and sorted once for all forecasters."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.errors import InputError
from eowidgets.models.classical.series import DAYS_PER_YEAR

#: Largest accepted horizon, in years.
FURTHEST = 10.0


@dataclass(frozen=True, slots=True)
class Past:
    """Checked series up to the last known day: sorted unique days, zeros where nothing was observed.

    Attributes
    ----------
    values : Tensor, shape (n, t, c), floating
        0 where ``seen`` is False.
    days : Tensor, shape (t,), float64, on the CPU
        Strictly increasing.
    seen : Tensor, shape (n, t, c), bool
    """

    values: Tensor
    days: Tensor
    seen: Tensor

    @property
    def cut(self) -> float:
        """The last known day, whether or not anything was observed on it."""
        return float(self.days[-1])

    def until(self, day: float) -> Past:
        """Return the series up to and including a day."""
        count = int((self.days <= day).sum())
        return Past(self.values[:, :count], self.days[:count], self.seen[:, :count])

    def rows(self) -> tuple[Tensor, Tensor]:
        """Return one row per series and channel, time last: values and mask, both ``((n c), t)``."""
        return self.values.transpose(1, 2).flatten(0, 1), self.seen.transpose(1, 2).flatten(0, 1)

    def unrow(self, rows: Tensor) -> Tensor:
        """Undo :meth:`rows`: ``((n c), h) -> (n, h, c)``."""
        return rows.reshape(self.values.shape[0], self.values.shape[2], -1).transpose(1, 2)


def checked(values: Tensor, days: Tensor, mask: Tensor | None = None) -> Past:
    """Sort by day, average values of the same day, and convert values that are not finite to gaps.

    Raises
    ------
    InputError
        If shapes or days are inconsistent, or nothing was observed.
    """
    if values.dim() != 3 or not values.numel():
        raise InputError(
            f"The series have the shape {tuple(values.shape)}: give (series, time, channel), none of them empty."
        )
    values = values if values.is_floating_point() else values.float()
    days = torch.as_tensor(days).detach().cpu().double()
    if days.shape != values.shape[1:2] or not bool(days.isfinite().all()):
        raise InputError(
            f"{values.shape[1]} dates need as many finite days, in one dimension, but days is {days.tolist()}."
        )
    seen = values.isfinite()
    if mask is not None:
        if mask.shape != values.shape:
            raise InputError(
                f"The mask has shape {tuple(mask.shape)}, the values {tuple(values.shape)}: give the same shape."
            )
        seen = seen & mask.to(device=values.device, dtype=torch.bool)
    if not bool(seen.any()):
        raise InputError("None of the series has an observation: give series with observed values.")
    values = torch.where(seen, values, 0.0)
    unique, where = torch.unique(days, return_inverse=True)
    if len(unique) == len(days):
        order = days.argsort()
        return Past(values[:, order], unique, seen[:, order])
    where = where.to(values.device)
    shape = (values.shape[0], len(unique), values.shape[2])
    count = values.new_zeros(shape).index_add_(1, where, seen.to(values.dtype))
    total = values.new_zeros(shape).index_add_(1, where, values)
    return Past(total / count.clamp_min(1), unique, count > 0)


def checked_future(future_days: Tensor, cut: float, furthest: float = FURTHEST) -> Tensor:
    """Return the days to forecast as float64 on the CPU, at most ``furthest`` years ahead.

    Raises
    ------
    InputError
        If there are none, or one is not after ``cut`` or further than that.
    """
    future = torch.as_tensor(future_days).detach().cpu().double().reshape(-1)
    if not len(future) or not bool(future.isfinite().all()):
        raise InputError("future_days is empty or has values that are not finite: give days after the last date.")
    if float(future.min()) <= cut:
        behind = cut - float(future.min())
        raise InputError(f"A day to forecast lies {behind:g} days before the last date, or on it: give later days.")
    if float(future.max()) > cut + furthest * DAYS_PER_YEAR:
        ahead = float(future.max()) - cut
        raise InputError(f"The horizon of {ahead:.0f} days is too long: give at most {furthest:g} years.")
    return future
