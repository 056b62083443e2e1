"""Read the header of a raster file if STAC metadata are incomplete."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from eowidgets.cube.sources.stac.access import Access, access_of, is_refused
from eowidgets.cube.sources.stac.addresses import Origin, short
from eowidgets.errors import SourceError

T = TypeVar("T")
Signer = Callable[[str], str] | Access | None
#: Times that GDAL repeats a request that a server answers with 429 or 5xx.
_RETRIES = "3"
#: Formats that assets are read in. Formats that name other files (VRT, WMS, STACIT, ...) are left out on purpose.
_FORMATS = ("GTiff", "JP2OpenJPEG", "JP2KAK", "JP2ECW", "JP2MrSID")
_NOT_THIS = "not recognized as being in a supported file format"


@dataclass(frozen=True)
class Header:
    """Metadata of a raster file.

    ``crs`` is WKT or None, ``block`` is the size of the tiles of the file in pixels (rows, columns), and the other tuples
    have one entry for each band.
    """

    crs: str | None
    shape: tuple[int, int]
    transform: Any
    dtypes: tuple[str, ...]
    nodata: tuple[float | None, ...]
    scales: tuple[float, ...]
    offsets: tuple[float, ...]
    descriptions: tuple[str | None, ...]
    colours: tuple[str, ...]
    block: tuple[int, int]


def rasterio_env(timeout: float) -> Any:
    """Return GDAL options for reading remote files: no listing of folders, limits on waiting, a few retries."""
    import rasterio

    seconds = str(max(1, round(timeout)))
    return rasterio.Env(
        GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR",
        GDAL_HTTP_CONNECTTIMEOUT=seconds,
        GDAL_HTTP_LOW_SPEED_TIME=seconds,
        GDAL_HTTP_LOW_SPEED_LIMIT="100",
        GDAL_HTTP_MAX_RETRY=os.environ.get("GDAL_HTTP_MAX_RETRY", _RETRIES),
        GDAL_HTTP_RETRY_DELAY=os.environ.get("GDAL_HTTP_RETRY_DELAY", "1"),
    )


@lru_cache(maxsize=1)
def _available() -> list[str]:
    """Return the formats that this GDAL can read."""
    import rasterio

    with rasterio.Env() as env:
        drivers = env.drivers()
    return [f for f in _FORMATS if f in drivers]


def open_raster(address: str) -> Any:
    """Open a GeoTIFF or JPEG 2000 with rasterio, and nothing else.

    Raises
    ------
    RasterioError
        If it cannot be read, or is in another format.
    """
    import rasterio
    import rasterio.errors

    available = _available()
    if address.split("?")[0].lower().endswith((".jp2", ".j2k")):
        available = available[1:] + available[:1]
    for driver in available[:-1]:
        try:
            return rasterio.open(address, driver=driver)
        except rasterio.errors.RasterioIOError as error:
            if _NOT_THIS not in str(error):
                raise
    return rasterio.open(address, driver=available[-1])


class Headers:
    """Read headers once each, several at a time.

    Parameters
    ----------
    signer : callable or Access, optional
        Turns an address into a signed one.
    timeout : float
        Seconds to wait for a server.
    """

    def __init__(self, signer: Signer, timeout: float) -> None:
        self._access = access_of(signer)
        self._timeout = timeout
        self._found: dict[str, Header] = {}

    def fetch(self, hrefs: Iterable[tuple[str, Origin]]) -> None:
        """Read several headers at once, so that waiting times overlap."""
        missing = {href: origin for href, origin in hrefs if href not in self._found}
        if len(missing) > 1:
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(self.read, missing, missing.values()))

    def read(self, href: str, origin: Origin) -> Header:
        """Return the header of a file.

        Raises
        ------
        SourceError
            If it cannot be read, is not GeoTIFF or JPEG 2000, or redirects to an address that the origin must not name.
        """
        if href not in self._found:
            self._found[href] = self._read(href, origin)
        return self._found[href]

    def _read(self, href: str, origin: Origin) -> Header:
        import rasterio.errors

        def read(address: str) -> Header:
            check_target(address, origin, self._timeout)
            with rasterio_env(self._timeout), reached(self._access, href), open_raster(address) as file:
                return Header(
                    file.crs.to_wkt() if file.crs else None,
                    (file.height, file.width),
                    file.transform,
                    file.dtypes,
                    file.nodatavals,
                    file.scales,
                    file.offsets,
                    file.descriptions,
                    tuple(c.name for c in file.colorinterp),
                    file.block_shapes[0],
                )

        try:
            return signed(self._access, href, read)
        except rasterio.errors.RasterioError as error:
            raise unreadable(href, error) from None


def signed(access: Access, href: str, read: Callable[[str], T]) -> T:
    """Read from the signed address of a file; again if a server refuses a signature that can be renewed."""
    import rasterio.errors

    try:
        return read(access.address(href))
    except rasterio.errors.RasterioError as error:
        if not (is_refused(error) and access.renew(href)):
            raise
    return read(access.address(href))


@contextmanager
def reached(access: Access, href: str) -> Iterator[None]:
    """Set the options of GDAL that a file needs, for its host only."""
    import rasterio

    options = access.options(href)
    if not options:
        yield
        return
    with rasterio.Env(**options):
        yield


def unreadable(href: str, error: Exception) -> SourceError:
    """Return the error for an asset that GDAL cannot read, without folders and signatures."""
    why = " ".join(str(error).split())
    if _NOT_THIS in why:
        why = "it is neither a GeoTIFF nor JPEG 2000"
    elif "No such file" in why or "does not exist" in why:
        why = "there is no such file"
    elif is_refused(error):
        where = short(href)
        return SourceError(
            f"The server refuses to give {where}: its signature, token or key is missing or has expired."
        )
    elif "HTTP response code" in why:
        why = why[why.index("HTTP response code") :][:60]
    else:
        why = type(error).__name__
    return SourceError(f"The asset {short(href)} cannot be read ({why}): check the catalogue, or try later.")


@lru_cache(maxsize=4096)
def check_target(address: str, origin: Origin, timeout: float) -> None:
    """Raise a SourceError if a file of a remote catalogue redirects to an address that the catalogue must not name.

    GDAL follows every redirect, and signed storage needs redirects to other public hosts. So the first bytes are requested
    here, where each step can be checked, before GDAL opens the file. A server that answers GDAL differently is not
    caught.
    """
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    from eowidgets.cube.sources.stac.addresses import is_url

    if origin.home is None or not is_url(address):
        return

    class Checked(HTTPRedirectHandler):
        def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
            origin.resolve(newurl)
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    try:
        request = Request(address, headers={"Range": "bytes=0-15"})  # noqa: S310  (http only)
        with build_opener(Checked()).open(request, timeout=timeout) as answer:
            answer.read(16)
    except SourceError:
        raise
    except (OSError, ValueError):
        return  # GDAL reports the error, or succeeds with its own login
