"""STAC items, collections, static catalogues and APIs: found with pystac-client, loaded lazily with odc-stac."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import numpy as np
import xarray as xr

from eowidgets.cube.area import Area
from eowidgets.cube.quality import quality_name
from eowidgets.cube.schema import DIMS
from eowidgets.cube.sensors import OFFSET_BASELINE, Sensor, common_name, find_sensor, hinted_sensor
from eowidgets.cube.sources.stac_grid import common_grid, pixel_kinds, rasterio_env
from eowidgets.cube.sources.stac_read import MAX_ITEMS, is_url, items_below, read_json
from eowidgets.errors import InputError, MissingExtraError, SourceError, unknown

#: Where the assets of a catalogue on a server may be.
REMOTE = ("http://", "https://", "s3://", "gs://", "az://", "abfs://", "abfss://")
Bbox = tuple[float, float, float, float]


def is_stac(source: Any) -> bool:
    """Whether a source is STAC: an address or file of JSON, a pystac object, or a dict that says so."""
    if isinstance(source, dict):
        return source.get("type") in ("Feature", "FeatureCollection", "Catalog", "Collection") and (
            "stac_version" in source or "features" in source
        )
    if isinstance(source, str | Path):
        text = str(source).lower().split("?")[0]
        return text.endswith((".json", ".geojson")) or (
            is_url(str(source)) and not text.endswith((".tif", ".tiff", ".vrt"))
        )
    return type(source).__module__.split(".")[0] in ("pystac", "pystac_client")


def open_stac(
    source: Any,
    *,
    bbox: Bbox | None,
    dates: str | Sequence[Any] | None,
    bands: Sequence[str] | None,
    resolution: float | None,
    sensor: str | None,
    signer: Callable[[str], str] | None,
    chunks: Any,
    timeout: float,
) -> xr.Dataset:
    """Find the items, then load them lazily on one grid, scaled to physical values."""
    try:
        import odc.stac
        import pystac
    except ImportError:
        raise MissingExtraError("Opening STAC", "stac") from None

    if bbox is not None:
        bbox = Area.of(bbox).bounds
    items = _items(source, bbox, dates, timeout)
    if not items:
        raise InputError("The search found no item: widen the dates or the bounding box.")
    satellite = find_sensor(sensor) if sensor else _sensor_of(items[0])
    assets = _assets(items[0], satellite, bands)
    quality = {key: "mode" for name, key in assets.items() if quality_name(name)}
    with rasterio_env(timeout):
        box = common_grid(items, assets, bbox, resolution, signer)
        kinds = pixel_kinds(items[0], list(assets.values()), signer)
    parsed = [pystac.Item.from_dict(i) for i in items]
    try:
        # The options for reading are noted down here and come into force wherever the pixels are read.
        with rasterio_env(timeout):
            raw = odc.stac.load(
                parsed,
                bands=list(assets.values()),
                geobox=box,
                chunks=chunks or {"x": 1024, "y": 1024},
                groupby="solar_day",
                patch_url=signer,
                # Classes and bits have no average.
                resampling={"*": "average" if resolution is not None else "nearest"} | quality,
                stac_cfg={"*": {"assets": kinds}},
            )
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"The STAC items cannot be put on one grid ({error}): pass resolution= and bbox=.") from error
    raw = raw.rename({key: name for name, key in assets.items() if key in raw and key != name})
    return _physical(raw, items, assets, satellite)


def _items(source: Any, bbox: Bbox | None, dates: Any, timeout: float) -> list[dict[str, Any]]:
    start, end = _range(dates)
    if isinstance(source, str | Path):
        href = str(source)
        document = read_json(href, timeout)
        relations = {k.get("rel") for k in document.get("links", [])}
        # The collection of an API lists its items behind one link; a static one has a link for every item.
        if "search" in relations or (document.get("type") == "Collection" and "items" in relations):
            return _search(href, document, bbox, start, end, timeout)
        pairs = list(items_below(document, href, timeout))
    elif isinstance(source, dict):
        href = _self(source)
        pairs = list(items_below(source, href, timeout))
    else:
        pairs = [(i, i.get("_href", "")) for i in _from_objects(source)]
    found = [_absolute(item, where) for item, where in pairs]
    return [i for i in found if _within(i, bbox, start, end)]


def _from_objects(source: Any) -> list[dict[str, Any]]:
    """Items of a pystac object, a search, or a list of items."""
    if hasattr(source, "item_collection"):  # a pystac_client search
        source = source.item_collection()
    if hasattr(source, "get_items") or hasattr(source, "get_all_items"):  # catalogue or collection
        source = list(source.get_items(recursive=True))
    if hasattr(source, "assets"):
        source = [source]
    found = []
    for item in source:
        item.make_asset_hrefs_absolute() if item.get_self_href() else None
        found.append(item.to_dict(include_self_link=True, transform_hrefs=False))
    return found


def _search(
    href: str, document: dict[str, Any], bbox: Any, start: Any, end: Any, timeout: float
) -> list[dict[str, Any]]:
    import pystac_client
    import pystac_client.exceptions
    import pystac_client.stac_api_io
    import requests

    if bbox is None and start is None:
        raise InputError(
            "A STAC API holds the whole world: pass bbox=(west, south, east, north) and dates='2020-01/2020-12'."
        )
    io = pystac_client.stac_api_io.StacApiIO(timeout=timeout, max_retries=0)
    try:
        if document.get("type") == "Collection":
            root = next((k["href"] for k in document["links"] if k.get("rel") == "root"), href)
            client = pystac_client.Client.open(urljoin(href, root), stac_io=io, timeout=timeout)
            collections = [document["id"]]
        else:
            client = pystac_client.Client.open(href, stac_io=io, timeout=timeout)
            collections = None
        search = client.search(
            bbox=bbox, collections=collections, datetime=None if start is None else f"{start}/{end}", limit=100
        )
        found = list(islice(search.items_as_dicts(), MAX_ITEMS + 1))
    except (pystac_client.exceptions.APIError, requests.exceptions.RequestException, ValueError, KeyError) as error:
        if "timed out" in str(error):
            raise SourceError(
                f"{href!r} did not answer within {timeout:g} s: try again, or wait longer with timeout=."
            ) from None
        why = " ".join(str(error).split())[:120]
        raise SourceError(f"The search at {href!r} failed ({why}): try again later or narrow it.") from error
    if len(found) > MAX_ITEMS:
        raise InputError(
            f"The search finds more than {MAX_ITEMS} items: narrow bbox= or dates=, or open one collection."
        )
    return [_absolute(dict(i), _self(i) or href) for i in found]


def _range(dates: Any) -> tuple[str | None, str | None]:
    if dates is None:
        return None, None
    parts = dates.split("/") if isinstance(dates, str) else [str(d) for d in dates]
    start, end = (parts[0], parts[-1])
    try:
        first = np.datetime64(start, "D")
        last = (np.datetime64(end) + 1).astype("datetime64[D]") - 1  # "2020-06" ends with the last of June
    except ValueError:
        raise InputError(
            f"dates={dates!r} is not understood: write '2020-01/2020-06' or ('2020-01-01', '2020-06-30')."
        ) from None
    if last < first:
        raise InputError(f"dates={dates!r} end before they begin.")
    return f"{first}T00:00:00Z", f"{last}T23:59:59Z"


def _within(item: dict[str, Any], bbox: Bbox | None, start: str | None, end: str | None) -> bool:
    when = str(item.get("properties", {}).get("datetime") or item["properties"].get("start_datetime") or "")
    if start is not None and end is not None and not start[:10] <= when[:10] <= end[:10]:
        return False
    box = item.get("bbox")
    if bbox is None or not box:
        return True
    west, south, east, north = (box[0], box[1], box[2], box[3]) if len(box) == 4 else (box[0], box[1], box[3], box[4])
    return bool(west < bbox[2] and east > bbox[0] and south < bbox[3] and north > bbox[1])


def _self(document: dict[str, Any]) -> str:
    return next((str(k["href"]) for k in document.get("links", []) if k.get("rel") == "self"), "")


def _absolute(item: dict[str, Any], where: str) -> dict[str, Any]:
    assets = {}
    for key, asset in item.get("assets", {}).items():
        href = str(asset.get("href", ""))
        if "://" not in href and where and not href.startswith("/"):
            href = urljoin(where, href) if is_url(where) else str((Path(where).parent / href).resolve())
        if is_url(where) and href and not href.startswith(REMOTE):
            # What a server says must not make this machine open its own files, or GDAL's special paths.
            raise SourceError(
                f"The asset {key!r} of {str(item.get('id'))[:60]!r} is at {href[:80]!r}, which no server may point to: "
                "report it to who runs the catalogue."
            )
        assets[key] = asset | {"href": href}
    return item | {"assets": assets, "links": []}


def _sensor_of(item: dict[str, Any]) -> Sensor | None:
    properties = item.get("properties", {})
    hints = (item.get("collection"), properties.get("constellation"), properties.get("platform"), item.get("id"))
    return next((s for h in hints if h and (s := hinted_sensor(str(h)))), None)


def _assets(item: dict[str, Any], sensor: Sensor | None, bands: Sequence[str] | None) -> dict[str, str]:
    """Common name -> asset key, quality bands among them."""
    found: dict[str, str] = {}
    for key, asset in item.get("assets", {}).items():
        if "data" not in asset.get("roles", ["data"]) and not quality_name(key):
            continue
        media = str(asset.get("type", ""))
        if media and not media.startswith(
            ("image/tiff", "image/vnd.stac.geotiff", "image/jp2", "application/x-geotiff")
        ):
            continue
        noted = [b.get("common_name") for b in asset.get("eo:bands", []) if b.get("common_name")]
        name = quality_name(key) or common_name(key, sensor) or (common_name(noted[0], sensor) if noted else None)
        if name and name not in found:
            found[name] = key
    if not found:
        found = {
            k: k for k, a in item.get("assets", {}).items() if "tif" in str(a.get("type", a.get("href", ""))).lower()
        }
    if not found:
        raise InputError(f"The STAC item {str(item.get('id'))[:60]!r} has no raster asset.")
    if bands is None:
        return found
    for band in bands:
        if band not in found:
            raise unknown("band", band, found)
    return {n: k for n, k in found.items() if n in bands or quality_name(k)}


def _physical(
    raw: xr.Dataset, items: list[dict[str, Any]], assets: dict[str, str], sensor: Sensor | None
) -> xr.Dataset:
    """Scale and offset, item by item: the offset of Sentinel-2 changes in the middle of a series (2022-01-25)."""
    days = np.array([_when(i) for i in items], "datetime64[ns]")
    for name, key in assets.items():
        if quality_name(key) or name not in raw:
            continue
        factors = [_factors(i, key, name, sensor) for i in items]
        nearest = [int(np.abs(days - t).argmin()) for t in raw.time.values]
        scale = xr.DataArray([factors[i][0] for i in nearest], dims="time", coords={"time": raw.time})
        offset = xr.DataArray([factors[i][1] for i in nearest], dims="time", coords={"time": raw.time})
        values = raw[name]
        nodata = values.attrs.get("nodata", factors[0][2])
        result = values.astype("float32")
        if nodata is not None and not np.isnan(nodata):
            result = result.where(values != nodata)
        raw[name] = (result * scale.astype("float32") + offset.astype("float32")).transpose(*DIMS)
        raw[name].attrs = {"source_band": key}
    raw.attrs["remote"] = raw.attrs["scaled"] = True
    if sensor is not None:
        raw.attrs["sensor"] = sensor.key
    collection = items[0].get("collection")
    raw.attrs["title"] = str(collection or "STAC items")[:200]
    return raw


def _when(item: dict[str, Any]) -> str:
    properties = item["properties"]
    return str(properties.get("datetime") or properties["start_datetime"])[:19]


def _factors(item: dict[str, Any], key: str, name: str, sensor: Sensor | None) -> tuple[float, float, float | None]:
    """Scale, offset and nodata of a band in one item, as its metadata say; else as its sensor has them."""
    asset, properties = item["assets"].get(key, {}), item["properties"]
    note = (asset.get("raster:bands") or asset.get("bands") or [{}])[0]
    note = {
        k.removeprefix("raster:"): v
        for k, v in {**note, **{k: asset[k] for k in asset if k.startswith("raster:")}}.items()
    }
    band = sensor.band(name) if sensor else None
    scale = float(note.get("scale", band.scale if band else 1.0))
    offset = float(note.get("offset", band.offset if band else 0.0))
    nodata = note.get("nodata", sensor.nodata if sensor else None)
    if sensor is not None and sensor.key.startswith("sentinel2") and band is not None:
        applied = properties.get("earthsearch:boa_offset_applied")
        baseline = _number(properties.get("s2:processing_baseline") or properties.get("processing:version"))
        if applied is True:
            offset = 0.0  # the numbers were corrected, though the metadata may still tell the offset
        elif "offset" not in note and baseline is not None:
            offset = -1000 * scale if baseline >= OFFSET_BASELINE else 0.0
    return scale, offset, None if nodata in (None, "nan") else float(nodata)


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None
