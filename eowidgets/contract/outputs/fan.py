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
    name : str
        Name of the variable, and key in the dict that ``Model.predict`` returns.
    dims : {"tyx", "yx"}
        With or without time.
    unit : str
        UDUNITS word, or ``""``.
    long_name : str
        Words for legends.
    needs : {"any", "same", "measured"}
        Where the result is given: at pixels that were observed without cloud at least once; on the dates on which the
        pixel was measured; or at pixels measured at least once, cloud or not.
    vmin : float, optional
        Lower end of the range for display.
    vmax : float, optional
        Upper end of the range for display.
    stride : int
        Pixels per cell of the output's grid, along one side.
    levels : tuple of float
        Levels of the intervals, 0 to 1, such as 0.8.

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
        """Return the probabilities of the quantiles that the model returns, increasing; the median is in the middle."""
        return (*((1 - v) / 2 for v in reversed(self.levels)), 0.5, *((1 + v) / 2 for v in self.levels))

    def axes(self, dates: int, bands: int) -> tuple[int, ...]:
        """Return the lengths of time and quantiles.

        Parameters
        ----------
        dates : int
            Number of dates of the output.
        bands : int
            Number of bands of the input.

        Returns
        -------
        tuple of int
            Lengths, without the batch, rows and columns.

        Examples
        --------
        >>> import eowidgets as eow
        >>> eow.Fan("ndvi", levels=(0.8,)).axes(dates=12, bands=4)
        (12, 3)
        """
        return (*super().axes(dates, bands), len(self.quantiles))

    def variables(self, source: InputBands) -> tuple[Variable, ...]:
        """Return the median and the ends of every interval.

        Parameters
        ----------
        source : InputBands
            Bands of the input and their attributes.

        Returns
        -------
        tuple of Variable
            Name, dimensions, type and attributes of each.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.contract.outputs.base import InputBands
        >>> output = eow.Fan("ndvi", levels=(0.8,))
        >>> [variable.name for variable in output.variables(InputBands(("red", "nir")))]
        ['ndvi', 'ndvi_lo80', 'ndvi_hi80']
        """
        own, dims = self.describe(), self.axes_of_variable
        found = [Variable(self.name, dims, "float32", own)]
        for level in self.levels:
            for end, word in (("lo", "Lower"), ("hi", "Upper")):
                label = f"{word} end of the {level:.0%} interval, {own['long_name']}"
                name = f"{self.name}_{end}{percent(level)}"
                found.append(Variable(name, dims, "float32", {**own, "long_name": label}))
        return tuple(found)

    def finish(self, values: Array, given: Array, source: InputBands) -> dict[str, Array]:
        """Mask the quantiles, and hand them out by name.

        Parameters
        ----------
        values : array, float32, shape (t, q, h, w)
            Blended values; may be changed in place.
        given : array (h, w) or (t, h, w), bool
            Where a result is given.
        source : InputBands
            Bands of the input.

        Returns
        -------
        dict of str to array
            Name of a variable to its values; nodata where no result is given.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.contract.outputs.base import InputBands
        >>> import numpy as np
        >>> output = eow.Fan("ndvi", levels=(0.8,))
        >>> values = np.array([[[[0.1]], [[0.2]], [[0.3]]]], "float32")
        >>> found = output.finish(values, np.ones((1, 1), bool), InputBands(("red", "nir")))
        >>> sorted(found)
        ['ndvi', 'ndvi_hi80', 'ndvi_lo80']
        """
        np.copyto(values, np.nan, where=~(np.expand_dims(given, -3) if given.ndim > 2 else given))
        return self._named(values)

    def valid(self, values: Array, given: Array) -> Array:
        """Return where all quantiles have a value.

        Parameters
        ----------
        values : array, float32, shape (t, q, h, w)
            Blended values.
        given : array (h, w) or (t, h, w), bool
            Where a result is given.

        Returns
        -------
        array, bool
            Shape (h, w), or (t, h, w) for an output over time.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import numpy as np
        >>> output = eow.Fan("ndvi", levels=(0.8,))
        >>> output.valid(np.array([[[[0.1]], [[0.2]], [[0.3]]]], "float32"), np.ones((1, 1), bool)).tolist()
        [[[True]]]
        """
        return super().valid(values, given & np.isfinite(values).all(axis=-3))

    def problem(self, values: Tensor) -> Tensor | None:
        """Look for infinite quantiles, and for such as lie below the one before.

        Parameters
        ----------
        values : Tensor, float32
            Values of a batch of windows, shape (b, ..., h, w).

        Returns
        -------
        Tensor or None
            Where the values are not allowed, bool; None if all are. NaN is always allowed.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import torch
        >>> output = eow.Fan("ndvi", levels=(0.8,))
        >>> output.problem(torch.tensor([[[[[0.1]], [[0.3]], [[0.2]]]]])).any().item()
        True
        """
        wrong = values.isinf()
        if values.dim() > 2:
            wrong[..., 1:, :, :] |= values[..., 1:, :, :] < values[..., :-1, :, :]
        return wrong if bool(wrong.any()) else None

    def complaint(self, value: float) -> str:
        """Return the end of the sentence about such a quantile.

        Parameters
        ----------
        value : float
            The value that is not allowed.

        Returns
        -------
        str
            The end of a sentence, for an error message.

        Examples
        --------
        >>> import eowidgets as eow
        >>> output = eow.Fan("ndvi", levels=(0.8,))
        >>> output.complaint(2.0)
        'with quantiles that decrease, one of them 2: sort them along their axis'
        """
        if math.isinf(value):
            return super().complaint(value)
        return f"with quantiles that decrease, one of them {value:.3g}: sort them along their axis"

    def row(self, item: Any, bands: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return the median and the ends of the intervals of one date.

        Parameters
        ----------
        item : Tensor
            What the model returned for one chip, or for one series on one date.
        bands : tuple of str
            Bands of the batch.

        Returns
        -------
        dict of str to object
            Name of a column to its value.

        Raises
        ------
        ModelError
            If the item has another form.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import torch
        >>> output = eow.Fan("ndvi", levels=(0.8,))
        >>> output.row(torch.tensor([0.25, 0.5, 0.75]))
        {'ndvi': 0.5, 'ndvi_lo80': 0.25, 'ndvi_hi80': 0.75}
        """
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
        """Compare a forecast with what came: ``mae`` of the median, ``pinball``, and ``coverage`` of each interval.

        Parameters
        ----------
        found : Dataset or DataFrame
            Result of a run, with the variables or columns of this output.
        truth : Dataset, DataArray or DataFrame
            The same, as it should be; NaN does not count.

        Returns
        -------
        dict of str to float
            One number per name in ``metrics``.

        Raises
        ------
        InputError
            If both do not match, or the variable is missing.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import pandas as pd
        >>> output = eow.Fan("ndvi", levels=(0.8,))
        >>> found = pd.DataFrame({"ndvi": [0.5], "ndvi_lo80": [0.4], "ndvi_hi80": [0.6]})
        >>> sorted(output.score(found, pd.DataFrame({"ndvi": [0.55]})))
        ['coverage80', 'mae', 'pinball']
        """
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
