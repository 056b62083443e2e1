"""A raster file: its header as a value, and its pixels as a lazy array."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eowidgets.cube.sources.local import DRIVERS, driver_for, local_env
from eowidgets.errors import InputError, SourceError, shown, warn_user

#: The pixels of files up to this size are read together with their header: opening a file costs more than reading it.
SMALL = 1_000_000
#: More blocks than this per layer are merged into larger ones, so that very large rasters open quickly.
MAX_BLOCKS = 16_000


@dataclass(frozen=True)
class RasterFile:
    """The header of a raster file.

    Attributes
    ----------
    path : Path
        For messages and names.
    address : str
        What GDAL opens: the path, or ``/vsizip/...``.
    geobox : GeoBox
        The grid, north up or south up; that of the warped raster where ``warped``.
    dtypes, nodata, scales, offsets, units, descriptions, colors : tuple
        One entry for each layer; ``colors`` are names of GDAL's colour interpretations.
    tags : mapping
    palette : mapping of int to (r, g, b, a)
        Colours of the classes of a single layer; empty without a palette.
    masked : bool
        Whether the file has a mask in addition to nodata.
    warped : bool
        Whether the raster is rotated or located by ground control points, and is warped when it is read.
    overviews : tuple of int
        Factors of the overviews that every layer has.
    """

    path: Path
    address: str
    geobox: Any
    dtypes: tuple[str, ...]
    nodata: tuple[float | None, ...]
    scales: tuple[float, ...]
    offsets: tuple[float, ...]
    units: tuple[str | None, ...]
    descriptions: tuple[str | None, ...]
    colors: tuple[str, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    palette: Mapping[int, tuple[int, int, int, int]] = field(default_factory=dict)
    masked: bool = False
    warped: bool = False
    driver: str = "GTiff"
    remote: bool = False
    pixels: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    overviews: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """Number of layers."""
        return len(self.dtypes)

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.path.name

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """Data type that holds the numbers of every layer."""
        # NumPy has no complex integers, which radar products use.
        return np.result_type(*("complex64" if t.startswith("complex_int") else t for t in self.dtypes))

    @property
    def bytes(self) -> int:
        """Size of all layers as float32."""
        return int(4 * self.count * self.geobox.shape[0] * self.geobox.shape[1])

    def data(self, grid: Any = None, chunks: Any = None) -> Any:
        """Return the numbers of all layers, shape (layer, y, x).

        Parameters
        ----------
        grid : GeoBox, optional
            Another grid to read the layers on, by nearest neighbour: floats with NaN outside and for nodata.
        chunks : mapping, optional
            Sides of dask blocks; None reads the pixels now.
        """
        other = self.other_grid(grid)
        if self.pixels is not None and other is None and chunks is None:
            return self.pixels
        return _array(Pixels(self, other), chunks)

    def layer(self, index: int, grid: Any = None, chunks: Any = None) -> Any:
        """Return the numbers of one layer, shape (y, x): of a lazy file of many layers much faster than a part of all."""
        if chunks is None:
            return self.data(grid)[index]
        return _array(Pixels(self, self.other_grid(grid)), chunks, index)

    def mask(self, grid: Any = None, chunks: Any = None) -> Any:
        """Return True where the mask of the file (alpha, internal mask, mask file) marks data, shape (1, y, x)."""
        return _array(Pixels(self, self.other_grid(grid), masks=True), chunks)

    def other_grid(self, grid: Any) -> Any:
        """Return the grid that the file must be warped to, None where its own pixels are those of the grid."""
        if grid is None:
            return self.geobox if self.warped else None
        return grid if self.warped or grid != self.geobox else None


@dataclass(frozen=True)
class Pixels:
    """The pixels of a raster file as an array of shape (layer, y, x) that reads the indexed part."""

    file: RasterFile
    grid: Any = None
    masks: bool = False
    ndim = 3

    @property
    def shape(self) -> tuple[int, int, int]:
        """Layers, rows, columns."""
        rows, columns = (self.grid or self.file.geobox).shape
        return (1 if self.masks else self.file.count), int(rows), int(columns)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers: that of the file, or a float type where the raster is warped."""
        if self.masks:
            return np.dtype(bool)
        if self.grid is None or self.file.dtype.kind in "fc":
            return self.file.dtype
        return np.dtype("float32" if self.file.dtype.itemsize <= 2 else "float64")

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Read a part; ``key`` holds three slices or numbers."""
        from rasterio.errors import RasterioError
        from rasterio.windows import Window

        parts = [k if isinstance(k, slice) else slice(k, k + 1) for k in key]
        layers, rows, columns = (slice(*k.indices(n)) for k, n in zip(parts, self.shape, strict=True))
        window = Window(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
        try:
            with ExitStack() as stack:
                source = open_file(self.file, stack, self.grid)
                part = self._read(source, list(range(layers.start + 1, layers.stop + 1)), window)
        except (RasterioError, OSError) as error:
            raise SourceError(
                f"The pixels of {shown(self.file.name)} cannot be read: the file may be incomplete."
            ) from error
        whole = part[:: layers.step, :: rows.step, :: columns.step]
        found: NDArray[Any] = whole[tuple(slice(None) if isinstance(k, slice) else 0 for k in key)]
        return found

    def _read(self, source: Any, indexes: list[int], window: Any) -> NDArray[Any]:
        if self.masks:
            found: NDArray[Any] = source.dataset_mask(window=window)[None] > 0
            return found
        values: NDArray[Any] = source.read(indexes, window=window)
        if self.grid is None:
            return values
        return np.where(source.read_masks(indexes, window=window) > 0, values, np.nan).astype(self.dtype)


@dataclass(frozen=True)
class _LayerPixels:
    """One layer of the pixels of a file, shape (y, x)."""

    pixels: Pixels
    index: int
    ndim = 2

    @property
    def shape(self) -> tuple[int, int]:
        return self.pixels.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.pixels.dtype

    def __getitem__(self, key: Any) -> NDArray[Any]:
        return self.pixels[(self.index, *key)]


def read_header(path: Path, root: Path, *, address: str | None = None, remote: bool = False) -> RasterFile:
    """Read the header of a raster file.

    Parameters
    ----------
    path : Path
    root : Path
        Folder that the files named by a VRT must lie in.
    address : str, optional
        What GDAL opens, where this is not the path: a file in a zip archive.
    remote : bool
        Whether a VRT may name addresses and files elsewhere.

    Raises
    ------
    SourceError
        If the file is not a raster.
    InputError
        If it has no CRS or no location, or names files that must not be opened.
    """
    import rasterio.errors

    driver = driver_for(path, root, remote=remote) if address is None else DRIVERS[path.suffix.lower()]
    bare = RasterFile(path, address or str(path), None, (), (), (), (), (), (), (), driver=driver, remote=remote)
    try:
        with ExitStack() as stack:
            return _describe(open_file(bare, stack, None), bare, stack)
    except (rasterio.errors.RasterioError, OSError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(
            f"{shown(path.name)} cannot be read as a raster: it may be incomplete or another format."
        ) from error


def open_file(file: RasterFile, stack: ExitStack, grid: Any) -> Any:
    """Open a file with rasterio until the stack is closed, on another grid if one is given."""
    import rasterio
    from rasterio.enums import ColorInterp, Resampling
    from rasterio.vrt import WarpedVRT

    if not file.remote:
        stack.enter_context(local_env())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        source = stack.enter_context(rasterio.open(file.address, driver=file.driver))
    if grid is None:
        return source
    options: dict[str, Any] = {"resampling": Resampling.nearest}
    if source.nodata is None and ColorInterp.alpha not in source.colorinterp:
        options["add_alpha"] = True
    if source.gcps[0]:
        # GDAL takes the points into account only where it chooses the grid itself.
        source = stack.enter_context(WarpedVRT(source, src_crs=source.gcps[1], **options))
        options.pop("add_alpha", None)
        if source.transform == grid.affine and source.shape == tuple(grid.shape):
            return source
    place = {"crs": grid.crs.to_wkt(), "transform": grid.affine, "width": grid.width, "height": grid.height}
    return stack.enter_context(WarpedVRT(source, **place, **options))


def _describe(source: Any, bare: RasterFile, stack: ExitStack) -> RasterFile:
    from rasterio.enums import ColorInterp, MaskFlags

    geobox, warped = _place(source, bare.path, stack)
    palette = {}
    if source.count == 1 and source.colorinterp[0] is ColorInterp.palette:
        palette = {int(k): tuple(v) for k, v in source.colormap(1).items()}
    flags = source.mask_flag_enums
    return RasterFile(
        bare.path,
        bare.address,
        geobox,
        dtypes=tuple(source.dtypes),
        nodata=tuple(source.nodatavals),
        scales=tuple(float(s) for s in source.scales),
        offsets=tuple(float(o) for o in source.offsets),
        units=tuple(source.units),
        descriptions=tuple(source.descriptions),
        colors=tuple(c.name for c in source.colorinterp),
        tags=dict(source.tags()),
        palette=palette,
        masked=any(MaskFlags.per_dataset in f for f in flags),
        warped=warped,
        driver=bare.driver,
        remote=bare.remote,
        overviews=_overviews(source),
        pixels=source.read() if source.count * source.width * source.height * 4 <= SMALL else None,
    )


def _overviews(source: Any) -> tuple[int, ...]:
    of_layers = [set(source.overviews(i)) for i in range(1, source.count + 1)]
    return tuple(sorted(set.intersection(*of_layers))) if of_layers else ()


def _place(source: Any, path: Path, stack: ExitStack) -> tuple[Any, bool]:
    """Return the grid of a raster, and whether it must be warped onto it."""
    from affine import Affine
    from odc.geo.geobox import GeoBox
    from rasterio.vrt import WarpedVRT

    points, crs = source.gcps
    if points and crs:
        pass
    elif source.crs is None:
        raise InputError(
            f"{shown(path.name)} has no CRS: assign one, for instance with  gdal_edit.py -a_srs EPSG:... {path.name}"
        )
    elif source.transform == Affine.identity() or source.transform.determinant == 0:
        raise InputError(
            f"{shown(path.name)} has a CRS but no location: assign one, for instance with  gdal_edit.py -a_ullr ... {path.name}"
        )
    elif source.transform.b == source.transform.d == 0:
        return GeoBox((source.height, source.width), source.transform, source.crs.to_wkt()), False
    vrt = stack.enter_context(WarpedVRT(source, **({"src_crs": crs} if points else {})))
    how = "located by ground control points" if points else "rotated"
    warn_user(f"{shown(path.name)} is {how}: it is resampled to a grid with north up.")
    return GeoBox((vrt.height, vrt.width), vrt.transform, vrt.crs.to_wkt()), True


def _array(pixels: Pixels, chunks: Any, index: int | None = None) -> Any:
    if chunks is None:
        return pixels[:, :, :]
    import dask.array as da
    from dask.base import tokenize

    _, rows, columns = pixels.shape
    sides = chunks if isinstance(chunks, Mapping) else {}
    tall, wide = (_side(sides.get(k), n) for k, n in (("y", rows), ("x", columns)))
    while (rows / tall) * (columns / wide) > MAX_BLOCKS:
        tall, wide = tall * 2, wide * 2
    token = f"raster-{tokenize(pixels.file.address, pixels.file.path, str(pixels.grid), pixels.masks)}"
    whole = (pixels, (1, tall, wide), token)
    values, blocks, name = whole if index is None else (_LayerPixels(pixels, index), (tall, wide), f"{token}-{index}")
    return da.from_array(  # type: ignore[no-untyped-call]
        values, chunks=blocks, name=name, asarray=False, lock=False, inline_array=True,
        meta=np.empty((0,) * len(blocks), pixels.dtype),
    )  # fmt: skip


def _side(wanted: Any, length: int) -> int:
    if wanted is None or wanted == "auto":
        return min(length, 1024)
    return length if int(wanted) < 0 else max(1, min(length, int(wanted)))
