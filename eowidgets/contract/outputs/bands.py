"""An output with the bands of the input: a cube with the same bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from eowidgets.arguments import checked
from eowidgets.contract.outputs.base import Array, InputBands, Mosaic, Variable, VariableName, numbers, share
from eowidgets.errors import InputError, ModelError, shown
from eowidgets.metrics import psnr, sam

if TYPE_CHECKING:
    import xarray as xr


@checked
@dataclass(frozen=True)
class Bands(Mosaic):
    """The bands of the input again: filled, cleared of clouds, composed or forecast.

    ``Model.predict`` returns a tensor ``(b, [t,] c, h, w)`` with the bands in the order of the batch. The result has one
    float32 variable per band, under the band's own name. Parameters are those of
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

    Examples
    --------
    >>> Bands(dims="tyx").axes(dates=12, bands=4)
    (12, 4)
    """

    name: VariableName = "bands"
    dims: Literal["tyx", "yx"] = "tyx"

    @property
    def masks(self) -> tuple[str, ...]:  # type: ignore[override]
        """Return ``valid``, and over time ``clouds`` as well: the result is a cube."""
        return ("valid", "clouds") if self.over_time else ("valid",)

    metrics: ClassVar[tuple[str, ...]] = ("psnr", "sam", "covered")

    def score(self, found: xr.Dataset, truth: xr.Dataset) -> dict[str, float]:
        """Compare with the truth: peak signal-to-noise ratio (dB), spectral angle, and the share with a result.

        Bands that only one of both has are left out.

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
        >>> output = eow.Bands(dims="yx")
        >>> found = xr.Dataset({"red": (("y", "x"), np.full((8, 8), 0.5))})
        >>> scores = output.score(found, found + 0.1)
        >>> sorted(scores)
        ['covered', 'psnr', 'sam']
        """
        names = [name for name, v in truth.data_vars.items() if name in found and v.attrs.get("role") != "mask"]
        names = [name for name in names if name not in ("valid", "clouds")]
        if not names:
            raise InputError(
                "The result and the truth have no band in common: give a truth with the bands of the result."
            )
        sides = [self._compared(found, truth, str(name)) for name in names]
        made, true, there = (np.stack([side[k] for side in sides], axis=-3) for k in range(3))
        return {
            "psnr": psnr(made, true, there),
            "sam": sam(made, true, there.all(axis=-3)),
            "covered": share(np.isfinite(true), there),
        }

    def axes(self, dates: int, bands: int) -> tuple[int, ...]:
        """Return the lengths of time and bands.

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
        >>> eow.Bands(dims="yx").axes(dates=12, bands=4)
        (4,)
        """
        return (*super().axes(dates, bands), bands)

    def variables(self, source: InputBands) -> tuple[Variable, ...]:
        """Return one variable per band, with the attributes of the input.

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
        >>> output = eow.Bands(dims="yx")
        >>> [variable.name for variable in output.variables(InputBands(("red", "nir")))]
        ['red', 'nir']
        """
        dims = self.axes_of_variable
        return tuple(Variable(b, dims, "float32", {**source.attrs.get(b, {}), "role": "band"}) for b in source.bands)

    def row(self, item: Any, bands: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return one column per band.

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
        >>> output = eow.Bands(dims="yx")
        >>> output.row(torch.ones(2), ("red", "nir"))
        {'red': 1.0, 'nir': 1.0}
        """
        values = numbers(item).reshape(-1)
        if len(values) != len(bands):
            raise ModelError(f"{shown(self.name)} with {len(values)} numbers for {len(bands)} bands")
        return {band: float(value) for band, value in zip(bands, values, strict=True)}

    def finish(self, values: Array, given: Array, source: InputBands) -> dict[str, Array]:
        """Mask the values, and hand out the bands by name.

        Parameters
        ----------
        values : array, float32, shape (c, h, w)
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
        >>> output = eow.Bands(dims="yx")
        >>> found = output.finish(np.ones((2, 1, 1), "float32"), np.ones((1, 1), bool), InputBands(("red", "nir")))
        >>> sorted(found)
        ['nir', 'red']
        """
        np.copyto(values, np.nan, where=~(np.expand_dims(given, -3) if given.ndim > 2 else given))
        return {b: values[..., i, :, :] for i, b in enumerate(source.bands)}

    def valid(self, values: Array, given: Array) -> Array:
        """Return where all bands have a value.

        Parameters
        ----------
        values : array, float32, shape (c, h, w)
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
        >>> output = eow.Bands(dims="yx")
        >>> output.valid(np.ones((2, 1, 1), "float32"), np.ones((1, 1), bool)).tolist()
        [[True]]
        """
        return super().valid(values, given & np.isfinite(values).all(axis=-3))
