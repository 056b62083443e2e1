"""A forecast with intervals: the median and quantiles on every date of the output."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Interval, Len
from torch import Tensor

from eowidgets.arguments import checked
from eowidgets.contract.outputs.base import Array, InputBands, Mosaic, Variable, VariableName, numbers, plain_values
from eowidgets.errors import InputError, ModelError, shown
from eowidgets.metrics import coverage, mae, pinball

if TYPE_CHECKING:
    import xarray as xr
    from pandas import DataFrame

Level = Annotated[float, Interval(gt=0, lt=1)]


@checked
@dataclass(frozen=True)
class Fan(Mosaic):
    """A median and the ends of intervals, on every date of the output (``Model.out_dates``).

    ``Model.predict`` returns a tensor ``(b, s, k, h, w)`` with the quantiles of :attr:`quantiles` along ``k``, none of them
    below the one before. The result has the float32 variables ``name`` (the median) and, for each level,
    ``name_lo80`` and ``name_hi80``, as ``eow.forecast`` has. The other parameters are those of
    :class:`~eowidgets.contract.outputs.base.Mosaic`.

    Parameters
    ----------
    levels : tuple of float
        Shares of future values that the intervals are meant to hold, increasing, each between 0 and 1.

    Raises
    ------
    InputError
        For levels that do not increase, or a fan without dates.

    Examples
    --------
    >>> fan = Fan("ndvi", levels=(0.5, 0.8))
    >>> [round(q, 3) for q in fan.quantiles]
    [0.1, 0.25, 0.5, 0.75, 0.9]
    >>> [v.name for v in fan.variables(InputBands(("red",)))]
    ['ndvi', 'ndvi_lo50', 'ndvi_hi50', 'ndvi_lo80', 'ndvi_hi80']
    """

    name: VariableName
    dims: Literal["tyx", "yx"] = "tyx"
    levels: Annotated[tuple[Level, ...], Len(min_length=1)] = (0.5, 0.8, 0.95)

    metrics: ClassVar[tuple[str, ...]] = ("mae", "pinball", "coverage")

    def __post_init__(self) -> None:
        if list(self.levels) != sorted(set(self.levels)):
            raise InputError(f"The levels of the fan {shown(self.name)} are {self.levels}: give increasing ones.")
        if not self.over_time:
            raise InputError(f"The fan {shown(self.name)} has no dates: leave dims out.")

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Probabilities of the quantiles that the model returns, increasing; the median is in the middle."""
        return (*((1 - v) / 2 for v in reversed(self.levels)), 0.5, *((1 + v) / 2 for v in self.levels))

    def axes(self, dates: int, bands: int) -> tuple[int, ...]:
        """Return the lengths of time and quantiles."""
        return (*super().axes(dates, bands), len(self.quantiles))

    def variables(self, source: InputBands) -> tuple[Variable, ...]:
        """Return the median and the ends of every interval."""
        own, dims = self.describe(), self.axes_of_variable
        found = [Variable(self.name, dims, "float32", own)]
        for level in self.levels:
            for end, word in (("lo", "Lower"), ("hi", "Upper")):
                label = f"{word} end of the {level:.0%} interval, {own['long_name']}"
                name = f"{self.name}_{end}{percent(level)}"
                found.append(Variable(name, dims, "float32", {**own, "long_name": label}))
        return tuple(found)

    def finish(self, values: Array, given: Array, source: InputBands) -> dict[str, Array]:
        """Mask the quantiles, and hand them out by name."""
        np.copyto(values, np.nan, where=~(np.expand_dims(given, -3) if given.ndim > 2 else given))
        return self._named(values)

    def valid(self, values: Array, given: Array) -> Array:
        """Return where all quantiles are known."""
        return super().valid(values, given & np.isfinite(values).all(axis=-3))

    def problem(self, values: Tensor) -> Tensor | None:
        """Look for infinite quantiles, and for such as lie below the one before."""
        wrong = values.isinf()
        if values.dim() > 2:
            wrong[..., 1:, :, :] |= values[..., 1:, :, :] < values[..., :-1, :, :]
        return wrong if bool(wrong.any()) else None

    def complaint(self, value: float) -> str:
        """Return the end of the sentence about such a quantile."""
        if math.isinf(value):
            return super().complaint(value)
        return f"with quantiles that decrease, one of them {value:.3g}: sort them along their axis"

    def row(self, item: Any, bands: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return the median and the ends of the intervals of one date."""
        values = numbers(item).reshape(-1)
        if len(values) != len(self.quantiles):
            raise ModelError(f"{shown(self.name)} with {len(values)} numbers for {len(self.quantiles)} quantiles")
        return {name: plane.item() for name, plane in self._named(values[:, None, None]).items()}

    def _named(self, values: Array) -> dict[str, Array]:
        """Return the quantiles (..., k, h, w) by the names of their variables."""
        middle = len(self.levels)
        found = {self.name: values[..., middle, :, :]}
        for i, level in enumerate(self.levels):
            found[f"{self.name}_lo{percent(level)}"] = values[..., middle - 1 - i, :, :]
            found[f"{self.name}_hi{percent(level)}"] = values[..., middle + 1 + i, :, :]
        return found

    def score(self, found: xr.Dataset | DataFrame, truth: xr.Dataset | xr.DataArray | DataFrame) -> dict[str, float]:
        """Compare a forecast with what came: ``mae`` of the median, ``pinball``, and ``coverage`` of each interval."""
        median, true, there = self._compared(found, truth)
        ends = [(f"{self.name}_{end}{percent(v)}", v) for v in self.levels for end in ("lo", "hi")]
        values = {name: plain_values(found, name) for name, _ in ends}
        quantiles = [*(values[name] for name, _ in ends[-2::-2]), median, *(values[name] for name, _ in ends[1::2])]
        known = there & np.isfinite(np.stack(quantiles)).all(0)
        scores = {"mae": mae(median, true, known), "pinball": pinball(np.stack(quantiles), true, self.quantiles, known)}
        for level in self.levels:
            low, high = (values[f"{self.name}_{end}{percent(level)}"] for end in ("lo", "hi"))
            scores[f"coverage{percent(level)}"] = coverage(low, high, true, known)
        return scores


def percent(level: float) -> str:
    """Write a level as names have it.

    Examples
    --------
    >>> percent(0.8), percent(0.975)
    ('80', '97_5')
    """
    return f"{100 * level:.6g}".replace(".", "_")
