"""Size and time of reading, estimated from metadata and one file before anything else is read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from eowidgets.cube.area import Area
from eowidgets.cube.catalogues.credentials import access_to, missing_credentials
from eowidgets.cube.catalogues.probe import Probe, probe
from eowidgets.cube.catalogues.query import Query
from eowidgets.cube.catalogues.selection import Selection, SolarDay
from eowidgets.cube.quality import QUALITY, quality_name
from eowidgets.cube.sources.stac.addresses import Origin
from eowidgets.cube.sources.stac.assets import AssetBand, number
from eowidgets.cube.sources.stac.documents import Document
from eowidgets.cube.sources.stac.footprints import footprint
from eowidgets.cube.sources.stac.grid import noted_grid, place_of
from eowidgets.cube.sources.stac.header import Header, Headers
from eowidgets.cube.sources.stac.scenes import Scene, chosen, scenes_of, sensor_of
from eowidgets.errors import EowidgetsError, InputError, SourceError
from eowidgets.system import available_cores

#: Tile of a file whose header was not read, in pixels.
TILE = (512, 512)
#: Bytes of the header of a cloud-optimised GeoTIFF that GDAL reads first.
HEADER = 16_384
#: Metres of one degree of latitude.
_DEGREE = 111_320.0
#: Coarser copies of a file add a third to it.
_PYRAMID = 4 / 3


@dataclass(frozen=True)
class Reading:
    """The size and the time of reading.

    Attributes
    ----------
    bytes : int or None
        Bytes that are transferred; None where neither metadata nor a file state the grid.
    files, tiles : int
        Files that are opened, and tiles that are read from them.
    seconds : float or None
        Time to read everything once, with the time that one header and one tile took; None where it was not measured.
    basis : str
        Source of the number of bytes.
    reason : str
        Why ``seconds`` is None; empty otherwise.
    """

    bytes: int | None
    files: int
    tiles: int
    seconds: float | None
    basis: str
    reason: str = ""

    @property
    def sentence(self) -> str:
        """The estimate in words.

        Examples
        --------
        >>> Reading(2_500_000, 10, 10, 8.2, "measured on one file").sentence
        'Reading takes about 8 s: 2.5 MB in 10 files (measured on one file).'
        """
        size = "an unknown size" if self.bytes is None else size_in_words(self.bytes)
        files = f"{size} in {self.files} {'file' if self.files == 1 else 'files'} ({self.basis})"
        if self.seconds is None:
            return f"Reading takes an unknown time ({self.reason}): {files}."
        return f"Reading takes about {time_in_words(self.seconds)}: {files}."


@dataclass(frozen=True)
class Part:
    """Expected size of one file.

    Attributes
    ----------
    tiles : int
    raw : float
        Bytes of these tiles in memory.
    ratio : float or None
        Bytes in the file by bytes in memory, from the size that the catalogue states; None if it states none.
    """

    tiles: int
    raw: float
    ratio: float | None

    def bytes(self, ratio: float) -> float:
        """Return the bytes that are transferred, with a ratio for files whose size is not stated."""
        return HEADER + self.raw * (self.ratio if self.ratio is not None else ratio)


@dataclass(frozen=True)
class Sizes:
    """Expected sizes of the files of a selection.

    Attributes
    ----------
    parts : dict
        Key of an item -> its files; None where its grid is not known.
    probed : Probe or None
    reason : str
        Why no file was probed.
    probes : mapping
        Address of a file -> what it showed, of this estimate and those before it.
    """

    parts: dict[tuple[str, ...], list[Part] | None]
    probed: Probe | None
    reason: str
    probes: Mapping[str, Probe] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Bytes in a file by bytes in memory where nothing is stated; 1 where nothing was measured."""
        return self.probed.ratio if self.probed is not None and self.probed.ratio is not None else 1.0

    def of(self, day: SolarDay) -> int | None:
        """Return the bytes of a day, or None."""
        return self._bytes([day])

    def reading(self, days: Sequence[SolarDay]) -> Reading:
        """Return the estimate for some days."""
        found = self._parts(days)
        tiles = sum(p.tiles for p in found)
        size = self._bytes(days)
        seconds, reason = None, self.reason
        if size is None:
            reason = reason or "the catalogue does not state the grid of the images"
        elif self.probed is not None and found:
            together = min(available_cores(), len(found))
            seconds = (len(found) * self.probed.header + tiles * self.probed.tile) / together
        return Reading(size, len(found), tiles, seconds, self._basis(found), reason)

    def _parts(self, days: Sequence[SolarDay]) -> list[Part]:
        return [p for day in days for item, _ in day.items for p in self.parts.get(key_of(item)) or ()]

    def _bytes(self, days: Sequence[SolarDay]) -> int | None:
        if any(self.parts.get(key_of(item)) is None for day in days for item, _ in day.items):
            return None
        return round(sum(p.bytes(self.ratio) for p in self._parts(days)))

    def _basis(self, found: Sequence[Part]) -> str:
        if found and all(p.ratio is not None for p in found):
            return "file sizes of the catalogue"
        if self.probed is not None and self.probed.ratio is not None:
            return "compression measured on one file"
        return "at most; compression is not known"


def sizes_of(
    selection: Selection, *, measure: bool, timeout: float = 10.0, probes: Mapping[str, Probe] | None = None
) -> Sizes:
    """Return the expected sizes of each item; opens at most one file.

    Parameters
    ----------
    selection : Selection
    measure : bool
        Whether one file is opened to measure time and compression.
    timeout : float
        Seconds to wait for the server.
    probes : mapping, optional
        Of earlier estimates: a file in it is not measured again. Two measurements differ, and the same choice has one cost.

    Raises
    ------
    InputError
        If a band that was asked for does not exist.
    """
    query, known = selection.query, dict(probes or {})
    try:
        kinds = _kinds(selection)
    except (_NoHeader, InputError) as error:
        why = "the catalogue does not describe the bands" if isinstance(error, _NoHeader) else str(error)
        return Sizes({key_of(item): None for item, _ in selection.pairs}, None, why, known)
    picked = dict(zip(kinds, chosen(list(kinds.values()), _usual(kinds, query)), strict=True))
    probed, reason = None, "nothing was measured"
    if measure:
        probed, reason = _measured(selection, picked, timeout, known)
    cost = _Cost(query.area, query.resolution, probed.block if probed is not None else TILE)
    parts: dict[tuple[str, ...], list[Part] | None] = {}
    for item, origin in selection.pairs:
        kind = _kind(item)
        scene = replace(kinds[kind], document=item, origin=origin) if kind in kinds else None
        found = [] if scene is None else [cost.part(scene, n, b) for n, b in picked[kind].items()]
        parts[key_of(item)] = None if None in found else [p for p in found if p is not None]
    return Sizes(parts, probed, reason, known)


def _kind(item: Document) -> tuple[Any, ...]:
    """Return a key that is equal for items whose assets are described alike."""
    sensor = sensor_of(item)
    return item.get("collection"), sensor and sensor.key, tuple(item["assets"])


def _kinds(selection: Selection) -> dict[tuple[Any, ...], Scene]:
    """Return one scene for each kind of item: thousands of items are described alike."""
    first = {_kind(item): (item, origin) for item, origin in reversed(selection.pairs)}
    scenes = scenes_of(first.values(), None, _NoHeaders())
    return {_kind(s.document): s for s in scenes}


def key_of(item: Document) -> tuple[str, ...]:
    """Return a key that identifies an item in a catalogue."""
    return str(item.get("collection")), str(item.get("id")), str(item["properties"].get("datetime"))


def bands_there(selection: Selection) -> tuple[str, ...]:
    """Return the common names of the bands that the images have; empty where the catalogue does not describe them."""
    try:
        scenes = _kinds(selection).values()
    except (_NoHeader, InputError):
        return ()
    return tuple(dict.fromkeys(name for scene in scenes for name in scene.bands if quality_name(name) is None))


def usual_bands(selection: Selection) -> list[str] | None:
    """Return the bands that are read unless others are asked for; None for all."""
    try:
        return _usual(_kinds(selection), selection.query)
    except _NoHeader:
        return None


def _usual(kinds: Mapping[Any, Scene], query: Query) -> list[str] | None:
    """Return the bands of the query, or those of the catalogue's entry that images have: it may have changed since."""
    if query.bands is not None:
        return list(query.bands)
    found = []
    for name in query.catalogue.bands:
        with suppress(InputError):
            chosen(list(kinds.values()), name)
            found.append(name)
    return found or None


def size_in_words(size: float) -> str:
    """Return a number of bytes in words.

    Examples
    --------
    >>> size_in_words(2_500_000), size_in_words(900)
    ('2.5 MB', '0.9 kB')
    """
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if size >= scale:
            return f"{size / scale:.2g} {unit}" if size < 100 * scale else f"{size / scale:.0f} {unit}"
    return f"{size / 1e3:.2g} kB" if size < 100e3 else f"{size / 1e3:.0f} kB"


def time_in_words(seconds: float) -> str:
    """Return a time in words.

    Examples
    --------
    >>> time_in_words(0.2), time_in_words(75), time_in_words(8000)
    ('1 s', '75 s', '2.2 h')
    """
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{max(1, math.ceil(seconds - 0.5))} s"


class _NoHeader(SourceError):
    """Raised if the metadata lack a value that only the header of a file has."""


class _NoHeaders(Headers):
    """Headers for an estimate, which opens no files."""

    def __init__(self) -> None:
        super().__init__(None, 0)

    def read(self, href: str, origin: Origin) -> Header:
        raise _NoHeader("not read")


def _measured(
    selection: Selection, picked: Mapping[Any, dict[str, AssetBand]], timeout: float, probes: dict[str, Probe]
) -> tuple[Probe | None, str]:
    """Return the measurements on the first file, or the reason why there are none."""
    query = selection.query
    if missing := missing_credentials(query.catalogue):
        return None, missing.rstrip(".")
    for item, origin in selection.pairs:
        own = picked.get(_kind(item), {})
        band = next((b for n, b in own.items() if not quality_name(n)), None)
        if band is None:
            continue
        west, south, east, north = query.area.bounds if query.area is not None else (0.0, 0.0, 0.0, 0.0)
        place = ((west + east) / 2, (south + north) / 2)
        try:
            href = origin.resolve(item["assets"][band.key]["href"])
            if href not in probes:
                probes[href] = probe(href, origin, access_to(query.catalogue), place, timeout)
            return probes[href], ""
        except EowidgetsError as error:
            return None, str(error).rstrip(".")
    return None, "no image has a band to measure"


class _Cost:
    """Sizes of files, computed once for all items of a tile."""

    def __init__(self, area: Area | None, resolution: float | None, block: tuple[int, int]) -> None:
        self._area = area
        self._resolution = resolution
        self._block = block
        self._found: dict[Any, tuple[tuple[int, float] | None, float] | None] = {}

    def part(self, scene: Scene, name: str, band: AssetBand) -> Part | None:
        """Return the expected size of a file; None if its grid is not known."""
        key = (band.key, scene.product, place_of(scene, band))
        if key not in self._found:
            self._found[key] = self._measure(scene, name, band)
        found = self._found[key]
        if found is None:
            return None
        tiles, whole = found
        if tiles is None:
            return Part(0, 0.0, None)
        stated = number(scene.document["assets"][band.key].get("file:size"))
        return Part(tiles[0], tiles[1], None if not stated or stated <= 0 else stated / whole)

    def _measure(self, scene: Scene, name: str, band: AssetBand) -> tuple[tuple[int, float] | None, float] | None:
        """Return the tiles with their bytes in memory, and the bytes of the whole file in memory."""
        grid = noted_grid(scene, band)
        pixel = None if grid is None else abs(float(grid.resolution.x))
        if grid is None:
            pixel = _pixel(scene, name, band)
            grid = None if pixel is None else _grid_of_ground(scene.document, pixel)
        if grid is None or pixel is None:
            return None
        size = _bytes_of(name, band)
        whole = grid.shape[0] * grid.shape[1] * size * max(1, band.count) * _PYRAMID
        return _tiles(grid, pixel, self._area, self._resolution, self._block, size), whole


def _pixel(scene: Scene, name: str, band: AssetBand) -> float | None:
    """Return the pixel size of a band in metres, by its product."""
    if scene.sensor is None:
        return None
    quality = quality_name(name)
    own = scene.sensor.band(band.key) or scene.sensor.band(name)
    finest = min(b.resolution for b in scene.sensor.bands)
    return own.resolution if own is not None else 2 * finest if quality == "scl" else finest if quality else None


def _grid_of_ground(item: Document, pixel: float) -> Any:
    """Return a grid in degrees with pixels of about this size (metres) over the footprint of an item, or None."""
    from odc.geo.geobox import GeoBox

    from eowidgets.cube.antimeridian import join

    ground = footprint(item)
    if ground is None:
        return None
    west, south, east, north = join(ground).bounds
    tall = (north - south) * _DEGREE
    wide = (east - west) * _DEGREE * math.cos(math.radians((south + north) / 2))
    shape = max(1, round(tall / pixel)), max(1, round(wide / pixel))
    return GeoBox.from_bbox((west, south, east, north), "EPSG:4326", shape=shape)


def _tiles(
    grid: Any, pixel: float, area: Area | None, resolution: float | None, block: tuple[int, int], size: int
) -> tuple[int, float] | None:
    """Return the tiles of a file that an area touches and their bytes in memory; None where it touches none."""
    from odc.geo.geom import box

    rows, columns = grid.shape
    window = [0, rows, 0, columns]
    if area is not None:
        outline = box(*area.bounds, "EPSG:4326").to_crs(grid.crs, resolution=math.inf).boundingbox
        corners = [~grid.affine * (x, y) for x in (outline.left, outline.right) for y in (outline.bottom, outline.top)]
        window = [
            max(0, math.floor(min(c[1] for c in corners))),
            min(rows, math.ceil(max(c[1] for c in corners))),
            max(0, math.floor(min(c[0] for c in corners))),
            min(columns, math.ceil(max(c[0] for c in corners))),
        ]
        if window[0] >= window[1] or window[2] >= window[3]:
            return None
    coarser = 2 ** int(math.log2(resolution / pixel)) if resolution is not None and resolution >= 2 * pixel else 1
    shape = [math.ceil(n / coarser) for n in (rows, columns)]
    pieces, pixels = 1, 1
    for first, last, length, side in ((*window[:2], shape[0], block[0]), (*window[2:], shape[1], block[1])):
        side = min(side, length)
        number_of = math.ceil(last / coarser / side) - math.floor(first / coarser / side)
        pieces, pixels = pieces * number_of, pixels * number_of * side
    return pieces, float(pixels * size)


def _bytes_of(name: str, band: AssetBand) -> int:
    """Return the bytes of one pixel of a file in memory."""
    quality = quality_name(name)
    dtype = QUALITY[quality].dtype if quality else band.dtype or "uint16"
    return int(np.dtype(dtype).itemsize)
