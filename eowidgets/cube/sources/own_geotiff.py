"""GeoTIFFs that this package wrote: the layout in their tag gives back variables, dates, types and attributes."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.export.layers import NO_CLASS, PARTS, TAG, VERSION, decode, read_table
from eowidgets.cube.export.packing import NODATA, unpack
from eowidgets.cube.sources.checked import checked
from eowidgets.cube.sources.local import is_vrt

#: Bytes of a lazy block, all layers of the file together.
BLOCK = 64 << 20
SIDE = 1024
#: Errors of damaged or forged tags.
_DAMAGED = (KeyError, TypeError, ValueError, IndexError, AttributeError)


def read(path: Path, chunks: Any = None) -> xr.Dataset | None:
    """Read a GeoTIFF of this package and its parts.

    Parts (``..._quality.tif``, ``..._probability.tif``) are looked for next to the file under its own name, and used
    only if they belong to the same export.

    Parameters
    ----------
    path : Path
    chunks : mapping, optional
        Dask chunks of the result (``time``, ``y``, ``x``); None reads everything at once.

    Returns
    -------
    Dataset or None
        None for any other raster, or where the tag is damaged.
    """
    import rasterio
    import rasterio.errors

    if path.suffix.lower() not in (".tif", ".tiff") or is_vrt(path):
        return None
    try:
        with rasterio.open(path, driver="GTiff") as file:
            notes = _layout_of(file)
            grid = _grid(file)
        if notes is None:
            return None
        found = _part(path, notes, chunks)
        for suffix in PARTS if not notes["suffix"] else ():
            other = path.with_stem(path.stem + suffix)
            if suffix in notes["parts"] and other.is_file():
                with rasterio.open(other, driver="GTiff") as file:
                    theirs = _layout_of(file) if _grid(file) == grid else None
                if theirs is not None and theirs["key"] == notes["key"] and theirs["suffix"] == suffix:
                    found = found.assign(_part(other, theirs, chunks).data_vars)
        return _finish(found, notes)
    except (*_DAMAGED, rasterio.errors.RasterioError, OSError):
        return None


def read_all(paths: Sequence[Path], chunks: Any = None) -> xr.Dataset | None:
    """Read GeoTIFFs of this package that continue each other in time; None if one is anything else or does not fit."""
    found: list[xr.Dataset] = []
    for path in paths:
        part = read(path, chunks)
        if part is None or "time" not in part.dims or list(part.data_vars) != list((found or [part])[0].data_vars):
            return None
        found.append(part)
    if len(found) < 2:
        return found[0] if found else None
    try:
        return xr.concat(found, "time", data_vars="minimal", coords="minimal", compat="override", join="exact")
    except ValueError:
        return None


def is_part(path: Path) -> bool:
    """Return whether a file belongs to another GeoTIFF next to it, so that a folder must not open it separately."""
    suffix = next((s for s in PARTS if path.stem.endswith(s)), None)
    return suffix is not None and path.with_stem(path.stem.removesuffix(suffix)).is_file()


def raster_of(path: Path) -> Path | None:
    """Return the GeoTIFF that a STAC item (``.json``) written by an export belongs to, by the item's own file name."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return None
    import rasterio
    import rasterio.errors

    for ending in (".tif", ".tiff"):
        raster = path.with_suffix(ending)
        try:
            with rasterio.open(raster, driver="GTiff") as file:
                return raster if layout_in(file.tags()) is not None else None
        except rasterio.errors.RasterioError:
            continue
    return None


def layout_in(tags: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the layout in the tags of a file, also that of older versions of the engine; None without one."""
    try:
        notes = json.loads(tags[TAG])
        if "version" not in notes and "variables" in notes:
            notes = _from_engine(notes)
        if notes.get("version") != VERSION or not isinstance(notes["variables"], list):
            return None
    except _DAMAGED:
        return None
    if isinstance(tags.get("provenance"), str):
        notes["attrs"] = {**notes["attrs"], "provenance": tags["provenance"]}
    return dict(notes)


def _layout_of(file: Any) -> dict[str, Any] | None:
    """Return the layout of an open file; None if other software removed, reordered or converted layers."""
    notes = layout_in(file.tags())
    if notes is None or "labels" not in notes:
        return notes
    same = notes["dtype"] == file.dtypes[0] and list(file.descriptions) == list(notes["labels"])
    return notes if same else None


def _grid(file: Any) -> tuple[Any, ...]:
    return file.crs, tuple(file.transform), file.shape


def _from_engine(old: Mapping[str, Any]) -> dict[str, Any]:
    """Return the layout of results of older versions: variables one after the other, each over all dates."""
    rasters, at = [], 0
    for v in old["variables"]:
        count = len(old["dates"]) if v["dims"][0] == "time" else 1
        attrs = {
            k: {"dtype": "|u1", "values": a} if k == "flag_values" else a
            for k, a in v["attrs"].items()
            if k != "grid_mapping"
        }
        rasters.append({**v, "attrs": attrs, "shape": [count] * (len(v["dims"]) - 2)})
        rasters[-1] |= {"layers": list(range(at + 1, at + count + 1)), "scale": 1.0}
        at += count
    time = {"dims": ["time"], "dtype": "<M8[ns]", "values": old["dates"], "attrs": {}, "coordinate": True}
    return {
        "version": VERSION,
        "suffix": "",
        "parts": [""],
        "key": "",
        "variables": rasters,
        "order": [v["name"] for v in old["variables"]],
        "attrs": old["attrs"],
        "tables": {"time": time} if old["dates"] else {},
    }


def _part(path: Path, notes: Mapping[str, Any], chunks: Any) -> xr.Dataset:
    """Return the variables of one file, with y, x and CRS."""
    import rioxarray

    blocks = None if chunks is None else _blocks(path)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Scales differ across bands")  # they are applied per variable below
        raster: Any = rioxarray.open_rasterio(path, chunks=None, masked=False, lock=None)
    lazy = checked(raster.variable, path.name)
    pixels = lazy.load().data if blocks is None else lazy.chunk(blocks).data
    out = xr.Dataset(coords={n: raster[n].variable for n in ("y", "x", "spatial_ref")})
    for v in notes["variables"]:
        numbers = np.asarray(v["layers"], dtype=int) - 1
        if numbers.min() < 0:
            raise IndexError("a layer outside the file")
        lead = tuple(str(d) for d in v["dims"][:-2])
        data = pixels[_as_slice(numbers)].reshape((*v["shape"], *pixels.shape[1:]))
        attrs = {k: decode(a) for k, a in v["attrs"].items()}
        out[str(v["name"])] = ((*lead, "y", "x"), _physical(data, v), attrs)
    return out


def _blocks(path: Path) -> dict[str, int]:
    """Return the chunks of a lazy read: all layers, since they share the tiles of the file."""
    import rasterio

    with rasterio.open(path) as file:
        layer = file.count * np.dtype(file.dtypes[0]).itemsize
        tile = file.block_shapes[0][0]
    side = SIDE
    while side > tile and side * side * layer > BLOCK:
        side //= 2
    return {"band": -1, "y": side, "x": side}


def _as_slice(numbers: Any) -> Any:
    """Return evenly spaced numbers as a slice, which copies nothing."""
    steps = np.diff(numbers)
    if len(numbers) == 1 or (steps.size and steps[0] > 0 and (steps == steps[0]).all()):
        return slice(int(numbers[0]), int(numbers[-1]) + 1, int(steps[0]) if steps.size else 1)
    return numbers


def _physical(data: Any, v: Mapping[str, Any]) -> Any:
    """Convert values of the file to the type of the cube; lazy arrays stay lazy."""
    dtype = np.dtype(str(v["dtype"]))
    if dtype.kind not in "fiub":
        raise ValueError(f"{dtype} is not a type of pixels")
    if dtype.kind == "f" and data.dtype.kind != "f":
        return unpack(data, float(v["scale"])).astype(dtype)
    if dtype == np.uint8 and "flag_values" in v["attrs"] and data.dtype != np.uint8:
        missing = data == NODATA if data.dtype.kind == "i" else np.isnan(data)
        data = xr.where(missing, NO_CLASS, data)  # type: ignore[no-untyped-call]
    return data != 0 if dtype.kind == "b" else data.astype(dtype)


def _finish(found: xr.Dataset, notes: Mapping[str, Any]) -> xr.Dataset:
    """Add coordinates, small variables and attributes, in the order of the cube that was exported."""
    tables = {name: read_table(t) for name, t in notes["tables"].items()}
    coords = {n: v for n, v in tables.items() if notes["tables"][n]["coordinate"]}
    found = found.assign_coords(coords).assign({n: v for n, v in tables.items() if n not in coords})
    order = [n for n in notes["order"] if n in found.data_vars]
    found = found[[*order, *(n for n in found.data_vars if n not in order)]]
    found.attrs = {k: decode(v) for k, v in notes["attrs"].items()}
    return found
