"""The interface of forecasters: models of many masked, irregular series that also run over a cube.

A forecaster takes series ``(n, t, c)`` on common dates and returns values on later days. Checks, order of dates,
duplicates and gaps are handled here, once, so that a model's own file contains the model only.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, ClassVar, Self, cast

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from eowidgets.contract.feeds import Batch, Series
from eowidgets.contract.model import Dates, Model
from eowidgets.contract.outputs import Bands, Output
from eowidgets.contract.task import Task
from eowidgets.cube.schema import bands as cube_bands
from eowidgets.cube.schema import usable as cube_usable
from eowidgets.deprecation import warn_deprecated
from eowidgets.errors import InputError, ModelError, shown
from eowidgets.models.forecast.series.dates import When, dates_ahead, parse_dates
from eowidgets.models.forecast.series.past import FURTHEST, Past, checked, checked_future

#: Prefix of the registered names of forecasters; ``eow.forecast`` accepts names with or without it.
PREFIX = "forecast-"
#: Number of pixels, spread over the cube, that a trained forecaster is fitted to.
LEARN_FROM = 2000


def short_name(name: str) -> str:
    """Return a registered name without ``forecast-``.

    Examples
    --------
    >>> short_name("forecast-theta")
    'theta'
    """
    return name.removeprefix(PREFIX)


class Forecaster(Model):
    """Base class of every forecaster of series.

    A subclass defines ``_predict`` (and ``_fit`` if it is trained on many series); the public methods check the input and
    the result. A *local* model (``trained = False``) is estimated from each series that it forecasts; a *trained* one
    must be fitted first, which a run over a cube does automatically, on pixels spread over the cube. Nothing after the
    last of ``days`` is ever used.

    Attributes
    ----------
    name : str
        ``forecast-`` and lower-case words joined by hyphens.
    regular : bool
        Whether the model needs a regular grid; if so it regrids the series (:mod:`eowidgets.models.forecast.series.grid`).
    trained : bool
        Whether ``fit`` must be called before ``forecast``.
    needs : str, optional
        Package that must be installed in addition to this one.
    furthest : float
        Largest horizon in years.
    Params : type
        Frozen dataclass derived from :class:`~eowidgets.models.forecast.series.dates.When`, which has the dates of a run.

    Examples
    --------
    >>> import torch
    >>> from eowidgets.contract.registry import get_model
    >>> days = torch.arange(0, 1000, 10.0)
    >>> values = (days / 365.2425 * 6.2832).sin().reshape(1, -1, 1)
    >>> model = get_model("forecast-harmonic").fit(values, days)
    >>> model.forecast(values, days, None, torch.tensor([1004.4, 1095.7])).flatten().abs().max() < 1.01
    tensor(True)
    """

    task = Task.FORECAST
    feed = Series()
    regular: ClassVar[bool] = False
    trained: ClassVar[bool] = False
    needs: ClassVar[str | None] = None
    furthest: float = FURTHEST
    Params: ClassVar[type] = When

    def __init__(self, **params: Any) -> None:
        if not issubclass(self.Params, When):
            raise InputError(
                f"Params of the forecaster {shown(self.name)} lacks the dates of a run: derive it from "
                "eowidgets.models.forecast.When."
            )
        super().__init__(**params)
        parse_dates(self.params.dates)  # refused early, not during a run
        self.fitted = not self.trained

    # --- over series ---------------------------------------------------------------------------------------------

    def fit(self, values: Tensor, days: Tensor, mask: Tensor | None = None) -> Self:
        """Fit to many series.

        Parameters
        ----------
        values : Tensor, shape (n, t, c)
            NaN and infinity count as missing.
        days : Tensor, shape (t,)
            Days since any epoch, in any order and at any spacing; the same epoch in ``forecast``, counted from
            1970-01-01 if the season of a year matters.
        mask : Tensor, optional, shape (n, t, c), bool
            True where the value was observed; None: wherever it is finite.

        Raises
        ------
        InputError
            If the input is inconsistent, or too short for training.
        """
        self._fit(checked(values, days, mask))
        self.fitted = True
        return self

    def forecast(self, values: Tensor, days: Tensor, mask: Tensor | None, future_days: Tensor) -> Tensor:
        """Forecast every series.

        Parameters
        ----------
        values, days, mask
            As in :meth:`fit`; the past only. The series may differ from those of ``fit``.
        future_days : Tensor, shape (h,)
            Each after the last of ``days``, in any order.

        Returns
        -------
        Tensor, shape (n, h, c), of the dtype and on the device of ``values``
            NaN for a series and channel without any observation, and only there.

        Raises
        ------
        InputError
            If the input is inconsistent, nothing was observed, or the horizon is empty or too long.
        ModelError
            If the model is not fitted, or returned a value that is not finite.
        """
        if not self.fitted:
            raise ModelError(f"Forecaster {self.name!r} is not fitted: call fit before forecast.")
        past = checked(values, days, mask)
        future = checked_future(future_days, past.cut, self.furthest)
        with torch.no_grad():
            out = self._predict(past, future).to(past.values.dtype)
        known = past.seen.any(dim=1, keepdim=True)
        wrong = int((~out.isfinite() & known).any(dim=1).sum())
        if wrong:
            raise ModelError(
                f"Forecaster {self.name!r} returned no finite value for {wrong} series: "
                "check their values, or choose another forecaster."
            )
        return torch.where(known, out, torch.nan)

    def _fit(self, series: Past) -> None:
        """Fit to checked series; networks are created again here, so a copy of this model keeps its own."""

    @abstractmethod
    def _predict(self, series: Past, future: Tensor) -> Tensor:
        """Forecast checked series, (n, h, c); the result of a series without observations is blanked afterwards."""

    # --- over a cube ---------------------------------------------------------------------------------------------

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs: every band on every requested date."""
        return (Bands("bands", dims="tyx", unit="1"),)

    def out_dates(self, dates: Dates) -> Dates:
        """Return the requested dates, or a regular series after the last date."""
        return dates_ahead(self.params, dates)

    def learn(self, cube: xr.Dataset) -> None:
        """Fit to pixels spread over the cube, unless the model is already fitted."""
        if self.fitted:
            return
        self._reach()
        thin = max(1, math.isqrt(cube.sizes["y"] * cube.sizes["x"] // LEARN_FROM))
        part = cube.isel(y=slice(None, None, thin), x=slice(None, None, thin))
        values = np.stack([part[b].values for b in cube_bands(part)], axis=-1)  # t y x c
        seen = np.broadcast_to(cube_usable(part).values[..., None], values.shape)
        days = part.time.values.astype("datetime64[s]").astype(np.float64) / 86_400
        y, mask = (torch.from_numpy(np.array(a)).flatten(1, 2).transpose(0, 1) for a in (values, seen))
        self.fit(y, torch.from_numpy(days), mask)

    def _reach(self) -> None:
        """Adjust to the horizon of a run before the fit."""

    def predict(self, batch: Batch, *older: Any) -> dict[str, Tensor]:
        """Forecast a batch of series; ``bands`` (n, s, c), NaN for a series without observations."""
        if isinstance(batch, Tensor):
            warn_deprecated("predict(values, days, mask, future_days)", "forecast(...)", ends="0.3")
            return cast("dict[str, Tensor]", self.forecast(batch, *older))
        n, _, c = batch.x.shape
        if not bool(batch.usable.any()):
            return {"bands": batch.x.new_full((n, len(batch.out_days), c), torch.nan)}
        seen = batch.usable.unsqueeze(-1).expand_as(batch.x)
        return {"bands": self.forecast(batch.x, batch.days, seen, batch.out_days)}
