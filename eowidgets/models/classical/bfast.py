"""A break monitor in the manner of BFAST Monitor: sums of NDVI residuals against a critical boundary."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.models.base import Batch, Card, Inputs, param
from eowidgets.models.classical.monitor import FEWEST, Monitor, MonitorParams, Watched
from eowidgets.models.classical.series import DAYS_PER_YEAR, MAD_TO_SD, masked_median, normalised_difference
from eowidgets.models.classical.stats import cusum_constant, log_plus, mosum_constant
from eowidgets.models.registry import register
from eowidgets.tasks import Output

#: Noise of NDVI that no fit goes below.
NOISE_FLOOR = 0.005
#: Monitoring may last this many lengths of the history, in observations; the boundary is made for that.
HORIZON = 10.0


@register
class BreakBFAST(Monitor):
    """Ordinary least squares on the history, then moving or cumulative sums of the residuals of what follows.

    With n clear observations in the history, residuals e and their spread σ (n - coefficients degrees of freedom):

    - MOSUM at observation k: ``Σ_{i = k - m + 1..k} e_i / (σ √n)``, m the bandwidth times n, against
      ``λ √(log₊(k / n))``; Chu, Hornik and Kuan (1995), Zeileis et al. (2005), doi:10.1002/jae.776;
    - CUSUM: ``Σ_{i = n + 1..k} e_i / (σ √n)`` against ``√(x (x - 1) (a² + ln(x / (x - 1))))``, x = k / n; Chu,
      Stinchcombe and White (1996), doi:10.2307/2171955, eq. 13.

    The first crossing is the break. Source of the whole: Verbesselt, Zeileis and Herold (2012),
    doi:10.1016/j.rse.2012.02.022. Chosen here: the history is given in years (they search it backwards); λ is
    simulated from the same limit process instead of read from a table; observations are counted, not dates; the
    magnitude is taken over the year after the break, for cleared land grows green again. With ``robust=False`` and
    ``smallest=0`` the test is theirs. By default missed clouds are kept from raising alarms: Huber's fit, spread
    1.4826 · median absolute residual, residuals cut off at three spreads, and slight changes left out.
    """

    name = "break-bfast"
    card = Card(
        title="Break monitor, BFAST-like",
        summary="Finds the first date on which the NDVI of a pixel has drifted from its own yearly course.",
        paper="Verbesselt, Zeileis and Herold (2012), Remote Sensing of Environment 123, 98–108.",
        url="https://doi.org/10.1016/j.rse.2012.02.022",
        licence="Apache-2.0",
        limits="Missed cloud counts as loss of green. False alarms are more frequent than stated where errors are not "
        "independent or sums are shorter than a year.",
    )
    inputs = Inputs(bands=("red", "nir"), min_dates=FEWEST + 1)

    @dataclass(frozen=True, slots=True)
    class Params(MonitorParams):
        """Which sum, and how strict."""

        sums: str = param("cusum", choices=("cusum", "mosum"), label="Sums", help="Moving or cumulative sums.")
        bandwidth: float = param(
            0.25,
            low=0.1,
            high=1.0,
            step=0.05,
            label="Bandwidth",
            help="Length of the moving sum, as share of the history.",
        )
        alpha: float = param(
            0.05, low=0.001, high=0.2, label="Significance", help="Chance of a false alarm in a stable pixel."
        )
        robust: bool = param(
            True, label="Robust", help="Fit with less weight on outliers, and let none count for more than 3 spreads."
        )
        smallest: float = param(
            0.05, low=0.0, high=1.0, step=0.01, unit="NDVI", label="Smallest change", help="Smaller ones are left out."
        )

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """As :class:`~eowidgets.models.classical.monitor.Monitor`; the magnitude is signed."""
        change, when, _ = super().outputs(bands)
        size = Output("magnitude", unit="1", long_name="NDVI lost or gained in the year after", vmin=-0.6, vmax=0.6)
        return (change, when, size)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Test.

        Returns
        -------
        dict
            ``change`` (b, 2, h, w), ``break_date`` and ``magnitude`` (b, h, w; NaN where nothing broke), the median
            residual of the clear observations in the year from the break on.
        """
        ndvi = normalised_difference(batch.x, batch.bands, "nir", "red")
        seen = self.watch(ndvi, batch.usable, batch.days, rounds=5 if self.params.robust else 0, ridge=1e-6)
        residual = seen.residual.squeeze(1)
        past, watched, n = seen.usable & seen.past, seen.usable & ~seen.past, seen.counted
        counted, sigma = residual, self._spread(seen, residual, past)
        if self.params.robust:
            limit = 3 * sigma.unsqueeze(1)
            counted = residual.clamp(-limit, limit)
        ratio = self._ratio(seen, counted / (sigma * n.clamp_min(1).sqrt()).unsqueeze(1)).masked_fill(~watched, 0)

        first = (ratio > 1).to(torch.uint8).argmax(dim=1, keepdim=True)
        when = seen.days[first]
        year = watched & (seen.days >= when) & (seen.days < when + DAYS_PER_YEAR)
        magnitude = masked_median(residual, year)
        score = ratio.amax(dim=1)
        slight = magnitude.abs() < self.params.smallest
        return self.answer(
            batch,
            seen,
            torch.where(slight, score.clamp_max(1), score),
            break_date=when.squeeze(1),
            magnitude=magnitude,
        )

    def _spread(self, seen: Watched, residual: Tensor, past: Tensor) -> Tensor:
        """Standard deviation of the residuals of the history, shape (n,)."""
        if self.params.robust:
            return (MAD_TO_SD * masked_median(residual.abs(), past)).nan_to_num(1.0).clamp_min(NOISE_FLOOR)
        freedom = (seen.counted - seen.columns).clamp_min(1)
        return ((residual * past).square().sum(dim=1) / freedom).sqrt().clamp_min(NOISE_FLOOR)

    def _ratio(self, seen: Watched, scaled: Tensor) -> Tensor:
        """Sum over boundary at every date, shape (n, t)."""
        p, count = self.params, seen.counted.clamp_min(1).unsqueeze(1)
        k = seen.usable.cumsum(dim=1)
        x = k / count
        total = scaled.cumsum(dim=1)
        if p.sums == "cusum":
            since = total - (scaled * seen.past).sum(dim=1, keepdim=True)
            x = x.clamp_min(1 + 1e-9)
            return since.abs() / (x * (x - 1) * (cusum_constant(p.alpha) ** 2 + (x / (x - 1)).log())).sqrt()
        # Sum up to the k-th clear observation, by k: what lies m observations back is then one look-up away.
        by_count = scaled.new_zeros(scaled.shape[0], scaled.shape[1] + 1).scatter(1, k, total)
        width = (p.bandwidth * count).floor().long().clamp_min(1)
        moved = total - by_count.gather(1, (k - width).clamp_min(0))
        return moved.abs() / (mosum_constant(p.alpha, p.bandwidth, HORIZON) * log_plus(x).sqrt())
