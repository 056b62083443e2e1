"""Class rasters from files and arrays, as bytes with the classes that they hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import xarray as xr

from eowidgets.contract.labels.class_info import ClassInfo
from eowidgets.contract.labels.naming import MOST, check_classes, classes_of, color_of, key, listed
from eowidgets.cube.admission import admit
from eowidgets.cube.crs import with_crs
from eowidgets.cube.export.layers import NO_CLASS
from eowidgets.cube.grid import georeference
from eowidgets.cube.legends import class_values, is_classes
from eowidgets.cube.reading import reading
from eowidgets.cube.sources import own_geotiff
from eowidgets.cube.sources.local import DRIVERS
from eowidgets.cube.sources.rasterfile import read_header
from eowidgets.errors import InputError, shown
from eowidgets.system import check_plain

#: Rasters up to this number of pixels are read at once; larger ones where labels are placed.
_EAGER = 50_000_000
#: Rows of a raster that are read in one piece, and the largest file with names of classes that is read.
_ROWS, _SIDECAR = 1024, 1_000_000
#: Accepted names of the dimensions.
_AXES = {"lat": "y", "latitude": "y", "lon": "x", "longitude": "x"}


def is_raster(source: Any) -> bool:
    """Return whether labels are given as a class raster."""
    return isinstance(source, xr.DataArray | xr.Dataset) or (
        isinstance(source, str | Path) and Path(source).suffix.lower() in DRIVERS
    )


def read_raster(source: Any, column: str | None, given: Any) -> tuple[xr.DataArray, tuple[ClassInfo, ...], str]:
    """Return a class raster as bytes, 255 where there is no class, its classes and its name; see `Labels.of`.

    Raises
    ------
    InputError, SourceError
    """
    values = _variable(_read(source) if isinstance(source, str | Path) else source, column)
    name = str(values.name) if isinstance(values.name, str) and not isinstance(source, str | Path) else "class"
    if values.dtype.kind not in "biuf":
        raise InputError(f"The class raster holds {values.dtype} instead of numbers: convert it to whole numbers.")
    values = _flat(values)
    numbers, classes = _classes(values, given)
    codes = [c for c, _ in numbers]
    whole = _coded(values, codes, [v for _, v in numbers])
    dataset = georeference(whole.to_dataset(name="classes"))
    return dataset["classes"], classes, name


def _read(source: str | Path) -> xr.Dataset:
    path = Path(source).expanduser()
    if not path.exists():
        raise InputError(f"There is no file {shown(str(path))}: give the path of a class raster or of vector data.")
    check_plain(path)
    own = own_geotiff.read(path, chunks={})
    if own is not None:
        return own
    header = read_header(path, path.parent)
    if header.count != 1:
        raise InputError(f"{shown(path.name)} has {header.count} layers, and a class raster has one: choose one first.")
    box = header.geobox
    data = header.data(chunks=None if box.shape[0] * box.shape[1] <= _EAGER else {})[0]
    attrs: dict[str, Any] = {"palette": header.palette, "categories": _categories(path)}
    if header.nodata[0] is not None:
        attrs["_FillValue"] = header.nodata[0]
    y, x = (box.coordinates[d].values for d in box.dimensions)
    found = xr.DataArray(data, dims=("y", "x"), coords={"y": y, "x": x}, attrs=attrs, name="classes")
    found = found.assign_coords(spatial_ref=xr.Variable((), 0, {"crs_wkt": box.crs.to_wkt()}))
    return found.to_dataset()


def _categories(path: Path) -> list[str]:
    """Return the names of classes that GDAL keeps next to a raster."""
    notes = path.with_name(f"{path.name}.aux.xml")
    try:
        text = notes.read_text(encoding="utf-8") if notes.is_file() and notes.stat().st_size < _SIDECAR else ""
        if not text or "<!" in text.replace("<!--", ""):
            return []
        root = ElementTree.fromstring(text)  # noqa: S314  (no entities)
    except (OSError, ValueError, ElementTree.ParseError):
        return []
    return [(one.text or "").strip() for one in root.findall(".//CategoryNames/Category")]


def _variable(source: xr.DataArray | xr.Dataset, column: str | None) -> xr.DataArray:
    if isinstance(source, xr.DataArray):
        return source
    flat = {str(n): v for n, v in source.data_vars.items() if {"y", "x"} <= set(v.dims)}
    if column is not None and column in flat:
        return flat[column]
    maps = (
        {n: v for n, v in flat.items() if is_classes(v)}
        or {n: v for n, v in flat.items() if v.attrs.get("flag_values") is not None}
        or flat
    )
    if len(maps) != 1:
        raise InputError(
            f"The Dataset given as labels has {len(maps)} variables that may be the classes: give one, such as "
            f"data[{next(iter(maps), 'name')[:30]!r}]."
        )
    return next(iter(maps.values()))


def _flat(values: xr.DataArray) -> xr.DataArray:
    """Return a raster over (y, x) with even coordinates and a CRS."""
    named = {str(d).lower(): d for d in values.dims}
    values = values.rename({named[old]: new for old, new in _AXES.items() if old in named and new not in values.dims})
    long = [str(d) for d in values.dims if d not in ("y", "x") and values.sizes[d] > 1]
    if long:
        raise InputError(
            f"The class raster has the dimension {shown(long[0])}: choose one with  raster.isel({long[0][:30]}=0)."
        )
    values = values.isel({d: 0 for d in values.dims if d not in ("y", "x")}, drop=True)
    dataset = values.rename("classes").to_dataset()
    try:
        dataset = with_crs(dataset)
    except InputError:
        raise InputError("The class raster has no CRS: set it with  raster.rio.write_crs('EPSG:...').") from None
    found = admit(dataset, time=False, name="The class raster")["classes"]
    found.attrs = {**values.attrs, **found.attrs}
    if "_FillValue" in values.encoding:
        found.attrs.setdefault("_FillValue", values.encoding["_FillValue"])
    return found


def _classes(values: xr.DataArray, given: Any) -> tuple[list[tuple[int, int]], tuple[ClassInfo, ...]]:
    """Return pairs of a number in the raster and the number of its class, and the classes."""
    attrs = values.attrs
    stated = [] if values.dtype == bool else list(class_values(attrs))
    numbers = stated or _distinct(values)
    empty = {attrs.get("_FillValue"), attrs.get("nodata"), NO_CLASS if values.dtype == np.uint8 else None}
    numbers = [n for n in numbers if n not in empty]
    if not numbers:
        raise InputError("The class raster has no pixel with a class.")
    if len(numbers) > MOST:
        raise InputError(
            f"The class raster has {len(numbers)} different numbers, and a map has at most {MOST} classes."
        )
    if given is not None:
        classes, lookup = listed(given)
        names = _names(numbers, stated, attrs)
        pairs = [(n, lookup.get(str(n), lookup.get(key(name), -1))) for n, name in zip(numbers, names, strict=True)]
        found = [pair for pair in pairs if pair[1] >= 0]
        if not found:
            raise InputError(
                f"None of the classes is in the raster, which holds {shown(numbers)}: give names for these."
            )
        return found, classes
    fits = all(0 <= n < MOST for n in numbers)
    codes = numbers if fits else list(range(len(numbers)))
    names = _names(numbers, stated, attrs)
    cells = pd.Series(names, name="classes")
    _, found_classes, _ = classes_of(cells, pd.Series(_colors(numbers, stated, attrs), dtype=object), None)
    colors = {key(one.name): one.color for one in found_classes}
    classes = tuple(ClassInfo(c, n, colors[key(n)]) for c, n in zip(codes, names, strict=True))
    check_classes(classes)
    return list(zip(numbers, codes, strict=True)), classes


def _distinct(values: xr.DataArray) -> list[int]:
    """Return the numbers in a raster, read in pieces."""
    found: set[float] = set()
    with reading():
        for start in range(0, values.sizes["y"], _ROWS):
            part = np.unique(values.isel(y=slice(start, start + _ROWS)).values)
            found |= set(part[np.isfinite(part)].tolist())
            odd = next((v for v in found if v != int(v)), None)
            if odd is not None:
                raise InputError(f"The class raster holds numbers such as {odd:.6g}, which are not classes.")
            if len(found) > 2 * MOST:
                raise InputError(
                    f"The class raster has more than {MOST} different numbers, too many for a map of classes."
                )
    return sorted(int(v) for v in found)


def _names(numbers: list[int], stated: list[int], attrs: Mapping[Any, Any]) -> list[str]:
    words = str(attrs.get("flag_meanings", "")).split()
    categories = attrs.get("categories") or []
    if stated and len(words) == len(stated):
        names = {n: w.replace("_", " ") for n, w in zip(stated, words, strict=True)}
    else:
        names = {n: categories[n] for n in numbers if 0 <= n < len(categories) and categories[n]}
    found = [" ".join(names.get(n, str(n)).split()) or str(n) for n in numbers]
    keys = [key(name) for name in found]
    return [name if keys.count(k) == 1 else f"{name} ({n})" for name, k, n in zip(found, keys, numbers, strict=True)]


def _colors(numbers: list[int], stated: list[int], attrs: Mapping[Any, Any]) -> list[str | None]:
    words = str(attrs.get("colors", "")).split()
    if stated and len(words) == len(stated):
        colors = dict(zip(stated, words, strict=True))
        return [color_of(colors.get(n)) for n in numbers]
    palette = attrs.get("palette") or {}
    # GDAL fills the rest of a colour table with black.
    return [color_of(palette[n][:3]) if n in palette and any(palette[n][:3]) else None for n in numbers]


def _coded(values: xr.DataArray, numbers: list[int], codes: list[int]) -> xr.DataArray:
    order = np.argsort(numbers)
    known, to = np.array(numbers)[order], np.array(codes, np.uint8)[order]

    def code(block: Any) -> Any:
        at = np.searchsorted(known, block).clip(0, len(known) - 1)
        return np.where(known[at] == block, to[at], np.uint8(NO_CLASS)).astype(np.uint8)

    data = values.data
    found: xr.DataArray = values.copy(data=data.map_blocks(code, dtype=np.uint8) if values.chunks else code(data))
    found.attrs, found.encoding = {}, {}
    return found
