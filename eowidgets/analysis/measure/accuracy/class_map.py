"""A class map to be assessed: class of each pixel, date of change, and pixel area."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from annotated_types import doc

from eowidgets.cube.area import Area, AreaLike
from eowidgets.cube.globe import locate
from eowidgets.cube.grid import geobox
from eowidgets.cube.pixel_area import pixel_hectares
from eowidgets.errors import InputError, shown
from eowidgets.render.classes import classes_of, distinct

Array = npt.NDArray[Any]
#: A map in any form: see :meth:`ClassMap.of`.
MapLike = Annotated[xr.Dataset | xr.DataArray, doc("a class map, such as a result of eow.run or eow.change")]
#: Classes of a map of change.
NO_CHANGE, CHANGE = "no change", "change"
#: Maximum number of classes of a map without a legend.
MOST_CLASSES = 100


@dataclass(frozen=True)
class MapClass:
    """A class of a map: the value in the raster, its name and its colour."""

    value: int
    name: str
    color: str


@dataclass(frozen=True, eq=False)
class ClassMap:
    """A class map on its grid.

    Attributes
    ----------
    title : str
    classes : tuple of MapClass
        Classes that occur in the map.
    index : array of int16, shape (y, x)
        Position of the class of each pixel in ``classes``; -1 where the map has no class.
    box : GeoBox
    dates : array of datetime64[D], shape (y, x), or None
        Date of change of each pixel, for a map of change; NaT where it did not change.
    provenance : str
        JSON of the result; empty for a raster of another origin.
    parent : ClassMap or None
        The map whose classes were divided, for example by year.
    groups : tuple of int
        Position of each class in the parent.
    """

    title: str
    classes: tuple[MapClass, ...]
    index: Array
    box: Any
    dates: Array | None = None
    provenance: str = ""
    parent: ClassMap | None = None
    groups: tuple[int, ...] = ()

    @classmethod
    def of(cls, source: Any, area: AreaLike | None = None) -> ClassMap:
        """Read a map.

        Parameters
        ----------
        source : Dataset or DataArray
            A result of ``eow.run`` with classes, of ``eow.change`` (classes "no change" and "change", with dates), or a raster
            of whole numbers with or without a legend (``flag_values`` and ``flag_meanings``).
        area : optional
            Use only pixels whose centre lies in it; what ``eow.Area.of`` takes.

        Raises
        ------
        InputError
            For another type, a map of several dates, without a CRS, or without a class in the area.
        """
        values, title = class_layer(source)
        dates = _dates(source)
        classes, index = _change(values) if dates is not None else _indexed(values)
        box = geobox(values.to_dataset(name="classes"))
        if area is not None:
            index = np.where(Area.of(area).mask(box), index, -1).astype("int16")
        there = np.flatnonzero(_counts(index, len(classes)))
        if not len(there):
            where = " in the area" if area is not None else ""
            raise InputError(f"The map {shown(title)} has no pixel with a class{where}: choose another map or area.")
        if len(there) < len(classes):
            position = np.full(len(classes) + 1, -1, "int16")
            position[there] = np.arange(len(there))
            index = position[index]
        provenance = str(source.attrs.get("provenance", ""))
        return cls(title, tuple(classes[i] for i in there.tolist()), index, box, dates, provenance)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple(c.name for c in self.classes)

    @cached_property
    def hectares_of_pixels(self) -> Array:
        """Area of the pixels, with a shape that broadcasts to that of the map."""
        return pixel_hectares(self.box)

    def sizes(self, index: Array | None = None, count: int | None = None) -> tuple[Array, Array]:
        """Return pixels and hectares of each class, or of each stratum of another raster of positions."""
        index = self.index if index is None else index
        count = len(self.classes) if count is None else count
        pixels = _counts(index, count)
        if self.hectares_of_pixels.size == 1:
            return pixels, pixels * float(self.hectares_of_pixels[0, 0])
        known = index >= 0
        weights = np.broadcast_to(self.hectares_of_pixels, index.shape)[known]
        return pixels, np.bincount(index[known], weights=weights, minlength=count)

    @cached_property
    def sha256(self) -> str:
        """Digest of the grid, the legend and the classes of all pixels."""
        digest = hashlib.sha256(repr((str(self.box.crs), tuple(self.box.affine)[:6], self.names)).encode())
        digest.update(np.ascontiguousarray(self.index).tobytes())
        if self.dates is not None:
            digest.update(np.ascontiguousarray(self.dates.astype("int64")).tobytes())
        return digest.hexdigest()

    def at(self, lon: Array, lat: Array) -> tuple[Array, Array, Array]:
        """Return rows and columns of points, and whether they lie on the map."""
        column, row = locate(self.box, lon, lat)
        with np.errstate(invalid="ignore"):
            inside = (column >= 0) & (column < self.box.width) & (row >= 0) & (row < self.box.height)
        rows, columns = (np.where(inside, np.nan_to_num(v, posinf=0, neginf=0), 0).astype(int) for v in (row, column))
        return rows, columns, inside

    def on_grid(self, other: xr.Dataset | xr.DataArray) -> ClassMap:
        """Return another map on the same pixels.

        Raises
        ------
        InputError
            If its grid differs.
        """
        found = ClassMap.of(other)
        same = found.box.shape == self.box.shape and str(found.box.crs) == str(self.box.crs)
        if not same or not np.allclose(tuple(found.box.affine)[:6], tuple(self.box.affine)[:6], rtol=1e-9, atol=1e-9):
            raise InputError(
                "The strata are on another grid than the map: resample them first, for example with "
                "strata.rio.reproject_match(map)."
            )
        return found


def _counts(index: Array, count: int) -> Array:
    """Count the occurrences of each position from 0 on; -1 is not counted."""
    return np.bincount((index + np.int16(1)).ravel(), minlength=count + 1)[1:]


def class_layer(source: xr.Dataset | xr.DataArray) -> tuple[xr.DataArray, str]:
    """Return the variable with the classes, (y, x), and its title."""
    if isinstance(source, xr.Dataset):
        layers = {n: v for n, v in source.data_vars.items() if {"y", "x"} <= set(v.dims)}
        placed = [n for n, v in layers.items() if v.attrs.get("role") != "quality"]
        legends = [n for n in placed if "flag_values" in source[n].attrs]
        results = [n for n in legends if source[n].attrs.get("role") == "result"]
        chosen = ["change"] if _dates(source) is not None else results or legends or placed
        if not chosen or (len(chosen) > 1 and not legends):
            listed = ", ".join(str(n)[:30] for n in placed[:8]) or "none"
            raise InputError(
                f"The map has no layer of classes (its layers: {listed}): give one layer, such as result['class']."
            )
        values = source[chosen[0]]
        if values.rio.crs is None and source.rio.crs is not None:
            values = values.rio.write_crs(source.rio.crs)
    else:
        values = source
    title = str(source.attrs.get("title") or values.attrs.get("long_name") or values.name or "map")
    extra = [d for d in values.dims if d not in ("y", "x")]
    if any(values.sizes[d] != 1 for d in extra):
        raise InputError(
            f"The map {shown(title)} has {values.sizes[extra[0]]} steps along {shown(extra[0])}: choose one of them, for "
            "example result.isel(time=-1)."
        )
    if not {"y", "x"} <= set(values.dims) or not values.size:
        raise InputError(
            f"The map {shown(title)} has the dimensions {shown(values.dims)}: give one class per pixel (y, x)."
        )
    return values.squeeze(extra, drop=True).transpose("y", "x"), title


def _dates(source: xr.Dataset | xr.DataArray) -> Array | None:
    """Return the days of change of a map of change, else None."""
    if not isinstance(source, xr.Dataset) or not {"change", "date"} <= set(source.data_vars):
        return None
    days = source["date"]
    if days.dtype.kind != "M" or set(days.dims) != {"y", "x"}:
        return None
    return np.asarray(days.transpose("y", "x").values.astype("datetime64[D]"))


def _change(values: xr.DataArray) -> tuple[Sequence[MapClass], Array]:
    mask = values.values
    index = np.where(mask == 0, 0, np.where(mask == 1, 1, -1)).astype("int16")
    no, yes = distinct(2)
    return (MapClass(0, NO_CHANGE, no), MapClass(1, CHANGE, yes)), index


def _indexed(values: xr.DataArray) -> tuple[Sequence[MapClass], Array]:
    raster = values.values
    if raster.dtype == bool:
        name = str(values.name or "mapped").replace("_", " ")
        no, yes = distinct(2)
        return (MapClass(0, f"no {name}", no), MapClass(1, name, yes)), raster.astype("int16")
    if raster.dtype.kind not in "iuf":
        raise InputError(
            f"The map has values of the type {shown(str(raster.dtype))}: give whole numbers, one for each class."
        )
    nodata = values.attrs.get("nodata", values.attrs.get("_FillValue", values.encoding.get("_FillValue")))
    if raster.dtype == np.uint8:
        found = np.flatnonzero(np.bincount(raster.ravel(), minlength=256))
        found = found[found != (255 if nodata is None else nodata)]
    else:
        known = np.isfinite(raster) if nodata is None else np.isfinite(raster) & (raster != nodata)
        found = np.unique(raster[known])
    if raster.dtype.kind == "f" and (found != np.floor(found)).any():
        raise InputError("The map has values between whole numbers: give a class map, for example result > 0.5.")
    if len(found) > MOST_CLASSES:
        raise InputError(f"The map has {len(found):,} different values, too many for classes: give a class map.")
    legend = classes_of(values) or [
        {"value": int(v), "name": str(int(v)), "color": color}
        for v, color in zip(found, distinct(len(found)), strict=True)
    ]
    classes = [MapClass(int(row["value"]), str(row["name"]), str(row["color"])) for row in legend]
    listed = {c.value for c in classes}
    classes += [MapClass(int(v), str(int(v)), "#888888") for v in found if int(v) not in listed]
    position_of = {float(c.value): i for i, c in enumerate(classes)}
    if raster.dtype == np.uint8:
        table = np.full(256, -1, "int16")
        table[found] = [position_of[float(v)] for v in found]
        return classes, table[raster]
    index = np.full(raster.shape, -1, "int16")
    for value in found:
        index[raster == value] = position_of[float(value)]
    return classes, index
