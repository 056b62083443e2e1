"""Phenology as models: three curves, and one method to extract seasons from them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch
from eowidgets.contract.model import Dates
from eowidgets.contract.outputs import Output, Value
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.models.blocks.columns import by_columns
from eowidgets.models.blocks.indexed import IndexModel, IndexParams, IndexSeries, tensors
from eowidgets.models.phenology.curve import STEP, Curve
from eowidgets.models.phenology.harmonic import waves
from eowidgets.models.phenology.logistic import logistic
from eowidgets.models.phenology.metrics import METRICS, REACH, Rules, Seasons, locate, measure
from eowidgets.models.phenology.whittaker import smooth
from eowidgets.models.phenology.years import SeasonYears, quiet_month

Array = npt.NDArray[Any]
AUTO = "auto"
#: Chunk size of the computation: series times nodes.
AT_ONCE = 1 << 20
#: Suffix of the outputs of the first and the second season of a year.
SUFFIX = ("", "_2")
#: Metrics that are dates.
DAYS = ("start", "peak", "end")
LIMITS = (
    "Needs a clear date about every 16 days around start and end; dates in a longer gap are unreliable, and marked. The "
    "standard deviations assume independent errors of the observations."
)


@dataclass(frozen=True, slots=True)
class PhenologyParams(IndexParams):
    """Definition of a season."""

    seasons: int = param(
        1, low=1, high=2, step=1, label="Seasons per year", help="Number of seasons per year to detect."
    )
    year_start: int | str = param(
        AUTO,
        choices=(AUTO, *range(1, 13)),
        label="Year starts",
        help="First month of the season year; auto: a month with little growth in the area, January if possible.",
    )
    threshold: float = param(
        0.5,
        low=0.05,
        high=0.95,
        step=0.05,
        label="Threshold",
        help="Share of the amplitude at which a season starts and ends.",
    )
    min_amplitude: float = param(
        0.1,
        low=0.0,
        high=1e6,
        step=0.05,
        unit="index",
        label="Smallest amplitude",
        help="Smaller amplitudes are not a season.",
    )
    min_dates: int = param(
        6,
        low=3,
        high=366,
        step=1,
        label="Dates needed",
        help="Minimum number of clear dates per season year; with fewer there is no result.",
    )
    max_gap: float = param(
        60.0,
        unit="days",
        low=1.0,
        high=366.0,
        step=5.0,
        label="Longest gap",
        help="A start or an end in a longer gap between clear dates is marked as uncertain.",
    )
    robust: bool = param(True, label="Robust", help="Give less weight to outliers such as undetected cloud.")


@dataclass(frozen=True, slots=True)
class SmoothParams(PhenologyParams):
    """As before, with the length of the smoother."""

    length: float = param(
        12.0,
        unit="days",
        low=1.0,
        high=365.0,
        label="Smoothing length",
        help="Larger is smoother: λ of Whittaker's smoother is the cube of this.",
    )


@dataclass(frozen=True, slots=True)
class HarmonicParams(PhenologyParams):
    """As before, with the number of harmonics."""

    terms: int = param(
        3, low=1, high=5, step=1, label="Waves per year", help="More harmonics reproduce faster changes."
    )


class Phenology(IndexModel):
    """Base of the phenology models; a subclass fits the curve.

    Each pixel and season year has the metrics :data:`~eowidgets.models.phenology.metrics.METRICS`. Days count from 1 for
    the first of January of the year in which the season year begins: 15 April is 105 in a common year, and 400 lies in the
    next calendar year.
    """

    task = Task.REGRESS
    Params = PhenologyParams
    fewest = 5
    #: Each season has a separate curve.
    per_season = False

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        start = self.params.year_start
        self.month: int | None = None if start == AUTO else int(start)
        p = self.params
        self.rules = Rules(p.threshold, p.min_amplitude, p.min_dates, p.max_gap)

    def survey(self, cube: xr.Dataset) -> None:
        """Find the first month of the season year on a thinned cube; refuse a cube without any clear value."""
        seen = self.surveyed(cube)
        self.check_seen(seen)
        if self.params.year_start == AUTO:
            self.month = quiet_month(seen.values, seen.usable, seen.days)

    def settings(self) -> Mapping[str, Any]:
        """Return the first month of the season year."""
        return {} if self.month is None else {"year_start": self.month}

    def years(self, days: Array) -> SeasonYears:
        """Return the season years of some days."""
        return SeasonYears.of(days, self.month or 1)

    def out_dates(self, dates: Dates) -> Dates:
        """Return the first day of each season year."""
        days = dates.astype("datetime64[s]").astype("float64") / 86_400
        return self.years(days).starts[:-1].astype("datetime64[D]").astype("datetime64[ns]")

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the metrics of each season, and the class of their quality."""
        found: list[Output] = []
        for k in range(self.params.seasons):
            which = " of the second season" if k else ""
            for name, (unit, words) in METRICS.items():
                origin = ", day from 1 January of the season year" if name in DAYS else ""
                found.append(Value(name + SUFFIX[k], dims="tyx", unit=unit, long_name=f"{words}{which}{origin}"))
            found.append(
                Value(f"quality{SUFFIX[k]}", dims="tyx", long_name=f"Quality of the season{which}", vmin=0, vmax=4)
            )
        return tuple(found)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return the metrics, (n, s) for s season years."""
        given = self.series(batch)
        years = self.years(given.days)
        span = max(float(given.days[-1] - given.days[0]) / STEP, 1.0)
        size = int(np.clip(AT_ONCE / span, 256, 2048))

        def work(part: slice) -> dict[str, Array]:
            return self.metrics(IndexSeries(given.values[:, part], given.usable[:, part], given.days), years)

        return tensors(by_columns(work, given.values.shape[1], size), batch)

    def metrics(self, given: IndexSeries, years: SeasonYears) -> dict[str, Array]:
        """Return the metrics of series, each (s, n)."""
        each: dict[str, list[Array]] = {}
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            whole = self.fit(given)
            for k in range(len(years.years)):
                span = float(years.starts[k]), float(years.starts[k + 1])
                for suffix, found in zip(SUFFIX, self.year(given, whole, span), strict=False):
                    for name, values in found.items():
                        moved = values - years.january[k] + 1 if name in DAYS else values
                        each.setdefault(name + suffix, []).append(moved)
        return {name: np.stack(values) for name, values in each.items()}

    def year(self, given: IndexSeries, whole: Curve | None, span: tuple[float, float]) -> list[dict[str, Array]]:
        """Return the metrics of the seasons of one season year."""
        near = (given.days >= span[0] - REACH) & (given.days <= span[1] + REACH)
        usable, days = given.usable[near], given.days[near]
        found = self.seasons(given, whole, span)
        return [measure(curve, one, usable, days, span, self.rules) for curve, one in found]

    def seasons(
        self, given: IndexSeries, whole: Curve | None, span: tuple[float, float]
    ) -> list[tuple[Curve, Seasons]]:
        """Return the seasons of one season year, and the curve that each is on."""
        curve = self.curve(given, whole, span)
        return [(curve, one) for one in locate(curve, *span, self.params.seasons, self.rules)]

    def fit(self, given: IndexSeries) -> Curve | None:
        """Fit the whole series, if the method does so."""
        return None

    @abstractmethod
    def curve(self, given: IndexSeries, whole: Curve | None, span: tuple[float, float]) -> Curve:
        """Return the curve around one season year, given its first day and that of the next one."""


@register
class PhenologyWhittaker(Phenology):
    """Seasons of Whittaker's smoother (:mod:`~eowidgets.models.phenology.whittaker`), fitted to the whole series."""

    name = "phenology-whittaker"
    card = Card(
        title="Seasons from a smoother",
        summary="Start, peak, end and size of every season from a smooth curve through the clear dates of each pixel.",
        paper="Eilers (2003), Analytical Chemistry 75(14), 3631–3636; Jönsson and Eklundh (2004), C&G 30, 833–845.",
        url="https://doi.org/10.1021/ac034173t",
        licence="Apache-2.0",
        limits=LIMITS,
    )
    Params = SmoothParams

    def fit(self, given: IndexSeries) -> Curve:
        """Smooth the whole series."""
        return smooth(given.values, given.usable, given.days, self.params.length, self.params.robust)

    def curve(self, given: IndexSeries, whole: Curve | None, span: tuple[float, float]) -> Curve:
        """Return the part of the curve around a season year."""
        assert whole is not None  # noqa: S101  (fit returns one)
        reach = REACH / 2
        return whole.part(span[0] - reach, span[1] + reach)


@register
class PhenologyHarmonic(Phenology):
    """Seasons of a few harmonics that are fitted to each season year (:mod:`~eowidgets.models.phenology.harmonic`)."""

    name = "phenology-harmonic"
    card = Card(
        title="Seasons from yearly waves",
        summary="Start, peak, end and size of every season from a few harmonics fitted to the dates of each year.",
        paper="Menenti et al. (1993), Advances in Space Research 13(5); Jönsson and Eklundh (2004), C&G 30, 833–845.",
        url="https://doi.org/10.1016/0273-1177(93)90550-U",
        licence="Apache-2.0",
        limits=f"Harmonics round off fast changes such as harvest. {LIMITS}",
    )
    Params = HarmonicParams

    def curve(self, given: IndexSeries, whole: Curve | None, span: tuple[float, float]) -> Curve:
        """Fit the harmonics of a season year."""
        p = self.params
        return waves(given.values, given.usable, given.days, *span, p.terms, p.robust)


@register
class PhenologyLogistic(PhenologyWhittaker):
    """Seasons of double logistic curves (:mod:`~eowidgets.models.phenology.logistic`) around the peaks of the smoother."""

    name = "phenology-double-logistic"
    card = Card(
        title="Seasons from double logistic curves",
        summary="Start, peak, end and size of every season from a double logistic curve around each peak.",
        paper="Beck et al. (2006), Remote Sensing of Environment 100, 321–334.",
        url="https://doi.org/10.1016/j.rse.2005.10.021",
        licence="Apache-2.0",
        limits=f"Seasons with two maxima, such as mown grass, do not fit this shape. {LIMITS}",
    )
    per_season = True

    def seasons(
        self, given: IndexSeries, whole: Curve | None, span: tuple[float, float]
    ) -> list[tuple[Curve, Seasons]]:
        """Find the seasons on the smoother, and fit a curve to each."""
        near = (given.days >= span[0] - REACH) & (given.days <= span[1] + REACH)
        values, usable, days = given.values[near], given.usable[near], given.days[near]
        return [
            logistic(curve, one, values, usable, days, span, self.params.robust)
            for curve, one in super().seasons(given, whole, span)
        ]
