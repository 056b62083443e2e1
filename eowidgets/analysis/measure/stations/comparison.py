"""Measurements compared with pixels: pairs, agreement by season, unmatched measurements, and a figure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from eowidgets.arguments import FilePath, Name, checked
from eowidgets.cube.export.place import target, write_whole
from eowidgets.errors import InputError, unknown

if TYPE_CHECKING:
    import xarray as xr

    from eowidgets.analysis.measure.report.content import Report


@checked
@dataclass(frozen=True, eq=False, repr=False)
class StationComparison:
    """Agreement of a cube with measurements, as :func:`eowidgets.stations` returns it.

    Parameters
    ----------
    pairs : DataFrame
        One row per matched measurement: ``station``, ``date``, ``lon``, ``lat``, ``value``, ``row`` (in the source),
        ``image`` (its date), ``days`` (image minus measurement), ``image_value``, ``pixels`` (that were clear) and ``season``.
    scores : DataFrame
        ``n``, ``stations``, ``bias`` (image minus ground), ``rmse`` and ``r``, each with the ends of a 95 % interval, for
        ``"all"`` and each season; empty without pairs.
    measurements : DataFrame
        All measurements that could be read.
    unmatched : DataFrame
        Those without a pair, and the rows that could not be read, with ``row`` and ``reason``.
    series : DataFrame
        The index at each station by date of the images; NaN where the pixels were not clear.
    index : str
    provenance : str
        JSON.

    Examples
    --------
    >>> import eowidgets as eow
    >>> import pandas as pd
    >>> ground = pd.DataFrame({"date": ["2019-07-05", "2019-08-02"], "lon": 22.152, "lat": 45.203, "value": [0.9, 0.88]})
    >>> eow.stations(eow.open("romania"), ground, "NDVI").stations
    ['45.2030° N, 22.1520° E']
    """

    pairs: pd.DataFrame
    scores: pd.DataFrame
    measurements: pd.DataFrame
    unmatched: pd.DataFrame
    series: pd.DataFrame
    index: str
    provenance: str

    @property
    def stations(self) -> list[str]:
        """Return the names of the stations in the cube."""
        return [str(name) for name in self.series.columns]

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return what was left out, one sentence for each reason."""
        total = len(self.measurements) + int((~self.unmatched["row"].isin(self.measurements["row"])).sum())
        return tuple(
            f"{count} of {total} measurements {'was' if count == 1 else 'were'} left out: {reason}."
            for reason, count in Counter(self.unmatched["reason"].tolist()).items()
        )

    @property
    def sentence(self) -> str:
        """Return the agreement in one sentence."""
        if not len(self.pairs):
            return "No measurement has a clear image within the tolerance: there is nothing to compare."
        row: Any = self.scores.loc["all"]
        parts = [
            f"{words} {_with_interval(row, name)}" for name, words in (("bias", "bias"), ("rmse", "RMSE"), ("r", "r"))
        ]
        stations = f"{int(row.stations)} station{'s' if row.stations != 1 else ''}"
        return f"{self.index}, image minus ground, {int(row.n)} pairs at {stations}: {', '.join(parts)}."

    def at(self, station: Name) -> pd.DataFrame:
        """Return the pairs of one station.

        Parameters
        ----------
        station : str
            Name of a station.

        Returns
        -------
        DataFrame
            One row per pair of a measurement and an image.

        Raises
        ------
        InputError
            For an unknown one.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import pandas as pd
        >>> ground = pd.DataFrame({"date": ["2019-07-05", "2019-08-02"], "lon": 22.152, "lat": 45.203, "value": [0.9, 0.88]})
        >>> found = eow.stations(eow.open("romania"), ground, "NDVI")
        >>> len(found.at(found.usual))
        2
        """
        if station not in set(self.measurements["station"]):
            raise unknown("station", station, set(self.measurements["station"]))
        return self.pairs[self.pairs["station"] == station].reset_index(drop=True)

    def figure(self, station: Name | None = None) -> Any:
        """Draw the series with the measurements, and measurements against pixels.

        Parameters
        ----------
        station : str, optional
            By default the one with the most pairs.

        Returns
        -------
        matplotlib Figure

        Raises
        ------
        InputError, MissingExtraError
            For an unknown station, or without matplotlib.
        """
        from eowidgets.analysis.measure.stations.figure import draw

        return draw(self, self.usual if station is None else station)

    @property
    def usual(self) -> str:
        """Return the station with the most pairs."""
        counts = self.pairs["station"].value_counts()
        return str(counts.index[0]) if len(counts) else self.stations[0]

    def save(self, path: FilePath) -> Path:
        """Write the pairs, and below them the measurements without a pair, as a table.

        Parameters
        ----------
        path : str or Path
            Ends in ``.csv``.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InputError, SourceError

        Examples
        --------
        >>> import eowidgets as eow
        >>> import tempfile
        >>> from pathlib import Path
        >>> import pandas as pd
        >>> ground = pd.DataFrame({"date": ["2019-07-05"], "lon": 22.152, "lat": 45.203, "value": [0.9]})
        >>> found = eow.stations(eow.open("romania"), ground, "NDVI")
        >>> found.save(Path(tempfile.mkdtemp()) / "pairs.csv").name
        'pairs.csv'
        """
        table = pd.concat([self.pairs, self.unmatched], ignore_index=True)
        return write_whole(target(path, (".csv",)), partial(table.to_csv, index=False, float_format="%.6g"))

    def to_report(self, *, cube: xr.Dataset | None = None, title: str = "") -> Report:
        """Return the comparison as a page to hand over.

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
        >>> import pandas as pd
        >>> ground = pd.DataFrame({"date": ["2019-07-05"], "lon": 22.152, "lat": 45.203, "value": [0.9]})
        >>> eow.stations(eow.open("romania"), ground, "NDVI").to_report(title="Ground truth").title
        'Ground truth'
        """
        from eowidgets.analysis.measure.stations.reported import station_report

        if not len(self.pairs):
            raise InputError(self.sentence)
        return station_report(self, cube, title)

    def __repr__(self) -> str:
        """Return a text with the number of matched measurements."""
        total, count = len(self.measurements), self.pairs["station"].nunique()
        where = f"{count} station{'s' if count != 1 else ''}"
        return f"StationComparison: {self.index}, {len(self.pairs)} of {total} measurements matched at {where}"


def _with_interval(row: Any, name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    held = f" (95 % interval {low:.3f} to {high:.3f})" if np.isfinite([low, high]).all() else ""
    return f"{row[name]:.3f}{held}" if np.isfinite(row[name]) else "not defined"
