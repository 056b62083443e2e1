"""One number per pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from eowidgets.arguments import checked
from eowidgets.contract.outputs.base import Array, Mosaic, Source, Variable, numbers
from eowidgets.errors import ModelError, shown


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

    def variables(self, source: Source) -> tuple[Variable, ...]:
        """Return the one variable."""
        return (Variable(self.name, self.axes_of_variable, "float32", self.describe()),)

    def row(self, item: Any, bands: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return the one number."""
        values = numbers(item).reshape(-1)
        if len(values) != 1:
            raise ModelError(f"{shown(self.name)} with {len(values)} numbers for one chip: return a tensor (b,)")
        return {self.name: float(values[0])}

    def finish(self, values: Array, given: Array, source: Source) -> dict[str, Array]:
        """Mask the values."""
        np.copyto(values, np.nan, where=~given)
        return {self.name: values}
