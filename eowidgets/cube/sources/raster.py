"""Raster files: one file, or many with dates in their names."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.products import Sensor
from eowidgets.cube.quantity import quantity
from eowidgets.cube.sources import Opened, own_geotiff
from eowidgets.cube.sources.dates import PATTERNS, as_moment, date_in, moment_in, tagged_moment, without_date
from eowidgets.cube.sources.layers import Layer, as_array, cube_name, layers_of, products, refuse_uncertain_baselines
from eowidgets.cube.sources.listing import ENDINGS, Found
from eowidgets.cube.sources.naming import is_known, is_named, own_names, unnamed
from eowidgets.cube.sources.rasterfile import RasterFile, read_header
from eowidgets.cube.sources.stacking import stack
from eowidgets.errors import InputError, shown, warn_user

TAG = "EOWIDGETS"


@dataclass(frozen=True)
class Request:
    """Options of ``eow.open`` that raster files need.

    Attributes
    ----------
    bands : sequence of str, optional
        Names of unnamed layers in file order, or names to keep.
    dates : sequence, optional
        Dates of undated files or layers, in file order.
    chunks : optional
        Dask blocks for large sources, None without dask.
    eager : int
        Bytes (as float32) up to which a source is read at once.
    """

    bands: Sequence[str] | None = None
    dates: Sequence[Any] | None = None
    sensor: str | Sensor | None = None
    resolution: float | None = None
    crs: Any = None
    chunks: Any = None
    eager: int = 256_000_000
    remote: bool = False

    def blocks(self, files: Sequence[RasterFile]) -> Any:
        """Return the dask blocks for these files; None to read them now."""
        return None if sum(f.bytes for f in files) <= self.eager else self.chunks

    def own_blocks(self, path: Path) -> Any:
        """Return the dask blocks for a file of this package, by its size on disk."""
        return None if path.stat().st_size * 4 <= self.eager else self.chunks


def open_raster(path: Path, request: Request) -> Opened:
    """Open one file: bands of one date, a stack of dates and bands, or a layer without time.

    Dates and names in the file come first; those of the request are used where the file has none.

    Raises
    ------
    InputError
        If the dates of a picture cannot be found, or the names and dates given do not match its layers.
    """
    if (own := own_geotiff.read(path, request.own_blocks(path))) is not None:
        return Opened(own)
    file = read_header(path, path.parent, remote=request.remote)
    (sensor,) = products([file], path.parent, request.sensor, request.bands)
    labels = own_names(file)
    moment = moment_in(path.name) or tagged_moment(dict(file.tags))
    dated = labels is not None and any(date_in(n) is not None for n in labels)
    stacked = request.dates is not None and not dated and (moment is None or _is_product(file, request))
    if labels and dated:
        layers = [replace(a, name=cube_name(without_date(a.source_name), sensor), moment=moment_in(a.source_name))
                  for a in layers_of(file, sensor, None)]  # fmt: skip
    elif stacked and request.dates is not None:
        layers = _stack_layers(file, sensor, request)
    else:
        layers = [replace(a, moment=moment) for a in layers_of(file, sensor, request.bands)]
        if moment is None:
            return _static(file, layers, request)
    chunks = request.blocks([file])
    ds = _one_file(file, layers, chunks)
    ds.attrs = _kept(file.tags) | _sensor_note(sensor) | ds.attrs
    return Opened(ds, named=request.bands is not None and not is_named(file), dated=bool(stacked))


def open_files(found: Sequence[Found], where: str, root: Path, request: Request) -> Opened:
    """Open a set of files, each one date (all bands), or one date and band.

    Parameters
    ----------
    found : sequence of Found
    where : str
        What was opened, for messages.
    root : Path
        The folder that was opened: files that a VRT names must lie in it.
    request : Request

    Raises
    ------
    InputError
        If a file has no date, two files are the same date and band, or their CRS or products differ; the
        sentence names the file.
    """
    if not found:
        raise InputError(f"There is no raster file in {where[-70:]!r}: expected names ending in {', '.join(ENDINGS)}.")
    found = [f for f in found if not own_geotiff.is_part(f.path)]
    if (own := own_geotiff.read_all([f.path for f in found], request.chunks)) is not None:
        return Opened(own)
    files = [read_header(f.path, root, address=f.address, remote=request.remote) for f in found]
    if request.sensor is None:
        refuse_uncertain_baselines(files, Path(where).name or where)
    sensors = products(files, root, request.sensor, request.bands)
    moments, dated = _moments(files, root, request)
    layers = [
        replace(layer, moment=moment)
        for file, sensor, moment in zip(files, sensors, moments, strict=True)
        for layer in layers_of(file, sensor, request.bands)
    ]
    if dated and len(request.dates or ()) > 1:
        layers = [_unnamed_series(a, request) for a in layers]
    layers = _clear_masks(layers)
    ds = stack(layers, where, resolution=request.resolution, crs=request.crs, chunks=request.blocks(files))
    title = Path(where).name or where
    ds.attrs |= {"source_file": files[0].name, "title": title} | _sensor_note(sensors[0])
    named = request.bands is not None and any(not is_named(f) for f in files)
    return Opened(ds, named=named, dated=dated)


def _one_file(file: RasterFile, layers: list[Layer], chunks: Any) -> xr.Dataset:
    """Return the layers of one file along time, all read by one call."""
    keys = [(a.name, a.moment) for a in layers]
    for name, moment in keys:
        if keys.count((name, moment)) > 1 and moment is not None:
            raise InputError(
                f"{shown(file.name)} has two layers for {name} on {str(moment)[:10]}: give their names with bands= and dates=."
            )
    timed = [a for a in layers if a.moment is not None]
    if not timed:
        raise InputError(f"{shown(file.name)} has no layer with a date: give it with  dates=['2020-06-30'].")
    ds = stack(timed, file.name, chunks=chunks)
    flat = [a for a in layers if a.moment is None]
    if flat:
        values = file.data(chunks=chunks)
        for layer in flat:
            ds[layer.name] = as_array(values[layer.index], layer).assign_attrs(role="layer")
    return ds


def _static(file: RasterFile, layers: list[Layer], request: Request) -> Opened:
    """Return a raster without time: elevation, land cover and other quantities that one file holds once."""
    arrays = [as_array(np.empty((0, 0), file.dtypes[a.index]), a) for a in layers]
    pictures = [a.name for a in arrays if quantity(a).key in ("reflectance", "backscatter", "brightness", "index")]
    if pictures or len(layers) > 1:
        what = f" and bands=[...] ({file.count} layers)." if file.count > 1 and not own_names(file) else "."
        raise InputError(
            f"{shown(file.name)} has no date in its name, its layers' names or its tags: give it with  "
            f"dates=['2020-06-30']{what}"
        )
    when = np.datetime64("1970-01-01")
    ds = stack([replace(a, moment=when) for a in layers], file.name, chunks=request.blocks([file]))
    flat = ds.isel(time=0, drop=True)
    for name in flat.data_vars:
        flat[name].attrs.setdefault("role", "layer")
    if all(quantity(a).key == "unknown" for a in arrays):
        warn_user(
            f"{shown(file.name)} has no date and is opened as a layer without time: for a time series, pass dates=[...]."
        )
    flat.attrs |= _kept(file.tags)
    return Opened(flat, named=request.bands is not None and not own_names(file), static=True)


def _stack_layers(file: RasterFile, sensor: Sensor | None, request: Request) -> list[Layer]:
    """Return layers of a file of several dates, dates slowest, with the names and dates of the request."""
    moments = [as_moment(d) for d in request.dates or ()]
    days, labels, names = len(moments), own_names(file), request.bands
    if labels is None and names is not None:
        if days * len(names) != file.count:
            raise InputError(
                f"{shown(file.name)} has {file.count} layers, but {days} dates × {len(names)} bands were given: "
                "the product must match."
            )
        per_date = list(names)
    elif not days or file.count % days:
        raise InputError(f"{shown(file.name)} has {file.count} layers, which {days} dates do not divide.")
    else:
        size = file.count // days
        if labels is None and days == 1:
            per_date = [a.source_name for a in layers_of(file, sensor, None)]
            size = len(per_date)
        else:
            per_date = labels[:size] if labels else unnamed(size)
    keys = [(m, n) for m in moments for n in per_date]
    return [Layer(file, i, n, cube_name(n, sensor), sensor, m, file.masked) for i, (m, n) in enumerate(keys)]


def _is_product(file: RasterFile, request: Request) -> bool:
    dates, names = request.dates or (), request.bands or ()
    return len(dates) > 1 and len(names) > 0 and len(dates) * len(names) == file.count


def _moments(files: Sequence[RasterFile], root: Path, request: Request) -> tuple[list[Any], bool]:
    """Return the moment of each file, and whether ``dates=`` was used for them.

    A list of dates applies to files without any: in the order of their names, or one date for all of them.
    """
    found = [moment_in(f.name) or tagged_moment(dict(f.tags)) or _folder_moment(f.path, root) for f in files]
    bare = [f for f, m in zip(files, found, strict=True) if m is None]
    given = None if request.dates is None else [as_moment(d) for d in request.dates]
    undated = bare or (given is not None and len(given) == len(files) and _coarse(files) and files)
    if not undated:
        return found, False
    if given is None or len(given) not in (1, len(undated)):
        forms = ", ".join(example for example, _ in PATTERNS)
        what = "" if given is None else f" ({len(given)} dates were given for {len(undated)} files)"
        raise InputError(
            f"The name of {shown(undated[0].name)} has no date, and the file has no date tag: dates are looked for in the "
            f"forms {forms}; or pass dates=[...], one for each file in the order of their names, or one for all{what}."
        )
    order = sorted(range(len(undated)), key=lambda i: str(undated[i].path))
    days = dict(zip((undated[i].address for i in order), given * (len(undated) if len(given) == 1 else 1), strict=True))
    return [days.get(f.address, m) for f, m in zip(files, found, strict=True)], True


def _coarse(files: Sequence[RasterFile]) -> bool:
    """Return whether the names hold a month or a year only, which a list of dates makes more exact."""
    return not any(re.search(pattern, f.name) for f in files for _, pattern in PATTERNS)


def _folder_moment(path: Path, root: Path) -> Any:
    inside = path.parent.relative_to(root).parts if path.is_relative_to(root) else ()
    return next((m for part in reversed(inside) if (m := moment_in(part)) is not None), None)


def _unnamed_series(layer: Layer, request: Request) -> Layer:
    """Return a layer whose file name holds neither date nor band: all such files are one series."""
    if layer.file.count > 1 or own_names(layer.file) or is_known(layer.source_name, layer.sensor):
        return layer
    return replace(layer, name=(request.bands or ["value"])[0])


def _clear_masks(layers: list[Layer]) -> list[Layer]:
    """Keep of Planet's usable data masks (UDM2) the first layer, which marks clear pixels."""
    kept = []
    for layer in layers:
        if not re.search(r"_udm2(_clip)?$", layer.file.path.stem, re.IGNORECASE):
            kept.append(layer)
        elif layer.index == 0:
            kept.append(replace(layer, name="clear_mask", source_name="udm2 clear"))
    return kept


def _sensor_note(sensor: Sensor | None) -> dict[str, Any]:
    if sensor is None:
        return {}
    note: dict[str, Any] = {"sensor": sensor.key}
    return note if sensor.baseline is None else note | {"processing_baseline": sensor.baseline}


def _kept(tags: Any) -> dict[str, Any]:
    kept = {
        k: tags[k] for k in ("title", "sensor", "source", "attribution", "provenance") if isinstance(tags.get(k), str)
    }
    try:
        note = json.loads(tags.get(TAG, "{}"))
    except (TypeError, ValueError, RecursionError):
        note = {}
    return kept if isinstance(note, dict) else {}
