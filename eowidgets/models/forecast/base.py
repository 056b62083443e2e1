"""The contract of forecasters: many masked, irregular series at once, and the days that are asked for.

A :class:`SeriesModel` knows nothing of cubes, pixels or maps: it takes series ``(n, t, c)`` on common dates and gives
values on later days. Checks, order of dates, duplicates and gaps are dealt with here, once, so that a model's own file
holds the model only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar, Self, TypeVar

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.params import NoParams, make_params
from eowidgets.contract.remake import Remade
from eowidgets.errors import InputError, ModelError, unknown
from eowidgets.models.forecast.past import Past, checked, checked_future

#: Modules that hold the models; imported when a model is first asked for by name.
MODULES = tuple(
    f"eowidgets.models.forecast.{m}"
    for m in ("naive", "climatology", "harmonic", "smoothing", "learned", "combine", "fracast", "chronos")
)


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

    def _fit(self, series: Past) -> None:
        """Learn from checked series."""

    @abstractmethod
    def _predict(self, series: Past, future: Tensor) -> Tensor:
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
