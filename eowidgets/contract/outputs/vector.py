"""A vector per pixel or patch: an embedding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from eowidgets.arguments import Count, checked
from eowidgets.contract.outputs.base import Array, InputBands, Mosaic, Variable, VariableName, numbers, share
from eowidgets.cube.schema import FEATURE
from eowidgets.errors import ModelError, shown

if TYPE_CHECKING:
    import xarray as xr
    from pandas import DataFrame


@checked
@dataclass(frozen=True)
class Vector(Mosaic):
    """A vector per pixel, or per patch of ``stride`` pixels: an embedding on its own grid.

    ``Model.predict`` returns a tensor ``(b, [t,] size, h / stride, w / stride)``. The result has one float32 variable with
    the dimensions ``([time,] feature, y, x)`` on a grid whose cells are ``stride`` pixels wide. Where windows overlap,
    vectors are blended. The other parameters are those of :class:`~eowidgets.contract.outputs.base.Mosaic`.

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
    size : int
        Length of a vector.

    Examples
    --------
    >>> Vector(size=128, stride=8).axes(dates=12, bands=10)
    (128,)
    """

    name: VariableName = "embedding"
    size: Count = field(kw_only=True)
    copies: ClassVar[bool] = False

    metrics: ClassVar[tuple[str, ...]] = ("cosine", "covered")

    def score(self, found: xr.Dataset | DataFrame, truth: xr.Dataset | xr.DataArray | DataFrame) -> dict[str, float]:
        """Compare with reference vectors: the mean cosine of the angle between both, and the share with a result.

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
        >>> import xarray as xr
        >>> output = eow.Vector(size=2)
        >>> found = xr.Dataset({"embedding": (("feature", "y", "x"), [[[1.0]], [[0.0]]])})
        >>> output.score(found, found)
        {'cosine': 1.0, 'covered': 1.0}
        """
        made, true, there = self._compared(found, truth)
        made, true, there = (np.moveaxis(a, -3, -1) for a in (made, true, there))
        known, given = np.asarray(np.isfinite(true).all(-1)), np.asarray(there.all(-1))
        both = known & given
        lengths = np.linalg.norm(made[both], axis=-1) * np.linalg.norm(true[both], axis=-1)
        with np.errstate(all="ignore"):
            cosines = (made[both] * true[both]).sum(-1) / lengths
        return {"cosine": float(cosines.mean()) if both.any() else float("nan"), "covered": share(known, given)}

    def axes(self, dates: int, bands: int) -> tuple[int, ...]:
        """Return the lengths of time and vector.

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
        >>> eow.Vector(size=2).axes(dates=12, bands=4)
        (2,)
        """
        return (*super().axes(dates, bands), self.size)

    def coordinates(self) -> dict[str, Any]:
        """Return the coordinate of the vector's axis.

        Returns
        -------
        dict of str to (str, array)
            Name of a coordinate to its dimension and values.

        Examples
        --------
        >>> import eowidgets as eow
        >>> output = eow.Vector(size=2)
        >>> list(output.coordinates())
        ['feature']
        """
        return {FEATURE: (FEATURE, np.arange(self.size))}

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
        >>> output = eow.Vector(size=2)
        >>> [variable.name for variable in output.variables(InputBands(("red", "nir")))]
        ['embedding']
        """
        *time, y, x = self.axes_of_variable
        return (Variable(self.name, (*time, FEATURE, y, x), "float32", self.describe()),)

    def row(self, item: Any, bands: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return one column per feature.

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
        >>> output = eow.Vector(size=2)
        >>> output.row(torch.tensor([0.5, 0.25]))
        {'embedding_0': 0.5, 'embedding_1': 0.25}
        """
        values = numbers(item).reshape(-1)
        if len(values) != self.size:
            raise ModelError(
                f"{shown(self.name)} with {len(values)} numbers for one chip: return a tensor (b, {self.size})"
            )
        return {f"{self.name}_{i}": float(v) for i, v in enumerate(values)}

    def finish(self, values: Array, given: Array, source: InputBands) -> dict[str, Array]:
        """Mask the vectors.

        Parameters
        ----------
        values : array, float32, shape ([t,] size, h, w)
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
        >>> output = eow.Vector(size=2)
        >>> found = output.finish(np.ones((2, 1, 1), "float32"), np.ones((1, 1), bool), InputBands(("red", "nir")))
        >>> sorted(found)
        ['embedding']
        """
        np.copyto(values, np.nan, where=~(np.expand_dims(given, -3) if given.ndim > 2 else given))
        return {self.name: values}

    def valid(self, values: Array, given: Array) -> Array:
        """Return where there is a vector.

        Parameters
        ----------
        values : array, float32, shape ([t,] size, h, w)
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
        >>> output = eow.Vector(size=2)
        >>> output.valid(np.ones((2, 1, 1), "float32"), np.ones((1, 1), bool)).tolist()
        [[True]]
        """
        return super().valid(values, given & np.isfinite(values).all(axis=-3))
