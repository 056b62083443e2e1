"""What a search found, as a value: a table of days, the cost of reading them, and the cube."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from eowidgets.arguments import DateLike, checked
from eowidgets.cube.catalogues.page import page
from eowidgets.cube.catalogues.query import catalogue_of
from eowidgets.cube.catalogues.reading import Reading, Sizes, sizes_of
from eowidgets.cube.catalogues.selection import Selection, SolarDay
from eowidgets.cube.opened import plain_option
from eowidgets.cube.private import public
from eowidgets.errors import InputError, unknown

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@checked
@dataclass(frozen=True)
class Found:
    """The images that a catalogue has of an area; see :func:`eowidgets.find`.

    Attributes
    ----------
    selection : Selection
        The solar days and the query that gave them.
    sizes : Sizes
        The files of each image as they would be read.
    """

    selection: Selection
    sizes: Sizes

    @property
    def days(self) -> tuple[SolarDay, ...]:
        """Solar days with their images, in the order of time."""
        return self.selection.days

    @property
    def dates(self) -> list[str]:
        """Solar days as text; one that two products share is listed once."""
        return list(dict.fromkeys(d.date for d in self.days))

    @property
    def problems(self) -> tuple[str, ...]:
        """What the server failed to give, in sentences; empty where everything arrived."""
        return self.selection.problems

    @property
    def items(self) -> list[dict[str, Any]]:
        """STAC items, in the order of time."""
        return [item for item, _ in self.selection.pairs]

    @property
    def estimate(self) -> Reading:
        """Bytes and seconds of reading these days once."""
        return self.sizes.reading(self.days)

    @property
    def table(self) -> pd.DataFrame:
        """One row per solar day and product, which is one date of the cube.

        Columns: ``date`` (solar day), ``time`` (UTC, of the first image), ``platform``, ``product``, ``cloud`` (per cent, as
        the catalogue states it for whole images), ``coverage`` (share of the area within footprints, 0 to 1), ``items``
        (images), ``bytes`` (estimated, to read the bands), ``thumbnail`` (address or None).
        """
        import pandas as pd

        rows = [
            {
                "date": pd.Timestamp(d.date),
                "time": pd.Timestamp(d.time).tz_convert(None),
                "platform": d.platform,
                "product": d.product,
                "cloud": float("nan") if d.cloud is None else d.cloud,
                "coverage": d.coverage,
                "items": len(d.items),
                "bytes": self.sizes.of(d),
                "thumbnail": d.thumbnail,
            }
            for d in self.days
        ]
        return pd.DataFrame(rows).astype({"bytes": "Int64", "thumbnail": object})

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        query, days = self.selection.query, self.dates
        images = len(self.selection.pairs)
        text = (
            f"{query.catalogue.label}: {len(days)} {'day' if len(days) == 1 else 'days'} from {days[0]} to {days[-1]}, "
            f"{images} {'image' if images == 1 else 'images'}."
        )
        if self.selection.cloudy:
            text += f" {self.selection.cloudy} cloudier days are left out (cloud={query.cloud:g})."
        if self.selection.replaced:
            text += f" {self.selection.replaced} images are left out because a better processing baseline covers them."
        return text

    def select(self, dates: str | DateLike | Sequence[str | DateLike]) -> Found:
        """Return the result with some days only.

        Parameters
        ----------
        dates : str, date or sequence
            Solar days, such as ``"2020-06-30"`` or ``["2020-06-30", "2020-07-05"]``, or a range ``"2020-06/2020-08"``.

        Returns
        -------
        Found

        Raises
        ------
        InputError
            If a day was not found, with the nearest ones.
        """
        import numpy as np

        from eowidgets.cube.sources.stac.find import date_range

        if isinstance(dates, str) and ("/" in dates or dates not in self.dates):
            start, end, _ = date_range(dates)
            kept = [d for d in self.days if start and end and start[:10] <= d.date <= end[:10]]
            if not kept:
                raise unknown("day", dates, self.dates)
        else:
            given = dates if isinstance(dates, Sequence) and not isinstance(dates, str) else [dates]
            wanted = {str(np.datetime64(str(d)[:10], "D")) for d in given}
            if not wanted:
                raise InputError("No day is selected: give at least one of those in .dates.")
            missing = sorted(wanted - set(self.dates))
            if missing:
                raise unknown("day", missing[0], self.dates)
            kept = [d for d in self.days if d.date in wanted]
        return Found(self.selection.only(tuple(kept)), self.sizes)

    def read_as(self, bands: Sequence[str] | None = None, resolution: float | None = None) -> Found:
        """Return the same images with other bands or another pixel size, for the estimate and :meth:`open`.

        No catalogue is searched; the header and one tile of one file are read, to measure time and compression, unless this
        file was measured before.

        Parameters
        ----------
        bands : sequence of str, optional
            None: those of the catalogue's entry.
        resolution : float, optional
            In units of the CRS. None: that of the catalogue's entry.
        """
        query = replace(self.selection.query, bands=None if bands is None else tuple(bands), resolution=resolution)
        selection = replace(self.selection, query=query)
        return Found(selection, sizes_of(selection, measure=True, probes=self.sizes.probes))

    def open(self, **options: Any) -> xr.Dataset:
        """Open these days as a cube, one date per row of the table.

        Parameters
        ----------
        **options
            Of :func:`eowidgets.open`, such as ``bands``, ``resolution``, ``crs``, ``clouds``, ``chunks``; by default those
            of the search. The area and the days are those of the search.

        Returns
        -------
        Dataset
            Lazy: pixels are read where they are used.

        Raises
        ------
        InputError, SourceError
            See :func:`eowidgets.open`.
        """
        from eowidgets.cube.open import open as open_cube

        for name in ("area", "bbox", "dates", "cloud"):
            if name in options:
                raise InputError(f"{name}= was given to eow.find: search again, or use select(...) for fewer days.")
        query = self.selection.query
        usual = {k: v for k, v in (("bands", query.bands), ("resolution", query.resolution)) if v is not None}
        return open_cube(self.selection, **(usual | options))

    def code(self) -> str:
        """Return the code of a cell that repeats the search and opens the cube."""
        query = self.selection.query
        source = query.source if isinstance(query.source, str) else query.catalogue.name or query.catalogue.api
        words = [repr(public(source)) if source else "items"]
        area = None if query.area is None else plain_option(query.area)
        given = {"area": area, "dates": plain_option(query.dates), "cloud": query.cloud}
        given |= {"bands": None if query.bands is None else list(query.bands), "resolution": query.resolution}
        given |= {"collections": list(query.catalogue.collections) if self._other_collections() else None}
        given |= {"remote": query.remote or None}
        words += [f"{k}={v!r}" for k, v in given.items() if v is not None]
        chosen = f".select({self.dates!r})" if self.selection.chosen else ""
        first = [] if source else ["items = ...  # the STAC items"]
        lines = ["import eowidgets as eow", "", *first, f"found = eow.find({', '.join(words)})"]
        return "\n".join([*lines, f"cube = found{chosen}.open()"])

    def _other_collections(self) -> bool:
        """Return whether other collections were searched than those of the catalogue's entry."""
        query = self.selection.query
        return catalogue_of(query.source).collections != query.catalogue.collections

    def __len__(self) -> int:
        return len(self.days)

    def __repr__(self) -> str:
        lines = [self.sentence, self.estimate.sentence, *(f"Problem: {p}" for p in self.problems[:5])]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return a timeline, the table, the cost of reading and the problems as HTML."""
        return page(
            self.sentence, self.estimate.sentence, self.problems, self.days, [self.sizes.of(d) for d in self.days]
        )
