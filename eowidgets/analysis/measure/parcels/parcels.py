"""Parcels with their statistics per date: table, series, outliers, map of a date, and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
import xarray as xr
from annotated_types import Gt

from eowidgets.analysis.measure.parcels.layer import choropleth
from eowidgets.analysis.measure.parcels.outliers import LEAST, THRESHOLD, outliers
from eowidgets.analysis.measure.parcels.report import ParcelReport
from eowidgets.arguments import Count, DateLike, FilePath, Name, checked
from eowidgets.cube.area_file import need_geopandas
from eowidgets.errors import InputError, shown, unknown

if TYPE_CHECKING:
    import geopandas as gpd

    from eowidgets.analysis.measure.report.content import Report


@checked
@dataclass(frozen=True, eq=False, repr=False)
class Parcels:
    """Statistics of parcels, as :func:`eowidgets.parcels` returns them.

    Parameters
    ----------
    outlines : DataFrame
        One row per polygon that was given: ``parcel`` (the id), ``name``, ``pixels``, ``size`` (``"inside"``, ``"cut"``,
        ``"small"``, ``"outside"``), ``overlap`` (pixels shared with others), the columns of the source, and ``geometry`` in
        degrees.
    times : ndarray of datetime64
        Dates of the images.
    indices : tuple of str
    values : mapping of str to ndarray, shape (indices, measured parcels, dates)
        Statistic -> values.
    report : ParcelReport
    provenance : str
        JSON.

    Examples
    --------
    >>> import eowidgets as eow
    >>> from eowidgets.testing import tiny_cube
    >>> cube = tiny_cube(dates=4)
    >>> field = eow.Area.of(cube.eow.bounds, name="field")
    >>> found = eow.parcels(cube, [field])
    >>> found.indices, len(found)
    (('NDVI',), 1)
    """

    outlines: pd.DataFrame
    times: np.ndarray
    indices: tuple[str, ...]
    values: Mapping[str, np.ndarray]
    report: ParcelReport
    provenance: str

    @property
    def stats(self) -> tuple[str, ...]:
        """Return the names of the statistics."""
        return tuple(self.values)

    @property
    def ids(self) -> list[str]:
        """Return the ids of the measured parcels, in the order of the values."""
        return self.measured["parcel"].tolist()

    @cached_property
    def measured(self) -> pd.DataFrame:
        """The outlines that have rows: all but those outside."""
        return self.outlines[self.outlines["size"] != "outside"].reset_index(drop=True)

    @property
    def gdf(self) -> gpd.GeoDataFrame:
        """Return the outlines as a GeoDataFrame in degrees.

        Raises
        ------
        MissingExtraError
            Without geopandas.
        """
        return need_geopandas("A GeoDataFrame").GeoDataFrame(self.outlines, geometry="geometry", crs="EPSG:4326")

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per index, parcel and date: ``parcel``, ``name``, ``date``, ``index`` and the statistics.

        Statistics are NaN on dates without a clear pixel; ``attrs["provenance"]`` states how they were made.
        """
        count, length = len(self.measured), len(self.times)
        found = pd.DataFrame(
            {
                "parcel": np.tile(np.repeat(self.measured["parcel"].to_numpy(object), length), len(self.indices)),
                "name": np.tile(np.repeat(self.measured["name"].to_numpy(object), length), len(self.indices)),
                "date": np.tile(self.times, count * len(self.indices)),
                "index": np.repeat(np.array(self.indices, object), count * length),
                **{stat: held.ravel() for stat, held in self.values.items()},
            }
        )
        found.attrs["provenance"] = self.provenance
        return found

    def series(self, name: str, index: Name | None = None) -> pd.DataFrame:
        """Return the statistics of one parcel by date.

        Parameters
        ----------
        name : str
            Id, or a name that one parcel has.
        index : str, optional
            By default the first.

        Returns
        -------
        DataFrame
            Indexed by date.

        Raises
        ------
        InputError
            For an unknown or shared name.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube(dates=4)
        >>> field = eow.Area.of(cube.eow.bounds, name="field")
        >>> found = eow.parcels(cube, [field])
        >>> len(found.series(found.ids[0]))
        4
        """
        i, at = self.number(index), self.position(name)
        found = pd.DataFrame({stat: held[i, at] for stat, held in self.values.items()}, index=self._dates())
        found.attrs |= {"parcel": self.ids[at], "index": self.indices[i]}
        return found

    def compare(self, names: Sequence[str], index: Name | None = None, stat: Name | None = None) -> pd.DataFrame:
        """Return one statistic of several parcels side by side, indexed by date, a column per parcel.

        Parameters
        ----------
        names : sequence of str
            Ids, or names that one parcel has.
        index : str, optional
            Index or band; by default the first.
        stat : str, optional
            Statistic; by default the first.

        Returns
        -------
        DataFrame
            Indexed by date, one column per parcel.

        Raises
        ------
        InputError
            If no parcel is named, or one does not exist.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube(dates=4)
        >>> field = eow.Area.of(cube.eow.bounds, name="field")
        >>> found = eow.parcels(cube, [field])
        >>> found.compare(found.ids).shape
        (4, 1)
        """
        if not names:
            raise InputError("There is no parcel to compare: name at least one.")
        held, *_ = self.of(index, stat)
        positions = [self.position(name) for name in names]
        return pd.DataFrame({self.ids[at]: held[at] for at in positions}, index=self._dates())

    def series_table(self, index: Name | None = None, stat: Name | None = None) -> pd.DataFrame:
        """Return one statistic as a table with the columns ``id``, ``date`` and ``value``, without cloudy dates.

        Models and functions of series take it in this form.

        Parameters
        ----------
        index : str, optional
            Index or band; by default the first.
        stat : str, optional
            Statistic; by default the first.

        Returns
        -------
        DataFrame
            Columns ``id``, ``date`` and ``value``.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube(dates=4)
        >>> field = eow.Area.of(cube.eow.bounds, name="field")
        >>> found = eow.parcels(cube, [field])
        >>> list(found.series_table().columns)
        ['id', 'date', 'value']
        """
        held, *_ = self.of(index, stat)
        found = pd.DataFrame(
            {
                "id": np.repeat(self.measured["parcel"].to_numpy(object), len(self.times)),
                "date": np.tile(self.times, len(self.measured)),
                "value": held.ravel().astype("float64"),
            }
        )
        return found.dropna(subset=["value"]).reset_index(drop=True)

    def at(self, date: DateLike, index: Name | None = None) -> gpd.GeoDataFrame:
        """Return the parcels with their statistics on the image nearest to a date.

        Parameters
        ----------
        date : date
        index : str, optional
            By default the first.

        Returns
        -------
        GeoDataFrame
            The measured outlines, with ``date`` (of the image), ``index`` and the statistics.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube(dates=4)
        >>> field = eow.Area.of(cube.eow.bounds, name="field")
        >>> found = eow.parcels(cube, [field])
        >>> len(found.at("2019-02-01"))
        1
        """
        i, t = self.number(index), self.nearest(date)
        told: dict[str, Any] = {"date": self.times[t], "index": self.indices[i]}
        found = self.measured.assign(**told, **{stat: held[i, :, t] for stat, held in self.values.items()})
        return need_geopandas("A GeoDataFrame").GeoDataFrame(found, geometry="geometry", crs="EPSG:4326")

    def choropleth(self, cube: xr.Dataset, index: Name | None = None, stat: Name | None = None) -> xr.Dataset:
        """Return a layer in which each pixel has the value of its parcel, date by date.

        Put it on a viewer with ``viewer.add_layer(layer, "parcels")``: it follows the date. It is computed as it is looked at.

        Parameters
        ----------
        cube : Dataset
            Gives the grid.
        index, stat : str, optional
            By default the first.

        Returns
        -------
        Dataset (time, y, x), lazy
            ``attrs`` of its variable hold the range over all dates (2nd to 98th percentile).

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube(dates=4)
        >>> field = eow.Area.of(cube.eow.bounds, name="field")
        >>> found = eow.parcels(cube, [field])
        >>> sorted(found.choropleth(cube).sizes)
        ['time', 'x', 'y']
        """
        held, index, stat = self.of(index, stat)
        shapes = self.measured["geometry"].to_numpy()
        return choropleth(shapes, held, self.times, cube, f"{index}, {stat} per parcel")

    def outliers(
        self,
        by: Name | None = None,
        index: Name | None = None,
        stat: Name | None = None,
        *,
        threshold: Annotated[float, Gt(0)] = THRESHOLD,
        least: Count = LEAST,
    ) -> pd.DataFrame:
        """Rank parcels by how far their series is from that of their class.

        Parameters
        ----------
        by : str, optional
            The column with the class, for instance the crop; without it all parcels are one class.
        index, stat : str, optional
            By default the first.
        threshold : float
            Robust z-score from which a parcel counts as an outlier.
        least : int
            Parcels that a class needs to be judged, and on a date to count.

        Returns
        -------
        DataFrame
            One row per parcel that was judged, the farthest first: ``parcel``, ``name``, ``class``, ``distance`` (typical
            distance from the median of the class, in robust standard deviations of the class on that date), ``score``
            (robust z-score of the logarithm of that distance within the class), ``outlier``, ``bias`` (median of the signed
            distances), ``date`` (of the largest distance) and ``dates`` (that counted). ``attrs["left_out"]`` lists the ids
            of parcels without a class, in a small class, or with too few dates.

        Raises
        ------
        InputError
            For an unknown column, or if no class has enough parcels.

        Notes
        -----
        On each date the median and the median absolute deviation (times 1.4826) over the parcels of a class give signed
        distances; the distance of a parcel is the root of the mean of their squares, each limited to 10. Its logarithm is
        compared with the median and the median absolute deviation of the class (the modified z-score of Iglewicz and Hoaglin,
        1993). Only large distances are outliers.
        """
        held, *_ = self.of(index, stat)
        if by is not None and by not in self.measured:
            raise unknown("column", by, [c for c in self.measured.columns if c not in ("parcel", "geometry")])
        classes = None if by is None else self.measured[by]
        return outliers(self.measured, held, self.times, classes, threshold, least)

    # --- files --------------------------------------------------------------------------------------------------

    def save(self, path: FilePath) -> Path:
        """Write table and outlines; a file that exists is replaced when the new one is complete.

        Parameters
        ----------
        path : str or Path
            Ends in ``.csv`` (the table alone), ``.parquet`` (GeoParquet: a row per index, parcel and date with the outline,
            CRS and provenance) or ``.gpkg`` (two layers, ``parcels`` with the outlines and ``series`` with the table, joined
            by ``parcel``).

        Returns
        -------
        Path

        Raises
        ------
        InputError, SourceError, MissingExtraError
            For another ending, a file that cannot be written, or without pyarrow.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import tempfile
        >>> from pathlib import Path
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube(dates=4)
        >>> field = eow.Area.of(cube.eow.bounds, name="field")
        >>> found = eow.parcels(cube, [field])
        >>> found.save(Path(tempfile.mkdtemp()) / "fields.csv").name
        'fields.csv'
        """
        from eowidgets.analysis.measure.parcels.files import write

        return write(self, path)

    @classmethod
    def open(cls, path: FilePath) -> Parcels:
        """Read what :meth:`save` wrote as GeoParquet or GeoPackage.

        Parameters
        ----------
        path : str or Path
            File ending with ``.parquet`` or ``.gpkg``.

        Returns
        -------
        Parcels
            What was saved.

        Raises
        ------
        InputError, SourceError, MissingExtraError
            If it is not such a file.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import tempfile
        >>> from pathlib import Path
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube(dates=4)
        >>> field = eow.Area.of(cube.eow.bounds, name="field")
        >>> found = eow.parcels(cube, [field])
        >>> len(eow.Parcels.open(found.save(Path(tempfile.mkdtemp()) / "fields.gpkg")))
        1
        """
        from eowidgets.analysis.measure.parcels.files import read

        return cls(**read(path))

    def to_report(self, *, cube: xr.Dataset | None = None, title: str = "") -> Report:
        """Return the first statistic of the first index as a page to hand over, with a map where ``cube`` is given.

        Parameters
        ----------
        cube : Dataset, optional
            The cube, for a map.
        title : str
            Title of the page; by default one that names the index.

        Returns
        -------
        Report
            The page.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube(dates=4)
        >>> field = eow.Area.of(cube.eow.bounds, name="field")
        >>> found = eow.parcels(cube, [field])
        >>> found.to_report(title="Fields").title
        'Fields'
        """
        from eowidgets.analysis.measure.parcels.reported import parcel_report

        return parcel_report(self, cube, title)

    # --- names --------------------------------------------------------------------------------------------------

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {one: at for at, one in enumerate(self.ids)}

    def position(self, name: str) -> int:
        """Return the position of a parcel among the measured ones, by id or by a name that one parcel has.

        Parameters
        ----------
        name : str
            Id, or a name that one parcel has.

        Returns
        -------
        int
            Position in the order of the values.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube(dates=4)
        >>> field = eow.Area.of(cube.eow.bounds, name="field")
        >>> found = eow.parcels(cube, [field])
        >>> found.position(found.ids[0])
        0
        """
        if name in self._positions:
            return self._positions[name]
        same = self.measured.index[self.measured["name"] == name].tolist()
        if len(same) == 1:
            return int(same[0])
        if same:
            listed = " or ".join(shown(self.ids[at]) for at in same[:3])
            raise InputError(f"{len(same)} parcels have the name {shown(name)}: give the id, such as {listed}.")
        if name in set(self.outlines["parcel"]) | set(self.outlines["name"]):
            raise InputError(f"The parcel {shown(name)} is outside the cube and has no series.")
        raise unknown("parcel", name, self.ids)

    def nearest(self, date: DateLike) -> int:
        """Return the position of the image nearest to a date.

        Parameters
        ----------
        date : date
            A date.

        Returns
        -------
        int
            Position in the order of the times.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube(dates=4)
        >>> field = eow.Area.of(cube.eow.bounds, name="field")
        >>> found = eow.parcels(cube, [field])
        >>> found.nearest("2019-01-20")
        1
        """
        return int(np.abs(self.times - np.datetime64(str(date)).astype(self.times.dtype)).argmin())

    def number(self, index: Name | None = None) -> int:
        """Return the position of an index; of the first where none is named.

        Parameters
        ----------
        index : str, optional
            Index or band; by default the first.

        Returns
        -------
        int
            Position in the order of the indices.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube(dates=4)
        >>> field = eow.Area.of(cube.eow.bounds, name="field")
        >>> found = eow.parcels(cube, [field])
        >>> found.number("ndvi")
        0
        """
        if index is None:
            return 0
        lower = [one.lower() for one in self.indices]
        if index.lower() not in lower:
            raise unknown("index", index, self.indices)
        return lower.index(index.lower())

    def of(self, index: Name | None = None, stat: Name | None = None) -> tuple[np.ndarray, str, str]:
        """Return the values (parcels, dates) of a statistic, and the names of index and statistic.

        Parameters
        ----------
        index : str, optional
            Index or band; by default the first.
        stat : str, optional
            Statistic; by default the first.

        Returns
        -------
        (array (parcels, dates), str, str)
            Values, name of the index, name of the statistic.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube(dates=4)
        >>> field = eow.Area.of(cube.eow.bounds, name="field")
        >>> found = eow.parcels(cube, [field])
        >>> found.of()[1:]
        ('NDVI', 'mean')
        """
        i, stat = self.number(index), self._stat(stat)
        return self.values[stat][i], self.indices[i], stat

    def _stat(self, stat: str | None) -> str:
        if stat is not None and stat not in self.values:
            raise unknown("statistic", stat, self.values)
        return stat or self.stats[0]

    def _dates(self) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(self.times, name="date")

    def __len__(self) -> int:
        return len(self.measured)

    def __repr__(self) -> str:
        """Return a text with the number of parcels and dates and the statistics."""
        what = f"{', '.join(self.indices)} ({', '.join(self.stats)})"
        return f"Parcels: {self.report.measured} of {self.report.given} parcels, {len(self.times)} dates, {what}"
