"""Models that forecast whole images, asked like forecasters of series: for some pixels, from some day, on some days."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from eowidgets.analysis.history import Block, History
from eowidgets.contract.feeds import Batch
from eowidgets.contract.model import Dates, Model
from eowidgets.contract.outputs import Output
from eowidgets.contract.registry import get_model, model_classes
from eowidgets.contract.task import Task
from eowidgets.cube.grid import pixel
from eowidgets.cube.indices import index as spectral_index
from eowidgets.engine.run import run
from eowidgets.errors import InputError, ModelError, unknown
from eowidgets.models.forecast.adapters import SeriesForecast
from eowidgets.models.forecast.base import SeriesModel, series_model, series_models
from eowidgets.models.forecast.dates import When
from eowidgets.models.forecast.past import Past

#: Hold-out windows are so many, on a square of so many pixels in the middle: a network may take seconds for each.
HOLDOUT_WINDOWS, HOLDOUT_SIDE = 6, 64
#: Parameters of such models that say which dates they make: here they are told.
DATES = tuple(f.name for f in fields(When))


def forecasters() -> dict[str, type[SeriesModel] | type[Model]]:
    """All that ``eow.forecast`` and the panel can be asked for: forecasters of series, and registered ones of images."""
    frames = {m.name: m for m in model_classes(Task.FORECAST) if not issubclass(m, SeriesForecast)}
    return {**series_models(), **frames}


def make_forecaster(model: Any, history: History, seed: int, params: dict[str, Any]) -> SeriesModel:
    """Make a forecaster of series from a name or an instance; one of images is wrapped.

    Raises
    ------
    InputError
        If no forecaster has this name, or the model does something else than forecast.
    """
    images = isinstance(model, Model) or (isinstance(model, type) and issubclass(model, Model))
    if isinstance(model, str) and model not in series_models():
        images = model in {m.name for m in model_classes(Task.FORECAST)}
        if not images:
            raise unknown("forecaster", model, forecasters())
    return FrameForecaster(get_model(model, **params), history, seed) if images else series_model(model, **params)


class FrameForecaster(SeriesModel):
    """A model of images (:class:`~eowidgets.contract.model.Model` with the task ``forecast``) as a forecaster of series.

    Parameters
    ----------
    model : Model
    history : History
        What it may look at; of that, each forecast is given what was known on its own day.
    seed : int
        For models that draw random numbers.

    Attributes
    ----------
    where : Tensor, shape (n,), int64
        Positions of the series that it is asked for next.
    """

    trained = False

    def __init__(self, model: Model, history: History, seed: int = 0) -> None:
        if model.task != Task.FORECAST:
            raise InputError(f"Model {model.name!r} does not forecast: its task is {model.task.name!r}.")
        self.model, self.history, self.seed = model, history, seed
        self.name, self.card = model.name, model.card  # type: ignore[misc]
        self.params, self.fitted = model.params, True
        self.where = torch.zeros(1, dtype=torch.int64)
        self._made: dict[tuple[float, ...], Tensor] = {}

    def predict(self, values: Tensor, days: Tensor, mask: Tensor | None, future_days: Tensor) -> Tensor:
        """Forecast the series of the block from the last of ``days``; values are taken from the images themselves."""
        made = self._frames(float(days[-1]), future_days)
        made = made[self.where].to(values.dtype)
        seen = values.isfinite() if mask is None else mask
        known = seen.any(dim=1, keepdim=True).expand_as(made)
        wrong = int((known & ~made.isfinite()).flatten(1).any(1).sum())
        if wrong:
            raise ModelError(
                f"Forecaster {self.name!r} gave no finite number for {wrong} of {len(made)} pixels: "
                "forecast other bands, or choose another forecaster."
            )
        return torch.where(known, made, torch.nan)

    def _predict(self, series: Past, future: Tensor) -> Tensor:
        raise NotImplementedError  # never called: predict of this class does not use it

    def _frames(self, start: float, future: Tensor) -> Tensor:
        """Every pixel (or the one series) of the history on some days, (n, h, c), from what was known on ``start``."""
        key = (start, *future.tolist())
        if key not in self._made:
            seen = self.history.around.isel(time=(self.history.days <= start).numpy())
            when = np.array([np.datetime64(round(d * 86_400_000), "ms") for d in future.tolist()], "datetime64[ns]")
            # One precision for hold-out and forecast: what intervals are sized by must be made as the forecast is.
            images = run(OnDates(self.model, when), seen, seed=self.seed, precision="fp32")
            self._made = {key: _series(images, self.history)}
        return self._made[key]


def asked_for(model: SeriesModel, block: Block) -> SeriesModel:
    """The model, told which series it will be asked for if it is one of images."""
    if isinstance(model, FrameForecaster):
        model.where = block.where
    return model


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


class OnDates(Model):
    """A model, to be run on given dates of output instead of those that it would choose itself."""

    def __init__(self, model: Model, when: Dates) -> None:
        self.model, self.when = model, when
        for name in ("name", "task", "card", "feed", "resamples", "Params", "params", "device"):
            setattr(self, name, getattr(model, name))

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """As the model."""
        return self.model.outputs(bands)

    def out_dates(self, dates: Dates) -> Dates:
        """The given ones."""
        return self.when

    def survey(self, cube: xr.Dataset) -> None:
        """As the model."""
        self.model.survey(cube)

    def module(self) -> torch.nn.Module | None:
        """As the model."""
        return self.model.module()

    def to(self, device: torch.device) -> Model:
        """Move the model."""
        self.model.to(device)
        self.device = device
        return self

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """As the model."""
        return self.model.predict(batch)
