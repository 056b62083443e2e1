"""The layout of a cube as layers of GeoTIFFs, a value that is written into a tag and read back.

A GeoTIFF has one data type and no time axis. Every variable, date and further index becomes a layer called
``"red 2019-07-06"``. Variables of another data type go into a second file, a *part*, whose name
ends in ``_quality`` (quality bands and masks) or ``_probability`` (of class maps).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.export.packing import NODATA, scale_of
from eowidgets.cube.legends import class_values, is_classes
from eowidgets.cube.schema import MASKS, bands
from eowidgets.errors import InputError

TAG = "EOWIDGETS"
VERSION = 2
QUALITY = "_quality"
PROBABILITY = "_probability"
PARTS = (QUALITY, PROBABILITY)
#: Stored in class maps where there is no class.
NO_CLASS = 255
#: Largest coordinate or table that is written into the tag.
LARGEST_TABLE = 1_000_000


@dataclass(frozen=True)
class Raster:
    """A variable over (y, x) in a part.

    Attributes
    ----------
    name : str
    dims : tuple of str
        All dimensions, y and x last.
    dtype : str
        In the cube; the file may hold another.
    attrs : mapping
        Encoded by :func:`encode`.
    shape : tuple of int
        Lengths of the leading dimensions.
    layers : tuple of int
        Numbers of the layers in the file (from 1), along the leading dimensions, the last of them fastest.
    scale : float
        Of the numbers in the file.
    """

    name: str
    dims: tuple[str, ...]
    dtype: str
    attrs: Mapping[str, Any]
    shape: tuple[int, ...] = ()
    layers: tuple[int, ...] = ()
    scale: float = 1.0

    @property
    def classes(self) -> bool:
        """Whether it is a class map, in which 255 stands for no class."""
        return self.dtype == "uint8" and "flag_values" in self.attrs


@dataclass(frozen=True)
class Part:
    """One GeoTIFF of an export.

    Attributes
    ----------
    suffix : str
        What the file name has before ``.tif``: empty for the main file.
    dtype : str
        Of the file.
    nodata : float or None
    rasters : tuple of Raster
    labels : tuple of str
        Name of every layer.
    """

    suffix: str
    dtype: str
    nodata: float | None
    rasters: tuple[Raster, ...]
    labels: tuple[str, ...]

    @property
    def count(self) -> int:
        """Number of layers."""
        return len(self.labels)

    @property
    def whole_numbers(self) -> bool:
        """Whether the variables hold integers, which must not be averaged."""
        return all(np.dtype(r.dtype).kind in "iub" for r in self.rasters)


@dataclass(frozen=True)
class Layout:
    """Layout of an exported cube without its pixels; see :meth:`to_json`."""

    parts: tuple[Part, ...]
    bands: tuple[str, ...]
    order: tuple[str, ...]
    attrs: Mapping[str, Any]
    tables: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self, part: Part) -> str:
        """Return the tag of one part."""
        common = {"bands": self.bands, "order": self.order, "attrs": self.attrs, "tables": self.tables}
        suffixes = [p.suffix for p in self.parts]
        mine = {
            "suffix": part.suffix,
            "dtype": part.dtype,
            "labels": part.labels,
            "variables": [asdict(r) for r in part.rasters],
        }
        return json.dumps({"kind": "cube", "version": VERSION, "parts": suffixes, "key": self.key, **mine, **common})

    @property
    def key(self) -> str:
        """Hash of the layout, the same in all parts of one export."""
        rasters = [asdict(r) for p in self.parts for r in p.rasters]
        text = json.dumps([rasters, self.order, self.tables, self.attrs], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def lay_out(cube: xr.Dataset) -> Layout:
    """Determine parts, data types and layers of a cube.

    Raises
    ------
    InputError
        If no variable lies over (y, x), or one cannot be stored as numbers.
    """
    names = [n for n, v in cube.data_vars.items() if {"y", "x"} <= set(v.dims)]
    for name in names:
        if cube[name].dtype.kind not in "fiub":
            raise InputError(f"{str(name)[:40]!r} holds no numbers: drop it or convert it before a GeoTIFF is written.")
    masks = [n for n in names if n in MASKS]
    quality = [n for n in names if n not in MASKS and cube[n].attrs.get("role") == "quality"]
    main = [n for n in names if n not in (*masks, *quality)]
    chances = [n for n in main if str(n).endswith(PROBABILITY) and str(n).removesuffix(PROBABILITY) in main]
    maps = [n for n in main if n not in chances]
    groups: dict[str, list[Any]] = {"": main, QUALITY: [*quality, *masks]}
    if chances and all(is_classes(cube[n]) for n in maps):
        groups = {"": maps, PROBABILITY: chances, QUALITY: [*quality, *masks]}
    elif not main:  # a cube of quality bands only
        groups = {"": quality, QUALITY: masks} if quality else {"": masks}
    if not groups[""]:
        raise InputError("There is no band to write: the cube has no variable over (y, x).")
    parts = tuple(_part(cube, suffix, chosen) for suffix, chosen in groups.items() if chosen)
    tables = {str(n): _table(n, v, n in cube.coords) for n, v in cube.variables.items() if _is_table(n, v)}
    attrs = {k: encode(v) for k, v in cube.attrs.items() if k != "provenance"}  # which has a separate tag
    return Layout(parts, bands(cube), tuple(str(n) for n in cube.data_vars), attrs, tables)


def numbers_of(part: Part) -> Iterator[tuple[int, Raster, dict[str, int]]]:
    """Yield every layer of a part: its number, its variable and the position along the leading dimensions."""
    for raster in part.rasters:
        lead = raster.dims[:-2]
        for number, at in zip(raster.layers, product(*map(range, raster.shape)), strict=True):
            yield number, raster, dict(zip(lead, at, strict=True))


def encode(value: Any) -> Any:
    """Return an attribute as a JSON value; arrays keep their type."""
    if isinstance(value, np.ndarray):
        return {"dtype": value.dtype.str, "values": value.tolist()} if value.dtype.kind in "fiubU" else str(value)
    if isinstance(value, np.generic):
        return encode(value.item())
    if isinstance(value, str | int | float | bool | type(None)):
        return value
    if isinstance(value, list | tuple):
        return [encode(v) for v in value]
    return str(value)


def decode(value: Any) -> Any:
    """Invert :func:`encode`."""
    if isinstance(value, dict):
        return np.array(value["values"], _plain_dtype(value["dtype"]))
    return value


def read_table(table: Mapping[str, Any]) -> xr.Variable:
    """Return a coordinate or small variable from the tag."""
    values = np.array(table["values"], _plain_dtype(table["dtype"]))
    return xr.Variable(tuple(table["dims"]), values, {k: decode(v) for k, v in table["attrs"].items()})


def _plain_dtype(text: Any) -> np.dtype[Any]:
    dtype = np.dtype(str(text))
    if dtype.kind not in "fiubUMm":
        raise ValueError(f"{text!r} is not a plain data type")
    return dtype


def _part(cube: xr.Dataset, suffix: str, names: Sequence[Any]) -> Part:
    rasters = []
    for name in names:
        variable = cube[name]
        dims = (*(str(d) for d in variable.dims if d not in ("y", "x")), "y", "x")
        attrs = {k: encode(v) for k, v in variable.attrs.items() if k != "grid_mapping"}
        shape = tuple(variable.sizes[d] for d in dims[:-2])
        rasters.append(Raster(str(name), dims, str(variable.dtype), attrs, shape))
    dtype, nodata, scales = _storage(cube, names)
    labels, numbers = _number(cube, rasters)
    rasters = [replace(r, layers=tuple(n), scale=s) for r, n, s in zip(rasters, numbers, scales, strict=True)]
    return Part(suffix, dtype, nodata, tuple(rasters), tuple(labels))


def _storage(cube: xr.Dataset, names: Sequence[Any]) -> tuple[str, float | None, list[float]]:
    """Return data type and nodata value of a file, and the scale of each variable."""
    variables = [cube[n] for n in names]
    ones = [1.0] * len(variables)
    if all(v.dtype.kind in "iub" for v in variables):
        kinds = ["uint8" if v.dtype == bool else v.dtype for v in variables]
        free = all(is_classes(v) and NO_CLASS not in class_values(v.attrs) for v in variables)
        return str(np.result_type(*kinds)), NO_CLASS if free else None, ones
    scales = [scale_of(v, whole_numbers=True) for v in variables]
    packed = [s for s in scales if s is not None]
    if len(packed) == len(scales):
        return "int16", NODATA, packed
    kinds = ["uint8" if v.dtype == bool else v.dtype for v in variables]
    return str(np.result_type("float32", *kinds)), float("nan"), ones


def _number(cube: xr.Dataset, rasters: Sequence[Raster]) -> tuple[list[str], list[list[int]]]:
    """Name and count the layers: dates slowest, then variables; variables without time come last."""
    labels: list[str] = []
    numbers: list[list[int]] = [[] for _ in rasters]
    times = _time_labels(cube) if "time" in cube.dims else []
    for at in [*range(len(times)), None]:
        for found, raster in zip(numbers, rasters, strict=True):
            if ("time" in raster.dims) != (at is not None):
                continue
            rest = [d for d in raster.dims[:-2] if d != "time"]
            for index in product(*(range(cube.sizes[d]) for d in rest)):
                words = [raster.name, *([] if at is None else [times[at]])]
                words += [f"{d}={_label(cube, d, i)}" for d, i in zip(rest, index, strict=True)]
                labels.append(" ".join(words))
                found.append(len(labels))
    for k, raster in enumerate(rasters):
        lead = raster.dims[:-2]
        if "time" in lead and lead[0] != "time":  # counted with time slowest, stored in the order of the dimensions
            shape = [cube.sizes["time"], *(cube.sizes[d] for d in lead if d != "time")]
            numbers[k] = np.moveaxis(np.array(numbers[k]).reshape(shape), 0, lead.index("time")).ravel().tolist()
    return labels, numbers


def _time_labels(cube: xr.Dataset) -> list[str]:
    """Return the dates for layer names; with the time of day where days repeat."""
    if "time" not in cube.coords or cube["time"].dtype.kind != "M":
        return [_label(cube, "time", i) for i in range(cube.sizes["time"])]
    times = cube["time"].values
    days = np.datetime_as_string(times, unit="D")
    if len(set(days)) == len(days):
        return [str(d) for d in days]
    seconds = np.datetime_as_string(times, unit="s")
    return [str(t) for t in (seconds if len(set(seconds)) == len(seconds) else np.datetime_as_string(times))]


def _label(cube: xr.Dataset, dim: str, index: int) -> str:
    return str(cube[dim].values[index]) if dim in cube.coords else str(index)


def _is_table(name: Any, variable: xr.Variable) -> bool:
    """Return whether a variable goes into the tag: a coordinate except x and y, or a number or text per date."""
    spatial = {"y", "x"} & set(map(str, variable.dims))
    return not spatial and name != "spatial_ref" and variable.dtype.kind in "fiubUMm" and variable.size <= LARGEST_TABLE


def _table(name: Any, variable: xr.Variable, coordinate: bool) -> dict[str, Any]:
    values = np.asarray(variable.values)
    if values.dtype.kind == "M":
        listed = np.datetime_as_string(values).tolist()
    else:
        listed = (values.astype("int64") if values.dtype.kind == "m" else values).tolist()
    attrs = {k: encode(v) for k, v in variable.attrs.items()}
    return {
        "dims": [str(d) for d in variable.dims],
        "dtype": values.dtype.str,
        "values": listed,
        "attrs": attrs,
        "coordinate": coordinate,
    }
