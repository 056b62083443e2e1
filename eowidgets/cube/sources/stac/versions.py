"""Select the best of several versions of one acquisition: processing baselines and reprocessed products."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from eowidgets.cube.sources.stac.addresses import Origin
from eowidgets.cube.sources.stac.documents import Document
from eowidgets.cube.sources.stac.footprints import footprint, share
from eowidgets.cube.sources.stac.layers import baseline_of
from eowidgets.cube.sources.stac.moments import time_of
from eowidgets.cube.sources.stac.scenes import sensor_of
from eowidgets.cube.sources.stacking import PASS

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Pairs = list[tuple[Document, Origin]]
#: Share of its footprint that better versions must cover before an item is left out.
COVERED = 0.95
_TILE = re.compile(r"(?<![A-Z0-9])T?(\d{2}[C-HJ-NP-X][A-HJ-NP-Z][A-HJ-NP-V])(?![A-Z0-9])")
_STRIP = re.compile(r"_S(\d{8}T\d{6})_")
_TIERS = {"RT": 0, "T2": 1, "T1": 2}


@dataclass(frozen=True)
class Version:
    """One item as a version of an acquisition.

    Attributes
    ----------
    rank : tuple
        Processing baseline (-1 where it is not stated), collection category of Landsat, moment of production. The
        largest is the best.
    strip : str
        When the data strip of Sentinel-2 begins. An acquisition that ends inside a tile has two strips with one baseline,
        which complete each other.
    """

    item: Document
    origin: Origin
    time: datetime
    rank: tuple[float, int, str]
    strip: str
    ground: BaseGeometry | None = field(compare=False)

    @classmethod
    def of(cls, item: Document, origin: Origin) -> Version:
        """Return the version that an item states."""
        noted = item["properties"]
        names = ("created", "processing:datetime", "s2:generation_time", "updated")
        created = next((str(noted[n])[:19] for n in names if noted.get(n)), "")
        tier = _TIERS.get(str(noted.get("landsat:collection_category")), -1)
        baseline = baseline_of(item)
        strip = _STRIP.search(str(noted.get("s2:datastrip_id") or ""))
        rank = (-1.0 if baseline is None else baseline, tier, created)
        return cls(item, origin, time_of(item), rank, strip[1] if strip else "", footprint(item))

    def replaces(self, other: Version) -> bool:
        """Return whether this is a better version of the same part of the acquisition."""
        if self.rank <= other.rank:
            return False
        if self.rank[:2] != other.rank[:2]:
            return True
        if self.strip and other.strip:
            return self.strip == other.strip
        return abs((self.time - other.time).total_seconds()) < 1


def best_versions(pairs: Pairs) -> tuple[Pairs, int]:
    """Return the items without those that a better version replaces, and how many were left out.

    Items of one product, platform and tile within 15 minutes are versions or parts of one acquisition. Of these, the
    highest processing baseline is selected, then the highest collection category (Landsat), then the newest. An item is
    left out only where better versions cover 95 % of its footprint, so that no ground is lost. Items that state no tile
    are kept.

    Parameters
    ----------
    pairs : list of (dict, Origin)

    Returns
    -------
    list of (dict, Origin), int
        In the order given.
    """
    tiles: dict[Any, list[tuple[int, Version]]] = defaultdict(list)
    kept: set[int] = set()
    for i, (item, origin) in enumerate(pairs):
        tile = tile_of(item)
        if tile is None:
            kept.add(i)
            continue
        sensor = sensor_of(item)
        platform = str(item["properties"].get("platform")).lower()
        tiles[sensor.key if sensor else item.get("collection"), platform, tile].append((i, Version.of(item, origin)))
    for versions in tiles.values():
        versions.sort(key=lambda v: v[1].time)
        start = 0
        for end in range(1, len(versions) + 1):
            if end == len(versions) or (versions[end][1].time - versions[end - 1][1].time).total_seconds() > PASS:
                kept |= _best(versions[start:end])
                start = end
    found = [pair for i, pair in enumerate(pairs) if i in kept]
    return found, len(pairs) - len(found)


def tile_of(item: Document) -> str | None:
    """Return the tile of a fixed grid that an item states (MGRS or WRS-2), or None."""
    noted = item["properties"]
    if noted.get("landsat:wrs_path") and noted.get("landsat:wrs_row"):
        return f"{int(noted['landsat:wrs_path']):03d}{int(noted['landsat:wrs_row']):03d}" if _whole(noted) else None
    for text in (noted.get("s2:mgrs_tile"), noted.get("grid:code"), item.get("id")):
        if text and (found := _TILE.search(str(text).upper().replace("_", " ").replace("-", " "))):
            return found[1]
    code = noted.get("grid:code")
    return str(code) if code else None


def _whole(noted: Document) -> bool:
    return all(str(noted[f"landsat:wrs_{k}"]).isdigit() for k in ("path", "row"))


def _best(versions: Sequence[tuple[int, Version]]) -> set[int]:
    kept: list[tuple[int, Version]] = []
    for i, version in sorted(versions, key=lambda v: v[1].rank, reverse=True):
        better = [v.ground for _, v in kept if v.replaces(version)]
        if not better or (version.ground is not None and share(version.ground, better) < COVERED):
            kept.append((i, version))
    return {i for i, _ in kept}
