"""Find the items that a STAC source holds, within a bounding box and dates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from eowidgets.cube.sources.stac.addresses import Origin, is_url, short
from eowidgets.cube.sources.stac.documents import MAX_ITEMS, Document, items_below, links, read_json, with_shared
from eowidgets.cube.sources.stac.moments import period_of
from eowidgets.errors import InputError, SourceError

Bbox = tuple[float, float, float, float]
Found = list[tuple[Document, Origin]]


def is_stac(source: Any) -> bool:
    """Return whether a source is STAC: an address or file of JSON, a pystac object, a STAC dict, or a list of these."""
    if isinstance(source, dict):
        return source.get("type") in ("Feature", "FeatureCollection", "Catalog", "Collection") and (
            "stac_version" in source or "features" in source or "assets" in source
        )
    if isinstance(source, str | Path):
        text = str(source).lower().split("?")[0]
        return text.endswith((".json", ".geojson")) or (
            is_url(str(source)) and not text.endswith((".tif", ".tiff", ".vrt"))
        )
    if isinstance(source, list | tuple):
        return bool(source) and all(not isinstance(s, str | Path | list | tuple) and is_stac(s) for s in source)
    return type(source).__module__.split(".")[0] in ("pystac", "pystac_client")


def find_items(source: Any, bbox: Bbox | None, dates: Any, timeout: float, remote: bool) -> Found:
    """Return the items of a source with their origins."""
    start, end, days = date_range(dates)
    if isinstance(source, str | Path):
        origin = Origin.of(str(source), remote)
        document = read_json(origin, timeout)
        # The collection of an API lists its items behind one link; a static one has a link for every item.
        if links(document, "search") or (document.get("type") == "Collection" and links(document, "items")):
            pairs: Iterable[tuple[Document, Origin]] = _search(origin, document, bbox, start, end, timeout)
        else:
            pairs = items_below(document, origin, timeout)
    else:
        pairs = _in_memory(source, timeout, remote)
    return [(item, origin) for item, origin in pairs if _within(item, bbox, start, end, days)]


def _in_memory(source: Any, timeout: float, remote: bool) -> Iterator[tuple[Document, Origin]]:
    for document in _documents(source):
        yield from items_below(document, Origin.in_memory(_self(document), remote), timeout)


def _documents(source: Any) -> Iterator[Document]:
    """Yield the documents of a dict, a pystac object, a search, or a list of these."""
    if isinstance(source, dict):
        yield from source["features"] if _plain_features(source) else [source]
        return
    if hasattr(source, "item_collection"):  # a pystac_client search
        source = source.item_collection()
    if hasattr(source, "get_items"):  # catalogue or collection
        source = source.get_items(recursive=True)
    elif hasattr(source, "assets"):
        yield source.to_dict(include_self_link=True, transform_hrefs=False)
        return
    for entry in source:
        yield from _documents(entry)


def _plain_features(document: Document) -> bool:
    features = document.get("features")
    return (
        document.get("type") == "FeatureCollection"
        and isinstance(features, list)
        and bool(features)
        and all(isinstance(f, dict) for f in features)
    )


def _search(origin: Origin, document: Document, bbox: Any, start: Any, end: Any, timeout: float) -> Found:
    import pystac_client
    import pystac_client.exceptions
    import requests

    from eowidgets.cube.sources.stac.api import SameHostIO

    if bbox is None and start is None:
        raise InputError(
            "A STAC API holds the whole world: pass bbox=(west, south, east, north) and dates='2020-01/2020-12'."
        )
    href = origin.base
    io = SameHostIO(origin, timeout)
    try:
        if document.get("type") == "Collection":
            root = next((k["href"] for k in links(document, "root")), href)
            client = pystac_client.Client.open(origin.resolve(root, "link"), stac_io=io, timeout=timeout)
            collections = [document["id"]]
        else:
            client = pystac_client.Client.open(href, stac_io=io, timeout=timeout)
            collections = None
        search = client.search(
            bbox=bbox, collections=collections, datetime=None if start is None else f"{start}/{end}", limit=100
        )
        found = list(islice(search.items_as_dicts(), MAX_ITEMS + 1))
    except SourceError:
        raise
    except (
        pystac_client.exceptions.APIError,
        requests.exceptions.RequestException,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        if io.refused:
            raise SourceError(io.refused) from None
        if "timed out" in str(error):
            raise SourceError(
                f"{short(href)} did not answer within {timeout:g} s: try again, or wait longer with timeout=."
            ) from None
        why = " ".join(str(error).split("?")[0].split())[:120]
        raise SourceError(f"The search at {short(href)} failed ({why}): try again later or narrow it.") from error
    if len(found) > MAX_ITEMS:
        raise InputError(
            f"The search finds more than {MAX_ITEMS} items: narrow bbox= or dates=, or open one collection."
        )
    shared = document.get("item_assets")
    return [
        (with_shared(checked, shared if isinstance(shared, dict) else {}), where)
        for item in found
        for checked, where in items_below(item, origin.follow(own_address(item, origin)), timeout)
    ]


def own_address(item: Document, origin: Origin) -> str:
    """Return the address of an item of a search, against which its assets resolve."""
    address = _self(item)
    return origin.resolve(address, "link") if address else origin.base


def date_range(dates: Any) -> tuple[str | None, str | None, frozenset[str]]:
    """Return first and last moment as text, and the single days of a list that is not a pair."""
    if dates is None:
        return None, None, frozenset()
    if isinstance(dates, slice):
        dates = (dates.start, dates.stop)
    parts = dates.split("/") if isinstance(dates, str) else [str(d) for d in dates]
    try:
        if not isinstance(dates, str) and len(parts) != 2:
            days = sorted(str(_day(p)) for p in parts)
            return f"{days[0]}T00:00:00Z", f"{days[-1]}T23:59:59Z", frozenset(days)
        first = _day(parts[0])
        _day(parts[-1])
        last = (np.datetime64(parts[-1]) + 1).astype("datetime64[D]") - 1  # "2020-06" ends with the last of June
    except (ValueError, IndexError):
        raise InputError(
            f"dates={str(dates)[:80]!r} is not understood: write '2020-01/2020-06' or ('2020-01-01', '2020-06-30')."
        ) from None
    if last < first:
        raise InputError(f"dates={str(dates)[:80]!r} end before they begin.")
    return f"{first}T00:00:00Z", f"{last}T23:59:59Z", frozenset()


def _day(text: str) -> np.datetime64:
    found = np.datetime64(text, "D")
    if np.isnat(found):
        raise ValueError("not a time")
    return found


def _within(item: Document, bbox: Bbox | None, start: str | None, end: str | None, days: frozenset[str]) -> bool:
    if start is not None and end is not None:
        first, last = period_of(item)
        if not (first <= end[:10] and last >= start[:10]) or (days and first not in days):
            return False
    box = item.get("bbox")
    if bbox is None or not isinstance(box, list) or len(box) not in (4, 6):
        return True
    west, south, east, north = (box[0], box[1], box[2], box[3]) if len(box) == 4 else (box[0], box[1], box[3], box[4])
    meet = any(_overlap(west + turn, east + turn, bbox[0], bbox[2]) for turn in (-360, 0, 360))
    return bool(meet and south < bbox[3] and north > bbox[1])


def _overlap(west: float, east: float, other_west: float, other_east: float) -> bool:
    """Return whether two longitude ranges overlap; one whose west exceeds its east crosses the antimeridian."""
    east += 360 * (east < west)
    other_east += 360 * (other_east < other_west)
    return west < other_east and east > other_west


def _self(document: Document) -> str:
    return next((str(k["href"]) for k in links(document, "self")), "")
