"""Explain why a search found nothing: an unknown collection, another place, another time."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from eowidgets.cube.sources.stac.addresses import Origin
from eowidgets.cube.sources.stac.documents import Document
from eowidgets.errors import InputError, unknown

if TYPE_CHECKING:
    from eowidgets.cube.catalogues.query import Query


def why_nothing(io: Any, origin: Origin, query: Query, failed: bool = False) -> None:
    """Raise an InputError that states why a search found nothing.

    Parameters
    ----------
    io : PatientIO
    origin : Origin
        The API.
    query : Query
    failed : bool
        Whether the search failed: then only an unknown collection is reported, and everything else is left to the caller.
    """
    listed = _collections(io, origin)
    for name in query.catalogue.collections:
        if listed and name not in listed:
            raise unknown(f"collection of {query.catalogue.label}", name, listed)
    if failed:
        return
    extents = [listed[n] for n in query.catalogue.collections if n in listed]
    _other_place(extents, query)
    _other_time(extents, query)
    no_image(query)


def no_image(query: Query) -> NoReturn:
    """Raise the InputError for an area and dates without an image."""
    when = f" from {query.first} to {query.last}" if query.first else ""
    raise InputError(
        f"{query.catalogue.label} has no image of this area{when}: widen the dates, and check that the area is on land and "
        "that its longitudes come first."
    )


def _collections(io: Any, origin: Origin) -> dict[str, Document]:
    """Return the collections of an API by name; none where it does not list them."""
    found: dict[str, Document] = {}
    with suppress(Exception):  # an explanation must not replace the sentence that follows
        for page in io.get_pages(f"{origin.base.rstrip('/')}/collections"):
            found |= {str(c["id"]): c for c in page["collections"]}
            if len(found) > 2000:
                break
    return found


def _other_place(extents: list[Document], query: Query) -> None:
    from shapely.geometry import box

    boxes = [b for e in extents for b in _of(e, "spatial", "bbox") if isinstance(b, list) and len(b) in (4, 6)]
    if query.area is None or not boxes:
        return
    flat = [(b[0], b[1], b[2], b[3]) if len(b) == 4 else (b[0], b[1], b[3], b[4]) for b in boxes]
    if not all(isinstance(v, int | float) for b in flat for v in b) or any(b[0] > b[2] for b in flat):
        return
    if not any(box(*b).intersects(query.area.geometry) for b in flat):
        west, south, east, north = flat[0]
        raise InputError(
            f"The area lies outside of {query.catalogue.label}, which covers {west:g} to {east:g} degrees east and "
            f"{south:g} to {north:g} degrees north: use another catalogue, which eow.catalogues() lists."
        )


def _other_time(extents: list[Document], query: Query) -> None:
    spans = [s for e in extents for s in _of(e, "temporal", "interval") if isinstance(s, list) and len(s) == 2]
    if not spans or query.first is None or query.last is None:
        return
    starts = [str(s[0])[:10] if s[0] else "" for s in spans]
    ends = [str(s[1])[:10] if s[1] else "9999" for s in spans]
    if query.last.isoformat() < min(starts) or query.first.isoformat() > max(ends):
        until = "today" if max(ends) == "9999" else max(ends)
        raise InputError(
            f"{query.catalogue.label} has images from {min(starts) or 'the beginning'} to {until}, none from {query.first} to "
            f"{query.last}: change dates=."
        )


def _of(collection: Document, kind: str, name: str) -> list[Any]:
    extent = collection.get("extent")
    part = extent.get(kind) if isinstance(extent, dict) else None
    found = part.get(name) if isinstance(part, dict) else None
    return found if isinstance(found, list) else []
