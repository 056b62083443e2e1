"""The greatest disturbance of a LandTrendr trajectory, as a break monitor."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch
from eowidgets.contract.outputs import Output, Value
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.errors import InputError
from eowidgets.models.blocks.verdict import change_probabilities
from eowidgets.models.classical.series import DAYS_PER_YEAR
from eowidgets.models.monitors.base import INDICES, SCORE, IndexMonitor
from eowidgets.models.monitors.breaks import Crossing
from eowidgets.models.monitors.landtrendr.annual import annual, season_years
from eowidgets.models.monitors.landtrendr.segment import Segments, Settings, segment
from eowidgets.models.monitors.watched import Watched


@register
class BreakLandTrendr(IndexMonitor):
    """Fit a few straight segments to annual values of an index; the greatest disturbance among them is the change.

    Each year is reduced to one value, the medoid or median of the clear dates in ``months``. The series is despiked, split at
    candidate vertices, culled, fitted and simplified (:mod:`~eowidgets.models.monitors.landtrendr.segment`). A segment
    in the direction of the disturbance is reported if it is the largest one after the history and at least ``smallest``.

    Source: Kennedy, Yang and Cohen (2010), doi:10.1016/j.rse.2010.07.008; README.md lists deviations.
    """

    name = "break-landtrendr"
    card = Card(
        title="LandTrendr",
        summary="Fits a few straight segments to one value per year and reports the greatest disturbance among them.",
        paper="Kennedy, Yang and Cohen (2010), Remote Sensing of Environment 114, 2897–2910.",
        url="https://doi.org/10.1016/j.rse.2010.07.008",
        licence="Apache-2.0",
        scores={SCORE: 0.02},
        limits="Needs six years to run and ten to date a change (to the year); in the first and last year a "
        "change is indistinguishable from an outlier.",
    )

    @dataclass(frozen=True, slots=True)
    class Params:
        """The annual series and its segmentation."""

        index: str = param("NDVI", choices=tuple(INDICES), label="Index", help="Monitored index.")
        direction: str = param(
            "loss",
            choices=("loss", "gain"),
            label="Disturbance",
            help="Whether a disturbance lowers or raises the index.",
        )
        months: str = param(
            "6-9",
            label="Months",
            help="First and last month of the season: 6-9 is June to September, 12-3 a southern summer.",
        )
        composite: str = param(
            "medoid",
            choices=("medoid", "median"),
            label="Composite",
            help="Reduction of the dates of a season to one value.",
        )
        reference: str = param(
            "none",
            choices=("none", "area"),
            label="Relative to",
            help="area: subtract from every date the transient offset common to stable pixels (haze, illumination).",
        )
        history: float = param(
            1.0,
            unit="years",
            low=0.0,
            high=30.0,
            step=0.1,
            label="History",
            help="Disturbances that begin in these first years are not reported; the fit uses all years.",
        )
        smallest: float = param(
            0.1,
            low=0.0,
            high=1.0,
            step=0.01,
            unit="index",
            label="Smallest change",
            help="Smaller changes are ignored.",
        )
        max_segments: int = param(
            6, low=1, high=12, step=1, label="Segments", help="Maximum number of segments of a trajectory."
        )
        spike_threshold: float = param(
            0.9, low=0.0, high=1.0, step=0.05, label="Spikes", help="Spikes above this are dampened; 1: none."
        )
        vertex_count_overshoot: int = param(
            3,
            low=0,
            high=10,
            step=1,
            label="Overshoot",
            help="Additional candidate vertices, which are culled by angle.",
        )
        prevent_one_year_recovery: bool = param(
            True,
            label="No recovery within a year",
            help="Refuse trajectories that recover by their whole range within one year.",
        )
        recovery_threshold: float = param(
            0.25,
            low=0.01,
            high=10.0,
            label="Fastest recovery",
            unit="1/year",
            help="Refuse trajectories with a recovery by more than this share of their range per year.",
        )
        pval_threshold: float = param(
            0.05, low=0.0001, high=1.0, label="p of F", help="A trajectory with a larger p is replaced by the mean."
        )
        best_model_proportion: float = param(
            0.75,
            low=0.0,
            high=1.0,
            step=0.05,
            label="Best model",
            help="The model with most segments is chosen among those with p at most (2 - this) times the smallest p.",
        )
        min_observations_needed: int = param(
            6,
            low=4,
            high=40,
            step=1,
            unit="years",
            label="Years needed",
            help="Minimum number of observed years of a pixel.",
        )

        @property
        def terms(self) -> int:
            """Harmonics per year of the fit that finds stable pixels."""
            return 1

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        names = (f.name for f in fields(Settings))
        self.settings_of_fit = Settings(**{name: getattr(self.params, name) for name in names})

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs of any monitor, and the description of the trajectory."""
        index = self.params.index
        size = Value("magnitude", unit="1", long_name=f"{index} lost or gained in the disturbance", vmin=-0.6, vmax=0.6)
        return (
            *super().outputs(bands)[:3],
            size,
            Value("disturbance_year", unit="year", long_name="First year in which the disturbance is observed"),
            Value("duration", unit="years", long_name="Years from the beginning to the end of the disturbance", vmin=0),
            Value("rate", unit="1/year", long_name=f"{index} lost or gained per year", vmin=-0.6, vmax=0.6),
            Value("segments", unit="1", long_name="Segments of the trajectory, 0 for a level", vmin=0),
            Value("rmse", unit="1", long_name="Root mean square error of the trajectory", vmin=0, vmax=0.2),
        )

    def survey(self, cube: xr.Dataset) -> None:
        """Refuse a cube with too few years; estimate stable pixels and offsets on a thinned cube."""
        days = np.asarray(cube["time"].values, dtype="datetime64[D]")
        kept = days[np.isin(days.astype("datetime64[M]").astype(int) % 12 + 1, self.months)]
        years = len(np.unique(season_years(kept.astype(float), self.months[0])))
        if years < self.params.min_observations_needed:
            raise InputError(
                f"The {len(kept)} dates in the months {self.params.months} lie in {years} years, but "
                f"{self.name!r} needs {self.params.min_observations_needed}: choose other months, a longer series or a "
                "lower min_observations_needed."
            )
        if self.params.reference == "area" and not self._remembered:
            self.reference = self.judged(cube)
            self.offsets = dict(zip(kept.astype(int).tolist(), self.reference.offsets.cpu(), strict=True))

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Segment every series and report its greatest disturbance.

        Returns
        -------
        dict
            ``change`` (n, 2); all others (n,), those of the disturbance NaN if there is none.
        """
        p, given = self.params, self.prepared(batch)
        sign = -1.0 if p.direction == "loss" else 1.0
        home = given.values.device
        work = "cpu" if home.type == "mps" else home  # Apple's GPU has no float64
        values, usable = given.values.squeeze(2).to(work), given.usable.to(work)
        yearly = annual(values, usable, given.days, self.months[0], p.composite)
        found = segment(yearly.years, sign * yearly.values, yearly.seen, self.settings_of_fit)
        border = given.start + p.history * DAYS_PER_YEAR
        out = greatest(found, yearly.years, yearly.days, yearly.seen, border, p.smallest, sign)
        return {name: value.to(home) for name, value in out.items()}

    def search(self, seen: Watched, since: Tensor) -> Crossing:
        """Raise: LandTrendr does not search over dates."""
        raise NotImplementedError


def greatest(
    found: Segments, years: Tensor, days: Tensor, seen: Tensor, border: float, smallest: float, sign: float
) -> dict[str, Tensor]:
    """Report the segment with the largest rise, among those first observed from the day ``border`` on.

    Parameters
    ----------
    found : Segments
        Of series in which a disturbance is a rise.
    years : Tensor, shape (y,)
    days : Tensor, shape (n, y)
        Day of each annual value.
    seen : Tensor, shape (n, y), bool
    sign : float
        -1 if the series were negated.
    """
    # Day of each packed observation: a disturbance is first observed at the observation after its first vertex.
    rank = seen.cumsum(dim=1)
    place = torch.where(seen, rank - 1, seen.shape[1])
    packed = days.new_zeros(len(days), seen.shape[1] + 1).scatter_(1, place, days)
    year = days.new_zeros(len(days), seen.shape[1] + 1).scatter_(1, place, years.to(days).expand_as(days).contiguous())
    first, last = found.position[:, :-1], found.position[:, 1:]
    rise = found.value[:, 1:] - found.value[:, :-1]
    begins = packed.gather(1, (first + 1).clamp_max(seen.shape[1]))
    counts = (last > first) & (begins >= border)
    size, at = rise.masked_fill(~counts, 0.0).max(dim=1, keepdim=True)
    size = size.squeeze(1).clamp_min(0)
    known = found.count > 0
    score = (size / max(smallest, 1e-9)).masked_fill(~known, torch.nan)
    # A change exactly as large as the smallest change is reported.
    score = torch.where((size >= smallest) & (size > 0), score.clamp_min(1 + 1e-6), score.clamp_max(1))
    none = ~(score > 1)

    def of(values: Tensor) -> Tensor:
        return values.gather(1, at).squeeze(1).masked_fill(none, torch.nan).to(torch.float32)

    long = found.year[:, 1:] - found.year[:, :-1]
    count = torch.where(found.flat, 0, found.count - 1).to(torch.float32)
    return {
        "change": change_probabilities(score).to(torch.float32),
        "break_date": of(begins),
        "confirmed_date": of(packed.gather(1, last)),
        "magnitude": of(sign * rise),
        "disturbance_year": of(year.gather(1, (first + 1).clamp_max(seen.shape[1]))),
        "duration": of(long),
        "rate": of(sign * rise / long.clamp_min(1)),
        "segments": count.masked_fill(~known, torch.nan),
        "rmse": found.rmse.to(torch.float32),
    }
