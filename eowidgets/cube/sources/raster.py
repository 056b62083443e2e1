"""GeoTIFFs: one file, or a folder of them with dates in their names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.errors import InputError, SourceError

ENDINGS = (".tif", ".tiff", ".jp2", ".vrt")
#: Date patterns tried in this order; the name in front is what the error message shows.
PATTERNS: tuple[tuple[str, str], ...] = (
    ("2020-06-30", r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)"),
    ("2020_06_30", r"(?<!\d)(\d{4})_(\d{2})_(\d{2})(?!\d)"),
    ("20200630", r"(?<!\d)((?:19|20)\d{2})(\d{2})(\d{2})(?!\d)"),
    ("2020182 (year and day of year)", r"(?<!\d)((?:19|20)\d{2})(\d{3})(?!\d)"),
)
TAG = "EOWIDGETS"


def date_in(text: str) -> np.datetime64 | None:
    """The first date in a text, or None.

    Examples
    --------
    >>> date_in("T34TFR_20200630T092031_B04.tif")
    numpy.datetime64('2020-06-30')
    """
    for _, pattern in PATTERNS:
        for match in re.finditer(pattern, text):
            parts = [int(p) for p in match.groups()]
            try:
                if len(parts) == 3:
                    return np.datetime64(f"{parts[0]:04d}-{parts[1]:02d}-{parts[2]:02d}")
                if 1 <= parts[1] <= 366:
                    return np.datetime64(f"{parts[0]:04d}-01-01") + (parts[1] - 1)
            except ValueError:
                continue  # 20209999 is a number, not a date
    return None


def open_raster(path: Path, names: Sequence[str] | None, dates: Sequence[Any] | None, chunks: Any) -> xr.Dataset:
    """One file: bands of one date, or a stack of dates and bands.

    Parameters
    ----------
    names : sequence of str, optional
        What the bands are called, in file order (fastest), where the file does not say.
    dates : sequence, optional
        Dates of a stack, in file order (slowest), where the layers do not say.
    """
    array = _read(path, chunks)
    layers = _layer_names(array)
    count = array.sizes["band"]
    if dates is not None and names is not None and len(dates) * len(names) != count:
        raise InputError(
            f"{path.name!r} has {count} layers, but {len(dates)} dates × {len(names)} bands were given: the product must match."
        )
    if names is not None and dates is None and count % len(names):
        raise InputError(
            f"{path.name!r} has {count} layers, which {len(names)} band names do not divide: give dates= as well."
        )
    keys = _keys(path, layers, count, names, dates, array.attrs)
    frames: dict[np.datetime64, dict[str, xr.DataArray]] = {}
    flat: dict[str, xr.DataArray] = {}
    for i, (date, name) in enumerate(keys):
        layer = array.isel(band=i, drop=True)
        if date is None:
            flat[name] = layer
        elif name in frames.setdefault(date, {}):
            raise InputError(
                f"{path.name!r} has two layers for {name} on {date}: give their names with bands= and dates=."
            )
        else:
            frames[date][name] = layer
    ds = _stack(frames, path.name)
    for name, layer in flat.items():
        ds[name] = layer.assign_attrs(role="layer")
    ds.attrs = _cube_attrs(array.attrs) | {"source_file": path.name}
    return ds


def open_files(paths: Iterable[Path], where: str, names: Sequence[str] | None, chunks: Any) -> xr.Dataset:
    """A set of files, each one date (all bands) or one date and band.

    Raises
    ------
    InputError
        If a file has no date, two files are the same date and band, or CRS, grid or bands differ; the
        sentence names the file.
    """
    files = sorted(paths)
    if not files:
        raise InputError(f"There is no GeoTIFF in {where!r}: expected names ending in {', '.join(ENDINGS)}.")
    frames: dict[np.datetime64, dict[str, xr.DataArray]] = {}
    grid: tuple[str, Any] | None = None
    first: Path = files[0]
    for path in files:
        array = _read(path, chunks)
        date = date_in(path.name) or _tag_date(array.attrs)
        if date is None:
            shown = ", ".join(example for example, _ in PATTERNS)
            raise InputError(
                f"The name of {path.name!r} has no date, nor has the file a date tag. Dates are looked for in the forms: {shown}."
            )
        here = (str(array.odc.crs), array.odc.geobox)
        if grid is None:
            grid = here
        _same_grid(here, grid, path, first)
        for i, name in enumerate(_names_of(path, array, names)):
            day = frames.setdefault(date, {})
            if name in day:
                raise InputError(
                    f"{path.name!r} is a second file for {name} on {date}: keep one, or move it elsewhere."
                )
            day[name] = array.isel(band=i, drop=True)
    ds = _stack(frames, where)
    ds.attrs = {"source_file": first.name, "title": Path(where).name or where}
    return ds


def _read(path: Path, chunks: Any) -> xr.DataArray:
    import odc.geo.xr  # noqa: F401  (registers the accessor)
    import rasterio.errors
    import rioxarray

    try:
        array = rioxarray.open_rasterio(path, chunks=chunks, masked=False, lock=None)
        if not isinstance(array, xr.DataArray):
            raise InputError(f"{path.name!r} holds several rasters: name one of them.")
        if chunks is None:
            array = array.load()
    except (rasterio.errors.RasterioError, OSError, ValueError) as error:
        raise SourceError(
            f"{path.name!r} cannot be read as a raster: it may be incomplete or another format."
        ) from error
    if array.rio.crs is None:
        raise InputError(
            f"{path.name!r} has no CRS: assign one, for instance with  gdal_edit.py -a_srs EPSG:... {path.name}"
        )
    return _physical(array)


def _physical(array: xr.DataArray) -> xr.DataArray:
    """Keep scale, offset and nodata of the file as attributes that ``normalise`` applies."""
    attrs = array.attrs
    scales = {float(s) for s in np.atleast_1d(attrs.get("scales", attrs.get("scale_factor", 1.0)))}
    offsets = {float(o) for o in np.atleast_1d(attrs.get("offsets", attrs.get("add_offset", 0.0)))}
    for key in ("scale_factor", "add_offset", "scales", "offsets"):
        attrs.pop(key, None)
    if len(scales) == 1 and len(offsets) == 1 and (scales, offsets) != ({1.0}, {0.0}):
        attrs["scale_factor"], attrs["add_offset"] = scales.pop(), offsets.pop()
    nodata = array.rio.nodata
    if nodata is not None:
        attrs["_FillValue"] = nodata
    return array


def _layer_names(array: xr.DataArray) -> list[str] | None:
    names = array.attrs.get("long_name")
    if names is None:
        return None
    found = [names] if isinstance(names, str) else list(names)
    return [str(n or "") for n in found] if len(found) == array.sizes["band"] else None


def _keys(
    path: Path,
    layers: list[str] | None,
    count: int,
    names: Sequence[str] | None,
    dates: Sequence[Any] | None,
    attrs: dict[str, Any],
) -> list[tuple[np.datetime64 | None, str]]:
    """Date and band name of every layer, from what was given, else from descriptions, else from the file's name."""
    if dates is not None:
        days = [np.datetime64(d, "D") for d in dates]
        bands = list(names) if names is not None else [f"band{i + 1}" for i in range(count // len(days))]
        return [(d, b) for d in days for b in bands]
    if names is None and layers and any(date_in(n) is not None for n in layers):
        return [(date_in(n), _without_date(n)) for n in layers]
    date = date_in(path.name) or _tag_date(attrs)
    if date is None:
        raise InputError(
            f"{path.name!r} has no date in its name, its layers' names or its tags: give it with  dates=['2020-06-30']"
            + (f"  and bands=[...] ({count} layers)." if count > 1 else ".")
        )
    if names is None:
        names = layers if layers and all(layers) else [f"band{i + 1}" for i in range(count)]
    return [(date, n) for n in names]


def _without_date(name: str) -> str:
    for _, pattern in PATTERNS:
        name = re.sub(pattern, "", name)
    return name.strip(" _-:") or "value"


def _names_of(path: Path, array: xr.DataArray, names: Sequence[str] | None) -> list[str]:
    count = array.sizes["band"]
    if names is not None and len(names) == count:
        return list(names)
    layers = _layer_names(array)
    if layers and all(layers):
        return layers
    if count == 1:
        # One band a file: what is left of the name after the date usually ends in the band (…_B04.tif, …_SR_B4.TIF).
        match = re.search(
            r"(SR_B\d+|ST_B\d+|QA_PIXEL|SCL|Fmask|B\d{1,2}A?|VV|VH|[A-Za-z]+\d*)(_\d+m)?$", path.stem, re.IGNORECASE
        )
        return [match.group(1)] if match else ["value"]
    if names is not None:
        raise InputError(f"{path.name!r} has {count} layers, but {len(names)} band names were given.")
    return [f"B{i + 1}" for i in range(count)]


def _same_grid(here: tuple[str, Any], grid: tuple[str, Any], path: Path, first: Path) -> None:
    if here[0] != grid[0]:
        raise InputError(f"{path.name!r} is in another CRS than {first.name!r}: reproject one of them first.")
    if here[1] != grid[1]:
        raise InputError(
            f"{path.name!r} has another grid ({here[1].shape[0]} × {here[1].shape[1]} pixels) than {first.name!r} "
            f"({grid[1].shape[0]} × {grid[1].shape[1]}): bring both to one grid first, or open them one by one."
        )


def _stack(frames: dict[np.datetime64, dict[str, xr.DataArray]], where: str) -> xr.Dataset:
    if not frames:
        return xr.Dataset()
    dates = sorted(frames)
    names = list(frames[dates[0]])
    for date in dates:
        if set(frames[date]) != set(names):
            odd = ", ".join(sorted(set(frames[date]) ^ set(names)))
            raise InputError(
                f"The dates of {where!r} have different bands: {odd} is not there on {dates[0]} or on {date}."
            )
    time = xr.DataArray(np.array(dates, "datetime64[ns]"), dims="time", name="time")
    ds = xr.Dataset()
    for name in names:
        layers = [frames[d][name] for d in dates]
        joined = xr.concat(
            layers, dim=time, coords="minimal", compat="override", join="override", combine_attrs="override"
        )
        joined.attrs.pop("long_name", None)
        ds[name] = joined
    return ds


def _tag_date(attrs: dict[str, Any]) -> np.datetime64 | None:
    for key in ("TIFFTAG_DATETIME", "datetime", "DATE_ACQUIRED", "date", "ACQUISITION_DATE", "time"):
        if attrs.get(key):
            found = date_in(str(attrs[key]).replace(":", "-", 2))
            if found is not None:
                return found
    return None


def _cube_attrs(attrs: dict[str, Any]) -> dict[str, Any]:
    kept = {
        k: attrs[k] for k in ("title", "sensor", "source", "attribution", "provenance") if isinstance(attrs.get(k), str)
    }
    try:
        note = json.loads(attrs.get(TAG, "{}"))
    except (TypeError, json.JSONDecodeError):
        note = {}
    return kept if isinstance(note, dict) else {}
