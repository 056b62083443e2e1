"""What break monitors share: a history that is modelled, a period that is watched, and how change is reported."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

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
from eowidgets.models.classical.harmonic import design, evaluate, robust_solve
from eowidgets.models.classical.series import DAYS_PER_YEAR, masked_median, normalised_difference, solving_dtype
from eowidgets.models.monitors.months import months_of

#: A history needs so many clear observations for each coefficient (Zhu and Woodcock, 2014: 12 for 4), and at least:
PER_COEFFICIENT, FEWEST = 3, 6
#: Rounds of reweighting of a robust fit.
ROUNDS = 5
#: Keeps normal equations solvable where a pixel was seen a few times only; an observation weighs 1.
RIDGE = 1e-6
#: Noise of reflectance, or of an index, that no fit goes below.
NOISE_FLOOR = 0.005

DATE_UNIT = "days since 1970-01-01"
#: What the cards report: benchmarks/change_apart.py, the mean of a cut from north to south and one from west to east.
SCORE = "F1, points labelled by eye, Romania, tuned on the other half of the area"
#: Rows and columns of the cube that medians are taken from, and the least share of them that must be seen.
SURVEY, SEEN = 256, 0.1
#: Indices that monitors look at, as (plus, minus) of a normalised difference.
INDICES = {"NDVI": ("nir", "red"), "NDMI": ("nir", "swir16"), "NBR": ("nir", "swir22")}


@dataclass(frozen=True, slots=True)
class MonitorParams:
    """The history and its model."""

    history: float = param(
        2.0,
        unit="years",
        low=0.5,
        high=30.0,
        step=0.1,
        label="History",
        help="The first years of the series, taken as stable; what comes after is watched.",
    )
    months: str = param(
        "1-12", label="Months", help="First and last month of the dates used: 5-9 is May to September, 11-2 a winter."
    )
    reference: str = param(
        "none",
        choices=("none", "area"),
        label="Relative to",
        help="area: from every date the median of the area is taken off, and with it haze, season and illumination.",
    )
    terms: int = param(1, low=0, high=3, step=1, label="Waves per year", help="1 is the yearly wave, 0 a level only.")
    trend: bool = param(
        False,
        label="Trend",
        help="Let the level rise or fall; a trend from a short history goes astray when it is carried forward.",
    )
    robust: bool = param(
        True,
        label="Robust",
        help="Give less weight to outliers such as missed cloud; off: as published, by least squares.",
    )


@dataclass(frozen=True, slots=True)
class IndexParams(MonitorParams):
    """As before, and what is watched."""

    index: str = param("NDVI", choices=tuple(INDICES), label="Index", help="Index whose course is watched.")
    smallest: float = param(
        0.05, low=0.0, high=1.0, step=0.01, unit="index", label="Smallest change", help="Smaller ones are left out."
    )


@dataclass(frozen=True, slots=True)
class Watched:
    """Residuals of all pixels, pixels first; the history is the first ``length`` dates.

    Attributes
    ----------
    residual : Tensor, shape (n, c, t)
        0 where not usable.
    usable : Tensor, shape (n, t), bool
        Clear observations.
    length : int
    days : Tensor, shape (t,)
        Days since 1970-01-01.
    columns : int
        Coefficients of the model.
    counted : Tensor, shape (n,)
        Clear observations in the history.
    """

    residual: Tensor
    usable: Tensor
    length: int
    days: Tensor
    columns: int
    counted: Tensor

    @property
    def watchable(self) -> Tensor:
        """Pixels with enough history and at least one clear observation after it, shape (n,), bool."""
        return (self.counted >= max(FEWEST, PER_COEFFICIENT * self.columns)) & self.clear.any(dim=1)

    @property
    def known(self) -> Tensor:
        """Clear observations of the history, shape (n, length), bool."""
        return self.usable[:, : self.length]

    @property
    def clear(self) -> Tensor:
        """Clear observations after the history, shape (n, t - length), bool."""
        return self.usable[:, self.length :]

    @property
    def before(self) -> Tensor:
        """Residuals of the history, shape (n, c, length)."""
        return self.residual[..., : self.length]

    @property
    def after(self) -> Tensor:
        """Residuals of what is watched, shape (n, c, t - length)."""
        return self.residual[..., self.length :]


class Monitor(Model):
    """Base of the monitors; a child says how residuals become a break.

    ``reference="area"`` is spatial normalisation (Hamunyela, Verbesselt and Herold, 2016,
    doi:10.1016/j.rse.2015.11.006) with the median of the whole area in place of a percentile of a window.
    """

    task = Task.DETECT_CHANGE
    feed = Series(min_dates=FEWEST + 1)
    Params = MonitorParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.months = months_of(self.params.months)
        self.medians: dict[int, Tensor] | None = None
        self._remembered = False
        #: The band that holds the index itself, where a cube has no bands to compute it from.
        self.held: str | None = None
        self.adapt(())

    @property
    def pair(self) -> tuple[str, str] | None:
        """Bands of the index that is watched, None for all bands."""
        return None

    @property
    def sources(self) -> tuple[str, ...] | None:
        """Bands that are read: those of the index, or the one that holds it; None for all bands."""
        return self.pair if self.held is None else (self.held,)

    def adapt(self, bands: tuple[str, ...]) -> None:
        """Read the index from a band of its name where the bands of its formula are missing."""
        if self.pair is None:
            return
        name = next(n for n, pair in INDICES.items() if pair == self.pair)
        same = [b for b in bands if b.lower() == name.lower()]
        self.held = same[0] if same and not set(self.pair) <= set(bands) else None
        # Which bands are read depends on the index: an instance's own feed.
        vars(self)["feed"] = Series(bands=self.sources, min_dates=FEWEST + 1)

    def watched(self, x: Tensor, bands: tuple[str, ...]) -> Tensor:
        """Return what is watched of series (n, t, c): the index (n, t, 1), or all bands."""
        if self.held is not None:
            return x.narrow(2, bands.index(self.held), 1)
        return x if self.pair is None else normalised_difference(x, bands, *self.pair)

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Change or not, when (first seen, and confirmed), and how much."""
        return (
            Classes("change", classes=CHANGE_CLASSES, long_name="Change after the history"),
            Value("break_date", unit=DATE_UNIT, long_name="Date on which the change is first seen"),
            Value("confirmed_date", unit=DATE_UNIT, long_name="Date on which the change is confirmed"),
            Value("magnitude", unit="1", long_name="Size of the change", vmin=0, vmax=0.4),
        )

    def survey(self, cube: xr.Dataset) -> None:
        """Refuse dates that leave nothing to watch; take the median of every date, from a thinned cube."""
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
            steps = {k: slice(None, None, -(-cube.sizes[k] // SURVEY)) for k in ("y", "x")}
            thin = cube.isel(steps).sel(time=np.isin(days, kept))
            names = self.sources or schema.bands(cube)
            x = torch.as_tensor(schema.stack(thin, names).values)
            usable = torch.as_tensor(schema.usable(thin).transpose(*schema.DIMS).values)
            usable = usable & torch.isfinite(x).all(dim=1)
            x, usable = x.nan_to_num().flatten(2).permute(2, 0, 1), usable.flatten(1).T  # pixels first
            self.medians = self._medians(x, names, usable, kept.astype(float))

    def settings(self) -> dict[str, str]:
        """Give a hash of the medians that the survey found, if they are taken off."""
        if self.medians is None:
            return {}
        values = torch.stack(list(self.medians.values())).double().numpy()
        return {"medians_sha256": hashlib.sha256(values.tobytes()).hexdigest()}

    def remember(self, cube: xr.Dataset) -> None:
        """Survey a cube now and keep to it: the reference of a small area is then the whole cube, not itself."""
        self._remembered = False
        check_inputs(self, cube)  # surveys
        self._remembered = True

    def _medians(
        self, x: Tensor, bands: tuple[str, ...], usable: Tensor, days: npt.NDArray[np.float64]
    ) -> dict[int, Tensor]:
        """Median of every date, by day; NaN where less than a tenth of the area was seen."""
        values = self.watched(x, bands).permute(1, 2, 0)
        seen = usable.T
        few = seen.float().mean(dim=1) < SEEN
        middle = masked_median(values, seen.unsqueeze(1), dim=-1).masked_fill(few.unsqueeze(1), torch.nan)
        return dict(zip([int(d) for d in days], middle.cpu(), strict=True))

    def look(self, batch: Batch, ridge: float = RIDGE, screen: float | None = None) -> Watched:
        """Residuals of what is watched, on the dates that are used; see :meth:`watch`."""
        days = np.floor(batch.days.detach().cpu().numpy())
        use = np.isin(
            days.astype("int64").astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12 + 1, self.months
        )
        x, usable = batch.x, batch.usable
        if not use.all():
            pick = torch.as_tensor(np.flatnonzero(use), device=x.device)
            x, usable = x.index_select(1, pick), usable.index_select(1, pick)
        series = self.watched(x, batch.bands)
        if self.params.reference == "area":
            # Without a survey this batch is the area.
            medians = self.medians or self._medians(x, batch.bands, usable, days[use])
            middle = torch.stack([medians[int(d)] for d in days[use]]).to(series)
            usable = usable & torch.isfinite(middle).all(dim=1)
            series = (series - middle.nan_to_num()) * usable.unsqueeze(2)
        start = float(batch.days[0])
        return self.watch(
            series, usable, batch.days[torch.as_tensor(use, device=batch.days.device)], start, ridge, screen
        )

    def watch(
        self,
        series: Tensor,
        usable: Tensor,
        days: Tensor,
        start: float,
        ridge: float = RIDGE,
        screen: float | None = None,
    ) -> Watched:
        """Fit the history and carry the fit forward.

        Parameters
        ----------
        series : Tensor, shape (n, t, c)
        usable : Tensor, shape (n, t)
        start : float
            Day on which the history begins.
        screen : float, optional
            A Shewhart chart: observations of the history further from the fit than so many root mean square residuals
            are dropped, and the rest is fitted again.
        """
        p = self.params
        days = days.detach().cpu().double()
        # Dates increase: the history is a prefix.
        length = int((days < start + p.history * DAYS_PER_YEAR).sum())
        columns = self.design(days, float(days[:length].mean())).to(series.device, solving_dtype(series.device))
        y, seen = series.transpose(1, 2), usable
        # The fit needs the history alone; on the later dates it would only compute zeros.
        then, known, x = y[..., :length], seen[:, :length], columns[:length]
        coefficients, _ = robust_solve(x, then, known, ridge, rounds=ROUNDS if p.robust else 0)
        if screen is not None:
            size = (then - evaluate(x, coefficients, y.dtype)).square().mul_(known.unsqueeze(1)).amax(dim=1)
            far = size > screen**2 * size.sum(dim=1, keepdim=True) / known.sum(dim=1, keepdim=True).clamp_min(1)
            if far.any():
                seen = seen & ~torch.nn.functional.pad(far, (0, seen.shape[1] - length))
                coefficients, _ = robust_solve(x, then, seen[:, :length], ridge, rounds=0)
        residual = (y - evaluate(columns, coefficients, y.dtype)).masked_fill_(~seen.unsqueeze(1), 0)
        counted = seen[:, :length].sum(dim=1)
        return Watched(residual, seen, length, days.to(columns), columns.shape[1], counted)

    def design(self, days: Tensor, middle: float) -> Tensor:
        """Columns of the regression, shape (t, k), float64; ``middle`` is the day at which a trend is 0."""
        return design(days, self.params.terms, self.params.trend, middle)

    @staticmethod
    def answer(seen: Watched, score: Tensor, **layers: Tensor) -> dict[str, Tensor]:
        """Return the outputs: ``change`` (n, 2) from the score; the other layers (n,), NaN where nothing changed."""
        ok = seen.watchable
        broken = ok & (score > 1)
        # Dates past 2**14 days keep a resolution of two minutes in float32: enough.
        out = {k: v.masked_fill(~broken, torch.nan).to(torch.float32) for k, v in layers.items()}
        return out | {"change": change_probabilities(score.masked_fill(~ok, torch.nan)).to(torch.float32)}


class IndexMonitor(Monitor):
    """Base of the monitors that watch the course of one index; their magnitude is signed."""

    Params = IndexParams

    @property
    def pair(self) -> tuple[str, str] | None:
        """Bands of the index."""
        return INDICES[str(self.params.index)]

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """As :class:`Monitor`; the magnitude is signed."""
        words = f"{self.params.index} lost or gained in the year after"
        size = Value("magnitude", unit="1", long_name=words, vmin=-0.6, vmax=0.6)
        return (*super().outputs(bands)[:3], size)

    def report(self, seen: Watched, score: Tensor, first: Tensor, confirmed: Tensor) -> dict[str, Tensor]:
        """Give the answer of an index monitor.

        Parameters
        ----------
        score : Tensor, shape (n,)
            Statistic over threshold; above 1 is a break.
        first, confirmed : Tensor, shape (n,), int64
            Positions, among the dates after the history, on which the change is first seen and is confirmed.
        """
        days = seen.days[seen.length :]
        if not len(days):
            nothing = score.new_full(score.shape, torch.nan)
            return self.answer(seen, score, break_date=nothing, confirmed_date=nothing, magnitude=nothing)
        when = days[first].unsqueeze(1)
        # Over a year only: cleared land grows green again.
        year = seen.clear & (days >= when) & (days < when + DAYS_PER_YEAR)
        magnitude = masked_median(seen.after.squeeze(1), year)
        slight = magnitude.abs() < self.params.smallest
        return self.answer(
            seen,
            torch.where(slight, score.clamp_max(1), score),
            break_date=days[first],
            confirmed_date=days[confirmed],
            magnitude=magnitude,
        )
