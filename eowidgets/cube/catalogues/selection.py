"""The images of an area in a catalogue by solar day, before any pixel is read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from eowidgets.cube.catalogues.nothing import no_image
from eowidgets.cube.catalogues.query import Query
from eowidgets.cube.catalogues.search import OnPage, Received, Tick, search
from eowidgets.cube.sources.stac.assets import number
from eowidgets.cube.sources.stac.days import picture_of
from eowidgets.cube.sources.stac.documents import Document
from eowidgets.cube.sources.stac.find import Found as Pairs
from eowidgets.cube.sources.stac.footprints import footprint, share
from eowidgets.cube.sources.stac.load import need_stac
from eowidgets.cube.sources.stac.moments import time_of
from eowidgets.cube.sources.stac.versions import best_versions
from eowidgets.errors import InputError, SourceError


@dataclass(frozen=True)
class SolarDay:
    """The images of one solar day that become one date of the cube.

    Attributes
    ----------
    date : str
        Solar day at the middle of the area.
    time : datetime
        Of the first image, in UTC.
    product, orbit : str
        Product, and direction of the orbit where the catalogue states it: images that differ in them are not merged.
    platform : str
        Satellites, separated by commas.
    cloud : float or None
        Cloud cover in per cent, as the catalogue states it for whole images; their mean by the share of the area that
        each covers. None where no image states it.
    coverage : float
        Share of the area that the footprints cover, from 0 to 1; 1 without an area.
    items : tuple of (dict, Origin)
    thumbnail : str or None
        Address of a small picture of the first image that has one.
    """

    date: str
    time: datetime
    product: str
    orbit: str
    platform: str
    cloud: float | None
    coverage: float
    items: tuple[tuple[Document, Any], ...]
    thumbnail: str | None


@dataclass(frozen=True)
class Selection:
    """Solar days of a catalogue.

    Attributes
    ----------
    query : Query
    days : tuple of SolarDay
        In the order of time.
    problems : tuple of str
        Sentences on missing parts of the answer.
    replaced : int
        Images left out because a better processing baseline covers them.
    cloudy : int
        Days left out because their cloud cover exceeds that of the query.
    longitude : float
        By which solar days are counted.
    limited : bool
        Whether the catalogue has more images than the query allows.
    chosen : bool
        Whether days were selected from a larger result.
    """

    query: Query
    days: tuple[SolarDay, ...]
    problems: tuple[str, ...] = ()
    replaced: int = 0
    cloudy: int = 0
    longitude: float = 0.0
    limited: bool = False
    chosen: bool = False

    @property
    def pairs(self) -> Pairs:
        """Items with their origins."""
        return [pair for day in self.days for pair in day.items]

    def only(self, days: tuple[SolarDay, ...]) -> Selection:
        """Return the selection with some of its days."""
        return replace(self, days=days, chosen=self.chosen or len(days) < len(self.days))


def select(
    query: Query,
    *,
    timeout: float = 10.0,
    tick: Tick | None = None,
    on_page: OnPage | None = None,
) -> Selection:
    """Search a catalogue and group its images by solar day.

    Parameters
    ----------
    query : Query
    timeout, tick, on_page
        See :func:`eowidgets.cube.catalogues.search.search`.

    Returns
    -------
    Selection
        At least one day.

    Raises
    ------
    InputError, SourceError
        One sentence: no image, no image that is clear enough, or no answer.
    """
    need_stac()
    received = search(query, timeout=timeout, tick=tick, on_page=on_page)
    lon = query.longitude
    if lon is None:
        lon = _middle(received)
    on_area = [(pair, covered) for pair in received.pairs if (covered := _covered(pair[0], query)) > 0]
    dated = [(p, c) for p, c in on_area if query.has(picture_of(p[0], lon)[0])]
    if not dated:
        if received.problems:
            raise SourceError(received.problems[0])
        no_image(query)
    best, replaced = best_versions([p for p, _ in dated])
    shares = {id(p[0]): c for p, c in dated}
    groups: dict[Any, Pairs] = defaultdict(list)
    for pair in sorted(best, key=lambda p: (time_of(p[0]), str(p[0].get("id")))):
        groups[picture_of(pair[0], lon)].append(pair)
    days = [_day(key, pairs, shares, query) for key, pairs in groups.items()]
    clear = [d for d in days if query.cloud is None or d.cloud is None or d.cloud <= query.cloud]
    if not clear:
        least = min(d.cloud for d in days if d.cloud is not None)
        raise InputError(
            f"None of the {len(days)} days has at most {query.cloud:g} % of clouds; the clearest has {least:.0f} %: raise cloud=."
        )
    problems = tuple(dict.fromkeys(received.problems))
    return Selection(query, tuple(clear), problems, replaced, len(days) - len(clear), lon, received.limited)


def _day(key: tuple[str, str, str], pairs: Pairs, shares: dict[int, float], query: Query) -> SolarDay:
    items = [item for item, _ in pairs]
    platforms = dict.fromkeys(
        str(i["properties"]["platform"]).lower() for i in items if i["properties"].get("platform")
    )
    area = query.area
    coverage = 1.0 if area is None else share(area.geometry, [footprint(i) for i in items])
    thumbnail = next((t for item, origin in pairs if (t := thumbnail_of(item, origin))), None)
    return SolarDay(
        key[0],
        time_of(items[0]),
        key[1],
        key[2],
        ", ".join(platforms),
        _cloud(items, shares, query.catalogue.cloud),
        coverage,
        tuple(pairs),
        thumbnail,
    )


def _cloud(items: list[Document], shares: dict[int, float], name: str) -> float | None:
    stated = [(number(i["properties"].get(name)), shares[id(i)]) for i in items if name]
    known = [(v, s) for v, s in stated if v is not None and 0 <= v <= 100]
    weight = sum(s for _, s in known)
    return sum(v * s for v, s in known) / weight if weight > 0 else None


def _covered(item: Document, query: Query) -> float:
    return 1.0 if query.area is None else share(query.area.geometry, [footprint(item)])


def _middle(received: Received) -> float:
    """Return the longitude of the middle of the first image."""
    ground = footprint(received.pairs[0][0]) if received.pairs else None
    return 0.0 if ground is None else float(ground.centroid.x)


def thumbnail_of(item: Document, origin: Any) -> str | None:
    """Return the address of a small picture of an item, or None."""
    for key, asset in item["assets"].items():
        if not isinstance(asset, dict) or not isinstance(asset.get("href"), str):
            continue
        roles = asset.get("roles")
        media = str(asset.get("type") or "")
        if "thumbnail" in (roles if isinstance(roles, list) else []) or str(key).lower() in (
            "thumbnail",
            "rendered_preview",
        ):
            if media and not media.startswith(("image/png", "image/jp", "image/webp")):
                continue
            try:
                return str(origin.resolve(asset["href"]))
            except SourceError:
                continue
    return None
