"""S-CCD as a break monitor: several consecutive observations outside the forecast of a continuously updated filter."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch
from eowidgets.contract.outputs import Output, Value
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.classical.series import solving_dtype
from eowidgets.models.classical.stats import chi2_quantile
from eowidgets.models.monitors.base import INDICES, SCORE, Monitor
from eowidgets.models.monitors.breaks import Breaks, Crossing
from eowidgets.models.monitors.sccd.state import Noise
from eowidgets.models.monitors.sccd.track import Settings, track
from eowidgets.models.monitors.watched import Watched


@register
class BreakSCCD(Monitor):
    """Level, slope and harmonics of each pixel, updated by a Kalman filter with every clear observation that fits.

    The first state is fitted to the history. An observation is anomalous if ``Σ_c (error_c / spread_c)²`` exceeds the χ²
    quantile for that many bands; ``consecutive`` consecutive anomalies in one direction are a break, dated at the first and
    confirmed at the last. ``pending`` counts the latest anomalous observations that are not yet enough for a break.

    Source: Ye, Rogan, Zhu and Eastman (2021), doi:10.1016/j.rse.2020.112167; README.md lists deviations.
    """

    name = "break-sccd"
    card = Card(
        title="S-CCD",
        summary="Updates each pixel with a Kalman filter and detects consecutive clear observations outside its forecast.",
        paper="Ye, Rogan, Zhu and Eastman (2021), Remote Sensing of Environment 252, 112167.",
        url="https://doi.org/10.1016/j.rse.2020.112167",
        licence="Apache-2.0",
        scores={SCORE: 0.65},
        limits="Needs a stable year or two with 18 clear dates; one break per pixel; a gradual change over years is absorbed, "
        "not reported.",
    )

    @dataclass(frozen=True, slots=True)
    class Params:
        """History, state and test."""

        watch: str = param(
            "all bands", choices=("all bands", *INDICES), label="Monitor", help="All bands together, or one index."
        )
        history: float = param(
            2.0,
            unit="years",
            low=0.5,
            high=30.0,
            step=0.1,
            label="History",
            help="The first years of the series, assumed to be stable; longer for pixels with few clear dates.",
        )
        months: str = param(
            "1-12",
            label="Months",
            help="First and last month of the dates used: 5-9 is May to September, 11-2 a winter.",
        )
        reference: str = param(
            "none",
            choices=("none", "area"),
            label="Relative to",
            help="area: subtract from every date the transient offset common to stable pixels (haze, illumination).",
        )
        terms: int = param(2, low=0, high=3, step=1, label="Waves per year", help="2: a yearly and a half-yearly wave.")
        trend: bool = param(True, label="Trend", help="Local trend: the level has a slope; off: a local level alone.")
        robust: bool = param(
            True,
            label="Robust",
            help="Give less weight to outliers of the history, and keep standard deviations above 0.005.",
        )
        consecutive: int = param(
            6,
            low=2,
            high=20,
            step=1,
            unit="observations",
            label="Consecutive",
            help="Consecutive observations that confirm a break.",
        )
        probability: float = param(
            0.99, low=0.5, high=0.999999, label="Probability", help="χ² probability that an observation must exceed."
        )
        outlier: float = param(
            0.99999,
            low=0.5,
            high=0.9999999,
            label="Outlier",
            help="χ² probability beyond which a single observation is not used for the update.",
        )
        angle: float = param(
            45.0,
            low=1.0,
            high=180.0,
            step=1.0,
            unit="degrees",
            label="Angle",
            help="Consecutive errors must have one direction: largest mean angle to their median.",
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
        level_noise: float = param(
            0.05,
            low=0.0,
            high=100.0,
            label="Level moves",
            unit="1/year",
            help="Variance of the yearly step of the level, in variances of an observation.",
        )
        slope_noise: float = param(
            0.0,
            low=0.0,
            high=100.0,
            label="Slope moves",
            unit="1/year",
            help="Variance of the yearly step of the slope.",
        )
        season_noise: float = param(
            0.005,
            low=0.0,
            high=100.0,
            label="Season moves",
            unit="1/year",
            help="Variance of the yearly step of each harmonic.",
        )
        ridge: float = param(
            0.5,
            low=1e-6,
            high=100.0,
            label="Ridge",
            unit="observations",
            help="Ridge penalty on slope and harmonics of the history.",
        )

    @property
    def pair(self) -> tuple[str, str] | None:
        """Bands of the index, None for all bands."""
        return INDICES.get(str(self.params.watch))

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs of any monitor, and the pending observations."""
        *common, size = super().outputs(bands)
        if self.pair is not None:
            words = f"{self.params.watch} lost or gained"
            size = Value("magnitude", unit="1", long_name=words, vmin=-0.6, vmax=0.6)
        return (*common, size, Value("pending", unit="1", long_name="Latest dates outside the forecast", vmin=0))

    def size(self, magnitude: Tensor) -> Tensor:
        """Return the signed magnitude of an index, or the length of the vector of all bands."""
        return magnitude[:, 0] if self.pair is not None else super().size(magnitude)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Track every series.

        Returns
        -------
        dict
            Layers of any monitor, and ``pending`` (n,).
        """
        p, given = self.params, self.prepared(batch)
        y = given.values.transpose(1, 2)
        bands = y.shape[1]
        # Where red and nir add up to 0.35, a loss of NDVI moves the vector of both by a quarter of it.
        share = 1.0 if self.pair is not None else 0.25
        settings = Settings(
            terms=p.terms,
            trend=p.trend,
            robust=p.robust,
            history=p.history,
            consecutive=p.consecutive,
            limit=chi2_quantile(p.probability, bands),
            outlier=chi2_quantile(p.outlier, bands),
            angle=p.angle,
            smallest=share * p.smallest,
            ridge=p.ridge,
            noise=Noise(p.level_noise, p.slope_noise, p.season_noise),
        )
        found = track(y.to(solving_dtype(y.device)), given.usable, given.days, given.start, settings)
        breaks = Breaks(found.score, found.first, found.confirmed, found.magnitude)
        return self.answer(breaks) | {"pending": found.pending.to(torch.float32)}

    def search(self, seen: Watched, since: Tensor) -> Crossing:
        """Raise: S-CCD uses :meth:`predict` instead of a search."""
        raise NotImplementedError
