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

    Examples
    --------
    >>> Value("height", unit="m", vmin=0, vmax=40).over_time
    False
    """

    def variables(self, source: InputBands) -> tuple[Variable, ...]:
        """Return the one variable."""
        return (Variable(self.name, self.axes_of_variable, "float32", self.describe()),)

    metrics: ClassVar[tuple[str, ...]] = ("rmse", "mae", "covered")

    def score(self, found: xr.Dataset | DataFrame, truth: xr.Dataset | xr.DataArray | DataFrame) -> dict[str, float]:
        """Compare with the truth: errors in the unit of the value, and the share of the truth with a result."""
        made, true, there = self._compared(found, truth)
        return {
            "rmse": rmse(made, true, there),
            "mae": mae(made, true, there),
            "covered": share(np.isfinite(true), there),
        }

    def row(self, item: Any, bands: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return the one number."""
        values = numbers(item).reshape(-1)
        if len(values) != 1:
            raise ModelError(f"{shown(self.name)} with {len(values)} numbers for one chip: return a tensor (b,)")
        return {self.name: float(values[0])}

    def finish(self, values: Array, given: Array, source: InputBands) -> dict[str, Array]:
        """Mask the values."""
        np.copyto(values, np.nan, where=~given)
        return {self.name: values}
