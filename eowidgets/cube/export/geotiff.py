"""The GeoTIFF writer of the package, for cubes in memory, lazy cubes and results of the engine.

GDAL's COG driver writes the file. odc-geo's writers do not fit: ``write_cog`` holds the whole raster in memory and
writes no layer names and no colour table, and ``save_cog_with_dask`` needs tifffile and writes neither names, scales
per layer nor a colour table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.export import place
from eowidgets.cube.export.color_table import colors
from eowidgets.cube.export.item import write_item
from eowidgets.cube.export.layers import NO_CLASS, PARTS, TAG, Layout, Part, Raster, decode, lay_out, numbers_of
from eowidgets.cube.export.packing import NODATA, pack
from eowidgets.cube.export.prepare import prepare
from eowidgets.cube.export.style import write_style
from eowidgets.cube.grid import geobox
from eowidgets.cube.quality import QUALITY, read_quality
from eowidgets.cube.reading import reading
from eowidgets.cube.schema import bands
from eowidgets.errors import InputError, SourceError, shown

ENDINGS = (".tif", ".tiff")
#: Tag of a class map's layers.
LEGEND = ("flag_values", "flag_meanings", "colors")
#: Bytes of pixels that are read, converted and written at a time.
PIECE = 128 << 20
#: Bytes of one tile of the finished file, all layers together: readers decompress whole tiles.
TILE = 16 << 20
#: Cache of GDAL, whose default is a twentieth of the machine's memory.
GDAL_CACHE = 64 << 20


def to_geotiff(cube: xr.Dataset, path: str | Path) -> Path:
    """Write a cube as one cloud-optimised GeoTIFF, a layer per date and band, with its companions.

    Layers are called ``"red 2019-07-06"``, dates slowest, with the time of day where a date occurs more than once.
    Reflectance is stored as int16 with scale 0.0001 (error at most 0.00005) where all variables of the file fit that
    type; otherwise everything is float32 and exact. Pixels that the mask ``valid`` excludes are nodata. Companions
    carry the same name: ``..._quality.tif`` for quality bands and masks as integers, ``..._probability.tif`` for
    the probabilities of class maps (which stay uint8 with their colour table), ``.qml`` with the style for QGIS and
    ``.json`` with a STAC item. A cube of quality bands only is written as the main file.

    Lazy cubes are read and written piece by piece. ``eow.open`` reads the file back as the same cube.

    Parameters
    ----------
    cube : Dataset
        With ``(time, y, x)`` bands, or ``(y, x)`` results.
    path : str or Path
        Ends in ``.tif`` or ``.tiff``; an existing file is replaced when the new one is complete.

    Returns
    -------
    Path
        Of the main file.

    Raises
    ------
    InputError, SourceError
        If there is nothing to write, or no room or right to write; nothing half-written is left.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.open("romania").isel(time=slice(3)).eow.to_geotiff("three.tif")  # doctest: +SKIP
    """
    target = place.target(path, ENDINGS)
    check_companions(target)
    place.need_room(cube, target.parent)
    with place.beside(target) as folder:
        files = write(cube, folder, target.name)
        place.move([(f, target.with_name(f.name)) for f in files], stale(target, files))
    return target


def write(cube: xr.Dataset, folder: Path, name: str, checkpoint: Callable[[], None] = lambda: None) -> tuple[Path, ...]:
    """Write all files of an export into a folder.

    Parameters
    ----------
    cube : Dataset
    folder : Path
        Working folder; the caller moves the files to their place.
    name : str
        Of the main file.
    checkpoint : callable
        Called before every piece; may raise to stop.

    Returns
    -------
    tuple of Path
        Companions first, the main file last.
    """
    import rasterio

    ready = prepare(cube)
    layout = lay_out(ready)
    main = folder / name
    with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE):
        rasters = [_write_part(ready, layout, part, main, checkpoint) for part in layout.parts]
        others = [write_style(layout, main), write_item(ready, layout, main)]
    return (*rasters[1:], *(path for path in others if path is not None), main)


def check_companions(target: Path) -> None:
    """Refuse to replace files next to the target that no export has written.

    Raises
    ------
    InputError
        Naming the file.
    """
    for path in companions(target):
        foreign = path.is_symlink() or (path.exists() and not (path.is_file() and _is_ours(path, target)))
        if foreign:
            raise InputError(
                f"{path.name[:80]!r}, which is written together with {target.name[:80]!r}, exists and was not written by an "
                "export: choose another name."
            )


def companions(target: Path) -> list[Path]:
    """Return the paths of all files that may be written together with a GeoTIFF."""
    return [
        *(target.with_stem(target.stem + s) for s in PARTS),
        target.with_suffix(".qml"),
        target.with_suffix(".json"),
    ]


def stale(target: Path, files: tuple[Path, ...]) -> list[Path]:
    """Return the companion files of an earlier export under the same name that the new one does not replace."""
    names = {f.name for f in files}
    return [p for p in companions(target) if p.name not in names and p.exists()]


def _is_ours(path: Path, target: Path) -> bool:
    import rasterio

    try:
        if path.suffix == ".qml":
            return b"<qgis" in path.read_bytes()[:400]
        if path.suffix == ".json":
            item = json.loads(path.read_text(encoding="utf-8"))
            return bool(item["assets"]["data"]["href"] == f"./{target.name}")
        with rasterio.open(path) as file:
            return TAG in file.tags()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _write_part(cube: xr.Dataset, layout: Layout, part: Part, main: Path, checkpoint: Callable[[], None]) -> Path:
    import rasterio
    from rasterio.shutil import copy

    whole = main.with_stem(main.stem + part.suffix)
    plain = whole.with_name(f"plain{part.suffix}.tif")
    box = geobox(cube)
    profile = {
        "driver": "GTiff",
        "width": box.width,
        "height": box.height,
        "count": part.count,
        "dtype": part.dtype,
        "nodata": part.nodata,
        "crs": box.crs.to_wkt(),
        "transform": box.transform,
        "interleave": "band",
        "BIGTIFF": "IF_SAFER",
    }
    if box.width > 512 and box.height > 512:
        profile |= {"tiled": True, "blockxsize": 256, "blockysize": 256}
    with rasterio.open(plain, "w", **profile) as file:
        file.update_tags(**_tags(cube, layout, part))
        file.descriptions = part.labels
        _describe_layers(file, part)
        for window, layers, values in _pieces(cube, part, checkpoint):
            file.write(values, layers, window=window)
    checkpoint()
    itemsize = np.dtype(part.dtype).itemsize
    options = {
        "COMPRESS": "DEFLATE",
        "BIGTIFF": "IF_SAFER",
        "PREDICTOR": "YES",
        "BLOCKSIZE": _tile(box, part, itemsize),
    }
    copy(plain, whole, driver="COG", OVERVIEW_RESAMPLING=_resampling(part), **options)
    plain.unlink()
    _read_end(whole)
    return whole


def _describe_layers(file: Any, part: Part) -> None:
    """Write scales, and names and colours of classes."""
    scales = {number: r.scale for r in part.rasters for number in r.layers}
    if any(scale != 1 for scale in scales.values()):
        file.scales = [scales[i] for i in range(1, part.count + 1)]
    for raster in part.rasters:
        legend = {k: _text(decode(raster.attrs[k])) for k in LEGEND if k in raster.attrs}
        if legend:
            for number in raster.layers:
                file.update_tags(number, **legend)
    # A TIFF has room for a colour table in files of one layer only; for others the .qml holds the colours.
    if part.count == 1 and part.dtype == "uint8" and (table := colors(_attrs(part.rasters[0]))):
        file.write_colormap(1, table)


def _pieces(cube: xr.Dataset, part: Part, checkpoint: Callable[[], None]) -> Iterator[tuple[Any, list[int], Any]]:
    """Yield windows, layer numbers and values in the type of the file, about ``PIECE`` bytes at a time."""
    from rasterio.windows import Window

    numbers = list(numbers_of(part))
    height, width = cube.sizes["y"], cube.sizes["x"]
    for dated in (True, False):
        chosen = [(n, r, at) for n, r, at in numbers if ("time" in at) == dated]
        if not chosen:
            continue
        names = list(dict.fromkeys(r.name for _, r, _ in chosen))
        steps = cube.sizes["time"] if dated else 1
        rows, times = _sizes(cube[names], len(chosen) // steps * width * 4, steps)
        for begin in range(0, steps, times):
            some = [c for c in chosen if not dated or begin <= c[2]["time"] < begin + times]
            for top in range(0, height, rows):
                checkpoint()
                cut = {"y": slice(top, top + rows), **({"time": slice(begin, begin + times)} if dated else {})}
                values = _read(cube, names, cut)
                arrays = {
                    r.name: _stored(values[r.name].transpose(*r.dims).values, part, r)
                    for r in part.rasters
                    if r.name in values
                }
                stack = np.stack([arrays[r.name][_index(at, begin)] for _, r, at in some])
                yield Window(0, top, width, stack.shape[1]), [n for n, _, _ in some], stack


def _sizes(cube: xr.Dataset, row: int, steps: int) -> tuple[int, int]:
    """Return the rows and dates of a piece, aligned with the chunks of a lazy cube where these fit."""
    height = cube.sizes["y"]
    chunk = max((v.chunksizes["y"][0] for v in cube.data_vars.values() if v.chunks), default=256)
    rows = min(height, chunk if chunk * row <= PIECE else 256)
    if rows * row > PIECE:
        rows = max(1, PIECE // max(1, row))
    return rows, max(1, min(steps, PIECE // (rows * row)))


def _read(cube: xr.Dataset, names: list[str], cut: Mapping[str, slice]) -> dict[str, xr.DataArray]:
    """Load a piece of some variables; float bands become NaN where only the mask marks missing measurements."""
    floats = [n for n in names if cube[n].dtype.kind == "f" and "time" in cube[n].dims]
    extra = [n for n in ("valid", *bands(cube), *QUALITY) if n in cube] if floats and "valid" in cube else []
    with reading("The pixels of the cube"):
        part = cube[list(dict.fromkeys([*names, *extra]))].isel(cut, missing_dims="ignore").load()
    values = {n: part[n] for n in names}
    if floats and extra:
        hidden = _hidden(part)
        if hidden is not None:
            values |= {n: values[n].where(~hidden) for n in floats}
    return values


def _hidden(part: xr.Dataset) -> xr.DataArray | None:
    """Return the pixels that the mask excludes although bands and quality have values: no reader could restore them."""
    hidden = ~part["valid"].astype(bool)
    if not bool(hidden.any()) or "time" not in hidden.dims:
        return None
    for name in part.data_vars:
        if name in QUALITY and part[name].dtype.kind in "iu":
            hidden = hidden & read_quality(part[name])[1]
        elif name in bands(part):
            hidden = hidden & part[name].notnull()
    return hidden


def _index(at: Mapping[str, int], begin: int) -> tuple[int, ...]:
    """Return the position of a layer in a piece whose dates start at ``begin``."""
    return tuple(i - begin if d == "time" else i for d, i in at.items())


def _stored(values: Any, part: Part, raster: Raster) -> Any:
    """Return values of a variable in the file's encoding."""
    if part.dtype == "int16" and part.nodata == NODATA and values.dtype.kind == "f":
        return pack(values, raster.scale)
    if raster.classes and part.dtype == "int16":
        return np.where(values == NO_CLASS, NODATA, values.astype("int16"))
    if raster.classes and part.dtype.startswith("float"):
        return np.where(values == NO_CLASS, np.nan, values).astype(part.dtype)
    return values.astype(part.dtype, copy=False)


def _tile(box: Any, part: Part, itemsize: int) -> int:
    """Return the side of the tiles: 512, or less for small rasters and for many layers, which share a tile."""
    side = 512
    while side > 16 and (side * side * part.count * itemsize > TILE or side >= 2 * max(box.width, box.height)):
        side //= 2
    return side


def _resampling(part: Part) -> str:
    """Return the resampling of overviews: the mean of two class numbers would be a third class."""
    if part.whole_numbers:
        return "MODE"
    return "AVERAGE" if all(np.dtype(r.dtype).kind == "f" for r in part.rasters) else "NEAREST"


def _read_end(path: Path) -> None:
    """Read the last tile: GDAL may close a file on a full disk without an error."""
    import rasterio
    from rasterio.errors import RasterioError

    try:
        with rasterio.open(path) as file:
            *_, (_, window) = file.block_windows(1)
            file.read(file.count, window=window)
    except RasterioError as error:
        raise SourceError(f"{shown(path.name)} could not be written to its end: the disk may be full.") from error


def _tags(cube: xr.Dataset, layout: Layout, part: Part) -> dict[str, str]:
    plain = {k: v if isinstance(v, str) else json.dumps(v, default=str) for k, v in cube.attrs.items()}
    tags = {k: v for k, v in plain.items() if re.fullmatch(r"[A-Za-z_][\w.-]*", k)}
    return {**tags, TAG: layout.to_json(part)}


def _attrs(raster: Raster) -> dict[str, Any]:
    return {k: decode(v) for k, v in raster.attrs.items()}


def _text(value: Any) -> str:
    return " ".join(str(v) for v in np.atleast_1d(value))
