"""The contract of forecasters: many masked, irregular series at once, and the days that are asked for.

A :class:`SeriesModel` knows nothing of cubes, pixels or maps: it takes series ``(n, t, c)`` on common dates and gives
values on later days. Checks, order of dates, duplicates and gaps are dealt with here, once, so that a model's own file
holds the model only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar, Self, TypeVar

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.params import NoParams, make_params
from eowidgets.contract.remake import Remade
from eowidgets.errors import InputError, ModelError, unknown
from eowidgets.models.classical.series import DAYS_PER_YEAR

#: A forecast further ahead than this is refused, in years.
FURTHEST = 10.0
#: Modules that hold the models; imported when a model is first asked for by name.
MODULES = tuple(
    f"eowidgets.models.forecast.{m}"
    for m in ("naive", "climatology", "harmonic", "smoothing", "learned", "combine", "fracast", "chronos")
)


@dataclass(frozen=True, slots=True)
class Series:
    """Checked series: sorted unique days, zeros where nothing was seen.

    Attributes
    ----------
    values : Tensor, shape (n, t, c), floating
        0 where ``seen`` is False.
    days : Tensor, shape (t,), float64, on the CPU
        Strictly increasing.
    seen : Tensor, shape (n, t, c), bool
    """

    values: Tensor
    days: Tensor
    seen: Tensor

    @property
    def cut(self) -> float:
        """The last day that is known, whatever was seen on it."""
        return float(self.days[-1])

    def until(self, day: float) -> Series:
        """What was known on a day: it and everything before."""
        count = int((self.days <= day).sum())
        return Series(self.values[:, :count], self.days[:count], self.seen[:, :count])

    def rows(self) -> tuple[Tensor, Tensor]:
        """One row per series and channel, time last: values and mask, both ``((n c), t)``."""
        return self.values.transpose(1, 2).flatten(0, 1), self.seen.transpose(1, 2).flatten(0, 1)

    def unrow(self, rows: Tensor) -> Tensor:
        """Undo :meth:`rows`: ``((n c), h) -> (n, h, c)``."""
        return rows.reshape(self.values.shape[0], self.values.shape[2], -1).transpose(1, 2)


def checked(values: Tensor, days: Tensor, mask: Tensor | None = None) -> Series:
    """Sort by day, average what falls on one and the same day, and turn what is not finite into gaps.

    Raises
    ------
    InputError
        If shapes or days make no sense, or if no value at all was seen.
    """
    if values.dim() != 3 or not values.numel():
        raise InputError(
            f"Series have shape (series, time, channel), none of them empty; this is {tuple(values.shape)}."
        )
    values = values if values.is_floating_point() else values.float()
    days = torch.as_tensor(days).detach().cpu().double()
    if days.shape != values.shape[1:2] or not bool(days.isfinite().all()):
        raise InputError(
            f"{values.shape[1]} dates need as many finite days, in one dimension; these are {days.tolist()}."
        )
    seen = values.isfinite()
    if mask is not None:
        if mask.shape != values.shape:
            raise InputError(
                f"The mask has shape {tuple(mask.shape)}, the values {tuple(values.shape)}: give one each."
            )
        seen = seen & mask.to(device=values.device, dtype=torch.bool)
    if not bool(seen.any()):
        raise InputError("Nothing was seen in any of the series: there is nothing to forecast from.")
    values = torch.where(seen, values, 0.0)
    unique, where = torch.unique(days, return_inverse=True)
    if len(unique) == len(days):
        order = days.argsort()
        return Series(values[:, order], unique, seen[:, order])
    where = where.to(values.device)
    shape = (values.shape[0], len(unique), values.shape[2])
    count = values.new_zeros(shape).index_add_(1, where, seen.to(values.dtype))
    total = values.new_zeros(shape).index_add_(1, where, values)
    return Series(total / count.clamp_min(1), unique, count > 0)


def checked_future(future_days: Tensor, cut: float) -> Tensor:
    """Days to forecast as float64 on the CPU.

    Raises
    ------
    InputError
        If there are none, or one is not after ``cut`` or further than :data:`FURTHEST` years.
    """
    future = torch.as_tensor(future_days).detach().cpu().double().reshape(-1)
    if not len(future) or not bool(future.isfinite().all()):
        raise InputError("There is no day to forecast: give at least one day after the last date.")
    if float(future.min()) <= cut:
        behind = cut - float(future.min())
        raise InputError(f"A day to forecast lies {behind:g} days before the last date, or on it: ask for later days.")
    if float(future.max()) > cut + FURTHEST * DAYS_PER_YEAR:
        ahead = float(future.max()) - cut
        raise InputError(f"{ahead:.0f} days ahead is beyond reason: ask for {FURTHEST:g} years at most.")
    return future


class SeriesModel(Remade, ABC):
    """Base class of every forecaster of series.

    A subclass writes ``_predict`` (and ``_fit`` if it learns from many series); the public methods check what comes in
    and what goes out. A *local* model (``trained = False``) takes all it knows from the series that ``predict`` is
    given; for a *trained* one, ``fit`` must come first. Nothing after the last of ``days`` is ever seen.

    Attributes
    ----------
    name : str
        Lower-case words joined by hyphens, unique among the series models.
    card : Card
    regular : bool
        Whether the model needs a regular grid; if so it regrids by itself (:mod:`eowidgets.models.forecast.grid`).
    trained : bool
        Whether ``fit`` must be called before ``predict``.
    needs : str, optional
        Package that must be installed beside this one.
    Params : type
        Frozen dataclass made of :func:`~eowidgets.contract.params.param` fields.

    Examples
    --------
    >>> import torch
    >>> from eowidgets.models.forecast.base import series_model
    >>> days = torch.arange(0, 1000, 10.0)
    >>> values = (days / 365.2425 * 6.2832).sin().reshape(1, -1, 1)
    >>> model = series_model("harmonic").fit(values, days)
    >>> model.predict(values, days, None, torch.tensor([1004.4, 1095.7])).flatten().abs().max() < 1.01
    tensor(True)
    """

    name: ClassVar[str]
    card: ClassVar[Card]
    regular: ClassVar[bool] = False
    trained: ClassVar[bool] = False
    needs: ClassVar[str | None] = None
    Params: ClassVar[type] = NoParams

    def __init__(self, **params: Any) -> None:
        self.params: Any = make_params(self.Params, params)
        self.fitted = not self.trained

    def fit(self, values: Tensor, days: Tensor, mask: Tensor | None = None) -> Self:
        """Learn from many series.

        Parameters
        ----------
        values : Tensor, shape (n, t, c)
            NaN and infinity count as not seen.
        days : Tensor, shape (t,)
            Days since any epoch, in any order and at any spacing; the same epoch in ``predict``, counted from
            1970-01-01 if the season of a year matters.
        mask : Tensor, optional, shape (n, t, c), bool
            True where the value was seen; None: wherever it is finite.

        Raises
        ------
        InputError
            If the input makes no sense, or is too short to learn from.
        """
        self._fit(checked(values, days, mask))
        self.fitted = True
        return self

    def predict(self, values: Tensor, days: Tensor, mask: Tensor | None, future_days: Tensor) -> Tensor:
        """Forecast every series.

        Parameters
        ----------
        values, days, mask
            As in :meth:`fit`; the past only. Other series than those of ``fit`` may be given.
        future_days : Tensor, shape (h,)
            Each after the last of ``days``, in any order.

        Returns
        -------
        Tensor, shape (n, h, c), of the dtype and on the device of ``values``
            NaN for a series and channel that was never seen, and only there.

        Raises
        ------
        InputError
            If the input makes no sense, nothing was seen, or the horizon is empty or beyond reason.
        ModelError
            If the model was not fitted, or gave something that is no number.
        """
        if not self.fitted:
            raise ModelError(f"Forecaster {self.name!r} has learnt nothing yet: call fit before predict.")
        series = checked(values, days, mask)
        future = checked_future(future_days, series.cut)
        with torch.no_grad():
            out = self._predict(series, future).to(series.values.dtype)
        known = series.seen.any(dim=1, keepdim=True)
        wrong = int((~out.isfinite() & known).any(dim=1).sum())
        if wrong:
            raise ModelError(
                f"Forecaster {self.name!r} gave no finite number for {wrong} series: "
                "check their values, or choose another forecaster."
            )
        return torch.where(known, out, torch.nan)

    def _fit(self, series: Series) -> None:
        """Learn from checked series."""

    @abstractmethod
    def _predict(self, series: Series, future: Tensor) -> Tensor:
        """Forecast checked series, (n, h, c); what is given for a series never seen is blanked afterwards."""


M = TypeVar("M", bound=type[SeriesModel])
SERIES_MODELS: dict[str, type[SeriesModel]] = {}


def register_series(cls: M) -> M:
    """Class decorator that makes a forecaster known by its name."""
    taken = SERIES_MODELS.get(cls.name)
    if taken is not None and (taken.__module__, taken.__qualname__) != (cls.__module__, cls.__qualname__):
        raise InputError(f"A forecaster named {cls.name!r} exists already: choose another name.")
    SERIES_MODELS[cls.name] = cls
    return cls


def _load() -> dict[str, type[SeriesModel]]:
    for module in MODULES:
        import_module(module)
    return SERIES_MODELS


def series_models() -> dict[str, type[SeriesModel]]:
    """All forecasters that can be used here, by name; not those whose package is missing."""
    return {n: m for n, m in sorted(_load().items()) if m.needs is None or find_spec(m.needs) is not None}


def series_model(model: str | SeriesModel, **params: Any) -> SeriesModel:
    """Make a forecaster from its name, or take an instance as it is (with ``params``: a copy that differs in these).

    Raises
    ------
    InputError
        If no forecaster has this name (with the nearest names), or a parameter is wrong.
    """
    if isinstance(model, SeriesModel):
        return model.with_params(**params) if params else model
    known = _load()
    if model not in known:
        raise unknown("forecaster", model, known)
    return known[model](**params)
