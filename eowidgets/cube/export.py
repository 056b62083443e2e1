"""Cubes to files: written beside, then moved into place, so that a file is either whole or not there."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.grid import geobox
from eowidgets.cube.schema import MASKS, bands
from eowidgets.errors import InputError, SourceError

#: Reflectance is stored as 16-bit integers times ten thousand (error at most 0.00005), 3.2767 being the most.
SCALE = 1e-4
NODATA = -32768
TAG = "EOWIDGETS"
#: Class maps: what stands for "no class", what the probability beside is called, and what a legend is made of.
NO_CLASS = 255
CHANCE = "_probability"
LEGEND = ("flag_values", "flag_meanings", "colors")
COLOR = re.compile("#[0-9a-fA-F]{6}")


def to_geotiff(cube: xr.Dataset, path: str | Path) -> Path:
    """Write a cube as one cloud-optimised GeoTIFF, a layer per band and date.

    Layers are called ``"red 2019-07-06"``, dates slowest. Where every band is a reflectance, values are
    int16 with scale 0.0001; otherwise float32. Pixels that are not valid are nodata; the cloud mask,
    which a GeoTIFF has no place for, is not written. Class maps stay whole numbers (uint8, nodata 255) with their
    colour table; because a GeoTIFF has one data type, their probabilities go into a file beside, named
    ``..._probability.tif``. Title, attribution and provenance become tags, and
    ``eow.open`` reads the file back as a cube.

    Parameters
    ----------
    cube : Dataset
        With ``(time, y, x)`` bands, or ``(y, x)`` results.
    path : str or Path
        Ends in ``.tif`` or ``.tiff``; an existing file is replaced when the new one is complete.

    Returns
    -------
    Path

    Raises
    ------
    InputError, SourceError
        If there is nothing to write, or no room or right to write; nothing half-written is left.
    """
    import rasterio
    from rasterio.shutil import copy

    target = _target(path, (".tif", ".tiff"))
    chances = [n for n in cube.data_vars if str(n).endswith(CHANCE) and str(n).removesuffix(CHANCE) in cube.data_vars]
    rest = [v for n, v in cube.data_vars.items() if n not in (*chances, *MASKS) and {"y", "x"} <= set(v.dims)]
    if chances and all(_is_classes(v) for v in rest):
        beside = target.with_stem(target.stem + CHANCE)
        to_geotiff(cube[[*chances, *(m for m in MASKS if m in cube)]], beside)
        cube = cube.drop_vars(chances)
    layers = _layers(cube)
    if not layers:
        raise InputError("There is no band to write: the cube has no variable over (y, x).")
    classes = all(_is_classes(layer) for _, layer in layers)
    packed = not classes and all(_is_reflectance(layer.values) for _, layer in layers)
    box = geobox(cube)
    profile = {
        "driver": "GTiff",
        "width": box.width,
        "height": box.height,
        "count": len(layers),
        "dtype": "uint8" if classes else "int16" if packed else "float32",
        "nodata": NO_CLASS if classes else NODATA if packed else float("nan"),
        "crs": box.crs.to_wkt(),
        "transform": box.transform,
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "interleave": "band",
        "BIGTIFF": "IF_SAFER",
    }
    with _beside(target) as folder:
        plain, whole = folder / "plain.tif", folder / target.name
        with rasterio.open(plain, "w", **profile) as file:
            file.update_tags(**_tags(cube))
            if packed:
                file.scales, file.offsets = [SCALE] * len(layers), [0.0] * len(layers)
            if classes and colors(layers[0][1].attrs):
                file.write_colormap(1, colors(layers[0][1].attrs))  # GDAL keeps one table, and QGIS reads it
            for number, (name, layer) in enumerate(layers, 1):
                file.write(layer.values if classes else _numbers(layer, packed), number)
                file.set_band_description(number, name)
                if classes:
                    file.update_tags(number, **{k: _text(layer.attrs[k]) for k in LEGEND if k in layer.attrs})
        # Overviews of numbers are means; a mean of classes would be another class.
        kind = {"OVERVIEW_RESAMPLING": "MODE"} if classes else {"PREDICTOR": "YES"}
        copy(plain, whole, driver="COG", COMPRESS="DEFLATE", BIGTIFF="IF_SAFER", **kind)
        # GDAL may close a file on a full disk without an error: read the end of it before believing.
        with rasterio.open(whole) as file:
            *_, (_, window) = file.block_windows(1)
            file.read(len(layers), window=window)
        whole.replace(target)
    return target


def to_netcdf(cube: xr.Dataset, path: str | Path) -> Path:
    """Write a cube as NetCDF-4, reflectances packed as int16, everything else as it is; see :func:`to_geotiff`."""
    target = _target(path, (".nc",))
    ready, encoding = _encoded(cube)
    for name, variable in ready.data_vars.items():
        if variable.ndim:
            encoding.setdefault(str(name), {}).update(zlib=True, complevel=4, shuffle=True)
    with _beside(target) as folder:
        ready.to_netcdf(folder / target.name, engine="netcdf4", encoding=encoding)
        (folder / target.name).replace(target)
    return target


def to_zarr(cube: xr.Dataset, path: str | Path) -> Path:
    """Write a cube as a Zarr (v3) store, reflectances packed as int16; see :func:`to_geotiff`."""
    target = _target(path, (".zarr",))
    ready, encoding = _encoded(cube)
    with _beside(target) as folder:
        ready.to_zarr(folder / target.name, encoding=encoding, zarr_format=3, consolidated=False)
        old = folder / "old"
        if target.exists():
            target.rename(old)
        try:
            (folder / target.name).rename(target)
        except OSError:  # a folder cannot be replaced in one step: what was there comes back
            if old.exists():
                old.rename(target)
            raise
    return target


def _encoded(cube: xr.Dataset) -> tuple[xr.Dataset, dict[str, dict[str, Any]]]:
    ready = cube.copy()
    encoding: dict[str, dict[str, Any]] = {}
    for name in bands(cube):
        if not cube[name].chunks and _is_reflectance(cube[name].values):
            encoding[name] = {"dtype": "int16", "scale_factor": SCALE, "add_offset": 0.0, "_FillValue": NODATA}
    for variable in ready.data_vars.values():
        # How the source was packed is no rule for the copy; where the CRS is found must survive, as an attribute.
        variable.encoding = {}
        if {"y", "x"} <= set(variable.dims):
            variable.attrs = variable.attrs | {"grid_mapping": "spatial_ref"}
    return ready, encoding


def _layers(cube: xr.Dataset) -> list[tuple[str, xr.DataArray]]:
    names = [n for n, v in cube.data_vars.items() if {"y", "x"} <= set(v.dims) and n not in MASKS]
    names = [n for n in names if cube[n].attrs.get("role") != "quality"]
    flat = [(str(n), cube[n].transpose("y", "x")) for n in names if "time" not in cube[n].dims]
    if "time" not in cube.dims:
        return flat
    stacked = [str(n) for n in names if "time" in cube[n].dims]
    ok = cube.get("valid")
    layers = []
    for i, date in enumerate(cube.time.values):
        for name in stacked:
            layer = cube[name].isel(time=i).transpose("y", "x")
            if ok is not None and layer.dtype.kind == "f":
                layer = layer.where(ok.isel(time=i))
            layers.append((f"{name} {np.datetime_as_string(date, unit='D')}", layer))
    return layers + flat


def _is_reflectance(values: Any) -> bool:
    array = np.asarray(values)
    if array.dtype.kind != "f":
        return False
    finite = array[np.isfinite(array)]
    # Within int16 at this scale; a wider range (metres, days, decibel) keeps its floats.
    return not finite.size or bool(np.abs(finite).max() <= 32767 * SCALE)


def _is_classes(values: xr.DataArray) -> bool:
    return values.dtype == np.uint8 and "flag_values" in values.attrs


def _numbers(layer: xr.DataArray, packed: bool) -> Any:
    values = np.asarray(layer.values)
    if _is_classes(layer):  # beside numbers of another kind
        values = np.where(values == NO_CLASS, np.nan, values)
    values = values.astype("float32")
    return _pack(values) if packed else values


def colors(attrs: Mapping[Any, Any]) -> dict[int, tuple[int, int, int, int]]:
    """Colour table of a class map, from ``flag_values`` and ``colors`` in its attributes; nodata is transparent."""
    values = [int(v) for v in np.atleast_1d(attrs["flag_values"])]
    words = str(attrs.get("colors", "")).split()
    if len(words) != len(values) or not all(COLOR.fullmatch(word) for word in words):
        return {}
    table = {v: (int(w[1:3], 16), int(w[3:5], 16), int(w[5:7], 16), 255) for v, w in zip(values, words, strict=True)}
    return {**table, NO_CLASS: (0, 0, 0, 0)}


def _text(value: Any) -> str:
    return " ".join(str(v) for v in np.atleast_1d(value))


def _pack(values: Any) -> Any:
    whole = np.round(values / SCALE)
    return np.where(np.isfinite(values), whole, NODATA).astype("int16")


def _tags(cube: xr.Dataset) -> dict[str, str]:
    tags = {str(k): v if isinstance(v, str) else json.dumps(v, default=str) for k, v in cube.attrs.items()}
    tags[TAG] = json.dumps({"kind": "cube", "bands": list(bands(cube))})
    return tags


def _target(path: str | Path, endings: tuple[str, ...]) -> Path:
    target = Path(path).expanduser()
    if target.suffix.lower() not in endings:
        raise InputError(f"The file name {target.name!r} must end in {' or '.join(endings)}.")
    if not target.parent.is_dir():
        raise InputError(f"There is no folder {str(target.parent)!r}: make it first, or choose another.")
    if not os.access(target.parent, os.W_OK):
        raise SourceError(f"The folder {str(target.parent)!r} is read-only: choose another.")
    return target


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A folder on the same disk that vanishes whatever happens; failures to write become one sentence."""
    import rasterio.errors

    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{target.stem}-", dir=target.parent))
    except OSError as error:
        raise SourceError(f"{str(target)!r} could not be written: {error.strerror}.") from error
    try:
        yield folder
    except (OSError, RuntimeError, rasterio.errors.RasterioError) as error:
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        no_room = full or shutil.disk_usage(target.parent).free < 1 << 20
        why = "the disk is full: make room or choose another folder" if no_room else str(error).splitlines()[0]
        raise SourceError(f"{str(target)!r} could not be written: {why}. Nothing was left behind.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
