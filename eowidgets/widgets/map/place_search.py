"""Places by coordinates, or by name where there is a network."""

from __future__ import annotations

import json
import math
import re
import urllib.error
import urllib.parse
import urllib.request

from eowidgets.cube.area import Area
from eowidgets.errors import InputError, SourceError, shown
from eowidgets.system import offline

#: Search of OpenStreetMap, whose policy requires the name of the program and at most one request per second.
NOMINATIM = "https://nominatim.openstreetmap.org/search"
_AGENT = {"User-Agent": "eowidgets (https://pypi.org/project/eowidgets)"}
_TIMEOUT, _LARGEST = 8.0, 1_000_000
#: Half the side, in degrees, of the box around a point.
_AROUND = 0.02
_NUMBER = r"([-+−]?\d{1,3}(?:\.\d+)?)\s*°?\s*"
_COORDINATES = re.compile(rf"\s*{_NUMBER}([NSEW]?)\s*[,; ]\s*{_NUMBER}([NSEW]?)\s*", re.IGNORECASE)


def find_place(text: str, *, service: str = NOMINATIM) -> Area:
    """Find a place by coordinates or name.

    Parameters
    ----------
    text : str
        Latitude and longitude, such as ``45.2, 22.15`` or ``22.15 E 45.2 N``; or a name, which is sent to ``service``.
    service : str
        Address of a Nominatim server.

    Returns
    -------
    Area
        A box around it.

    Raises
    ------
    InputError, SourceError
        If coordinates lie off the globe, nothing has the name, or the service cannot be reached.

    Examples
    --------
    >>> find_place("45.2, 22.15").bounds
    (22.13, 45.18, 22.17, 45.22)
    """
    if not text.strip():
        raise InputError("Type a place: its name, or latitude and longitude such as 45.2, 22.15.")
    found = _COORDINATES.fullmatch(text)
    if found is not None:
        return _around(*_lonlat(text, *found.groups()))
    if offline():
        raise InputError(f"{shown(text)} cannot be looked up without a network: type latitude and longitude.")
    return _named(text, service)


def _lonlat(text: str, first: str, mark: str, second: str, mark2: str) -> tuple[float, float]:
    a, b = (
        float(v.replace("−", "-")) * (-1 if m.upper() in ("S", "W") else 1) for v, m in ((first, mark), (second, mark2))
    )
    swapped = {mark.upper(), "E", "W"} == {"E", "W"} or {mark2.upper(), "N", "S"} == {"N", "S"}
    lat, lon = (b, a) if swapped else (a, b)
    if abs(lat) > 90 or abs(lon) > 180:
        raise InputError(f"{shown(text)} is not on the globe: type latitude, then longitude.")
    return lon, lat


def _around(lon: float, lat: float) -> Area:
    south, north = max(lat - _AROUND, -90), min(lat + _AROUND, 90)
    return Area.of((round(lon - _AROUND, 9), round(south, 9), round(lon + _AROUND, 9), round(north, 9)))


def _named(text: str, service: str) -> Area:
    query = urllib.parse.urlencode({"q": text[:200], "format": "json", "limit": 1})
    request = urllib.request.Request(f"{service}?{query}", headers=_AGENT)  # noqa: S310  (the address is the program's)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            rows = json.loads(answer.read(_LARGEST))
        box = [float(v) for v in rows[0]["boundingbox"]] if rows else []
    except (urllib.error.URLError, OSError) as error:
        raise SourceError("The search for places cannot be reached: type latitude and longitude.") from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise SourceError(
            "The place search returned an answer that cannot be read: type latitude and longitude."
        ) from error
    if not box:
        raise InputError(f"No place is called {shown(text)}: try another spelling, or type latitude and longitude.")
    if len(box) != 4 or not all(map(math.isfinite, box)):
        raise SourceError("The place search returned an answer that cannot be read: type latitude and longitude.")
    south, north, west, east = box
    if east - west < 1e-6 or north - south < 1e-6:
        return _around((west + east) / 2, (south + north) / 2)
    return Area.of((west, south, east, north), name=text[:80])
