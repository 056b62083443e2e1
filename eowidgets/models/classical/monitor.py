"""What break monitors share: a history that is modelled, a period that is watched, and how change is reported."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.models.base import Batch, Inputs, Model, param
from eowidgets.models.classical.harmonic import design, evaluate, robust_solve
from eowidgets.models.classical.series import DAYS_PER_YEAR, flat, solving_dtype, unflat
from eowidgets.tasks import ClassInfo, Output, Task

#: A history with fewer clear observations says nothing about what is normal (Zhu and Woodcock, 2014: 12).
FEWEST = 12

STABLE = ClassInfo(0, "no change", "#dddddd")
CHANGED = ClassInfo(1, "change", "#d55e00")
CHANGE_CLASSES = (STABLE, CHANGED)
DATE_UNIT = "days since 1970-01-01"


def change_probabilities(score: Tensor) -> Tensor:
    """Scores (statistic over threshold, b, h, w) as two-class "probabilities", shape (b, 2, h, w).

    ``score / (1 + score)``: 0.5 exactly at the threshold. It ranks pixels by how clear the case is; it is not
    calibrated, for the errors of one pixel's dates are neither independent nor normal.
    """
    share = torch.where(torch.isinf(score), 1.0, score / (1 + score))
    return torch.stack([1 - share, share], dim=1)


@dataclass(frozen=True, slots=True)
class MonitorParams:
    """The history and its model."""

    history: float = param(
        2.0,
        unit="years",
        low=1.0,
        high=30.0,
        step=0.5,
        label="History",
        help="The first years of the series, taken as stable; what comes after is watched.",
    )
    terms: int = param(1, low=1, high=3, step=1, label="Waves per year", help="1 is the yearly wave.")
    trend: bool = param(
        False,
        label="Trend",
        help="Let the level rise or fall; a trend from a short history goes astray when it is carried forward.",
    )


@dataclass(slots=True)
class Watched:
    """Residuals of all pixels, pixels first.

    Attributes
    ----------
    residual : Tensor, shape (n, c, t)
    usable, past : Tensor, bool, shapes (n, t) and (t,)
        Clear observations, and dates that belong to the history.
    counted : Tensor, shape (n,)
        Clear observations in the history.
    days : Tensor, shape (t,)
        Days since 1970-01-01.
    columns : int
        Coefficients of the model.
    """

    residual: Tensor
    usable: Tensor
    past: Tensor
    counted: Tensor
    days: Tensor
    columns: int

    @property
    def watchable(self) -> Tensor:
        """Pixels with enough history and at least one clear observation after it, shape (n,), bool."""
        after = (self.usable & ~self.past).any(dim=1)
        return (self.counted >= max(FEWEST, self.columns + 4)) & after


class Monitor(Model):
    """Base of the monitors; a child says how residuals become a break."""

    task = Task.DETECT_CHANGE
    inputs = Inputs(min_dates=FEWEST + 1)
    Params = MonitorParams

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Change or not, when, and how much."""
        return (
            Output("change", kind="class", classes=CHANGE_CLASSES, long_name="Change after the history"),
            Output("break_date", unit=DATE_UNIT, long_name="Date of the break"),
            Output("magnitude", unit="1", long_name="Size of the change", vmin=0, vmax=0.4),
        )

    def watch(self, series: Tensor, usable: Tensor, days: Tensor, rounds: int, ridge: float) -> Watched:
        """Fit the history and carry the fit forward.

        Parameters
        ----------
        series : Tensor, shape (b, t, c, h, w)
        usable : Tensor, shape (b, t, h, w)
        rounds : int
            Of robust reweighting.
        """
        p = self.params
        days = days.detach().cpu().double()
        past = days < float(days.min()) + p.history * DAYS_PER_YEAR
        middle = float(days[past].mean())
        columns = design(days, p.terms, p.trend, middle).to(series.device, solving_dtype(series.device))
        past = past.to(series.device)
        y, seen = flat(series), flat(usable)
        history = seen & past
        coefficients, _ = robust_solve(columns, y, history, ridge, rounds)
        return Watched(
            residual=(y - evaluate(columns, coefficients, y.dtype)).masked_fill(~seen.unsqueeze(1), 0),
            usable=seen,
            past=past,
            counted=history.sum(dim=1),
            days=days.to(columns),
            columns=columns.shape[1],
        )

    @staticmethod
    def answer(batch: Batch, seen: Watched, score: Tensor, **layers: Tensor) -> dict[str, Tensor]:
        """Put the pixels back in place: ``change`` from the score, the other layers NaN where nothing changed."""
        size = (batch.x.shape[0], *batch.x.shape[-2:])
        ok = seen.watchable
        broken = ok & (score > 1)
        out = {k: unflat(v.masked_fill(~broken, torch.nan), size).to(torch.float32) for k, v in layers.items()}
        # Dates past 2**14 days keep a resolution of two minutes in float32: enough.
        out["change"] = change_probabilities(unflat(score.masked_fill(~ok, torch.nan), size)).to(torch.float32)
        return out
