"""Formatting of numbers, dates and places for sentences."""

from __future__ import annotations

import calendar
from collections.abc import Mapping

from eowidgets.analysis.ask.dates import SEASONS
from eowidgets.analysis.ask.language import COVERS, IMAGES, SKIES, UNIONS, Scope
from eowidgets.analysis.ask.lexicon import INDICES

NAMES = {
    "field": "field or grass",
    "built-up": "built-up land",
    "bare": "bare ground",
    "cloud": "cloud",
    "snow": "snow",
}
#: Minimum difference between means of an index: clouds alone cause smaller ones.
TIE = 0.003
UNITS = {"ha": "ha", "km2": "km²", "m2": "m²"}


def name(of: str) -> str:
    """Return the name of a topic in a sentence."""
    land, _, suffix = of.partition(" ")
    if suffix in ("loss", "gain", "change"):
        return f"{NAMES.get(land, land)} {suffix}"
    return NAMES.get(of, of)


def hectares(value: float, unit: str = "ha") -> str:
    """Format a size with sensible digits."""
    return f"{number(value)} {UNITS[unit]}"


def number(value: float) -> str:
    """Format a number with up to three significant digits."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"


def percent(value: float) -> str:
    """Format a share in percent."""
    return f"{value:.0f} %" if value >= 10 or value == 0 else f"{value:.1f} %" if value >= 0.1 else "less than 0.1 %"


def where(scope: Scope) -> str:
    """Format a place: ``" in the north"``, ``" in the drawn area"``, or empty."""
    found = []
    if scope.place != "all":
        found.append(f"in the {scope.place}")
    if scope.area:
        found.append("in the drawn area")
    if scope.layer:
        found.append(f"in the layer {scope.layer[:40]!r}")
    if scope.point:
        found.append(f"at {degrees(*scope.point)}")
    return "".join(f" {w}" for w in found)


def degrees(lon: float, lat: float) -> str:
    """Format coordinates: ``"45.20290° N, 22.15150° E"``."""
    return f"{abs(lat):.5f}° {'N' if lat >= 0 else 'S'}, {abs(lon):.5f}° {'E' if lon >= 0 else 'W'}"


def when(first: str, last: str) -> str:
    """Format a period: ``" in 2019"``, ``" on 2019-07-06"`` or ``" from 2019-01-01 to 2019-06-05"``."""
    if first == last:
        return f" on {first}"
    if first[:4] == last[:4] and first[5:] <= "01-15" and last[5:] >= "12-15":
        return f" in {first[:4]}"
    if (
        first[:7] == last[:7]
        and first[8:] == "01"
        and int(last[8:]) == calendar.monthrange(int(last[:4]), int(last[5:7]))[1]
    ):
        return f" in {calendar.month_name[int(first[5:7])]} {first[:4]}"
    return f" from {first} to {last}" if _season(first, last) is None else f" in {_season(first, last)}"


def _season(first: str, last: str) -> str | None:
    """Format three whole months of a season, such as ``"summer 2019"``; None for other periods."""
    for name, (begin, end) in SEASONS.items():
        year = int(first[:4])
        ends = year + (end < begin)
        if first[4:] == f"-{begin:02d}-01" and last == f"{ends}-{end:02d}-{calendar.monthrange(ends, end)[1]}":
            return f"{name} {year}" if ends == year else f"winter {year}/{ends % 100:02d}"
    return None


def months(chosen: tuple[int, ...]) -> str:
    """Format months: ``", June to August only"``."""
    if not chosen:
        return ""
    words = [calendar.month_name[m] for m in chosen]
    return f", {words[0]} only" if len(words) == 1 else f", {words[0]} to {words[-1]} only"


def cells(shares: Mapping[str, float], scope: Scope | None = None) -> str:
    """Describe the distribution of something: the fewest fields that contain more than half of it.

    Fields are those of the place of the scope, which is named if it is not the whole scene.
    """
    part = " of that part" if scope is not None and (scope.place != "all" or scope.area or scope.layer) else ""
    if scope is not None and scope.point:
        return "in the pixel there"
    if not any(shares.values()):
        return "nowhere"
    top = sorted(shares, key=lambda c: -shares[c])
    if shares[top[0]] < 0.2:
        return "spread over all of it"
    chosen, total = [], 0.0
    for cell in top[:3]:
        chosen.append(cell)
        total += shares[cell]
        if total > 0.5:
            break
    words = (
        " and ".join(f"the {c}" for c in chosen[-2:])
        if len(chosen) < 3
        else f"the {chosen[0]}, the {chosen[1]} and the {chosen[2]}"
    )
    return f"mostly in {words}{part}" if total > 0.5 else f"most in {words}{part}"


def is_index(of: str) -> bool:
    """Return whether a topic is an index, as opposed to a kind of land or sky."""
    return of in INDICES or of.partition(" ")[0] not in (
        "",
        *COVERS,
        *UNIONS,
        *SKIES,
        *IMAGES,
        "change",
        "image",
        "clear",
    )
