"""Read the header and one tile of one file, to measure how long that takes and how well its pixels are compressed."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import Any

from eowidgets.cube.sources.stac.access import Access
from eowidgets.cube.sources.stac.header import check_target, open_raster, rasterio_env, reached, signed, unreadable
from eowidgets.errors import SourceError


@dataclass(frozen=True)
class Probe:
    """Measurements on one file of a catalogue.

    Attributes
    ----------
    header, tile : float
        Seconds to read the header of the file, and one tile of it.
    block : tuple of int
        Size of a tile in pixels, rows and columns.
    ratio : float or None
        Bytes of the tile in the file by its bytes in memory; None where the format does not state it.
    """

    header: float
    tile: float
    block: tuple[int, int]
    ratio: float | None


def probe(href: str, origin: Any, access: Access, place: tuple[float, float], timeout: float) -> Probe:
    """Read the header of a file, and the tile at a place.

    Parameters
    ----------
    href : str
        Resolved address of the file.
    origin : Origin
    access : Access
    place : tuple of float
        Longitude and latitude in degrees; the middle of the file is read where it lies outside.
    timeout : float
        Seconds to wait for the server.

    Raises
    ------
    SourceError
        If the file cannot be read, in one sentence.
    """
    import rasterio.errors

    def measure(address: str) -> Probe:
        check_target(address, origin, timeout)
        with rasterio_env(timeout), reached(access, href):
            start = monotonic()
            with open_raster(address) as file:
                opened = monotonic()
                column, row = _tile(file, place)
                file.read(1, window=_window(file, column, row))
                return Probe(opened - start, monotonic() - opened, file.block_shapes[0], _ratio(file, column, row))

    try:
        return signed(access, href, measure)
    except rasterio.errors.RasterioError as error:
        raise unreadable(href, error) from None
    except ValueError as error:
        raise SourceError(f"One file was tried and cannot be measured ({str(error)[:60]}).") from None


def _tile(file: Any, place: tuple[float, float]) -> tuple[int, int]:
    """Return column and row of the tile at a place."""
    from rasterio.warp import transform

    rows, columns = file.block_shapes[0]
    y, x = file.height // 2, file.width // 2
    if file.crs is not None:
        (east,), (north,) = transform("EPSG:4326", file.crs, [place[0]], [place[1]])
        found = ~file.transform * (east, north)
        if 0 <= found[0] < file.width and 0 <= found[1] < file.height:
            x, y = int(found[0]), int(found[1])
    return x // columns, y // rows


def _window(file: Any, column: int, row: int) -> Any:
    from rasterio.windows import Window

    rows, columns = file.block_shapes[0]
    x, y = column * columns, row * rows
    return Window(x, y, min(columns, file.width - x), min(rows, file.height - y))


def _ratio(file: Any, column: int, row: int) -> float | None:
    import numpy as np
    import rasterio.errors

    try:
        size = file.get_tag_item(f"BLOCK_SIZE_{column}_{row}", "TIFF", bidx=1)
    except rasterio.errors.RasterioError:
        return None
    window = _window(file, column, row)  # a tile at the edge is padded, at negligible cost
    layers = file.count if file.interleaving is not None and file.interleaving.value.lower() == "pixel" else 1
    return int(size) / (window.width * window.height * np.dtype(file.dtypes[0]).itemsize * layers) if size else None
