"""The layout of a result: its variables, and their computation from blended outputs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from affine import Affine

from eowidgets.contract.outputs import Array, InputBands, Mosaic, Variable
from eowidgets.cube.grid import MAPPING, georeference
from eowidgets.cube.schema import DIMS

#: Masks of a result, and what they mean.
MASKS = {"valid": "A result is given", "clouds": "Cloud or cloud shadow"}


@dataclass(frozen=True)
class Frame:
    """Layout of a result without its pixels.

    Attributes
    ----------
    outputs : tuple of Mosaic
    source : InputBands
    template : Dataset
        Coordinates, CRS and attributes.
    """

    outputs: tuple[Mosaic, ...]
    source: InputBands
    template: xr.Dataset

    def shape(self, variable: Variable) -> tuple[int, ...]:
        """Return the lengths of the axes of a variable."""
        return tuple(self.template.sizes[d] for d in variable.dims)

    @property
    def height(self) -> int:
        """Rows of the result."""
        return int(self.template.sizes["y"])

    @property
    def nbytes(self) -> int:
        """Bytes of the whole result in memory."""
        return sum(math.prod(self.shape(v)) * np.dtype(v.dtype).itemsize for v in self.variables)

    @property
    def stride(self) -> int:
        """Pixels of the input per cell of the result, along one side."""
        return self.outputs[0].stride

    @property
    def main(self) -> Mosaic:
        """The output whose mask becomes ``valid``: the first over time, else the first."""
        return next((o for o in self.outputs if o.over_time), self.outputs[0])

    @property
    def variables(self) -> tuple[Variable, ...]:
        """All variables of the result, in order."""
        found = [v for o in self.outputs for v in o.variables(self.source)]
        dims = DIMS if self.main.over_time else DIMS[1:]
        return (*found, *(Variable(m, dims, "bool", {"role": "mask", "long_name": MASKS[m]}) for m in self.main.masks))

    def finish(self, blended: Mapping[str, Array], where: Mapping[str, Array]) -> dict[str, Array]:
        """Make the variables from blended outputs.

        Parameters
        ----------
        blended : mapping
            Per output name, array (*axes, h, w), float32; changed in place.
        where : mapping
            Per word of ``Mosaic.needs``, boolean (h, w) or (t, h, w): where a result is given.
        """
        done: dict[str, Array] = {}
        for o in self.outputs:
            done |= o.finish(blended[o.name], where[o.needs], self.source)
        main = self.main
        done["valid"] = main.valid(blended[main.name], where[main.needs])
        done |= {name: np.zeros(done["valid"].shape, bool) for name in main.masks if name != "valid"}
        return {v.name: done[v.name] for v in self.variables}


def make_template(cube: xr.Dataset, out_dates: npt.NDArray[np.datetime64], outputs: tuple[Mosaic, ...]) -> xr.Dataset:
    """Return coordinates and CRS of the result of a georeferenced cube, without data."""
    coords: dict[str, Any] = {name: cube[name].variable for name in ("y", "x", MAPPING)}
    if outputs[0].stride > 1:
        coords |= _coarser(cube, outputs[0].stride)
    if any(o.over_time for o in outputs):
        coords["time"] = ("time", out_dates.astype("datetime64[ns]"), dict(cube["time"].attrs))
    for output in outputs:
        coords |= output.coordinates()
    kept = {k: v for k, v in cube.attrs.items() if k in ("title", "sensor", "source", "attribution")}
    return georeference(xr.Dataset(coords=coords, attrs=kept))


def coarser(box: Any, stride: int) -> Any:
    """Return the grid whose cells are ``stride`` pixels wide; the last row and column may reach beyond the pixels."""
    from odc.geo.geobox import GeoBox

    return GeoBox(tuple(-(-n // stride) for n in box.shape), box.affine @ Affine.scale(stride), box.crs)


def _coarser(cube: xr.Dataset, stride: int) -> dict[str, Any]:
    box = coarser(cube.odc.geobox, stride)
    (rows, columns), affine = box.shape, box.affine
    y, x = affine.f + affine.e * (np.arange(rows) + 0.5), affine.c + affine.a * (np.arange(columns) + 0.5)
    return {"y": ("y", y, dict(cube["y"].attrs)), "x": ("x", x, dict(cube["x"].attrs))}
