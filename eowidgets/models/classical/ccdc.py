"""A break monitor in the manner of CCDC: several clear observations in a row that the history did not foresee."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.models.base import Batch, Card, param
from eowidgets.models.classical.monitor import DATE_UNIT, Monitor, MonitorParams, Watched
from eowidgets.models.classical.series import MAD_TO_SD, masked_median
from eowidgets.models.classical.stats import chi2_quantile
from eowidgets.models.registry import register
from eowidgets.tasks import Output

#: Noise of surface reflectance that no fit goes below.
NOISE_FLOOR = 0.005


@register
class BreakCCDC(Monitor):
    """Harmonic model of a stable history, and a test of every clear observation after it.

    An observation is out of line when ``Σ_c (residual_c / spread_c)²`` exceeds the χ² quantile for that many bands;
    ``consecutive`` of them in a row are a break, dated at the first.

    Source: Zhu and Woodcock (2014), doi:10.1016/j.rse.2014.01.011, sections 3.3–3.4 (eq. 1 for the model, the
    test over all bands, six consecutive observations). The χ² threshold is the form of its later implementations.
    Simpler than CCDC: the history is given in years and fitted once, robustly (Huber) and with a small ridge; the
    model is not refitted as new dates come; the first break ends it; the spread is the root mean square
    residual of the history, with residuals cut off at three times 1.4826 · their median, at least 0.005, the same
    all year.
    """

    name = "break-ccdc"
    card = Card(
        title="Break monitor, CCDC-like",
        summary="Finds the first time that several clear observations in a row leave the pixel's own yearly course.",
        paper="Zhu and Woodcock (2014), Remote Sensing of Environment 144, 152–171.",
        url="https://doi.org/10.1016/j.rse.2014.01.011",
        licence="Apache-2.0",
        limits="Needs two stable years with a dozen clear dates; one break per pixel; thinning, shadows at edges and series of "
        "missed cloud look like one.",
    )

    @dataclass(frozen=True, slots=True)
    class Params(MonitorParams):
        """How strict the test is."""

        consecutive: int = param(
            6, low=2, high=20, step=1, unit="observations", label="In a row", help="Observations that confirm a break."
        )
        probability: float = param(
            0.99, low=0.5, high=0.999999, label="Probability", help="χ² probability that an observation must exceed."
        )

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """What :class:`~eowidgets.models.classical.monitor.Monitor` gives, and when the break was confirmed."""
        confirmed = Output("confirmed_date", unit=DATE_UNIT, long_name="Date on which the break was confirmed")
        return (*super().outputs(bands), confirmed)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Test.

        Returns
        -------
        dict
            ``change`` (b, 2, h, w), ``break_date``, ``confirmed_date`` (b, h, w; NaN where nothing broke) and
            ``magnitude``: length of the vector of median residuals of the confirming observations.
        """
        run = self.params.consecutive
        seen = self.watch(batch.x, batch.usable, batch.days, rounds=5, ridge=0.1)
        bands = seen.residual.shape[1]
        spread = history_spread(seen)
        out_of_line = (seen.residual / spread.unsqueeze(-1)).square().sum(dim=1)

        # The clear observations after the history move to the front, in order: runs become plain windows.
        clear = seen.usable & ~seen.past
        order = (~clear).to(torch.uint8).argsort(dim=1, stable=True)[:, : max(run, int(clear.sum(dim=1).max()))]
        if order.shape[1] < run:
            order = torch.nn.functional.pad(order, (0, run - order.shape[1]))
        place = torch.arange(order.shape[1], device=order.device)
        there = place < clear.sum(dim=1, keepdim=True)
        statistic = out_of_line.gather(1, order).masked_fill(~there, 0)
        weakest = statistic.unfold(1, run, 1).amin(dim=-1)  # n, runs
        score = weakest / chi2_quantile(self.params.probability, bands)

        first = (score > 1).to(torch.uint8).argmax(dim=1, keepdim=True)
        members = order.gather(1, first + torch.arange(run, device=order.device))  # n, run
        dates = seen.days[members]
        vectors = seen.residual.gather(2, members.unsqueeze(1).expand(-1, bands, -1))  # n, c, run
        middle = masked_median(vectors, torch.ones_like(vectors, dtype=torch.bool), dim=-1)
        return self.answer(
            batch,
            seen,
            score.amax(dim=1),
            break_date=dates[:, 0],
            confirmed_date=dates[:, -1],
            magnitude=middle.square().sum(dim=-1).sqrt(),
        )


def history_spread(seen: Watched) -> Tensor:
    """Root mean square residual of the history by band, (n, c); outliers count as three robust spreads."""
    history = (seen.usable & seen.past).unsqueeze(1)
    size = seen.residual.abs()
    limit = 3 * MAD_TO_SD * masked_median(size, history, dim=-1).nan_to_num(0).clamp_min(NOISE_FLOOR)
    total = (torch.minimum(size, limit.unsqueeze(-1)).square() * history).sum(dim=-1)
    freedom = (seen.counted - seen.columns).clamp_min(1).unsqueeze(1)
    return (total / freedom).sqrt().clamp_min(NOISE_FLOOR)
