"""Acquisition time of a STAC item, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from eowidgets.cube.sources.stac.documents import Document
from eowidgets.errors import InputError


def time_of(item: Document) -> datetime:
    """Return the time of an item: ``datetime``, else ``start_datetime``, else ``end_datetime``.

    Raises
    ------
    InputError
        If there is none, or it is not a date.
    """
    noted = (item["properties"].get(k) for k in ("datetime", "start_datetime", "end_datetime"))
    text = next((str(n) for n in noted if n), None)
    if text is None:
        raise InputError(
            f"The STAC item {_name(item)} has neither datetime nor start_datetime: it cannot be put in time."
        )
    return _parsed(text, item)


def period_of(item: Document) -> tuple[str, str]:
    """Return the first and the last day of an item as text; one day where it states a moment."""
    first = time_of(item)
    end = item["properties"].get("end_datetime")
    last = _parsed(end, item) if end and not item["properties"].get("datetime") else first
    return first.date().isoformat(), last.date().isoformat()


def _parsed(text: Any, item: Document) -> datetime:
    from pystac.utils import str_to_datetime

    try:
        found: datetime = str_to_datetime(str(text).strip().replace(" ", "T", 1))
    except ValueError:
        raise InputError(f"The date {str(text)[:80]!r} of the STAC item {_name(item)} is not understood.") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _name(item: Document) -> str:
    return repr(str(item.get("id"))[:60])
