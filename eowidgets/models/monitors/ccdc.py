"""A break monitor in the manner of CCDC: several clear observations in a row that the history did not foresee."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.classical.series import MAD_TO_SD, masked_median
from eowidgets.models.classical.stats import chi2_quantile
from eowidgets.models.monitors.base import INDICES, NOISE_FLOOR, RIDGE, SCORE, Monitor, MonitorParams, Watched
from eowidgets.models.monitors.runs import find_runs


@register
class BreakCCDC(Monitor):
    """Harmonic model of a stable history, and a test of every clear observation after it.

    An observation is out of line when ``Σ_c (residual_c / spread_c)²`` exceeds the χ² quantile for that many bands;
    ``consecutive`` of them in a row are a break, dated at the first and confirmed at the last.

    Source: Zhu and Woodcock (2014), doi:10.1016/j.rse.2014.01.011, sections 3.3–3.4 (eq. 1 for the model, the
    test over all bands, consecutive observations). The χ² threshold is the form of its later implementations.
    Simpler than CCDC: the history is given in years and fitted once; the model is not refitted as new dates come;
    the first break ends it. With ``robust`` the fit is Huber's with a small ridge, and the spread is the root mean
    square residual of the history, with residuals cut off at three times 1.4826 · their median, at least 0.005;
    without it, ordinary least squares and the root mean square residual, as published.
    """

    name = "break-ccdc"
    card = Card(
        title="Break monitor, CCDC-like",
        summary="Finds the first time that several clear observations in a row leave the pixel's own yearly course.",
        paper="Zhu and Woodcock (2014), Remote Sensing of Environment 144, 152–171.",
        url="https://doi.org/10.1016/j.rse.2014.01.011",
        licence="Apache-2.0",
        scores={SCORE: 0.83},
        limits="Needs a stable year or two with a dozen clear dates; one break per pixel; thinning, shadows at edges and "
        "series of missed cloud look like one.",
    )

    @dataclass(frozen=True, slots=True)
    class Params(MonitorParams):
        """What is tested, and how strictly."""

        watch: str = param(
            "all bands", choices=("all bands", *INDICES), label="Watch", help="All bands together, or one index."
        )
        consecutive: int = param(
            6, low=2, high=20, step=1, unit="observations", label="In a row", help="Observations that confirm a break."
        )
        probability: float = param(
            0.99, low=0.5, high=0.999999, label="Probability", help="χ² probability that an observation must exceed."
        )

    @property
    def pair(self) -> tuple[str, str] | None:
        """Bands of the index, None for all bands."""
        return INDICES.get(str(self.params.watch))

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Test.

        Returns
        -------
        dict
            ``change`` (n, 2), ``break_date``, ``confirmed_date`` (n,; NaN where nothing broke) and
            ``magnitude``: length of the vector of median residuals of the confirming observations.
        """
        run, robust = self.params.consecutive, self.params.robust
        seen = self.look(batch, ridge=0.1 if robust else RIDGE)
        bands = seen.residual.shape[1]
        spread = history_spread(seen) if robust else plain_spread(seen)
        limit = chi2_quantile(self.params.probability, bands)
        statistic = (seen.after / (spread * limit**0.5).unsqueeze(-1)).square().sum(dim=1)
        runs = find_runs(statistic, seen.clear, run)
        # A series may end with the history: members then point at dates that do not exist.
        days = torch.nn.functional.pad(seen.days[seen.length :], (0, run))
        after = torch.nn.functional.pad(seen.after, (0, run))
        vectors = after.gather(2, runs.members.unsqueeze(1).expand(-1, bands, -1))  # n, c, run
        middle = masked_median(vectors, torch.ones_like(vectors, dtype=torch.bool), dim=-1)
        return self.answer(
            seen,
            runs.score,
            break_date=days[runs.first],
            confirmed_date=days[runs.last],
            magnitude=middle.square().sum(dim=-1).sqrt(),
        )


def plain_spread(seen: Watched) -> Tensor:
    """Root mean square residual of the history by band, (n, c)."""
    total = seen.before.square().sum(dim=-1)
    return (total / seen.counted.clamp_min(1).unsqueeze(1)).sqrt().clamp_min(1e-9)


def history_spread(seen: Watched) -> Tensor:
    """As :func:`plain_spread` by degrees of freedom; outliers count as three robust spreads."""
    size = seen.before.abs()
    limit = 3 * MAD_TO_SD * masked_median(size, seen.known.unsqueeze(1), dim=-1).nan_to_num(0).clamp_min(NOISE_FLOOR)
    total = torch.minimum(size, limit.unsqueeze(-1)).square().sum(dim=-1)
    freedom = (seen.counted - seen.columns).clamp_min(1).unsqueeze(1)
    return (total / freedom).sqrt().clamp_min(NOISE_FLOOR)
