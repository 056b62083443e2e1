"""Break monitors that sum residuals: moving sums as in BFAST Monitor, and cumulative sums."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.classical.stats import cusum_constant, log_plus
from eowidgets.models.monitors.base import SCORE, IndexMonitor, IndexParams
from eowidgets.models.monitors.breaks import Crossing, change_point, robust_spread, since_mask
from eowidgets.models.monitors.critical import mosum_critical
from eowidgets.models.monitors.runs import start_of
from eowidgets.models.monitors.watched import Watched


class Sums(IndexMonitor):
    """Base of both: a sum of residuals compared with a boundary."""

    def search(self, seen: Watched, since: Tensor) -> Crossing:
        """Find where the boundary is crossed; the first date begins the step that leads there (:func:`change_point`)."""
        residual = seen.residual.squeeze(1)
        sigma = self._spread(seen)
        wide = sigma.unsqueeze(1)
        if self.params.robust:
            residual = torch.minimum(torch.maximum(residual, -3 * wide), 3 * wide)
        scaled = residual / (wide * seen.counted.clamp_min(1).sqrt().unsqueeze(1))
        # A repeated search ignores all earlier observations.
        fresh = since_mask(seen.clear, since)
        scaled = torch.cat([scaled[:, : seen.length] * (since == 0).unsqueeze(1), scaled[:, seen.length :] * fresh], 1)
        sums, boundary = self.process(seen, scaled, fresh)
        ratio = (sums.abs() / boundary).masked_fill_(~fresh, 0)
        if not ratio.shape[1]:
            ratio = sums = ratio.new_zeros(len(ratio), 1)
        crossing = (ratio > 1).to(torch.uint8).argmax(dim=1)
        sign = sums.gather(1, crossing.unsqueeze(1)).sign().squeeze(1)
        found = Crossing(ratio.amax(dim=1), crossing, crossing)
        if self.params.robust:
            return change_point(seen, found, sign, sigma, since)
        side = residual[:, seen.length :] * sign.unsqueeze(1) - wide
        return replace(found, first=start_of(side, fresh, crossing))

    @abstractmethod
    def process(self, seen: Watched, scaled: Tensor, fresh: Tensor) -> tuple[Tensor, Tensor]:
        """Return sums of scaled residuals (n, t), and their boundary, at every date after the history, (n, t - length).

        ``fresh`` (n, t - length) are the valid observations after the history.
        """

    def _spread(self, seen: Watched) -> Tensor:
        """Return σ of the history, by degrees of freedom or from the median, shape (n,)."""
        if self.params.robust:
            return robust_spread(seen).squeeze(1)
        total = seen.before.squeeze(1).square().sum(dim=1)
        return (total / (seen.counted - seen.columns).clamp_min(1)).sqrt().clamp_min(1e-9)


@register
class BreakBFAST(Sums):
    """Least squares on the history, then moving sums of the later residuals (OLS-MOSUM).

    With n clear observations in the history, residuals e and their standard deviation σ (n - coefficients degrees of freedom), at
    observation k: ``|Σ_{i = k - m + 1..k} e_i / (σ √n)|``, m the bandwidth times n, against ``λ √(2 log₊ (k / n))``.

    Source: Chu, Hornik and Kuan (1995) and Zeileis et al. (2005), doi:10.1002/jae.776, for the test and its
    critical values; Verbesselt, Zeileis and Herold (2012), doi:10.1016/j.rse.2012.02.022, for the method. Choices made here:
    the history is given in years (they search it backwards); observations are counted, not dates; the magnitude is
    measured over the year after the break. With ``robust=False`` and ``smallest=0`` the test is the published one. By default
    undetected clouds are kept from causing false positives: Huber's fit, σ as 1.4826 · median absolute residual, residuals
    clipped at 3 σ, and minor changes ignored.
    """

    name = "break-bfast"
    card = Card(
        title="Break monitor, BFAST-like (MOSUM)",
        summary="Detects the first date on which a moving sum has drifted from the pixel's own yearly course.",
        paper="Verbesselt, Zeileis and Herold (2012), Remote Sensing of Environment 123, 98–108.",
        url="https://doi.org/10.1016/j.rse.2012.02.022",
        licence="Apache-2.0",
        scores={SCORE: 0.75},
        limits="Undetected cloud counts as loss of greenness. False positives are more frequent than stated where errors are not "
        "independent or sums are shorter than a year.",
    )

    @dataclass(frozen=True, slots=True)
    class Params(IndexParams):
        """Bandwidth and significance."""

        bandwidth: float = param(
            0.25,
            low=0.1,
            high=1.0,
            step=0.05,
            label="Bandwidth",
            help="Length of the moving sum, as a share of the history.",
        )
        alpha: float = param(
            0.001, low=0.001, high=0.2, label="Significance", help="Probability of a false positive in a stable pixel."
        )

    def process(self, seen: Watched, scaled: Tensor, fresh: Tensor) -> tuple[Tensor, Tensor]:
        """Return moving sums over the last m clear observations."""
        count = seen.counted.clamp_min(1).unsqueeze(1)
        k = seen.usable.cumsum(dim=1)
        total = scaled.cumsum(dim=1)
        # Sum up to the k-th clear observation, by k: the value m observations earlier is then one look-up.
        by_count = scaled.new_zeros(scaled.shape[0], scaled.shape[1] + 1).scatter_(1, k, total)
        k, total = k[:, seen.length :], total[:, seen.length :]
        # A small number is added: 0.25 · 16 must not become 3.
        width = (self.params.bandwidth * count + 1e-6).floor().long().clamp_min(1)
        moved = total - by_count.gather(1, (k - width).clamp_min(0))
        limit = mosum_critical(self.params.alpha, self.params.bandwidth)
        return moved, limit * (2 * log_plus(k / count)).sqrt()


@register
class BreakCUSUM(Sums):
    """Least squares on the history, then cumulative sums of the later residuals.

    With n clear observations in the history, at observation k: ``|Σ_{i = n + 1..k} e_i / (σ √n)|`` against
    ``√(x (x - 1) (a² + ln(x / (x - 1))))``, x = k / n.

    Source: Chu, Stinchcombe and White (1996), doi:10.2307/2171955, eq. 13; as monitoring of satellite series,
    Verbesselt, Zeileis and Herold (2012), doi:10.1016/j.rse.2012.02.022. Other choices and defaults as in
    :class:`BreakBFAST`.
    """

    name = "break-cusum"
    card = Card(
        title="Break monitor, cumulative sums (CUSUM)",
        summary="Detects the first date on which the cumulative deviation from the pixel's own yearly course is significant.",
        paper="Chu, Stinchcombe and White (1996), Econometrica 64(5), 1045–1065.",
        url="https://doi.org/10.2307/2171955",
        licence="Apache-2.0",
        scores={SCORE: 0.78},
        limits=(
            "Slow to react late in a long series. Undetected cloud counts as loss of greenness. False positives are "
            "more frequent than "
            "stated where errors are not independent."
        ),
    )

    @dataclass(frozen=True, slots=True)
    class Params(IndexParams):
        """Significance."""

        alpha: float = param(
            0.01, low=0.001, high=0.2, label="Significance", help="Probability of a false positive in a stable pixel."
        )

    def process(self, seen: Watched, scaled: Tensor, fresh: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sums since the history."""
        count = seen.counted.clamp_min(1).unsqueeze(1)
        # x = k / n slightly above 1 before the first observation, where the boundary is undefined.
        over = (fresh.cumsum(dim=1) / count).clamp_min_(1e-6)
        x = 1 + over
        constant = cusum_constant(self.params.alpha) ** 2
        return scaled[:, seen.length :].cumsum(dim=1), (x * over * (constant + (x / over).log())).sqrt()
