"""A break monitor similar to CCDC: several consecutive clear observations outside the prediction of the history."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.classical.series import MAD_TO_SD, masked_median
from eowidgets.models.classical.stats import chi2_quantile
from eowidgets.models.monitors.base import INDICES, SCORE, Monitor, MonitorParams
from eowidgets.models.monitors.breaks import NOISE_FLOOR, Crossing, since_mask
from eowidgets.models.monitors.runs import find_runs
from eowidgets.models.monitors.watched import RIDGE, Watched


@register
class BreakCCDC(Monitor):
    """Harmonic model of a stable history, and a test of every clear observation after it.

    An observation is anomalous if ``Σ_c (residual_c / spread_c)²`` exceeds the χ² quantile for that many bands;
    ``consecutive`` consecutive anomalies are a break, dated at the first and confirmed at the last.

    Source: Zhu and Woodcock (2014), doi:10.1016/j.rse.2014.01.011, sections 3.3–3.4 (eq. 1 for the model, the
    test over all bands, consecutive observations). The χ² threshold is the form of its later implementations.
    Simpler than CCDC: the history is given in years and fitted once; the model is not refitted for new dates;
    the first break ends the search. With ``robust`` the fit is Huber's with a small ridge, and ``spread`` is the root mean
    square residual of the history, with residuals clipped at three times 1.4826 · their median, at least 0.005;
    without it, ordinary least squares and the root mean square residual, as published.
    """

    name = "break-ccdc"
    card = Card(
        title="Break monitor, CCDC-like",
        summary="Detects the first run of consecutive clear observations outside the pixel's own yearly course.",
        paper="Zhu and Woodcock (2014), Remote Sensing of Environment 144, 152–171.",
        url="https://doi.org/10.1016/j.rse.2014.01.011",
        licence="Apache-2.0",
        scores={SCORE: 0.81},
        limits="Needs a stable year or two with a dozen clear dates; one break per pixel; thinning, shadows at edges and "
        "series of undetected cloud look like breaks.",
    )

    @dataclass(frozen=True, slots=True)
    class Params(MonitorParams):
        """Test and its strictness."""

        watch: str = param(
            "all bands", choices=("all bands", *INDICES), label="Watch", help="All bands together, or one index."
        )
        consecutive: int = param(
            4,
            low=2,
            high=20,
            step=1,
            unit="observations",
            label="Consecutive",
            help="Consecutive observations that confirm a break.",
        )
        probability: float = param(
            0.8, low=0.5, high=0.999999, label="Probability", help="χ² probability that an observation must exceed."
        )
        smallest: float = param(
            0.1,
            low=0.0,
            high=1.0,
            step=0.01,
            unit="index",
            label="Smallest change",
            help="Smaller changes are ignored; for all bands together, those smaller than a quarter of it.",
        )

    @property
    def pair(self) -> tuple[str, str] | None:
        """Bands of the index, None for all bands."""
        return INDICES.get(str(self.params.watch))

    @property
    def ridge(self) -> float:
        """A small one if the fit is robust."""
        return 0.1 if self.params.robust else RIDGE

    @property
    def smallest(self) -> float:
        """Value of the parameter; for all bands a quarter of it, in reflectance; 0 as published."""
        # Where red and nir add up to 0.35, a loss of NDVI moves both by 0.18 of it, and the vector of both by 0.25.
        share = 1.0 if self.pair is not None else 0.25
        return share * self.params.smallest if self.params.robust else 0.0

    def search(self, seen: Watched, since: Tensor) -> Crossing:
        """Find the first run of anomalous observations."""
        spread = history_spread(seen) if self.params.robust else plain_spread(seen)
        limit = chi2_quantile(self.params.probability, seen.residual.shape[1])
        statistic = (seen.after / (spread * limit**0.5).unsqueeze(-1)).square().sum(dim=1)
        runs = find_runs(statistic, since_mask(seen.clear, since), self.params.consecutive)
        return Crossing(runs.score, runs.first, runs.last)


def plain_spread(seen: Watched) -> Tensor:
    """Return the root mean square residual of the history by band, (n, c)."""
    total = seen.before.square().sum(dim=-1)
    return (total / seen.counted.clamp_min(1).unsqueeze(1)).sqrt().clamp_min(1e-9)


def history_spread(seen: Watched) -> Tensor:
    """Return :func:`plain_spread` by degrees of freedom, with outliers clipped at three robust standard deviations."""
    size = seen.before.abs()
    limit = 3 * MAD_TO_SD * masked_median(size, seen.known.unsqueeze(1), dim=-1).nan_to_num(0).clamp_min(NOISE_FLOOR)
    total = torch.minimum(size, limit.unsqueeze(-1)).square().sum(dim=-1)
    freedom = (seen.counted - seen.columns).clamp_min(1).unsqueeze(1)
    return (total / freedom).sqrt().clamp_min(NOISE_FLOOR)
