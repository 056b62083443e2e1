"""The history of a series, its harmonic model, and the residuals of all dates."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from eowidgets.models.classical.harmonic import evaluate, robust_solve

#: Minimum number of clear observations of a history per coefficient (Zhu and Woodcock, 2014: 12 for 4), and in all.
PER_COEFFICIENT, FEWEST = 3, 6
#: Rounds of reweighting of a robust fit.
ROUNDS = 3
#: Keeps normal equations solvable for pixels with few observations; an observation has weight 1.
RIDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Watched:
    """Residuals of all pixels, pixels first; the history is the first ``length`` dates.

    Attributes
    ----------
    residual : Tensor, shape (n, c, t)
        0 where not usable.
    usable : Tensor, shape (n, t), bool
        Clear observations.
    length : int
    days : Tensor, shape (t,)
        Days since 1970-01-01.
    columns : int
        Number of coefficients of the model.
    counted : Tensor, shape (n,)
        Number of clear observations in the history.
    """

    residual: Tensor
    usable: Tensor
    length: int
    days: Tensor
    columns: int
    counted: Tensor

    @property
    def watchable(self) -> Tensor:
        """Pixels with enough history and at least one clear observation after it, shape (n,), bool."""
        return (self.counted >= max(FEWEST, PER_COEFFICIENT * self.columns)) & self.clear.any(dim=1)

    @property
    def known(self) -> Tensor:
        """Clear observations of the history, shape (n, length), bool."""
        return self.usable[:, : self.length]

    @property
    def clear(self) -> Tensor:
        """Clear observations after the history, shape (n, t - length), bool."""
        return self.usable[:, self.length :]

    @property
    def before(self) -> Tensor:
        """Residuals of the history, shape (n, c, length)."""
        return self.residual[..., : self.length]

    @property
    def after(self) -> Tensor:
        """Residuals of the monitored dates, shape (n, c, t - length)."""
        return self.residual[..., self.length :]

    @property
    def later(self) -> Tensor:
        """Days after the history, shape (t - length,)."""
        return self.days[self.length :]

    def take(self, rows: Tensor) -> Watched:
        """Return some of the pixels; ``rows`` are their positions."""
        return replace(
            self,
            residual=self.residual.index_select(0, rows),
            usable=self.usable.index_select(0, rows),
            counted=self.counted.index_select(0, rows),
        )


def fit_history(
    y: Tensor,
    usable: Tensor,
    days: Tensor,
    columns: Tensor,
    length: int,
    ridge: float,
    robust: bool,
    screen: float | None,
) -> Watched:
    """Fit the first ``length`` dates and extrapolate the fit.

    Parameters
    ----------
    y : Tensor, shape (n, c, t)
    usable : Tensor, shape (n, t), bool
    days : Tensor, shape (t,), float64
    columns : Tensor, shape (t, k)
        Design matrix of the regression.
    screen : float, optional
        A Shewhart chart: observations of the history further from the fit than this many root mean square residuals are
        dropped, and the rest is fitted again.
    """
    seen = usable
    # The fit needs only the history; the later dates would only add zeros.
    then, known, x = y[..., :length], seen[:, :length], columns[:length]
    coefficients, _ = robust_solve(x, then, known, ridge, rounds=ROUNDS if robust else 0)
    if screen is not None:
        size = (then - evaluate(x, coefficients, y.dtype)).square().mul_(known.unsqueeze(1)).amax(dim=1)
        far = size > screen**2 * size.sum(dim=1, keepdim=True) / known.sum(dim=1, keepdim=True).clamp_min(1)
        if far.any():
            seen = seen & ~torch.nn.functional.pad(far, (0, seen.shape[1] - length))
            coefficients, _ = robust_solve(x, then, seen[:, :length], ridge, rounds=0)
    residual = (y - evaluate(columns, coefficients, y.dtype)).masked_fill_(~seen.unsqueeze(1), 0)
    return Watched(residual, seen, length, days.to(columns), columns.shape[1], seen[:, :length].sum(dim=1))
