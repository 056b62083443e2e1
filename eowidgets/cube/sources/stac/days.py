"""Grouping of scenes by solar day into one picture of an area."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from eowidgets.cube.antimeridian import wrap
from eowidgets.cube.sources.stac.documents import Document
from eowidgets.cube.sources.stac.moments import time_of
from eowidgets.cube.sources.stac.scenes import Scene, sensor_of


def solar_day(moment: datetime, lon: float) -> date:
    """Return the date at a longitude by the position of the sun: one hour for every 15 degrees.

    Parameters
    ----------
    moment : datetime
        In UTC.
    lon : float
        In degrees; whole turns are ignored.

    Examples
    --------
    >>> from datetime import UTC
    >>> solar_day(datetime(2020, 6, 30, 23, 30, tzinfo=UTC), 150).isoformat()
    '2020-07-01'
    """
    return (moment + timedelta(hours=wrap(lon) / 15)).date()


def picture_of(item: Document, lon: float) -> tuple[str, str, str]:
    """Return the key that the items of one picture share: solar day, product, and direction of the orbit.

    Products with different bands (L30 and S30 of HLS) and radar from both sides of a place stay apart.
    """
    sensor = sensor_of(item)
    product = sensor.key if sensor else str(item.get("collection") or "")
    orbit = item["properties"].get("sat:orbit_state")
    return solar_day(time_of(item), lon).isoformat(), product, orbit if isinstance(orbit, str) else ""


def daily(scenes: Sequence[Scene], lon: float) -> list[int]:
    """Return the number of the picture of each scene, which is its date in the cube.

    Parameters
    ----------
    scenes : sequence of Scene
        In the order of time.
    lon : float
        Longitude of the middle of the area.
    """
    numbers: dict[Any, int] = {}
    return [numbers.setdefault(picture_of(s.document, lon), len(numbers)) for s in scenes]
