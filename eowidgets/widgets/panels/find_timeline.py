"""The dates that a search found, as a timeline to choose from."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import anywidget
import traitlets

from eowidgets.cube.catalogues.found import Found
from eowidgets.cube.catalogues.reading import size_in_words
from eowidgets.cube.catalogues.selection import SolarDay
from eowidgets.widgets.base import css, esm


class FindTimeline(anywidget.AnyWidget):
    """A bar per date: its height is the share of the area covered, its filled part the share without clouds.

    A click, the space bar or a box in the table below chooses a date; with shift a range.

    Attributes
    ----------
    rows : list of dict
        What :func:`rows_of` returns.
    chosen : list of str
        Dates, in the order of time.
    """

    _esm = esm("panels/find_timeline")
    _css = css("viewer/time_viewer", "panels/find_timeline")
    rows: Any = traitlets.List().tag(sync=True)
    chosen: Any = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def show(self, found: Found | None) -> None:
        """Show the dates of a result, none of them chosen."""
        with self.hold_sync():
            self.chosen = []
            self.rows = [] if found is None else rows_of(found)


def rows_of(found: Found) -> list[dict[str, Any]]:
    """Return one row per date; images of several products on one date are summed up.

    Returns
    -------
    list of dict
        ``date``, ``platform``, ``cloud`` (per cent or None), ``coverage`` (0 to 1), ``items`` (number of images), ``size``
        (in words), ``thumbnail`` (address or an empty text).
    """
    by_date: dict[str, list[SolarDay]] = defaultdict(list)
    for day in found.days:
        by_date[day.date].append(day)
    return [_row(date, days, found) for date, days in by_date.items()]


def _row(date: str, days: list[SolarDay], found: Found) -> dict[str, Any]:
    clouds = [d.cloud for d in days if d.cloud is not None]
    sizes = [found.sizes.of(d) for d in days]
    known = [s for s in sizes if s is not None]
    return {
        "date": date,
        "platform": ", ".join(dict.fromkeys(d.platform or d.product for d in days)),
        "cloud": sum(clouds) / len(clouds) if clouds else None,
        "coverage": max(d.coverage for d in days),
        "items": sum(len(d.items) for d in days),
        "size": size_in_words(sum(known)) if known and len(known) == len(sizes) else "an unknown size",
        "thumbnail": next((d.thumbnail for d in days if d.thumbnail), ""),
    }
