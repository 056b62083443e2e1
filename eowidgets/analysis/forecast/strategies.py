"""Adapters that forecast the series of a cube: one for models of series, one for models of images."""

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
from eowidgets.analysis.history import History, SeriesBlock
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

#: Side of the central square used for hold-out windows of models of images: a network may take seconds for each window.
HOLDOUT_SIDE = 64
#: Trend unit of a record without season: the record lasts one day of the scale and spans five of these units.
YEARS_OF_RECORD = 0.2


class Strategy(ABC):
    """A model behind one interface: forecast these series from the last of some days, on later days.

    Parameters
    ----------
    model : Model

    Attributes
    ----------
    windows : int
        Maximum number of hold-out windows.
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
        """Short name of the model, as results state it."""
        return short_name(self.model.name)

    def trial(self, history: History) -> tuple[Strategy, History]:
        """Return the strategy for hold-out windows, and the part of the history that they are cut from."""
        return self, history

    def fit(self, block: SeriesBlock, days: Tensor) -> None:  # noqa: B027  (most have nothing to learn)
        """Fit on series on ``days``, shape (t,)."""

    @abstractmethod
    def forecast(self, block: SeriesBlock, days: Tensor, future: Tensor) -> Tensor:
        """Forecast series from the last of ``days``.

        Parameters
        ----------
        block : SeriesBlock
            Observations on ``days``.
        days : Tensor, shape (t,)
            Days since 1970-01-01.
        future : Tensor, shape (h,)

        Returns
        -------
        Tensor, shape (n, h, c)
            NaN for a series and channel that was never observed.
        """


class OfSeries(Strategy):
    """A forecaster of series; a copy of it is fitted, so that the given instance is not modified."""

    model: Forecaster

    def __init__(self, model: Forecaster, season: Season = Season()) -> None:  # noqa: B008  (frozen)
        super().__init__(copy.copy(model))
        self.season = season
        self.learns = model.trained
        if season.length != YEAR:  # years of the scale: the record limits the horizon
            self.model.furthest = float("inf")

    def fit(self, block: SeriesBlock, days: Tensor) -> None:
        """Fit the copied model."""
        self.model.fit(block.values, days, block.seen)

    def forecast(self, block: SeriesBlock, days: Tensor, future: Tensor) -> Tensor:
        """Forecast the series without their shorter season, and add that season afterwards."""
        inner = self.season.inner_scaled
        if inner is None or not bool(block.seen.any()):
            return self.model.forecast(block.values, days, block.seen, future)
        past = checked(block.values, days, block.seen)
        short = fit_season(past, length=inner)
        rest = block.values - past.unrow(short.at(days)).to(block.values.dtype)
        predicted = self.model.forecast(rest, days, block.seen, future)
        return predicted + past.unrow(short.at(future)).to(predicted.dtype)


class OfImages(Strategy):
    """A model of images, run over the cube for the wanted dates; series are extracted from its images.

    Parameters
    ----------
    model : Model
    history : History
        Each forecast uses only the part before its start.
    seed : int
        For models that draw random numbers.
    """

    windows = 6

    def __init__(self, model: Model, history: History, seed: int = 0) -> None:
        super().__init__(model)
        self._history, self._seed = history, seed
        self._cached: dict[tuple[float, ...], Tensor] = {}

    def trial(self, history: History) -> tuple[Strategy, History]:
        """Return a strategy for a central square of which every pixel is forecast, and that part of the history."""
        if history.place != "pixels":
            return self, history
        middle = history.middle(HOLDOUT_SIDE)
        return OfImages(self.model, middle, self._seed), middle

    def forecast(self, block: SeriesBlock, days: Tensor, future: Tensor) -> Tensor:
        """Extract the series of the block from images forecast from the last of ``days``."""
        found = self._images(float(days[-1]), future)[block.where].to(block.values.dtype)
        known = block.seen.any(dim=1, keepdim=True).expand_as(found)
        wrong = int((known & ~found.isfinite()).flatten(1).any(1).sum())
        if wrong:
            raise ModelError(
                f"Forecaster {self.name!r} predicts no finite number for {wrong} of {len(found)} pixels: "
                "forecast other bands, or choose another forecaster."
            )
        return torch.where(known, found, torch.nan)

    def _images(self, start: float, future: Tensor) -> Tensor:
        """Return the series (n, h, c) of the history on the wanted days, forecast from ``start``."""
        key = (start, *future.tolist())
        if key not in self._cached:
            seen = self._history.around.isel(time=(self._history.days <= start).numpy())
            when = np.array([np.datetime64(round(d * 86_400_000), "ms") for d in future.tolist()], "datetime64[ns]")
            # Hold-out windows and forecast use the same precision: errors size the intervals of the same computation.
            job = make_job(self.model, seen, seed=self._seed, precision="fp32", when=when)
            run_here(job)
            self._cached = {key: _series(job.result(), self._history)}
        return self._cached[key]


def _series(images: xr.Dataset, h: History) -> Tensor:
    """Return images as the series of a history, (n, h, c)."""
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
    """Return the adapter with which a model forecasts the series of a history.

    Parameters
    ----------
    model : str, Model or Model class
        A name with or without ``forecast-``, or a model of your own.
    history : History or TableHistory
        Models of images need a History.
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
        For an unknown name, a wrong parameter, or a model of another task.
    """
    found = make_forecaster(model, params if isinstance(model, Model) else {**_usual(model, season, spacing), **params})
    if found.task != Task.FORECAST:
        raise InputError(f"Model {found.name!r} does not forecast: its task is {found.task.name!r}.")
    if isinstance(found, Forecaster):
        return OfSeries(found, season)
    if not isinstance(history, History):
        raise InputError(f"The model {short_name(found.name)!r} forecasts images: give a cube, or name another model.")
    return OfImages(found, history, seed)


def _usual(model: str | type[Model], season: Season, spacing: float | None) -> dict[str, Any]:
    """Return the parameters of a forecaster that follow from the season and the step of a record."""
    kind = forecaster_class(model) if isinstance(model, str) else model
    if not (isinstance(kind, type) and issubclass(kind, Forecaster)):
        return {}
    found: dict[str, Any] = {}
    if season.length is None and issubclass(kind, Smoothing | Average):
        # No harmonics, and a time unit of which the record has as many as a record of a few years.
        found = {"terms": 0, "season": YEARS_OF_RECORD}
    if kind.trained and spacing is not None:
        found |= {"step": spacing * season.rate} | ({"season": False} if season.length is None else {})
    return found


def make_forecaster(model: str | Model | type[Model], params: Mapping[str, Any]) -> Model:
    """Create a model from a short or registered name, a class or an instance, as :func:`make_strategy` accepts them."""
    kind = forecaster_class(model) if isinstance(model, str) else model
    if issubclass(kind if isinstance(kind, type) else type(kind), Forecaster):
        return get_model(kind, **_own(kind, params))
    return get_model(kind, **params)


def _own(kind: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a forecaster of series; reject those that set dates, which have no effect here."""
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
