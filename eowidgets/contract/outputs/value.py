"""One number per pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from eowidgets.arguments import checked
from eowidgets.contract.outputs.base import Array, InputBands, Mosaic, Variable, numbers, share
from eowidgets.errors import ModelError, shown
from eowidgets.metrics import mae, rmse

if TYPE_CHECKING:
    import xarray as xr
    from pandas import DataFrame


@checked
@dataclass(frozen=True)
class Value(Mosaic):
    """One number per pixel, with or without time.

    ``Model.predict`` returns a tensor ``(b, [t,] h, w)``. Parameters are those of
    :class:`~eowidgets.contract.outputs.base.Mosaic`; the result has one float32 variable, named ``name``.

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

    Examples
    --------
    >>> Value("height", unit="m", vmin=0, vmax=40).over_time
    False
    """

    def variables(self, source: InputBands) -> tuple[Variable, ...]:
        """Return the one variable.

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
        >>> output = eow.Value("height", unit="m")
        >>> [variable.name for variable in output.variables(InputBands(("red", "nir")))]
        ['height']
        """
        return (Variable(self.name, self.axes_of_variable, "float32", self.describe()),)

    metrics: ClassVar[tuple[str, ...]] = ("rmse", "mae", "covered")

    def score(self, found: xr.Dataset | DataFrame, truth: xr.Dataset | xr.DataArray | DataFrame) -> dict[str, float]:
        """Compare with the truth: errors in the unit of the value, and the share of the truth with a result.

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
        >>> import numpy as np
        >>> import xarray as xr
        >>> output = eow.Value("height", unit="m")
        >>> found = xr.Dataset({"height": (("y", "x"), np.full((8, 8), 0.5))})
        >>> scores = output.score(found, found + 0.1)
        >>> sorted(scores)
        ['covered', 'mae', 'rmse']
        """
        made, true, there = self._compared(found, truth)
        return {
            "rmse": rmse(made, true, there),
            "mae": mae(made, true, there),
            "covered": share(np.isfinite(true), there),
        }

    def row(self, item: Any, bands: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return the one number.

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
        >>> output = eow.Value("height", unit="m")
        >>> output.row(torch.ones(1))
        {'height': 1.0}
        """
        values = numbers(item).reshape(-1)
        if len(values) != 1:
            raise ModelError(f"{shown(self.name)} with {len(values)} numbers for one chip: return a tensor (b,)")
        return {self.name: float(values[0])}

    def finish(self, values: Array, given: Array, source: InputBands) -> dict[str, Array]:
        """Mask the values.

        Parameters
        ----------
        values : array, float32, shape ([t,] h, w)
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
        >>> output = eow.Value("height", unit="m")
        >>> found = output.finish(np.ones((1, 1), "float32"), np.ones((1, 1), bool), InputBands(("red", "nir")))
        >>> sorted(found)
        ['height']
        """
        np.copyto(values, np.nan, where=~given)
        return {self.name: values}
