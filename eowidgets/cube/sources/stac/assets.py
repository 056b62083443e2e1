"""The bands of a STAC item: names, type, scale and nodata of each, from band objects of STAC 0.8 to 1.1."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eowidgets.cube.sources.stac.addresses import Origin
from eowidgets.cube.sources.stac.documents import Document
from eowidgets.cube.sources.stac.header import Headers

_RASTER = re.compile(r"tiff|jp2|jpeg2000|geotiff|cog", re.IGNORECASE)
_FILE = re.compile(r"\.(tiff?|jp2|j2k)$", re.IGNORECASE)
_PICTURES = {"thumbnail", "overview", "metadata"}
#: Fields that an asset takes from the item, and a band from its asset.
_INHERITED = ("data_type", "nodata", "unit", "scale", "offset")


@dataclass(frozen=True, slots=True)
class AssetBand:
    """One band of an asset, as its metadata describe it; None where they do not.

    Attributes
    ----------
    key : str
        Key of the asset.
    href : str
        Reference of the asset, as it is in the item.
    index, count : int
        Position of the band in the file, from 1, and the number of bands in the file; count is 0 if not known.
    names : tuple of str
        Common name and name in the band object, in this order.
    visual : bool
        Whether the asset is a picture to look at rather than data.
    classes : tuple of (int, str)
        Numbers and names of classes, where the numbers are classes.
    """

    key: str
    href: str
    index: int
    count: int
    names: tuple[str, ...] = ()
    visual: bool = False
    dtype: str | None = None
    nodata: float | None = None
    scale: float | None = None
    offset: float | None = None
    unit: str | None = None
    classes: tuple[tuple[int, str], ...] = ()


def asset_bands(item: Document) -> list[AssetBand]:
    """Return the bands of all raster assets of an item, from its metadata alone."""
    found: list[AssetBand] = []
    for key, asset in item["assets"].items():
        if _is_raster(asset):
            notes = _notes(item, asset)
            roles = asset.get("roles") or []
            visual = "visual" in roles or key.lower() in ("visual", "tci", "overview", "preview", "rendered_preview")
            found += [
                replace(_band(str(key), asset, note), index=i + 1, count=_count(asset), visual=visual)
                for i, note in enumerate(notes)
            ]
    return found


def from_file(
    bands: Sequence[AssetBand], orders: Sequence[Sequence[str]], origin: Origin, headers: Headers
) -> list[AssetBand]:
    """Return the bands of an asset whose metadata do not name them, from the header of its file.

    Parameters
    ----------
    bands : sequence of AssetBand
        The bands that the metadata list: one, or as many as the file has.
    orders : sequence of sequence of str
        Names in file order for files without names, one for each number of layers.
    origin : Origin
    headers : Headers
    """
    header = headers.read(origin.resolve(bands[0].href), origin)
    count = len(header.dtypes)
    # GDAL takes the fourth of four layers for transparency unless told otherwise: the product decides first.
    order = next((o for o in orders if len(o) == count), None)
    colours = [c if c in ("red", "green", "blue") else None for c in header.colours]
    names = header.descriptions if any(header.descriptions) else order or colours
    listed = bands if len(bands) == count else [bands[0]] * count
    return [
        replace(listed[i], index=i + 1, count=count, names=(name,) if name else ())
        for i, name in enumerate(names)
        if order or header.colours[i] != "alpha"
    ]


def stem(key: str) -> str:
    """Return the key of an asset without the ending of a file, which some catalogues use as keys."""
    return _FILE.sub("", key)


def number(value: Any) -> float | None:
    """Return a number that may be written as text (``"nan"``, ``"-9999"``), or None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _is_raster(asset: Any) -> bool:
    if not isinstance(asset, dict) or not isinstance(asset.get("href"), str):
        return False
    if _PICTURES & set(asset.get("roles") or []):
        return False
    media = str(asset.get("type") or "")
    path = asset["href"].split("?")[0]
    if media:
        return bool(_RASTER.search(media))
    return bool(_FILE.search(path)) or "." not in path.rsplit("/", 1)[-1]


def _lists(item: Document, asset: Document) -> list[list[Document]]:
    """Return the lists of band objects of an asset; numbers and names in ``eo:bands`` refer to the item's list."""
    shared = item["properties"].get("eo:bands")
    shared = [b for b in shared if isinstance(b, dict)] if isinstance(shared, list) else []
    named = {str(b.get("name")): b for b in shared}
    found = []
    for field in ("eo:bands", "bands", "raster:bands"):
        entries = asset.get(field)
        if not isinstance(entries, list) or not entries:
            continue
        row: list[Document] = []
        for entry in entries:
            if isinstance(entry, dict):
                row.append(entry)
            elif isinstance(entry, int) and not isinstance(entry, bool) and 0 <= entry < len(shared):
                row.append(shared[entry])
            else:
                row.append(named.get(str(entry), {}))
        found.append(row)
    return found


def _count(asset: Document) -> int:
    return max(
        (len(asset[f]) for f in ("eo:bands", "bands", "raster:bands") if isinstance(asset.get(f), list)), default=0
    )


def _notes(item: Document, asset: Document) -> list[Document]:
    """Return one merged note for each band, from the item, the asset and its band objects."""
    lists = _lists(item, asset)
    common: Document = {}
    for source in (item["properties"], asset):
        common |= {k: source[k] for k in _INHERITED[:3] if source.get(k) is not None}
        if source.get("classification:classes"):
            common["classification:classes"] = source["classification:classes"]
        common |= {k: source[f"raster:{k}"] for k in _INHERITED if source.get(f"raster:{k}") is not None}
    notes = []
    for i in range(max((len(row) for row in lists), default=1)):
        note = dict(common)
        for row in lists:
            entry = row[i] if i < len(row) else row[0] if len(row) == 1 else {}
            note |= {re.sub("^(eo|raster):", "", str(k)): v for k, v in entry.items() if v is not None}
        notes.append(note)
    return notes


def _band(key: str, asset: Document, note: Document) -> AssetBand:
    names = [note.get("common_name"), note.get("name"), note.get("description")]
    return AssetBand(
        key,
        asset["href"],
        1,
        0,
        tuple(n for n in names if isinstance(n, str) and n),
        dtype=_dtype(note.get("data_type")),
        nodata=number(note.get("nodata")),
        scale=_finite(note.get("scale")),
        offset=_finite(note.get("offset")),
        unit=note["unit"] if isinstance(note.get("unit"), str) else None,
        classes=_classes(note.get("classification:classes")),
    )


def _classes(entries: Any) -> tuple[tuple[int, str], ...]:
    found = []
    for entry in entries if isinstance(entries, list) else []:
        value = number(entry.get("value")) if isinstance(entry, dict) else None
        if value is not None and value.is_integer():
            title = str(entry.get("name") or entry.get("title") or entry.get("description") or f"class_{value:g}")
            found.append((int(value), re.sub(r"\s+", "_", title.strip())[:60]))
    return tuple(found)


def _finite(value: Any) -> float | None:
    found = number(value)
    return found if found is not None and math.isfinite(found) else None


def _dtype(value: Any) -> str | None:
    try:
        found = np.dtype(value) if isinstance(value, str) else None
    except TypeError:
        return None
    return found.name if found is not None and found.kind in "iufc" else None
