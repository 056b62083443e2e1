"""How a model forecasts series of a cube from some day on some days: one way for models of series, one for models of images."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from eowidgets.analysis.forecast.names import forecaster_class
from eowidgets.analysis.forecast.season import YEAR, Season
from eowidgets.analysis.history import Block, History
from eowidgets.contract.model import Model
from eowidgets.contract.registry import get_model
from eowidgets.contract.task import Task
from eowidgets.cube.grid import pixel
from eowidgets.cube.indices import index as spectral_index
from eowidgets.engine.run import make_job
from eowidgets.engine.scheduler import run_here
from eowidgets.errors import InputError, ModelError
from eowidgets.models.forecast.base import Forecaster, short_name
from eowidgets.models.forecast.series.dates import DATES
from eowidgets.models.forecast.series.past import checked
from eowidgets.models.forecast.series.season import fit_season
from eowidgets.models.forecast.statistical.average import Average
from eowidgets.models.forecast.statistical.smoothing import Smoothing

#: Side of the square in the middle on which hold-out windows of images are run: a network may take seconds for each.
HOLDOUT_SIDE = 64
#: Unit of time of a trend where there is no season: the record, which lasts a day then, has five of them.
YEARS_OF_RECORD = 0.2


class Strategy(ABC):
    """A model that is asked: forecast these series from this day on those days.

    Parameters
    ----------
    model : Model

    Attributes
    ----------
    windows : int
        Hold-out windows at most.
    learns : bool
        Whether :meth:`fit` must be called first.
    """

    windows: ClassVar[int] = 12
    learns = False
    season = Season()

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def name(self) -> str:
        """Name on results."""
        return short_name(self.model.name)

    def trial(self, history: History) -> tuple[Strategy, History]:
        """Give the strategy for hold-out windows, and the part of the history that they are cut from."""
        return self, history

    def fit(self, block: Block, days: Tensor) -> None:  # noqa: B027  (most have nothing to learn)
        """Learn from series on ``days``, shape (t,)."""

    @abstractmethod
    def forecast(self, block: Block, days: Tensor, future: Tensor) -> Tensor:
        """Forecast series from the last of ``days``.

        Parameters
        ----------
        block : Block
            What was observed on ``days``.
        days : Tensor, shape (t,)
            Since 1970-01-01.
        future : Tensor, shape (h,)

        Returns
        -------
        Tensor, shape (n, h, c)
            NaN for a series and channel that was never observed.
        """


class OfSeries(Strategy):
    """A forecaster of series; a copy of it is fitted, so that the one given stays as it was."""

    model: Forecaster

    def __init__(self, model: Forecaster, season: Season = Season()) -> None:  # noqa: B008  (frozen)
        super().__init__(copy.copy(model))
        self.season = season
        self.learns = model.trained
        if season.length != YEAR:  # years of the scale: how far a forecast may go follows from the record
            self.model.furthest = float("inf")

    def fit(self, block: Block, days: Tensor) -> None:
        """Fit the copy."""
        self.model.fit(block.values, days, block.seen)

    def forecast(self, block: Block, days: Tensor, future: Tensor) -> Tensor:
        """Forecast the series themselves, without their shorter season, which is added afterwards."""
        inner = self.season.inner_scaled
        if inner is None or not bool(block.seen.any()):
            return self.model.forecast(block.values, days, block.seen, future)
        past = checked(block.values, days, block.seen)
        short = fit_season(past, length=inner)
        rest = block.values - past.unrow(short.at(days)).to(block.values.dtype)
        made = self.model.forecast(rest, days, block.seen, future)
        return made + past.unrow(short.at(future)).to(made.dtype)


class OfImages(Strategy):
    """A model of images, run over the cube on the dates wanted; the series are taken out of its images.

    Parameters
    ----------
    model : Model
    history : History
        Each forecast is given what of it was known on its own day.
    seed : int
        For models that draw random numbers.
    """

    windows = 6

    def __init__(self, model: Model, history: History, seed: int = 0) -> None:
        super().__init__(model)
        self._history, self._seed = history, seed
        self._made: dict[tuple[float, ...], Tensor] = {}

    def trial(self, history: History) -> tuple[Strategy, History]:
        """Take a square in the middle where every pixel is forecast."""
        if history.place != "pixels":
            return self, history
        middle = history.middle(HOLDOUT_SIDE)
        return OfImages(self.model, middle, self._seed), middle

    def forecast(self, block: Block, days: Tensor, future: Tensor) -> Tensor:
        """Take the series of the block out of images forecast from the last of ``days``."""
        found = self._images(float(days[-1]), future)[block.where].to(block.values.dtype)
        known = block.seen.any(dim=1, keepdim=True).expand_as(found)
        wrong = int((known & ~found.isfinite()).flatten(1).any(1).sum())
        if wrong:
            raise ModelError(
                f"Forecaster {self.name!r} gave no finite number for {wrong} of {len(found)} pixels: "
                "forecast other bands, or choose another forecaster."
            )
        return torch.where(known, found, torch.nan)

    def _images(self, start: float, future: Tensor) -> Tensor:
        """Every pixel (or the one series) of the history on some days, (n, h, c), from what was known on ``start``."""
        key = (start, *future.tolist())
        if key not in self._made:
            seen = self._history.around.isel(time=(self._history.days <= start).numpy())
            when = np.array([np.datetime64(round(d * 86_400_000), "ms") for d in future.tolist()], "datetime64[ns]")
            # One precision for hold-out and forecast: what intervals are sized by must be made as the forecast is.
            job = make_job(self.model, seen, seed=self._seed, precision="fp32", when=when)
            run_here(job)
            self._made = {key: _series(job.result(), self._history)}
        return self._made[key]


def _series(images: xr.Dataset, h: History) -> Tensor:
    """Images as the series of a history, (n, h, c)."""
    images = images.transpose("time", "y", "x", ...)
    if h.index is None:
        values = np.stack([images[name].values for name in h.names], axis=1)  # h c y x
    else:
        values = spectral_index(images, h.index).transpose("time", "y", "x").values[:, None]
    if h.point is not None:
        row, column = pixel(images, *h.point)
        values = values[:, :, row : row + 1, column : column + 1]
    elif h.place == "area":
        inside = np.where(h.inside, values, np.nan)
        values = np.nanmean(inside, axis=(2, 3), keepdims=True)
    flat = values.reshape(*values.shape[:2], -1).transpose(2, 0, 1)
    return torch.from_numpy(np.ascontiguousarray(flat))


def make_strategy(
    model: str | Model | type[Model],
    history: Any,
    seed: int,
    params: Mapping[str, Any],
    season: Season = Season(),  # noqa: B008  (frozen)
    spacing: float | None = None,
) -> Strategy:
    """Decide how a model forecasts the series of a history.

    Parameters
    ----------
    model : str, Model or Model class
        A name with or without ``forecast-``, or a model of your own.
    history : History or TableHistory
        Models of images need the first.
    seed : int
        For models of images that draw random numbers.
    params : mapping
        Parameters of the model. ``horizon``, ``batch`` and ``seed`` are the older names of ``ahead``, in
        steps, ``windows`` and ``training_seed``.
    season : Season
        Of the record.
    spacing : float, optional
        Days between the dates of a table: the step of the grid of networks.

    Raises
    ------
    InputError
        For an unknown name, a wrong parameter, or a model that does something else than forecast.
    """
    made = make_forecaster(model, params if isinstance(model, Model) else {**_usual(model, season, spacing), **params})
    if made.task != Task.FORECAST:
        raise InputError(f"Model {made.name!r} does not forecast: its task is {made.task.name!r}.")
    if isinstance(made, Forecaster):
        return OfSeries(made, season)
    if not isinstance(history, History):
        raise InputError(f"The model {short_name(made.name)!r} forecasts images: give a cube, or name another model.")
    return OfImages(made, history, seed)


def _usual(model: str | type[Model], season: Season, spacing: float | None) -> dict[str, Any]:
    """Return parameters of a forecaster that follow from the season and the step of a record."""
    kind = forecaster_class(model) if isinstance(model, str) else model
    if not (isinstance(kind, type) and issubclass(kind, Forecaster)):
        return {}
    found: dict[str, Any] = {}
    if season.length is None and issubclass(kind, Smoothing | Average):
        # No waves, and a unit of time in which the record is as long as that of a few years.
        found = {"terms": 0, "season": YEARS_OF_RECORD}
    if kind.trained and spacing is not None:
        found |= {"step": spacing * season.rate} | ({"season": False} if season.length is None else {})
    return found


def make_forecaster(model: str | Model | type[Model], params: Mapping[str, Any]) -> Model:
    """Make a model from a short or registered name, a class or an instance, as :func:`make_strategy` takes them."""
    kind = forecaster_class(model) if isinstance(model, str) else model
    if issubclass(kind if isinstance(kind, type) else type(kind), Forecaster):
        return get_model(kind, **_own(kind, params))
    return get_model(kind, **params)


def _own(kind: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a forecaster of series; those that state dates have no effect in a forecast."""
    given = dict(params)
    for older, name in (("horizon", "ahead"), ("batch", "windows"), ("seed", "training_seed")):
        if kind.trained and older in given and name not in given:
            given[name] = given.pop(older)
    for name in DATES:
        if name in given:
            raise InputError(
                f"The parameter {name!r} applies to runs only: give the dates of a forecast by days and every."
            )
    return given
