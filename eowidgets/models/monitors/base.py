"""Base of the break monitors: a history that is fitted, a period that is monitored, and the outputs."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from torch import Tensor

from eowidgets.contract.feeds import Batch, Series
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Classes, Output, Value
from eowidgets.contract.params import param
from eowidgets.contract.prepare import check_inputs
from eowidgets.contract.task import Task
from eowidgets.cube import schema
from eowidgets.errors import InputError
from eowidgets.models.blocks.verdict import CHANGE_CLASSES, change_probabilities
from eowidgets.models.classical.harmonic import design
from eowidgets.models.classical.series import (
    DAYS_PER_YEAR,
    normalised_difference,
    solving_dtype,
)
from eowidgets.models.monitors.breaks import Breaks, Crossing, find_breaks
from eowidgets.models.monitors.months import months_of
from eowidgets.models.monitors.reference import Reference, find_reference
from eowidgets.models.monitors.watched import FEWEST, RIDGE, Watched, fit_history

DATE_UNIT = "days since 1970-01-01"
#: Score in the cards (``python -m benchmarks.away_monitors points``), with the parameters of ``eow.change``.
SCORE = "F1, 180 points labelled by eye, Romania, not tuned on them"
#: Maximum rows and columns of the cube from which the reference is estimated.
SURVEY = 64
#: Indices of the monitors, as (plus, minus) of a normalised difference.
INDICES = {"NDVI": ("nir", "red"), "NDMI": ("nir", "swir16"), "NBR": ("nir", "swir22")}


@dataclass(frozen=True, slots=True)
class MonitorParams:
    """History and its model."""

    history: float = param(
        2.0,
        unit="years",
        low=0.5,
        high=30.0,
        step=0.1,
        label="History",
        help="The first years of the series, assumed to be stable; later dates are monitored.",
    )
    months: str = param(
        "1-12", label="Months", help="First and last month of the dates used: 5-9 is May to September, 11-2 a winter."
    )
    reference: str = param(
        "none",
        choices=("none", "area"),
        label="Relative to",
        help="area: subtract from every date the transient offset common to stable pixels (haze, illumination).",
    )
    terms: int = param(1, low=0, high=3, step=1, label="Waves per year", help="1 is the yearly wave, 0 a level only.")
    trend: bool = param(
        False,
        label="Trend",
        help="Fit a linear trend; the extrapolated trend of a short history is unreliable.",
    )
    robust: bool = param(
        True,
        label="Robust",
        help="Give less weight to outliers such as undetected cloud; off: least squares as published, without refitting.",
    )
    renew: float = param(
        1.0,
        unit="years",
        low=0.0,
        high=30.0,
        step=0.5,
        label="Refit every",
        help="Years without a break extend the history, which is fitted again; 0: never.",
    )
    sure: float = param(
        4.0,
        low=0.0,
        high=20.0,
        step=0.5,
        unit="standard errors",
        label="Sure",
        help="Minimum difference from 0, in standard errors, of the median over some months after a break, if robust.",
    )


@dataclass(frozen=True, slots=True)
class IndexParams(MonitorParams):
    """As before, and the monitored index."""

    index: str = param("NDVI", choices=tuple(INDICES), label="Index", help="Monitored index.")
    smallest: float = param(
        0.1, low=0.0, high=1.0, step=0.01, unit="index", label="Smallest change", help="Smaller changes are ignored."
    )


class Prepared(NamedTuple):
    """Series as they are monitored: on the dates of the chosen months, without the offsets of the area.

    Attributes
    ----------
    values : Tensor, shape (n, t, c)
        0 where not usable.
    usable : Tensor, shape (n, t), bool
    days : Tensor, shape (t,), float64
    start : float
        First day of the series, and of the history.
    """

    values: Tensor
    usable: Tensor
    days: Tensor
    start: float


class Monitor(Model):
    """Base of the monitors; a subclass defines how residuals become a crossing (:meth:`search`).

    A subclass without a harmonic history overrides :meth:`predict` instead: it gets its series from :meth:`prepared` and
    returns its layers through :meth:`answer`.

    ``reference="area"`` follows the spatial normalisation of Hamunyela, Verbesselt and Herold (2016),
    doi:10.1016/j.rse.2015.11.006, with stable pixels of the whole area instead of a percentile of a window
    (:mod:`~eowidgets.models.monitors.reference`).
    """

    task = Task.DETECT_CHANGE
    feed = Series(min_dates=FEWEST + 1)
    Params = MonitorParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.months = months_of(self.params.months)
        #: Result of the survey, and its offsets by day.
        self.reference: Reference | None = None
        self.offsets: dict[int, Tensor] | None = None
        self._remembered = False
        #: The band with the index itself, if the cube lacks bands to compute it.
        self.held: str | None = None
        self.adapt(())

    @property
    def pair(self) -> tuple[str, str] | None:
        """Bands of the monitored index, None for all bands."""
        return None

    @property
    def sources(self) -> tuple[str, ...] | None:
        """Bands that are read: those of the index, or the one that contains it; None for all bands."""
        return self.pair if self.held is None else (self.held,)

    def adapt(self, bands: tuple[str, ...]) -> None:
        """Read the index from a band of its name if the bands of its formula are missing."""
        if self.pair is None:
            return
        name = next(n for n, pair in INDICES.items() if pair == self.pair)
        same = [b for b in bands if b.lower() == name.lower()]
        self.held = same[0] if same and not set(self.pair) <= set(bands) else None
        # The bands depend on the index, so the feed belongs to the instance.
        vars(self)["feed"] = Series(bands=self.sources, min_dates=FEWEST + 1)

    def watched(self, x: Tensor, bands: tuple[str, ...]) -> Tensor:
        """Return the monitored values of series (n, t, c): the index (n, t, 1), or all bands."""
        if self.held is not None:
            return x.narrow(2, bands.index(self.held), 1)
        return x if self.pair is None else normalised_difference(x, bands, *self.pair)

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs: change mask, dates (first observed, and confirmed), and magnitude."""
        return (
            Classes("change", classes=CHANGE_CLASSES, long_name="Change after the history"),
            Value("break_date", unit=DATE_UNIT, long_name="Date on which the change is first observed"),
            Value("confirmed_date", unit=DATE_UNIT, long_name="Date on which the change is confirmed"),
            Value("magnitude", unit="1", long_name="Size of the change", vmin=0, vmax=0.4),
        )

    def survey(self, cube: xr.Dataset) -> None:
        """Refuse dates that leave nothing to monitor; estimate stable pixels and offsets on a thinned cube."""
        days = np.asarray(cube["time"].values, dtype="datetime64[D]")
        kept = days[np.isin(days.astype("datetime64[M]").astype(int) % 12 + 1, self.months)]
        end = days.min() + np.timedelta64(int(self.params.history * DAYS_PER_YEAR), "D")
        if (kept < end).sum() < FEWEST or not (kept >= end).any():
            raise InputError(
                f"Of the {len(kept)} dates in the months {self.params.months}, {(kept < end).sum()} lie in the history "
                f"(before {end}) and {(kept >= end).sum()} after it: choose another length of the history, other months "
                "or a longer series."
            )
        if self.params.reference == "area" and not self._remembered:
            self.reference = self.judged(cube)
            self.offsets = dict(zip(kept.astype(int).tolist(), self.reference.offsets.cpu(), strict=True))

    def judged(self, cube: xr.Dataset) -> Reference:
        """Estimate stable pixels and offsets of a cube, thinned to at most :data:`SURVEY` rows and columns."""
        values, usable, days = self.surveyed(cube)
        return find_reference(values, usable, torch.as_tensor(days), self.params.terms)

    def surveyed(self, cube: xr.Dataset) -> tuple[Tensor, Tensor, npt.NDArray[np.float64]]:
        """Return monitored values (n, t, c), usable (n, t) and days of the pixels that :meth:`judged` uses."""
        days = np.asarray(cube["time"].values, dtype="datetime64[D]")
        use = np.isin(days.astype("datetime64[M]").astype(int) % 12 + 1, self.months)
        steps = {k: slice(None, None, -(-cube.sizes[k] // SURVEY)) for k in ("y", "x")}
        thin = cube.isel(steps).sel(time=use)
        names = self.sources or schema.bands(cube)
        x = torch.as_tensor(schema.stack(thin, names).values)
        usable = torch.as_tensor(schema.usable(thin).transpose(*schema.DIMS).values)
        usable = usable & torch.isfinite(x).all(dim=1)
        x, usable = x.nan_to_num().flatten(2).permute(2, 0, 1), usable.flatten(1).T  # pixels first
        return self.watched(x, tuple(names)) * usable.unsqueeze(2), usable, days[use].astype(float)

    def settings(self) -> dict[str, str]:
        """Return a hash of the offsets that the survey found, if they are subtracted."""
        if self.offsets is None:
            return {}
        values = torch.stack(list(self.offsets.values())).double().numpy()
        return {"offsets_sha256": hashlib.sha256(values.tobytes()).hexdigest()}

    def remember(self, cube: xr.Dataset) -> None:
        """Survey a cube now and keep the result, so that the reference of a small area is that of the whole cube."""
        self._remembered = False
        check_inputs(self, cube)  # surveys
        self._remembered = True

    def prepared(self, batch: Batch) -> Prepared:
        """Return the monitored series of a batch, on the chosen dates and without the offsets of the area if requested."""
        days = np.floor(batch.days.detach().cpu().numpy()).astype("int64")
        use = np.isin(days.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12 + 1, self.months)
        x, usable = batch.x, batch.usable
        if not use.all():
            pick = torch.as_tensor(np.flatnonzero(use), device=x.device)
            x, usable = x.index_select(1, pick), usable.index_select(1, pick)
        when = batch.days.detach().cpu().double()[torch.as_tensor(use)]
        series = self.watched(x, batch.bands)
        if self.params.reference == "area":
            if self.offsets is None:  # without a survey, use the offsets of this batch
                offsets = find_reference(series * usable.unsqueeze(2), usable, when, self.params.terms).offsets
            else:
                offsets = torch.stack([self.offsets[int(d)] for d in days[use]])
            offsets = offsets.to(series)
            usable = usable & torch.isfinite(offsets).all(dim=1)
            series = (series - offsets.nan_to_num()) * usable.unsqueeze(2)
        return Prepared(series, usable, when, float(batch.days[0]))

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Detect the break of every series.

        Returns
        -------
        dict
            ``change`` (n, 2); ``break_date``, ``confirmed_date`` and ``magnitude`` (n,; NaN without a break).
        """
        return self.answer(self.breaks(self.prepared(batch)))

    def breaks(self, given: Prepared) -> Breaks:
        """Find the first valid break of every series."""
        p = self.params
        y = given.values.transpose(1, 2)

        def fit(begin: int, cut: int, end: int, rows: Tensor) -> Watched:
            days = given.days[begin:end]
            whole = begin == 0 and end == y.shape[2] and len(rows) == len(y)
            values = y if whole else y[..., begin:end].index_select(0, rows)
            usable = given.usable if whole else given.usable[:, begin:end].index_select(0, rows)
            return self.watch(values, usable, days, cut - begin)

        return find_breaks(
            given.days,
            (y.shape[0], y.shape[1]),
            fit,
            self.search,
            start=given.start,
            history=p.history,
            renew=p.renew if p.robust else 0.0,
            smallest=self.smallest,
            sure=p.sure if p.robust else 0.0,
            like=y,
        )

    def watch(self, y: Tensor, usable: Tensor, days: Tensor, length: int) -> Watched:
        """Fit the first ``length`` dates of series (n, c, t) and extrapolate the fit."""
        middle = float(days[:length].mean()) if length else 0.0
        columns = self.design(days, middle).to(y.device, solving_dtype(y.device))
        return fit_history(y, usable, days, columns, length, self.ridge, self.params.robust, self.screen)

    @property
    def ridge(self) -> float:
        """Ridge penalty of the fit."""
        return RIDGE

    @property
    def screen(self) -> float | None:
        """Width of a Shewhart chart over the history, in root mean square residuals; None for none."""
        return None

    @property
    def smallest(self) -> float:
        """Magnitude below which a crossing is ignored."""
        return 0.0

    @abstractmethod
    def search(self, seen: Watched, since: Tensor) -> Crossing:
        """Find the first crossing after the history.

        Parameters
        ----------
        seen : Watched
        since : Tensor, shape (n,), int64
            Dates after the history before this position are not used; above 0, the search is a repeated one.
        """

    def design(self, days: Tensor, middle: float) -> Tensor:
        """Return the design matrix, shape (t, k), float64; ``middle`` is the day at which a trend is 0."""
        return design(days, self.params.terms, self.params.trend, middle)

    def answer(self, found: Breaks) -> dict[str, Tensor]:
        """Return the outputs: ``change`` (n, 2) from the score; the other layers (n,), NaN without a change."""
        # Dates past 2**14 days have a resolution of two minutes in float32, which is sufficient.
        return {
            "change": change_probabilities(found.score).to(torch.float32),
            "break_date": found.first.to(torch.float32),
            "confirmed_date": found.confirmed.to(torch.float32),
            "magnitude": self.size(found.magnitude).to(torch.float32),
        }

    def size(self, magnitude: Tensor) -> Tensor:
        """Return one magnitude, (n,), for those of all bands, (n, c): the length of the vector."""
        return magnitude.square().sum(dim=1).sqrt()


class IndexMonitor(Monitor):
    """Base of the monitors of one index; their magnitude is signed."""

    Params = IndexParams

    @property
    def pair(self) -> tuple[str, str] | None:
        """Bands of the index."""
        return INDICES[str(self.params.index)]

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs of :class:`Monitor`, with a signed magnitude."""
        words = f"{self.params.index} lost or gained in the following months"
        size = Value("magnitude", unit="1", long_name=words, vmin=-0.6, vmax=0.6)
        return (*super().outputs(bands)[:3], size)

    @property
    def smallest(self) -> float:
        """Value of the parameter."""
        return float(self.params.smallest)

    def size(self, magnitude: Tensor) -> Tensor:
        """Return the signed magnitude."""
        return magnitude[:, 0]
