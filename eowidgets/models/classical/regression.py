"""What is seen of a date says what is hidden of it: a ridge regression on the other dates, window by window."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.classical.fill import GapFiller, interpolate
from eowidgets.models.classical.series import SCORE, blank, relative_days, solving_dtype

#: Prior of the regression, in squared reflectance summed over the clear pixels; chosen in the training area.
RIDGE = 0.015
#: Clear pixels that a date must have in a window.
LEAST = 8
#: Deviations may go beyond those of the clear pixels by this share of their range.
BEYOND = 0.5


def between(x: Tensor, days: Tensor, date: int) -> Tensor:
    """Interpolate a filled series (b, t, n, c) to one of its dates from its neighbours, (b, n, c)."""
    left, right = max(date - 1, 0), min(date + 1, x.shape[1] - 1)
    if date in (left, right):
        return x[:, right if date == left else left]
    share = (days[:, date] - days[:, left]) / (days[:, right] - days[:, left]).clamp(min=1e-6)
    return torch.lerp(x[:, left], x[:, right], share.to(x.dtype)[:, None, None])


def regress(x: Tensor, usable: Tensor, days: Tensor, ridge: float = RIDGE, *, every: int = 1) -> Tensor:
    """Predict what is hidden on each date from all other dates, by how they go together where the date was seen.

    Parameters
    ----------
    x : Tensor, shape (b, t, c, h, w)
        A series without gaps, as measured where ``usable``.
    usable : Tensor, shape (b, t, h, w), bool
    days : Tensor, shape (b, t)
        Increasing.
    every : int
        Fit on every so many pixels: less exact, and faster.

    Returns
    -------
    Tensor, shape of ``x``
        ``x`` itself where it was seen, and on dates of which fewer than :data:`LEAST` pixels were. Elsewhere the
        deviation from the neighbouring dates goes little beyond what the clear pixels of that date show
        (:data:`BEYOND`): a fit on few pixels would extrapolate much further.
    """
    t, h, w = usable.shape[1:]
    series = x.movedim(2, -1).flatten(2, 3)  # b t n c
    seen = usable.flatten(2)
    out = series.clone()
    # Dates are alike, so the equations are nearly singular: in float32 the answer would depend on the size of the batch.
    exact = solving_dtype(x.device)
    for date in range(t):
        clear = seen[:, date].to(x.dtype).unsqueeze(-1)  # b n 1
        count = clear.sum(dim=1, keepdim=True)
        hidden = ~seen[:, date] & (count[:, 0] >= LEAST)
        if not bool(hidden.any()):
            continue
        others = [i for i in range(t) if i != date]
        features = series[:, others].transpose(1, 2).flatten(2)  # b n (t - 1) c
        prior = between(series, days, date)
        off = series[:, date] - prior
        count = count.clamp(min=1)
        middle, level = ((v * clear).sum(dim=1, keepdim=True) / count for v in (features, off))
        features = features - middle
        some = features[:, ::every].to(exact)
        there = (some * clear[:, ::every]).transpose(1, 2)
        steady = ridge / every * torch.eye(features.shape[-1], dtype=exact, device=x.device)
        weight = torch.linalg.solve(there @ some + steady, there @ (off - level)[:, ::every].to(exact))
        unseen = clear == 0
        low = off.masked_fill(unseen, torch.inf).amin(dim=1, keepdim=True)
        high = off.masked_fill(unseen, -torch.inf).amax(dim=1, keepdim=True)
        room = BEYOND * (high - low)
        moved = (level + features @ weight.to(x.dtype)).clamp(low - room, high + room)
        out[:, date] = torch.where(hidden.unsqueeze(-1), prior + moved, series[:, date])
    return out.reshape(*out.shape[:2], h, w, -1).movedim(-1, 2)


@register
class FillRegression(GapFiller):
    """Read light, haze and growth of each date off its clear pixels.

    Gaps are first filled by straight lines in time. Then, window by window, each date is regressed on all other dates
    over the pixels on which it was seen, and the regression is asked for the others. Dates of which almost nothing
    was seen keep the straight lines. The window is small on purpose: what goes together here need not do so elsewhere.
    """

    name = "fill-regression"
    feed = Windows(min_dates=2, size=32, halo=8, dates=24, date_halo=6, blend=8)
    card = Card(
        title="Regression on the other dates",
        summary="Reads each date off its own clear pixels: how do they go together with the other dates?",
        paper="Ridge regression; kin to the linear histogram matching of Landsat 7's gap filling (Scaramuzza et al., 2004).",
        licence="Apache-2.0",
        scores={SCORE: 32.9},
        limits="Needs dates that are partly seen: one that is wholly hidden gets a straight line. Undetected cloud misleads it.",
    )

    @dataclass(frozen=True, slots=True)
    class Params:
        """How much the other dates are believed."""

        ridge: float = param(
            RIDGE,
            low=1e-4,
            high=10.0,
            label="Ridge",
            help="Prior in squared band units, summed over the clear pixels of a window: more is nearer to straight lines.",
        )

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Fill; shapes as in :class:`~eowidgets.contract.outputs.Output`."""
        filled, _ = interpolate(batch.x, batch.usable, batch.days)
        days = relative_days(batch.days, filled).expand(len(filled), -1)
        with torch.autocast(filled.device.type, enabled=False):  # a fit in half precision is none
            made = regress(filled.float(), batch.usable, days, self.params.ridge).clamp(min=0)
        made = torch.where(batch.usable.unsqueeze(2), batch.x, made.to(batch.x.dtype))
        return {"bands": blank(made, batch.usable.any(dim=1, keepdim=True).expand_as(batch.usable))}
