"""Files of embeddings as one raw Dataset over ``(time, feature, y, x)``, read where it is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.area import Area
from eowidgets.cube.schema import FEATURE
from eowidgets.cube.sources import Opened
from eowidgets.cube.sources.embeddings import alphaearth, tessera
from eowidgets.cube.sources.embeddings.index import read_index
from eowidgets.cube.sources.embeddings.tiles import Mosaic, Tile, common_grid, mosaics
from eowidgets.cube.sources.embeddings.years import moments, wanted, warn_of_gaps, year_of
from eowidgets.cube.sources.rasterfile import read_header
from eowidgets.cube.vectors import EMBEDDING
from eowidgets.errors import InputError, shown

RASTERS = (".tif", ".tiff")
ENDINGS = (*RASTERS, ".npy", ".parquet")
#: Name of the index in a folder of AlphaEarth files.
INDEX = "aef_index.parquet"
#: Bytes of a dask block, about: all numbers of a vector are read together.
BLOCK = 16 << 20


@dataclass(frozen=True)
class Wanted:
    """Options of ``eow.open`` that embeddings need.

    Attributes
    ----------
    bbox, dates
    chunks : optional
        Sides of dask blocks; None without dask.
    eager : int
        Bytes up to which vectors are read at once where dask is missing.
    remote : bool
    """

    bbox: Any = None
    dates: Any = None
    chunks: Any = None
    eager: int = 256_000_000
    remote: bool = False


def open_embeddings(paths: Sequence[Path], root: Path, request: Wanted) -> Opened | None:
    """Open files of AlphaEarth or TESSERA as vectors; None for other files.

    Parameters
    ----------
    paths : sequence of Path
        A file, or the files of a folder.
    root : Path
        The folder that was opened, or that of the file.
    request : Wanted

    Raises
    ------
    InputError, SourceError
        If the files are embeddings that cannot be read as one cube; the sentence names the file.
    """
    index = [p for p in paths if p.suffix == ".parquet" and (len(paths) == 1 or p.name == INDEX)]
    if index:
        rows = read_index(index[0], request.bbox, request.dates, remote=request.remote)
        tiles = [_alphaearth(r.path, root, request, r.address, r.year) for r in rows]
        return _opened(tiles, alphaearth.TITLE, alphaearth.ATTRIBUTION, root.name, request)
    codes = tessera.tiles_among(paths)
    if codes:
        tiles = [_tessera(p, paths) for p in codes if wanted(year_of(p), request.dates)]
        return _opened(tiles, tessera.TITLE, None, root.name, request)
    lone = [p for p in paths if p.suffix == ".npy"]
    if lone and len(lone) == len(paths):
        raise InputError(
            f"{shown(lone[0].name)} has no {lone[0].stem[:40]}{tessera.SCALES} next to it: a tile of TESSERA has both files."
        )
    rasters = sorted(p for p in paths if p.suffix.lower() in RASTERS)
    if not rasters or not alphaearth.may_be_alphaearth(rasters[0]):
        return None
    if not alphaearth.is_alphaearth(read_header(rasters[0], root, remote=request.remote)):
        return None
    chosen = [p for p in rasters if wanted(year_of(p), request.dates)]
    tiles = [_alphaearth(p, root, request, None, year_of(p)) for p in chosen]
    return _opened(tiles, alphaearth.TITLE, alphaearth.ATTRIBUTION, root.name, request)


def _alphaearth(path: Path, root: Path, request: Wanted, address: str | None, year: int) -> Tile:
    file = read_header(path, root, address=address, remote=request.remote)
    if not alphaearth.is_alphaearth(file):
        raise InputError(
            f"{shown(path.name)} has {file.count} bands of {file.dtypes[0]} and is not an AlphaEarth file with bands A00 to A63: "
            "open it separately, or remove it from the folder."
        )
    if file.warped:
        raise InputError(f"{shown(path.name)} is rotated, which AlphaEarth files are not: get the original file.")
    return Tile(path.name, year, file.geobox, alphaearth.AlphaEarth(file))


def _tessera(path: Path, paths: Sequence[Path]) -> Tile:
    vectors = tessera.Tessera(path)
    return Tile(path.name, year_of(path), vectors.box(paths), vectors)


def _opened(tiles: list[Tile], title: str, attribution: str | None, name: str, request: Wanted) -> Opened:
    if not tiles:
        raise InputError(f"There are no embeddings of the years dates={shown(request.dates)}: choose others.")
    if request.bbox is not None:
        tiles = _touching(tiles, request.bbox) or tiles  # areas outside are refused when the cube is cut
    grid = common_grid(tiles)
    by_year = mosaics(tiles, grid)
    warn_of_gaps(by_year)
    size = next(iter(by_year.values())).shape[0]
    data = _array(list(by_year.values()), request)
    vectors = xr.DataArray(
        data,
        dims=("time", FEATURE, "y", "x"),
        coords={"time": moments(by_year), FEATURE: np.arange(size), **_axes(grid)},
        name=EMBEDDING,
    )
    found = vectors.to_dataset()
    import rioxarray  # noqa: F401  (registers the accessor)

    found = found.rio.write_crs(str(grid.crs))
    found.attrs = {"title": f"{title}, {name}", "source": title}
    if attribution:
        found.attrs["attribution"] = attribution
    return Opened(found)


def _touching(tiles: list[Tile], bbox: Any) -> list[Tile]:
    place = Area.of(bbox)
    return [t for t in tiles if place.on_grid(t.box) is None or _overlaps(place, t.box)]


def _overlaps(place: Area, box: Any) -> bool:
    from eowidgets.cube.window import pixels_around

    return pixels_around(place, box) is not None


def _axes(grid: Any) -> dict[str, Any]:
    affine, (rows, columns) = grid.affine, grid.shape
    return {"y": affine.f + affine.e * (np.arange(rows) + 0.5), "x": affine.c + affine.a * (np.arange(columns) + 0.5)}


def _array(years: list[Mosaic], request: Wanted) -> Any:
    """Return the vectors of all years as one array (time, feature, y, x): lazy with dask, else in memory."""
    size, rows, columns = years[0].shape
    if request.chunks is None:
        if 4 * len(years) * size * rows * columns > request.eager:
            raise InputError(
                f"The embeddings have {4 * len(years) * size * rows * columns / 1e9:.3g} GB, too much to read at once: install "
                "dask, so that they can be opened lazily."
            )
        return np.stack([year[:, :, :] for year in years])
    import dask.array as da
    from dask.base import tokenize

    side = _side(size)
    chunks = request.chunks if isinstance(request.chunks, dict) else {}
    tall, wide = (_length(chunks.get(k), n, side) for k, n in (("y", rows), ("x", columns)))
    parts = [
        da.from_array(  # type: ignore[no-untyped-call]
            year, chunks=(size, tall, wide), name=f"embeddings-{tokenize(_token(year))}", asarray=False, lock=False,
            inline_array=True, meta=np.empty((0, 0, 0), "float32"),
        )
        for year in years
    ]  # fmt: skip
    return da.stack(parts)  # type: ignore[no-untyped-call]


def _token(year: Mosaic) -> list[Any]:
    return [year.shape, *((t.top, t.left, t.tile.name, t.tile.year, repr(t.tile.vectors)[:2000]) for t in year.tiles)]


def _side(size: int) -> int:
    """Return the side of a block of vectors, a power of two."""
    side = 64
    while 4 * size * (2 * side) ** 2 <= BLOCK:
        side *= 2
    return side


def _length(given: Any, length: int, side: int) -> int:
    chosen = side if given in (None, "auto") else length if int(given) < 0 else int(given)
    return max(1, min(length, chosen))
