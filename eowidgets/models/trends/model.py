"""Trends, anomalies, step or line, and recovery as models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.model import Dates
from eowidgets.contract.outputs import Output, Value
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.errors import InputError, shown
from eowidgets.models.blocks.columns import by_columns
from eowidgets.models.blocks.indexed import IndexModel, IndexParams, IndexSeries, tensors
from eowidgets.models.monitors.months import months_of
from eowidgets.models.trends import anomaly, recovery, step
from eowidgets.models.trends.kendall import SEASONAL, YEARLY, trend
from eowidgets.models.trends.periods import HOW, PER_YEAR, Periods, reduce

Array = npt.NDArray[Any]
#: Chunk size of the computation: series times pairs of periods.
AT_ONCE = 1 << 20
NONE = "none"
NO_TREND, RISE, FALL, TOO_FEW = range(4)
SIGNIFICANCE = (
    ClassInfo(NO_TREND, "no significant trend", "#999999"),
    ClassInfo(RISE, "increase", "#009e73"),
    ClassInfo(FALL, "decrease", "#d55e00"),
    ClassInfo(TOO_FEW, "not enough values", "#000000"),
)


@dataclass(frozen=True, slots=True)
class YearlyParams(IndexParams):
    """Reduction of dates to one value per year."""

    how: str = param("median", choices=HOW, label="Value of a period", help="Reduction of the clear dates of a period.")
    months: str = param(
        "1-12",
        label="Months",
        help="First and last month of the dates used: 6-9 is June to September, 11-2 a southern summer.",
    )


@dataclass(frozen=True, slots=True)
class PeriodParams(YearlyParams):
    """As before, for other periods."""

    by: str = param("year", choices=tuple(PER_YEAR), label="One value per", help="Period that is reduced to one value.")


@dataclass(frozen=True, slots=True)
class TrendParams(PeriodParams):
    """As before, with the settings of the test."""

    autocorrelation: str = param(
        NONE,
        choices=(NONE, *YEARLY, *SEASONAL),
        label="Autocorrelation",
        help="Correction of the test for autocorrelation; hirsch-slack is for seasons and months.",
    )
    alpha: float = param(
        0.05,
        low=0.0001,
        high=0.5,
        step=0.01,
        label="Significance level",
        help="Trends with a smaller p are significant.",
    )
    min_values: int = param(
        5,
        low=3,
        high=1000,
        step=1,
        label="Values needed",
        help="Minimum number of periods with a value; with fewer there is no result.",
    )


@dataclass(frozen=True, slots=True)
class AnomalyParams(PeriodParams):
    """As before, with the climatology."""

    by: str = param(
        "month", choices=tuple(PER_YEAR), label="One value per", help="Period that is reduced to one value."
    )
    reference: str = param(
        "", label="Reference years", help="First and last year of the climatology, such as 2001-2010; empty: all years."
    )


@dataclass(frozen=True, slots=True)
class StepParams(YearlyParams):
    """As before, with the model comparison."""

    criterion: str = param(
        "bic", choices=("bic", "aicc"), label="Criterion", help="Information criterion of the model selection."
    )
    least: int = param(
        3,
        low=1,
        high=50,
        step=1,
        unit="years",
        label="Years on each side",
        help="Minimum number of values before and after a step.",
    )


@dataclass(frozen=True, slots=True)
class RecoveryParams(YearlyParams):
    """As before, with the definition of recovery."""

    share: float = param(
        0.8, low=0.05, high=1.0, step=0.05, label="Share regained", help="Share of the loss that counts as recovery."
    )
    smallest: float = param(
        0.1, low=0.0, high=1e6, step=0.05, unit="index", label="Smallest loss", help="Smaller losses are ignored."
    )
    direction: str = param(
        "loss", choices=("loss", "gain"), label="Disturbance", help="Whether a disturbance lowers or raises the index."
    )


class Periodic(IndexModel):
    """Base of the models of one value per period; a subclass analyses them (:meth:`analyse`)."""

    task = Task.REGRESS

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.months = months_of(self.params.months)

    @property
    def least_years(self) -> int:
        """Minimum number of years."""
        return 3

    @property
    def by(self) -> str:
        """Length of the period."""
        return str(getattr(self.params, "by", "year"))

    def periods(self, days: Array) -> Periods:
        """Return the periods of some days."""
        return Periods.of(days, self.by, self.months)

    def survey(self, cube: xr.Dataset) -> None:
        """Refuse a cube with too few years, or without any clear value."""
        seen = self.surveyed(cube)
        self.check_seen(seen)
        periods = self.periods(seen.days)
        years = len(np.unique(periods.label[periods.label >= 0] // periods.per_year))
        if years < self.least_years:
            raise InputError(
                f"The {len(seen.days)} dates lie in {years} year{'s' if years != 1 else ''}, but {self.name!r} needs "
                f"{self.least_years}: open a longer series or use more months."
            )

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Reduce every series to one value per period, and analyse them."""
        given = self.series(batch)
        periods = self.periods(given.days)
        pairs = len(periods.starts) ** 2 / 2 / periods.per_year
        size = int(np.clip(AT_ONCE / max(pairs, 1), 64, 2048))

        def work(part: slice) -> dict[str, Array]:
            some = IndexSeries(given.values[:, part], given.usable[:, part], given.days)
            values = reduce(some, periods, self.params.how)
            never = ~some.usable.any(axis=0)
            with np.errstate(invalid="ignore", divide="ignore"):
                found = self.analyse(values, periods)
            return {name: np.where(never, np.nan, v) for name, v in found.items()}

        return tensors(by_columns(work, given.values.shape[1], size), batch)

    def analyse(self, values: Array, periods: Periods) -> dict[str, Array]:
        """Return the outputs, (n,) or (periods, n), of values (periods, n)."""
        raise NotImplementedError


@register
class TrendTheilSen(Periodic):
    """Theil–Sen slope with its interval, and Mann–Kendall test (:mod:`~eowidgets.models.trends.kendall`)."""

    name = "trend-theil-sen"
    card = Card(
        title="Trend: Theil–Sen and Mann–Kendall",
        summary=(
            "Change per year with its 95 % interval, and whether it is significant, from one value per year, season "
            "or month."
        ),
        paper="Sen (1968), JASA 63, 1379–1389; Mann (1945); Kendall (1975); Hirsch et al. (1982); Hamed and Rao (1998).",
        url="https://doi.org/10.1080/01621459.1968.10480934",
        licence="Apache-2.0",
        limits="Assumes a monotonic trend. A share alpha of the pixels without a trend is reported as significant.",
    )
    Params = TrendParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        how, by = self.params.autocorrelation, self.by
        fitting = SEASONAL if by != "year" else YEARLY
        if how != NONE and how not in fitting:
            raise InputError(
                f"The correction {shown(how)} does not apply to one value per {by}: choose {', '.join(fitting)} or none."
            )

    @property
    def least_years(self) -> int:
        """Minimum number of years that give the required number of values."""
        per_year = PER_YEAR[self.by]
        return max(3, -(-int(self.params.min_values) // per_year))

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs: slope, interval, test and class."""
        index = self.name_of_index
        return (
            Value("slope", unit="1/year", long_name=f"Theil–Sen slope of {index}"),
            Value("slope_low", unit="1/year", long_name="Lower end of the 95 % interval of the slope"),
            Value("slope_high", unit="1/year", long_name="Upper end of the 95 % interval of the slope"),
            Value("intercept", unit="1", long_name=f"{index} of the line in the first period"),
            Value("tau", unit="1", long_name="Kendall's tau", vmin=-1, vmax=1),
            Value("z", unit="1", long_name="Mann–Kendall score, normalised"),
            Value("p", unit="1", long_name="p of the Mann–Kendall test", vmin=0, vmax=1),
            Value("count", unit="1", long_name="Periods with a value", vmin=0),
            Value("significance", long_name="Trend", vmin=0, vmax=3),
        )

    def analyse(self, values: Array, periods: Periods) -> dict[str, Array]:
        """Compute slope and test."""
        p = self.params
        how = None if p.autocorrelation == NONE else p.autocorrelation
        found = trend(values, periods.per_year, how)
        few = found.count < p.min_values
        kind = np.where(found.p < p.alpha, np.where(found.z > 0, RISE, FALL), NO_TREND)
        out = {
            "slope": found.slope, "slope_low": found.low, "slope_high": found.high, "intercept": found.intercept,
            "tau": found.tau, "z": found.z, "p": found.p,
        }  # fmt: skip
        out = {name: np.where(few, np.nan, v) for name, v in out.items()}
        return {
            **out,
            "count": found.count.astype("float64"),
            "significance": np.where(few, TOO_FEW, kind).astype("float64"),
        }


@register
class TrendAnomalies(Periodic):
    """Anomalies relative to the climatology of each pixel (:mod:`~eowidgets.models.trends.anomaly`)."""

    name = "trend-anomalies"
    card = Card(
        title="Anomalies",
        summary="Difference of each month, season or year from the mean of the same period of the reference years.",
        paper="WMO (2017), Guidelines on the Calculation of Climate Normals, WMO-No. 1203.",
        licence="Apache-2.0",
        limits="A mean of few years is itself uncertain; in cloudy years a period may have few clear dates.",
    )
    Params = AnomalyParams

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the anomaly of each period, in units of the index and of its standard deviation."""
        return (
            Value("anomaly", dims="tyx", unit="1", long_name=f"Anomaly of {self.name_of_index}"),
            Value("standardised", dims="tyx", unit="1", long_name="Anomaly in standard deviations", vmin=-3, vmax=3),
        )

    def out_dates(self, dates: Dates) -> Dates:
        """Return the first day of each period."""
        days = dates.astype("datetime64[s]").astype("float64") / 86_400
        return self.periods(days).starts.astype("datetime64[ns]")

    def survey(self, cube: xr.Dataset) -> None:
        """Refuse also reference years that the cube lacks."""
        super().survey(cube)
        days = cube["time"].values.astype("datetime64[s]").astype("float64") / 86_400
        self._reference(self.periods(days))

    def analyse(self, values: Array, periods: Periods) -> dict[str, Array]:
        """Compute the anomalies."""
        return anomaly.anomalies(values, periods.per_year, self._reference(periods))

    def _reference(self, periods: Periods) -> Array:
        """Return a mask of the years that belong to the climatology.

        Raises
        ------
        InputError
        """
        text, years = str(self.params.reference).strip(), periods.years
        if not text:
            return np.ones(len(years), bool)
        first, _, last = text.partition("-")
        try:
            a, b = int(first), int(last or first)
        except ValueError:
            raise InputError(f"The reference years {shown(text)} are invalid: write them as 2001-2010.") from None
        chosen = (years >= a) & (years <= b)
        if chosen.sum() < anomaly.FEWEST:
            raise InputError(
                f"The reference years {a}-{b} include {chosen.sum()} years of the series ({years[0]} to {years[-1]}): "
                f"choose at least {anomaly.FEWEST}."
            )
        return np.asarray(chosen)


@register
class TrendStep(Periodic):
    """Select a level, a line or a step for the yearly values (:mod:`~eowidgets.models.trends.step`)."""

    name = "trend-step-or-line"
    card = Card(
        title="Step or line",
        summary="Classifies yearly values as a constant level, a line or a single step, with date and size of the step.",
        paper="Schwarz (1978), Annals of Statistics 6, 461–464; Hurvich and Tsai (1989); Ninomiya (2015).",
        url="https://doi.org/10.1214/aos/1176344136",
        licence="Apache-2.0",
        limits="One step at most; assumes independent errors of equal variance.",
    )
    Params = StepParams

    @property
    def least_years(self) -> int:
        """Minimum number of years for three models."""
        return step.FEWEST

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs: shape, step or slope, and the margin of the selected shape."""
        index = self.name_of_index
        return (
            Value("shape", long_name="Shape", vmin=0, vmax=3),
            Value("step_year", unit="year", long_name="First year after the step"),
            Value("step_size", unit="1", long_name=f"{index} after the step less before"),
            Value("line_slope", unit="1/year", long_name=f"Slope of the line of {index}"),
            Value("support", unit="1", long_name="Criterion of the second best shape less that of the best", vmin=0),
        )

    def analyse(self, values: Array, periods: Periods) -> dict[str, Array]:
        """Compare the three models."""
        found = step.step_or_line(values, self.params.least, self.params.criterion)
        found["step_year"] = found.pop("step_at") + periods.years[0]
        return found


@register
class TrendRecovery(Periodic):
    """Years until a share of the greatest loss is regained (:mod:`~eowidgets.models.trends.recovery`)."""

    name = "trend-recovery"
    card = Card(
        title="Recovery after a break",
        summary="The greatest loss of yearly values, and the years until 80 % of it is regained.",
        paper="Kennedy et al. (2012), RSE 122, 117–133; Pickell et al. (2016), RSE 184, 345–360.",
        url="https://doi.org/10.1016/j.rse.2016.05.024",
        licence="Apache-2.0",
        limits="An index recovers before the vegetation does: greenness returns years before height and biomass.",
    )
    Params = RecoveryParams

    @property
    def least_years(self) -> int:
        """Minimum number of years for a level before a break and a recovery."""
        return recovery.FEWEST

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs: state, break and recovery."""
        return (
            Value("state", long_name="Recovery", vmin=0, vmax=3),
            Value("break_year", unit="year", long_name="First year after the break"),
            Value("loss", unit="1", long_name=f"Loss of {self.name_of_index}", vmin=0),
            Value("recovery_years", unit="years", long_name="Years from before the break to recovery", vmin=0),
            Value("years_observed", unit="years", long_name="Years observed since before the break", vmin=0),
            Value("regained", unit="1", long_name="Largest share of the loss regained", vmin=0, vmax=1),
        )

    def analyse(self, values: Array, periods: Periods) -> dict[str, Array]:
        """Find the break and its recovery."""
        p = self.params
        sign = 1.0 if p.direction == "loss" else -1.0
        found = recovery.recovery(sign * values, p.share, p.smallest)
        found["break_year"] = found.pop("break_at") + periods.years[0]
        found["recovery_years"], found["years_observed"] = found.pop("years"), found.pop("observed")
        found["loss"] = sign * found["loss"]
        return found
