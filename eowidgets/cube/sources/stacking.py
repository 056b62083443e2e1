"""Layers of many files put on one grid and along time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.direct import Constant, Mosaic, Series, known, note, place
from eowidgets.cube.mixing import merged_names
from eowidgets.cube.quality import QUALITY
from eowidgets.cube.scale import ABSENT, NAMED, physical
from eowidgets.cube.sources.layers import Layer, as_array
from eowidgets.cube.sources.rasterfile import RasterFile
from eowidgets.cube.sources.windows import LayerWindows
from eowidgets.errors import InputError, shown, warn_user

#: Scenes of one pass are at most this far apart (seconds); scenes further apart are two dates.
PASS = 15 * 60
#: A common grid of more than this many times the pixels of all files means that they lie far apart.
SPARSE = 30


def stack(
    layers: Sequence[Layer], where: str, *, resolution: float | None = None, crs: Any = None, chunks: Any = None
) -> xr.Dataset:
    """Put the layers of raster files on one grid and along time.

    Files of one pass (seconds apart) become one date; adjacent tiles become one picture, the first that has a
    value wins; of a band that comes at several pixel sizes the finest is taken, or that of ``resolution``.

    Parameters
    ----------
    layers : sequence of Layer
        With moments.
    where : str
        What was opened, for messages.
    resolution : float, optional
        Pixel size in units of the CRS.
    crs : optional
        Another CRS for all files.
    chunks : optional
        Dask blocks; None reads the pixels now.

    Returns
    -------
    Dataset (time, y, x)
        Raw numbers with the attributes that scale them, or values where files of one band differ in scale; a band
        that a date lacks is NaN there.

    Raises
    ------
    InputError
        If two files hold the same band of the same moment and place, if the files have several CRS, or if
        their products cannot be merged.
    """
    renames = merged_names([layer.sensor for layer in layers])
    layers = [replace(a, name=renames.get(a.sensor.key if a.sensor else "", {}).get(a.name, a.name)) for a in layers]
    layers = _best_resolution(_by_pass(layers), resolution)
    _refuse_duplicates(layers)
    grid = common_grid([a.file for a in layers], where, crs)
    pixels = _Pixels(grid, chunks)
    moments = sorted({a.moment for a in layers if a.moment is not None})
    names = list(dict.fromkeys(a.name for a in layers))
    ds = xr.Dataset(coords={"time": np.array(moments, "datetime64[ns]"), **_axes(grid)})
    tiles: dict[tuple[str, Any], list[Layer]] = {}
    for layer in layers:
        tiles.setdefault((layer.name, layer.moment), []).append(layer)
    mixed = len({a.sensor for a in layers}) > 1
    for name in names:
        ds[name] = _series([tiles.get((name, m), []) for m in moments], pixels, mixed=mixed)
        place(ds[name])
    _note_absent(ds, tiles, moments)
    ds.attrs[NAMED] = True
    return _placed(ds, grid)


@dataclass
class _Pixels:
    """The pixels of files on one grid; each file is read once."""

    grid: Any
    chunks: Any

    def __post_init__(self) -> None:
        self._read: dict[tuple[str, bool], Any] = {}

    def values(self, layer: Layer) -> Any:
        """Return the numbers of a layer, NaN where the file's own mask hides them."""
        lazy = self.chunks is not None
        found = (
            layer.file.layer(layer.index, self.grid, self.chunks)
            if lazy
            else self._of(layer.file, mask=False)[layer.index]
        )
        other = layer.file.other_grid(self.grid)
        note(found, LayerWindows(layer.file, layer.index, other))
        if not layer.masked or layer.name in QUALITY:
            return found
        shown = self._of(layer.file, mask=True)[0]
        kind = "float32" if found.dtype.itemsize <= 2 else "float64"
        where = np.where if self.chunks is None else _dask_where
        masked = where(shown, found.astype(kind), np.array(np.nan, kind))
        note(masked, LayerWindows(layer.file, layer.index, other, masked=True))
        return masked

    def _of(self, file: RasterFile, *, mask: bool) -> Any:
        key = (file.address, mask)
        if key not in self._read:
            self._read[key] = (file.mask if mask else file.data)(self.grid, self.chunks)
        return self._read[key]


def _dask_where(*arguments: Any) -> Any:
    import dask.array as da

    return da.where(*arguments)


def _series(per_date: list[list[Layer]], pixels: _Pixels, *, mixed: bool) -> xr.DataArray:
    """Return one band along time: as numbers where all files store them alike, else as values."""
    every = [a for tiles in per_date for a in tiles]
    first = every[0]
    alike = not mixed and len({a.storage for a in every}) == 1
    if alike and all(len(tiles) == 1 for tiles in per_date):
        return as_array(_stacked([pixels.values(a) for a in every], pixels), first, ("time", "y", "x"))
    if first.name in QUALITY:
        fill = QUALITY[first.name].fill
        frames = [_mosaic([_whole(pixels.values(a), fill) for a in tiles], fill, pixels) for tiles in per_date]
        return as_array(_stacked(frames, pixels), first, ("time", "y", "x")).drop_attrs().assign_attrs(role="quality")
    scaled = [[physical(as_array(pixels.values(a), a), a.sensor) for a in tiles] for tiles in per_date]
    frames = [_mosaic([s.data for s in tiles], np.nan, pixels) for tiles in scaled]
    attrs = next(tiles[0].attrs for tiles in scaled if tiles)
    return xr.DataArray(_stacked(frames, pixels), dims=("time", "y", "x"), attrs={**attrs, "scaled": True})


def _whole(values: Any, fill: int) -> Any:
    """Return quality numbers as integers; NaN outside a warped raster becomes the number for no data."""
    if values.dtype.kind != "f":
        return values
    return np.where(np.isnan(values), fill, values).astype("int32")


def _mosaic(tiles: list[Any], empty: float, pixels: _Pixels) -> Any:
    """Return the first value that is not empty at each pixel."""
    if not tiles:
        kind = "float32" if np.isnan(empty) else "int32"
        shape = tuple(pixels.grid.shape)
        if pixels.chunks is None:
            return np.full(shape, empty, kind)
        import dask.array as da

        nothing = da.full(shape, empty, dtype=kind, chunks=1024)  # type: ignore[no-untyped-call]
        note(nothing, Constant(empty, kind))
        return nothing
    where = np.where if pixels.chunks is None else _dask_where
    found = reduce(lambda a, b: where(np.isnan(a) if np.isnan(empty) else a == empty, b, a), tiles)
    if len(tiles) > 1 and all(origins := [known(t) for t in tiles]):
        note(found, Mosaic(tuple(o for o in origins if o is not None), empty))
    return found


def _stacked(frames: list[Any], pixels: _Pixels) -> Any:
    if pixels.chunks is None:
        return np.stack(frames)
    import dask.array as da

    stacked = da.stack(frames)  # type: ignore[no-untyped-call]
    origins = [known(f) for f in frames]
    if all(o is not None for o in origins):
        note(stacked, Series(tuple(o for o in origins if o is not None)))
    return stacked


def _by_pass(layers: Sequence[Layer]) -> list[Layer]:
    """Give scenes of one pass the moment of the first."""
    moments = sorted({a.moment for a in layers if a.moment is not None})
    start: dict[Any, Any] = {}
    for i, moment in enumerate(moments):
        near = i > 0 and (moment - moments[i - 1]) <= np.timedelta64(PASS, "s")
        start[moment] = start[moments[i - 1]] if near else moment
    return [replace(a, moment=start.get(a.moment)) for a in layers]


def _best_resolution(layers: list[Layer], resolution: float | None) -> list[Layer]:
    """Keep one of the layers that show one band of one moment and place at several pixel sizes."""
    groups: dict[Any, list[Layer]] = {}
    for layer in layers:
        groups.setdefault((layer.name, layer.moment), []).append(layer)
    kept = []
    for group in groups.values():
        sizes = {_pixel(a.file) for a in group}
        if len(sizes) == 1:
            kept += group
            continue
        wanted = max((s for s in sizes if resolution and s <= resolution * 1.001), default=min(sizes))
        best = [a for a in group if _pixel(a.file) == wanted]
        kept += best + [a for a in group if _pixel(a.file) != wanted and not any(_overlap(a, b) for b in best)]
    order = {id(a): i for i, a in enumerate(layers)}
    return sorted(kept, key=lambda a: order[id(a)])


def _overlap(one: Layer, other: Layer) -> bool:
    a, b = (x.file.geobox.extent.boundingbox for x in (one, other))
    return bool(min(a.right, b.right) > max(a.left, b.left) and min(a.top, b.top) > max(a.bottom, b.bottom))


def _pixel(file: RasterFile) -> float:
    return round(abs(float(file.geobox.resolution.x)), 9)


def _refuse_duplicates(layers: Iterable[Layer]) -> None:
    seen: dict[Any, Layer] = {}
    for layer in layers:
        key = (layer.name, layer.moment, str(layer.file.geobox))
        other = seen.setdefault(key, layer)
        if other is not layer and _same_moment(other, layer):
            when = str(layer.moment)[:10]
            raise InputError(
                f"{shown(layer.file.name)} is a second file for {layer.name} on {when}: keep one, or move it elsewhere."
            )


def _same_moment(one: Layer, other: Layer) -> bool:
    from eowidgets.cube.sources.dates import moment_in

    return moment_in(one.file.name) == moment_in(other.file.name)


def common_grid(files: Sequence[RasterFile], where: str, crs: Any = None) -> Any:
    """Return the grid that holds all files: the pixels of the finest, in the CRS of the first or in ``crs``.

    Raises
    ------
    InputError
        If the files have several CRS and none is given, or lie far apart.
    """
    from affine import Affine
    from odc.geo.geobox import GeoBox

    boxes = list({str(f.geobox): f.geobox for f in files}.values())
    if crs is None:
        for file in files:
            if file.geobox.crs != files[0].geobox.crs:
                raise InputError(
                    f"{shown(file.name)} is in another CRS than {shown(files[0].name)}: pass crs= to bring all files of "
                    f"{where[-60:]!r} to one, or open them one by one."
                )
    else:
        boxes = [b.to_crs(crs) if b.crs != crs else b for b in boxes]
    if len(boxes) == 1:
        return boxes[0]
    base = min(boxes, key=lambda b: abs(float(b.resolution.x)))
    inverse = ~base.affine
    corners = [inverse * (b.affine * p) for b in boxes for p in ((0, 0), (b.width, b.height))]
    left, right = min(c[0] for c in corners), max(c[0] for c in corners)
    top, bottom = min(c[1] for c in corners), max(c[1] for c in corners)
    first_x, first_y = math.floor(left + 0.01), math.floor(top + 0.01)
    shape = (math.ceil(bottom - 0.01) - first_y, math.ceil(right - 0.01) - first_x)
    if shape[0] * shape[1] > SPARSE * sum(b.width * b.height * _ratio(b, base) for b in boxes):
        raise InputError(f"The files of {where[-60:]!r} lie far apart: open those of each place separately.")
    if any(not _aligned(b, base) for b in boxes):
        warn_user(
            f"The files of {where[-60:]!r} have several grids: they are resampled by nearest neighbour to pixels of "
            f"{abs(float(base.resolution.x)):g}."
        )
    return GeoBox(shape, base.affine * Affine.translation(first_x, first_y), base.crs)


def _ratio(box: Any, base: Any) -> float:
    return float(abs(box.affine.determinant / base.affine.determinant))


def _aligned(box: Any, base: Any) -> bool:
    """Return whether the pixels of one grid are whole multiples of those of another, at its edges."""
    step = abs(box.affine.a / base.affine.a)
    x, y = ~base.affine * (box.affine.c, box.affine.f)
    return bool(max(abs(v - round(v)) for v in (step, x, y)) < 0.01)


def _axes(grid: Any) -> dict[str, Any]:
    affine = grid.affine
    x = affine.c + affine.a * (np.arange(grid.width) + 0.5)
    y = affine.f + affine.e * (np.arange(grid.height) + 0.5)
    return {"y": ("y", y), "x": ("x", x)}


def _placed(ds: xr.Dataset, grid: Any) -> xr.Dataset:
    import rioxarray  # noqa: F401  (registers the accessor)

    placed: xr.Dataset = ds.rio.write_crs(str(grid.crs)).rio.write_transform(grid.affine)
    return placed


def _note_absent(ds: xr.Dataset, tiles: Mapping[tuple[str, Any], list[Layer]], moments: list[Any]) -> None:
    """Warn once of the bands that some dates lack, and note them for the mask of measured pixels."""
    absent: Mapping[str, list[Any]] = {str(n): [m for m in moments if (str(n), m) not in tiles] for n in ds.data_vars}
    missing = {n: ms for n, ms in absent.items() if ms}
    for name, dates in missing.items():
        ds[name].attrs[ABSENT] = np.array(dates, "datetime64[ns]")
    if missing:
        listed = ", ".join(f"{n} ({len(ms)} of {len(moments)})" for n, ms in list(missing.items())[:4])
        more = ", ..." if len(missing) > 4 else ""
        warn_user(f"Some dates lack bands, which are NaN there: {listed}{more}.")
