"""Rasters on a map by the call that users of leafmap know; drawn as a picture, without a tile server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from eowidgets.arguments import Fraction, checked
from eowidgets.cube.grid import bounds as corners
from eowidgets.cube.grid import geobox
from eowidgets.cube.schema import bands
from eowidgets.errors import InputError, unknown
from eowidgets.render.result import Legend, Rgba, frame_picture, result_picture, thin
from eowidgets.render.source import FrameSource
from eowidgets.render.style import default_bands

if TYPE_CHECKING:
    from pathlib import Path


@checked
class Rasters:
    """Mixed into :class:`~eowidgets.widgets.map.area_map.AreaMap`."""

    show_image: Any
    look_at: Any

    def add_raster(
        self,
        source: str | Path | xr.Dataset | xr.DataArray,
        indexes: int | Sequence[int] | None = None,
        colormap: str | None = None,
        vmin: float | None = None,
        vmax: float | None = None,
        *,
        layer_name: str = "Raster",
        zoom_to_layer: bool = True,
        opacity: Fraction = 1.0,
    ) -> None:
        """Put a raster on the map; no port is opened and nothing is sent but one picture.

        Parameters
        ----------
        source : str, Path, Dataset or DataArray
            Whatever ``eow.open`` takes; of a series the first date.
        indexes : int or three of them, optional
            Numbers of the bands, from 1; a natural choice if not given.
        colormap, vmin, vmax : optional
            Of one band; limits are its 2nd and 98th percentile if not given.
        layer_name : str
            A layer of the same name is replaced.
        zoom_to_layer : bool
        opacity : float
            0..1.

        Raises
        ------
        InputError, SourceError
            If it cannot be opened, has no coordinate system, or no such band.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> area_map = eow.AreaMap(cube)
        >>> area_map.add_raster(cube.nir.isel(time=0), layer_name="infrared")
        """
        cube = _opened(source)
        picture, legend = _picture(cube, _names(cube, indexes), {"cmap": colormap, "vmin": vmin, "vmax": vmax})
        self.show_image(picture, geobox(cube), layer_name, legend, opacity)
        if zoom_to_layer:
            self.look_at(corners(cube))


def _opened(source: Any) -> xr.Dataset:
    from eowidgets.cube.open import open as open_cube

    if isinstance(source, xr.DataArray):
        source = source.to_dataset(name=str(source.name or "raster"))
    cube = source if isinstance(source, xr.Dataset) else open_cube(source, clouds=None)
    return thin(cube.isel(time=0, drop=True) if "time" in cube.dims else cube)


def _names(cube: xr.Dataset, indexes: int | Sequence[int] | None) -> list[str]:
    names = list(bands(cube)) or [str(n) for n, v in cube.data_vars.items() if {"y", "x"} <= set(v.dims)]
    if not names:
        raise InputError("The raster has no band over y and x.")
    if indexes is None:
        return list(default_bands(tuple(names))) if "flag_values" not in cube[names[0]].attrs else names[:1]
    wanted = [indexes] if isinstance(indexes, int) else list(indexes)
    if len(wanted) not in (1, 3):
        raise InputError(f"{len(wanted)} bands were given: draw one band, or three as red, green, blue.")
    for number in wanted:
        if not 1 <= number <= len(names):
            raise unknown("band", str(number), [str(n) for n in range(1, len(names) + 1)])
    return [names[number - 1] for number in wanted]


def _picture(cube: xr.Dataset, names: list[str], look: dict[str, Any]) -> tuple[Rgba, Legend | None]:
    if len(names) == 3:
        return frame_picture(FrameSource(cube[names]), 0, names), None
    values = cube[names[0]].copy(deep=False)
    values.attrs = {**values.attrs, **{k: v for k, v in look.items() if v is not None}}
    if "flag_values" not in values.attrs:
        values = values.astype(np.float32)
    return result_picture(values)
