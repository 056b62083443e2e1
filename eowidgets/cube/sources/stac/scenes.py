"""Items as scenes: product and date of each item, and the bands of it that are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from eowidgets.cube.mixing import merged_names
from eowidgets.cube.products import Sensor
from eowidgets.cube.quality import quality_name
from eowidgets.cube.sensors import common_name, find_sensor, hinted_sensor, sensor_of_names
from eowidgets.cube.sources.stac.addresses import Origin
from eowidgets.cube.sources.stac.assets import AssetBand, asset_bands, from_file, stem
from eowidgets.cube.sources.stac.documents import Document
from eowidgets.cube.sources.stac.header import Headers
from eowidgets.cube.sources.stac.moments import time_of
from eowidgets.cube.sources.stacking import PASS
from eowidgets.errors import InputError, shown, unknown

#: Scenes of one place that are further apart are two acquisitions (geostationary satellites), not parts of one.
_SAME_LOOK = timedelta(minutes=1)
#: Keys under which catalogues of Sentinel-2 offer probabilities in per cent, which are not masks.
_PROBABILITIES = {"cloud": "cloud_probability", "cld": "cloud_probability", "snow": "snow_probability"}


@dataclass(frozen=True)
class Scene:
    """One item: its product, its time in UTC, and its bands by their name in the cube.

    ``others`` are rasters that are not bands of the product, such as water vapour: read on request, or
    if there is nothing else.
    """

    document: Document
    origin: Origin
    sensor: Sensor | None
    time: datetime
    bands: dict[str, AssetBand] = field(default_factory=dict)
    others: dict[str, AssetBand] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Id of the item, for messages."""
        return str(self.document.get("id"))[:60]

    @property
    def product(self) -> str:
        """Key of the product, or the collection where the product is not known."""
        return self.sensor.key if self.sensor else f"collection {self.document.get('collection')}"


def scenes_of(items: Iterable[tuple[Document, Origin]], sensor: str | None, headers: Headers) -> list[Scene]:
    """Return the scenes of items, in the order of time.

    Raises
    ------
    InputError
        If products cannot be merged, an item has no date, or none has a raster.
    """
    pairs = list(items)
    times = [time_of(item) for item, _ in pairs]
    given = find_sensor(sensor) if sensor else None
    sensors = [given or sensor_of(item) for item, _ in pairs]
    known = {s.key: s for s in sensors if s}
    # The result must not depend on the order of the items.
    renames = merged_names([known[key] for key in sorted(known)]) if known else {}
    found = []
    for (item, origin), own, time in zip(pairs, sensors, times, strict=True):
        bands, others = _named_bands(item, origin, own, renames.get(own.key, {}) if own else {}, headers)
        found.append(Scene(item, origin, own, time, bands, others))
    usable = [s for s in found if s.bands or s.others]
    if not usable:
        raise InputError(
            f"The STAC item {shown(found[0].name)} has no raster asset (GeoTIFF or JPEG 2000)."
            if len(found) == 1
            else f"None of the {len(found)} STAC items has a raster asset (GeoTIFF or JPEG 2000)."
        )
    return sorted(usable, key=lambda s: (s.time, s.name))


def passes(scenes: Sequence[Scene], grids: Sequence[Any]) -> list[int]:
    """Return the number of the pass of each scene, which is its date in the cube.

    Scenes of one product that follow each other within minutes are of one pass, unless they show the same place again.

    Parameters
    ----------
    scenes : sequence of Scene
        In the order of time.
    grids : sequence of GeoBox
        Of each scene.
    """
    current: dict[str, tuple[int, datetime, dict[Any, datetime]]] = {}
    numbers: list[int] = []
    for scene, grid in zip(scenes, grids, strict=True):
        number, last, seen = current.get(scene.product, (-1, scene.time, {}))
        apart = (scene.time - last).total_seconds() > PASS
        if number < 0 or apart or scene.time - seen.get(grid, scene.time) > _SAME_LOOK:
            number, seen = max(numbers, default=-1) + 1, {}
        seen.setdefault(grid, scene.time)
        current[scene.product] = (number, scene.time, seen)
        numbers.append(number)
    return numbers


def chosen(scenes: Sequence[Scene], bands: Sequence[str] | str | None) -> list[dict[str, AssetBand]]:
    """Return the bands to read of each scene, quality bands among them.

    Parameters
    ----------
    scenes : sequence of Scene
    bands : str or sequence of str, optional
        Common names, asset keys or names of the product's own (``"red"``, ``"B04"``, ``"SCL"``), in any case.

    Raises
    ------
    InputError
        If no scene has a band of that name, or the name means different bands in different products.
    """
    if bands is None:
        spectral = any(_spectral(s.bands) for s in scenes)
        return [s.bands if spectral and _spectral(s.bands) else s.bands | s.others for s in scenes]
    wanted = [bands] if isinstance(bands, str) else [str(b) for b in bands]
    if not wanted:
        raise InputError("bands= is empty: name at least one, or leave it out for all.")
    names = {name for request in wanted for name in _resolve(request, scenes)}
    return [
        {n: b for n, b in (s.bands | s.others).items() if n in names or (n in s.bands and is_quality(n))}
        if names & (s.bands.keys() | s.others.keys())
        else {}
        for s in scenes
    ]


def is_quality(name: str) -> bool:
    """Return whether a name in the cube is that of a quality band."""
    return quality_name(name) is not None


def _spectral(bands: dict[str, AssetBand]) -> bool:
    return any(not is_quality(n) for n in bands)


def _resolve(request: str, scenes: Sequence[Scene]) -> set[str]:
    """Return the names in the cube of a request; first as name in the cube, then as the product writes it."""
    text = request.strip().lower()
    everything = {n for s in scenes for n in s.bands} | {n for s in scenes for n in s.others}
    lower = {n.lower(): n for n in everything}
    if text in lower:
        return {lower[text]}
    found: dict[str, set[str]] = {}
    for scene in scenes:
        own = scene.bands | scene.others
        same = {n for n, b in own.items() if text == b.key.lower() or text in (x.lower() for x in b.names)}
        if not same:
            quality = scene.sensor.quality if scene.sensor else ()
            same = {quality_name(request, quality), common_name(request, scene.sensor)} & set(own)  # type: ignore[assignment]
        if same:
            found.setdefault(scene.product, set()).update(same)
    if not found:
        keys = {b.key for s in scenes for b in (s.bands | s.others).values()}
        raise unknown("band", request, everything | keys)
    (first, names), *others = found.items()
    for product, differing in others:
        if differing != names:
            raise InputError(
                f"{request[:80]!r} is {_listed(names)} in {first!r} but {_listed(differing)} in {product!r}: use the "
                "common name."
            )
    return names


def _listed(names: Iterable[str]) -> str:
    return " and ".join(repr(n) for n in sorted(names))


def sensor_of(item: Document) -> Sensor | None:
    """Return the product of an item, from its collection, its properties, its name or its assets; None if unknown."""
    properties = item["properties"]
    fields = ("platform", "constellation", "processing:level", "eo:platform", "s2:product_uri", "odc:product")
    hints = [item.get("collection"), *(properties.get(f) for f in fields), item.get("id")]
    instruments = properties.get("instruments")
    hints += instruments if isinstance(instruments, list) else []
    texts = [str(h) for h in hints if h]
    first = next((s for t in texts if (s := hinted_sensor(t))), None)
    if first is None or "landsat" in first.family:
        # Landsat states instrument and level in different fields.
        first = hinted_sensor(" ".join(texts))
    return first or _sensor_of_keys(item)


def _sensor_of_keys(item: Document) -> Sensor | None:
    try:
        return sensor_of_names([b.key for b in asset_bands(item)])
    except InputError:  # numbers that several products use: band objects may still have common names
        return None


def _named_bands(
    item: Document, origin: Origin, sensor: Sensor | None, renames: dict[str, str], headers: Headers
) -> tuple[dict[str, AssetBand], dict[str, AssetBand]]:
    """Return bands of the product and other rasters of an item, by their name in the cube."""
    candidates = asset_bands(item)
    named = [(_name(b, sensor), b) for b in candidates]
    if not any(n and not is_quality(n) for n, _ in named):
        # Metadata name no band: only the files have their number.
        unnamed: dict[str, list[AssetBand]] = {}
        for band in candidates:
            if not band.names and not quality_name(band.key):
                unnamed.setdefault(band.key, []).append(band)
        orders = sensor.orders if sensor else ()
        opened = [x for same in unnamed.values() for x in from_file(same, orders, origin, headers)]
        named = [(_name(b, sensor), b) for b in [*(b for b in candidates if b.key not in unnamed), *opened]]
    bands: dict[str, AssetBand] = {}
    others: dict[str, AssetBand] = {}
    # A file of one band is preferred to one of several (a picture), and a key to a note.
    for name, band in sorted(named, key=lambda p: (p[1].visual, p[1].count > 1, "jp2" in p[1].key.lower())):
        name = renames.get(name, name) if name else None
        own_quality = name is None or not is_quality(name) or not (sensor and sensor.quality) or name in sensor.quality
        if name and name not in bands and own_quality and not (band.visual and bands):
            bands[name] = band
        else:
            key = _PROBABILITIES.get(band.key, band.key) if sensor and sensor.key.startswith("sentinel2") else band.key
            label = key if band.count <= 1 else f"{key}_{(*band.names, str(band.index))[0]}"
            others.setdefault(label, band)
    return bands, {n: b for n, b in others.items() if n not in bands}


def _name(band: AssetBand, sensor: Sensor | None) -> str | None:
    """Return the common name of a band, from its key or else from its band object, or None."""
    quality = sensor.quality if sensor else ()
    texts = (stem(band.key), *band.names) if band.count <= 1 else band.names
    for text in texts:
        if found := quality_name(text, quality) or common_name(text, sensor):
            return found
    return None
