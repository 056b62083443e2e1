"""A query of a catalogue, checked before any request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from eowidgets.cube.area import Area
from eowidgets.cube.catalogues.catalogue import Catalogue
from eowidgets.cube.catalogues.listed import find_catalogue, names
from eowidgets.cube.samples import samples
from eowidgets.cube.sources.stac.addresses import is_url
from eowidgets.cube.sources.stac.find import date_range, is_stac
from eowidgets.errors import InputError, shown, unknown
from eowidgets.system import offline


@dataclass(frozen=True)
class Query:
    """A search in one catalogue.

    Attributes
    ----------
    catalogue : Catalogue
    source : object
        The catalogue as passed by the user: a name, an address, a path, or STAC in memory.
    area : Area, optional
    dates : object
        As given; ``first`` and ``last`` are the solar days, ``days`` the single ones of a list.
    cloud : float, optional
        Largest cloud cover of a day in per cent.
    bands : tuple of str, optional
        Bands to read; by default those of the catalogue.
    resolution : float, optional
        Pixel size to read, in units of the CRS.
    limit : int
        Most items that are taken from the catalogue.
    remote : bool
        Whether a local catalogue may name addresses, and a server hosts in private networks.
    """

    catalogue: Catalogue
    source: Any
    area: Area | None
    dates: Any
    first: date | None
    last: date | None
    days: frozenset[str]
    cloud: float | None
    bands: tuple[str, ...] | None
    resolution: float | None
    limit: int
    remote: bool = False

    @classmethod
    def of(
        cls,
        source: Any,
        *,
        area: Any,
        dates: Any,
        cloud: float | None = None,
        bands: str | Sequence[str] | None = None,
        resolution: float | None = None,
        collections: str | Sequence[str] | None = None,
        limit: int = 10_000,
        remote: bool = False,
    ) -> Query:
        """Return a query.

        Raises
        ------
        InputError
            In one sentence, before any request: an unknown name, no area, reversed dates, or the network in offline mode.
        """
        catalogue = catalogue_of(source)
        if collections is not None:
            given = (collections,) if isinstance(collections, str) else tuple(str(c) for c in collections)
            catalogue = _with_collections(catalogue, given)
        if cloud is not None and not 0 <= cloud <= 100:
            raise InputError(
                f"cloud={shown(cloud)} is not a percentage: give the largest cloud cover in per cent, from 0 to 100."
            )
        start, end, days = date_range(dates)
        first, last = (None if d is None else date.fromisoformat(d[:10]) for d in (start, end))
        if first is not None and last is not None and not (first.year >= 1900 and last.year <= 2200):
            raise InputError(f"dates={shown(dates)} are not between 1900 and 2200: correct them.")
        if area is None and catalogue.name:
            raise InputError(
                f"The catalogue {catalogue.name!r} holds the whole archive: pass area=(west, south, east, north) and "
                "dates='2020-01/2020-12'."
            )
        if offline() and is_url(catalogue.api):
            raise InputError(
                f"EOWIDGETS_OFFLINE is set, so {catalogue.label} is not searched: unset it, or open a sample or a file."
            )
        chosen = (bands,) if isinstance(bands, str) else None if bands is None else tuple(str(b) for b in bands)
        place = None if area is None else Area.of(area)
        return cls(catalogue, source, place, dates, first, last, days, cloud, chosen, resolution, limit, remote)

    @property
    def boxes(self) -> list[tuple[float, float, float, float] | None]:
        """Bounding boxes to search: two where the area crosses the antimeridian, [None] without an area."""
        if self.area is None:
            return [None]
        west, south, east, north = self.area.bbox
        if west <= east:
            return [(west, south, east, north)]
        return [(west, south, 180.0, north), (-180.0, south, east, north)]

    @property
    def interval(self) -> str | None:
        """Moments to search: a day more at both ends, because solar days are not those of UTC."""
        if self.first is None or self.last is None:
            return None
        one = timedelta(days=1)
        return f"{self.first - one}T00:00:00Z/{self.last + one}T23:59:59Z"

    def has(self, day: str) -> bool:
        """Return whether a solar day is among the requested dates."""
        if self.first is None or self.last is None:
            return True
        return self.first.isoformat() <= day <= self.last.isoformat() and (not self.days or day in self.days)

    @property
    def longitude(self) -> float | None:
        """Longitude of the middle of the area, by which solar days are counted."""
        if self.area is None:
            return None
        west, _, east, _ = self.area.bounds
        return (west + east) / 2


def catalogue_of(source: Any) -> Catalogue:
    """Return the catalogue that a name, an address, a path or STAC in memory stands for.

    Raises
    ------
    InputError
        If there is no catalogue of that name, with the nearest names.
    """
    if isinstance(source, Catalogue):
        return source
    if isinstance(source, str | Path):
        text = str(source).strip()
        found = find_catalogue(text) if isinstance(source, str) else None
        if found is not None:
            return found
        path = Path(text).expanduser()
        below = path / "catalog.json"
        if is_stac(text):
            return Catalogue("", "", text)
        if text and "\0" not in text and below.is_file():
            return Catalogue("", "", str(below))
        if text in samples():
            raise InputError(f"{text!r} is a sample of the package, not a catalogue: open it with eow.open({text!r}).")
        if path.suffix or re.search(r"[/\\]", text):
            raise InputError(
                f"{shown(text[-80:])} is not a STAC catalogue: give the name of a catalogue, the address of a STAC API or a path "
                "to a catalog.json."
            )
        raise unknown("catalogue", text, names())
    if is_stac(source) or (isinstance(source, Mapping) and is_stac(dict(source))):
        return Catalogue("", "", "")
    raise InputError(
        f"{shown(source)} is not a catalogue: give a name such as 'sentinel-2', the address of a STAC API, or STAC items."
    )


def _with_collections(catalogue: Catalogue, collections: tuple[str, ...]) -> Catalogue:
    from dataclasses import replace

    if not collections or not all(c.strip() for c in collections):
        raise InputError("collections= is empty: name at least one, or leave it out.")
    return replace(catalogue, collections=collections)
