"""What a panel asks a catalogue for, as a value: searched, compared and written as code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from eowidgets.cube.catalogues.find import find
from eowidgets.cube.catalogues.found import Found
from eowidgets.cube.catalogues.query import Query
from eowidgets.cube.catalogues.reading import Sizes
from eowidgets.cube.catalogues.selection import Selection
from eowidgets.cube.sources.stac.find import date_range
from eowidgets.errors import InputError

#: Days before today that are searched where no dates are given.
_RECENT = timedelta(days=365)


@dataclass(frozen=True)
class FindSettings:
    """Arguments of ``eow.find``.

    Attributes
    ----------
    source : object
        Name of a catalogue, or what was given to the panel.
    area : dict or None
        GeoJSON geometry.
    dates : str or None
        ``"first/last"``; None for all.
    cloud : float or None
    remote : bool
    bands : tuple of str, optional
        None: those of the catalogue.
    resolution : float, optional
        Pixel size in metres; None: that of the catalogue.
    """

    source: Any
    area: Any
    dates: str | None
    cloud: float | None
    remote: bool
    bands: tuple[str, ...] | None = None
    resolution: float | None = None

    @classmethod
    def of(
        cls,
        source: Any,
        area: Any,
        first: date | None,
        last: date | None,
        cloud: float,
        remote: bool,
        bands: tuple[str, ...] | None = None,
        resolution: float | None = None,
    ) -> FindSettings:
        """Return the settings of controls.

        Raises
        ------
        InputError
            If one date is missing, or they are reversed.
        """
        if first is None and last is None:
            dates = None
        elif first is None or last is None:
            raise InputError("One of the two dates is missing: set both, or clear both for all dates.")
        elif last < first:
            raise InputError(f"The dates are reversed: {last} is before {first}. Exchange From and To.")
        else:
            dates = f"{first}/{last}"
        return cls(source, area, dates, float(cloud) if cloud < 100 else None, remote, bands, resolution)

    @property
    def _options(self) -> dict[str, Any]:
        return {"area": self.area, "dates": self.dates, "cloud": self.cloud, "remote": self.remote} | self.reading

    @property
    def reading(self) -> dict[str, Any]:
        """What decides how images are read, not which are found."""
        return {"bands": self.bands, "resolution": self.resolution}

    @property
    def query(self) -> Query:
        """The query, checked before any request; see :meth:`Query.of`."""
        return Query.of(self.source, **self._options)

    def find(self, tick: Callable[[], None], progress: Callable[[int, int | None], None]) -> Found:
        """Search; see ``eow.find``."""
        return find(self.source, **self._options, tick=tick, progress=progress)

    def code(self) -> str:
        """Return the code of a cell that searches and opens everything that is found."""
        return Found(Selection(self.query, ()), Sizes({}, None, "")).code()


def days_of(dates: Any, *, named: bool) -> tuple[date | None, date | None]:
    """Return the first and the last day of dates as ``eow.find`` takes them.

    Parameters
    ----------
    dates : object
    named : bool
        Whether an archive is searched: where no dates are given, its last 365 days are searched.

    Raises
    ------
    InputError
        If they cannot be read.
    """
    if dates is None:
        return (date.today() - _RECENT, date.today()) if named else (None, None)
    start, end, _ = date_range(dates)
    if start is None or end is None:
        return None, None
    try:
        return date.fromisoformat(start[:10]), date.fromisoformat(end[:10])
    except ValueError:
        raise InputError("The dates are not between the years 1 and 9999: correct them.") from None
