"""Forecasters of series as models that the engine runs over a cube: every pixel and band is a series."""

from __future__ import annotations

import copy
import dataclasses
import math
from functools import cache
from typing import Any, ClassVar

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch
from eowidgets.contract.model import Dates, Model
from eowidgets.contract.outputs import Bands, Output
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.cube.schema import bands as cube_bands
from eowidgets.cube.schema import usable as cube_usable
from eowidgets.models.classical.series import flat
from eowidgets.models.forecast.base import SeriesModel, series_model
from eowidgets.models.forecast.climatology import Climatology
from eowidgets.models.forecast.dates import When, dates_ahead, parse_dates
from eowidgets.models.forecast.harmonic import HarmonicForecast
from eowidgets.models.forecast.learned import NLinearForecaster
from eowidgets.models.forecast.naive import Persistence, SeasonalNaive
from eowidgets.models.forecast.smoothing import Theta

#: Pixels that a trained forecaster learns from, spread over the cube.
LEARN_FROM = 2000


@cache
def with_dates(params: type) -> type:
    """Return parameters of a forecaster together with the dates to forecast; the horizon is in days here."""
    both = (*dataclasses.fields(When), *(f for f in dataclasses.fields(params) if f.name != "horizon"))
    # A field belongs to one class: copies are made of what defines it.
    fields = [(f.name, f.type, dataclasses.field(default=f.default, metadata=f.metadata)) for f in both]
    name = f"{params.__module__.rpartition('.')[2].title().replace('_', '')}{params.__qualname__.replace('.', '')}WithDates"
    made = dataclasses.make_dataclass(name, fields, frozen=True, slots=True)
    # Found by this name when a model comes from another process.
    made.__module__ = __name__
    globals()[made.__name__] = made
    return made


class SeriesForecast(Model):
    """Any forecaster of series, run over a cube."""

    task = Task.FORECAST
    series: ClassVar[type[SeriesModel]]

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        parse_dates(self.params.dates)  # refused now, not in a run
        own = {f.name for f in dataclasses.fields(self.series.Params)}
        given = {k: v for k, v in dataclasses.asdict(self.params).items() if k in own and k != "horizon"}
        if "horizon" in own:
            # Beyond half a year the forecast runs on from itself: few cubes are long enough to learn more.
            given["horizon"] = max(1, math.ceil(min(self.params.horizon, 180) / self.params.step))
        self.forecaster = series_model(self.series.name, **given)

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Every band on every date asked for."""
        return (Bands("bands", dims="tyx", unit="1"),)

    def out_dates(self, dates: Dates) -> Dates:
        """Give the dates asked for, or a regular series after the last date."""
        return dates_ahead(self.params, dates)

    def survey(self, cube: xr.Dataset) -> None:
        """Let a trained forecaster learn from pixels spread over the cube."""
        if not self.forecaster.trained:
            return
        thin = max(1, math.isqrt(cube.sizes["y"] * cube.sizes["x"] // LEARN_FROM))
        part = cube.isel(y=slice(None, None, thin), x=slice(None, None, thin))
        values = np.stack([part[b].values for b in cube_bands(part)], axis=-1)  # t y x c
        seen = np.broadcast_to(cube_usable(part).values[..., None], values.shape)
        days = part.time.values.astype("datetime64[s]").astype(np.float64) / 86_400
        y, mask = (torch.from_numpy(np.array(a)).flatten(1, 2).transpose(0, 1) for a in (values, seen))
        self.forecaster = copy.deepcopy(self.forecaster)  # another run of this model may be forecasting with it
        self.forecaster.fit(y, torch.from_numpy(days), mask)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Forecast; ``bands`` (b, s, c, h, w), NaN where a pixel was never seen."""
        b, _, c, h, w = batch.x.shape
        if not bool(batch.usable.any()):
            return {"bands": batch.x.new_full((b, len(batch.out_days), c, h, w), torch.nan)}
        values = flat(batch.x).transpose(1, 2)  # (b h w) t c
        seen = flat(batch.usable).unsqueeze(-1).expand_as(values)
        made = self.forecaster.predict(values, batch.days, seen, batch.out_days)
        return {"bands": made.reshape(b, h, w, -1, c).permute(0, 3, 4, 1, 2)}


def _card(series: type[SeriesModel]) -> Card:
    return dataclasses.replace(series.card, title=f"{series.card.title} of every pixel")


@register
class ForecastPersistence(SeriesForecast):
    """The last clear value of every pixel."""

    name, series, card, Params = "forecast-persistence", Persistence, _card(Persistence), When


@register
class ForecastSeasonalNaive(SeriesForecast):
    """What was seen about a year before."""

    name, series, card = "forecast-seasonal-naive", SeasonalNaive, _card(SeasonalNaive)
    Params = with_dates(SeasonalNaive.Params)


@register
class ForecastClimatology(SeriesForecast):
    """The mean year of every pixel."""

    name, series, card = "forecast-climatology", Climatology, _card(Climatology)
    Params = with_dates(Climatology.Params)


@register
class ForecastHarmonic(SeriesForecast):
    """Yearly waves and trend of every pixel, carried on."""

    name, series, card = "forecast-harmonic", HarmonicForecast, _card(HarmonicForecast)
    Params = with_dates(HarmonicForecast.Params)


@register
class ForecastTheta(SeriesForecast):
    """Theta method around the season of every pixel."""

    name, series, card, Params = "forecast-theta", Theta, _card(Theta), with_dates(Theta.Params)


@register
class ForecastNLinear(SeriesForecast):
    """One linear map for all pixels, solved on the cube itself before it is run."""

    name, series, card = "forecast-nlinear", NLinearForecaster, _card(NLinearForecaster)
    Params = with_dates(NLinearForecaster.Params)
