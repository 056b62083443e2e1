"""A stratified sample: points, design and labels."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from eowidgets.analysis.measure.accuracy.sample_files import read_points, write_points
from eowidgets.analysis.measure.accuracy.stratum import Stratum, checked_strata
from eowidgets.arguments import FilePath, checked
from eowidgets.errors import InputError, shown

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

#: Columns that interpreters fill in.
LABELS = ("label", "date", "confidence", "by", "labelled")
#: Spellings of "can't tell", in lower case.
CANT_TELL = "can't tell"
UNSURE = frozenset({CANT_TELL, "cannot tell", "can not tell", "cant tell", "unknown", "unsure", "?"})
#: Number of digits of the map digest in files.
DIGEST = 16


@checked
@dataclass(frozen=True, eq=False, repr=False)
class Sample:
    """Points drawn from the strata of a map, in random order, with the labels that were given so far.

    ``eow.sample`` draws one; :meth:`of` reads one back. The design (stratum, its pixels and its share of the area) is in
    every row of a file, so that no other program loses it.

    Parameters
    ----------
    table : DataFrame
        ``id``, ``lon``, ``lat`` (degrees), ``stratum``, and ``label``, ``date``, ``confidence``, ``by``, ``labelled``; further
        columns of a file are kept.
    strata : tuple of Stratum
        Empty for points without a design.
    map_sha256 : str
        First digits of the digest of the map that was sampled; empty for points of another origin.
    nested : bool
        Whether each stratum holds one map class only.
    provenance : str
        JSON; empty for a sample that was read from a table.
    notes : tuple of str
        What was left out when it was read.

    Examples
    --------
    >>> import eowidgets as eow
    >>> dark = (eow.open("romania")["nir"].isel(time=0) < 0.2).rename("dark")
    >>> drawn = eow.sample(dark, 20)
    >>> len(drawn), drawn.labelled
    (20, 0)
    """

    table: pd.DataFrame
    strata: tuple[Stratum, ...] = ()
    map_sha256: str = ""
    nested: bool = False
    provenance: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: Any) -> Sample:
        """Read a sample, with or without labels.

        Parameters
        ----------
        source : Sample, path, GeoDataFrame, DataFrame or GeoJSON
            Points, in a GeoPackage, GeoJSON, CSV or in memory, with the columns that :meth:`to_file` writes and any others.
            Without the columns of the design (``stratum``, ``stratum_pixels``, ``stratum_weight``) it is a table of points.

        Returns
        -------
        Sample
            The points.

        Raises
        ------
        InputError, SourceError
            If there are no points in it, or the weights of its strata do not add up to one.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import pandas as pd
        >>> len(eow.Sample.of(pd.DataFrame({"lon": [27.0, 27.1], "lat": [45.1, 45.1], "label": ["forest", ""]})))
        2
        """
        if isinstance(source, Sample):
            return source
        table, notes = read_points(source)
        strata = _strata_in(table)
        sha = _same(table, "map_sha256")
        nested = _same(table, "strata_are") == "map classes"
        design = ["stratum_pixels", "stratum_weight", "map_sha256", "strata_are"]
        table = table.drop(columns=[c for c in design if c in table])
        return cls(_completed(table), strata, sha, nested, notes=tuple(notes))

    def __post_init__(self) -> None:
        missing = [c for c in ("id", "lon", "lat", "label") if c not in self.table]
        if missing:
            raise InputError(f"The table of the sample has no column {missing[0]}: read it with eow.Sample.of(...).")

    def __len__(self) -> int:
        return len(self.table)

    @property
    def labelled(self) -> int:
        """Return the number of points with a label, "can't tell" included."""
        return int(self.table["label"].map(has_label).sum())

    def gdf(self) -> GeoDataFrame:
        """Return the points as a GeoDataFrame in degrees, with the design in its columns.

        Returns
        -------
        GeoDataFrame
            One row per point.

        Raises
        ------
        MissingExtraError
            Without geopandas.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import pandas as pd
        >>> len(eow.Sample.of(pd.DataFrame({"lon": [27.0, 27.1], "lat": [45.1, 45.1]})).gdf())
        2
        """
        from eowidgets.cube.area_file import need_geopandas

        geopandas = need_geopandas("A GeoDataFrame")
        table = self._written()
        return geopandas.GeoDataFrame(
            table, geometry=geopandas.points_from_xy(table["lon"], table["lat"]), crs="EPSG:4326"
        )

    def to_file(self, path: FilePath, *, blind: bool = False) -> Path:
        """Write points, labels and design; the file is whole or not there.

        Parameters
        ----------
        path : str or Path
            Ends in ``.gpkg``, ``.geojson`` or ``.csv``.
        blind : bool
            Write letters in place of the names of the strata, which would reveal the class in the map to those who label.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InputError, SourceError
            For another ending, or a folder that cannot be written.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import tempfile
        >>> from pathlib import Path
        >>> import pandas as pd
        >>> points = eow.Sample.of(pd.DataFrame({"lon": [27.0, 27.1], "lat": [45.1, 45.1]}))
        >>> points.to_file(Path(tempfile.mkdtemp()) / "points.csv").name
        'points.csv'
        """
        shown_sample = self.blind() if blind else self
        return write_points(shown_sample._written(), path)

    def blind(self) -> Sample:
        """Return the same sample with letters, in random order, in place of the names of the strata.

        Returns
        -------
        Sample
            A copy.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> dark = (tiny_cube().nir.isel(time=0) < 0.3).rename("dark")
        >>> drawn = eow.sample(dark, 20)
        >>> set(drawn.blind().table["stratum"]) <= {"A", "B"}
        True
        """
        order = np.random.default_rng(len(self.table)).permutation(len(self.strata))
        letters = {self.strata[i].name: _letters(k) for k, i in enumerate(order)}
        strata = tuple(dataclasses.replace(self.strata[i], name=letters[self.strata[i].name]) for i in order)
        table = self.table.assign(stratum=self.table["stratum"].map(lambda s: letters.get(s, s)))
        return dataclasses.replace(self, table=table, strata=strata)

    def with_labels(self, labels: Mapping[int, Any], *, by: str = "") -> Sample:
        """Return the sample with labels added.

        Parameters
        ----------
        labels : mapping
            Id of a point to its label, or to a mapping of columns (``label``, ``date``, ``confidence``).
        by : str
            Who labelled.

        Returns
        -------
        Sample
            A copy.

        Raises
        ------
        InputError
            For an id that no point has.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import pandas as pd
        >>> points = eow.Sample.of(pd.DataFrame({"lon": [27.0, 27.1], "lat": [45.1, 45.1]}))
        >>> first = int(points.table["id"].iloc[0])
        >>> points.with_labels({first: "forest"}).labelled
        1
        """
        table = self.table.astype({n: object for n in LABELS if n in self.table})
        row_of = {int(v): i for i, v in enumerate(table["id"])}
        for number, given in labels.items():
            if int(number) not in row_of:
                raise InputError(
                    f"There is no point {int(number)} in this sample of {len(self)}: give the id of a point."
                )
            columns = dict(given) if isinstance(given, Mapping) else {"label": given}
            for name, value in {"by": by, **columns}.items():
                if name not in table:
                    table[name] = ""
                table.loc[row_of[int(number)], name] = value
        return dataclasses.replace(self, table=table)

    def _written(self) -> pd.DataFrame:
        table = self.table.copy()
        if self.strata:
            by_name = {s.name: s for s in self.strata}
            table["stratum_pixels"] = [by_name[s].pixels for s in table["stratum"]]
            table["stratum_weight"] = [by_name[s].weight for s in table["stratum"]]
        if self.map_sha256:
            table["map_sha256"] = self.map_sha256
            table["strata_are"] = "map classes" if self.nested else "other"
        return table

    def __repr__(self) -> str:
        strata = f"{len(self.strata)} strata" if self.strata else "without a design"
        return f"<Sample: {len(self)} points, {strata}, {self.labelled} labelled>"

    def _repr_html_(self) -> str:
        from html import escape

        counts: Any = self.table.groupby("stratum").size() if "stratum" in self.table else {}
        rows = "".join(
            f"<tr><td>{escape(s.name)}</td><td>{s.pixels:,}</td><td>{s.weight:.4f}</td><td>{counts.get(s.name, 0)}</td></tr>"
            for s in self.strata
        )
        head = "<tr><th>stratum</th><th>pixels</th><th>share of the area</th><th>points</th></tr>"
        return f"<p>{escape(repr(self)[1:-1])}</p>" + (f"<table>{head}{rows}</table>" if rows else "")


def has_label(value: object) -> bool:
    """Return whether a cell holds a label."""
    return not (
        value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)) or str(value).strip() == ""
    )


def is_unsure(value: object) -> bool:
    """Return whether a label is "can't tell", in one of its forms."""
    return isinstance(value, str) and value.strip().lower().replace("’", "'") in UNSURE


def with_record(notes: Mapping[str, Any]) -> str:
    """Return the provenance of a sample or an assessment as JSON."""
    return json.dumps(dict(notes), default=str)


def _letters(number: int) -> str:
    text, number = "", number + 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def _completed(table: pd.DataFrame) -> pd.DataFrame:
    """Add the columns that every sample has; keep the ids if they are whole numbers."""
    found = table.copy()
    ids = pd.to_numeric(found["id"], errors="coerce") if "id" in found else pd.Series(np.nan, index=found.index)
    found["id"] = ids.astype(int) if ids.notna().all() and (ids == ids.round()).all() else np.arange(len(found))
    for name in LABELS:
        if name not in found:
            found[name] = ""
    first = ["id", "lon", "lat", *(["stratum"] if "stratum" in found else []), *LABELS]
    return found[[*first, *(c for c in found.columns if c not in first)]].reset_index(drop=True)


def _strata_in(table: pd.DataFrame) -> tuple[Stratum, ...]:
    """Return the strata of the design columns; an empty tuple without them.

    Raises
    ------
    InputError
        If rows contradict each other, or the weights do not add up.
    """
    if not {"stratum", "stratum_weight"} <= set(table.columns):
        return ()
    table["stratum"] = table["stratum"].astype(str)
    weights = pd.to_numeric(table["stratum_weight"], errors="coerce")
    if weights.isna().any():
        raise InputError(
            f"{int(weights.isna().sum())} points have no number as stratum_weight: restore the column of the file that was drawn."
        )
    pixels = (
        pd.to_numeric(table["stratum_pixels"], errors="coerce").fillna(0)
        if "stratum_pixels" in table
        else pd.Series(0, index=table.index)
    )
    strata = []
    for name, rows in table.groupby("stratum", sort=False).groups.items():
        if np.ptp(weights[rows]) > 1e-9 or np.ptp(pixels[rows]) > 0:
            raise InputError(
                f"The points of the stratum {shown(name)} have different weights: restore the file that was drawn."
            )
        strata.append(Stratum(str(name), int(pixels[rows].iloc[0]), float(weights[rows].iloc[0])))
    return checked_strata(strata)


def _same(table: pd.DataFrame, column: str) -> str:
    """Return the value that all rows share; an empty string if they differ."""
    values = {str(v) for v in table[column]} if column in table else set()
    return values.pop() if len(values) == 1 else ""
