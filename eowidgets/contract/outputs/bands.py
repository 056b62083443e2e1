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

    Examples
    --------
    >>> Bands(dims="tyx").axes(dates=12, bands=4)
    (12, 4)
    """

    name: VariableName = "bands"
    dims: Literal["tyx", "yx"] = "tyx"

    @property
    def masks(self) -> tuple[str, ...]:  # type: ignore[override]
        """``valid``, and over time ``clouds`` as well: the result is a cube."""
        return ("valid", "clouds") if self.over_time else ("valid",)

    metrics: ClassVar[tuple[str, ...]] = ("psnr", "sam", "covered")

    def score(self, found: xr.Dataset, truth: xr.Dataset) -> dict[str, float]:
        """Compare with the truth: peak signal-to-noise ratio (dB), spectral angle, and the share with a result.

        Bands that only one of both has are left out.
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
        """Return the lengths of time and bands."""
        return (*super().axes(dates, bands), bands)

    def variables(self, source: InputBands) -> tuple[Variable, ...]:
        """Return one variable per band, with the attributes of the input."""
        dims = self.axes_of_variable
        return tuple(Variable(b, dims, "float32", {**source.attrs.get(b, {}), "role": "band"}) for b in source.bands)

    def row(self, item: Any, bands: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return one column per band."""
        values = numbers(item).reshape(-1)
        if len(values) != len(bands):
            raise ModelError(f"{shown(self.name)} with {len(values)} numbers for {len(bands)} bands")
        return {band: float(value) for band, value in zip(bands, values, strict=True)}

    def finish(self, values: Array, given: Array, source: InputBands) -> dict[str, Array]:
        """Mask the values, and hand out the bands by name."""
        np.copyto(values, np.nan, where=~(np.expand_dims(given, -3) if given.ndim > 2 else given))
        return {b: values[..., i, :, :] for i, b in enumerate(source.bands)}

    def valid(self, values: Array, given: Array) -> Array:
        """Return where all bands have a value."""
        return super().valid(values, given & np.isfinite(values).all(axis=-3))
