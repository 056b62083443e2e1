"""Labels: places with a class or a number, and when they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
import xarray as xr
from annotated_types import doc

from eowidgets.arguments import FilePath, Name, checked
from eowidgets.contract.labels.class_info import ClassInfo
from eowidgets.contract.labels.columns import ORIGIN, PERIOD, table_of
from eowidgets.contract.labels.files import write
from eowidgets.contract.labels.naming import MOST, check_classes, key
from eowidgets.contract.labels.placing import place
from eowidgets.contract.labels.rasters import is_raster, read_raster
from eowidgets.contract.labels.reading import read_rows
from eowidgets.cube.area_source import CRSLike
from eowidgets.cube.export.layers import NO_CLASS
from eowidgets.errors import InputError, shown, unknown

if TYPE_CHECKING:
    from eowidgets.contract.labels.placed import PlacedLabels

#: Sources that `Labels.of` reads.
LabelsLike = Annotated[Any, doc("labels: a GeoDataFrame, GeoJSON, a table with lon and lat, a class raster or a path")]
ClassList = Annotated[
    Sequence[str | ClassInfo] | Mapping[Any, str],
    doc("names, eow.ClassInfo objects, or a mapping from the values of the column to names"),
]
#: Classes that are listed in a line of text.
_LISTED = 8


@checked
@dataclass(frozen=True, eq=False)
class Labels:
    """Places with a class or a number.

    Make them with :meth:`of`.

    Parameters
    ----------
    table : DataFrame
        One row per label: ``geometry`` (shapely, longitude and latitude), ``target`` (the value of a class, or a number),
        ``start`` and ``end`` (NaT where it always holds), and ``by``, ``labelled`` and ``image``: who labelled, when, and on
        which image (text, empty where unknown). Only the first two are needed to make labels.
    classes : tuple of ClassInfo
        Empty for numbers.
    name : str
        Of the column of the classes, or of the quantity.
    unit : str
        Of the quantity.
    raster : DataArray, optional
        A class raster over (y, x) with a CRS, 255 where there is no class; the table is empty then.
    notes : tuple of str
        What reading left out, a sentence each.

    Examples
    --------
    >>> import eowidgets as eow
    >>> labels = eow.Labels.of([{"lon": 27.0, "lat": 45.1, "name": "forest"}, {"lon": 27.1, "lat": 45.1, "name": "water"}])
    >>> labels.counts()
    {'forest': 1, 'water': 1}
    """

    table: pd.DataFrame
    classes: tuple[ClassInfo, ...]
    name: Name = "class"
    unit: str = ""
    raster: xr.DataArray | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_classes(self.classes)
        if len(self.classes) > MOST:
            raise InputError(f"{len(self.classes)} classes were given, and a map has at most {MOST}: merge some.")
        if self.raster is not None:
            if set(self.raster.dims) != {"y", "x"} or self.raster.dtype != np.uint8 or not self.classes:
                raise InputError(
                    "raster of Labels is not a class raster with classes: read it with  eow.Labels.of(raster)."
                )
            object.__setattr__(self, "table", _table(pd.DataFrame({"geometry": [], "target": []}), self.classes))
        else:
            object.__setattr__(self, "table", _table(self.table, self.classes))

    @property
    def numeric(self) -> bool:
        """Return whether labels are numbers, not classes."""
        return not self.classes

    @classmethod
    def of(
        cls,
        source: LabelsLike,
        column: str | None = None,
        *,
        classes: ClassList | None = None,
        value: str | None = None,
        crs: CRSLike | None = None,
        name: Name | None = None,
    ) -> Labels:
        """Read labels from whatever holds them.

        Parameters
        ----------
        source : Labels, GeoDataFrame, mapping, DataFrame, DataArray, Dataset, list, str or Path
            A GeoDataFrame; GeoJSON; a table with columns lon and lat; a class raster; pins and polygons of a widget; or the
            path of GeoJSON, GeoPackage, FlatGeobuf, KML, a zipped shapefile, a table (.csv) or a GeoTIFF.
        column : str, optional
            The column of the class; where it is missing, the only one that may be: class, label, name, ...
        classes : sequence or mapping, optional
            The classes to read, as names, `ClassInfo` objects, or a mapping from what stands in the column to names. Labels of
            other classes are left out.
        value : str, optional
            The column of a number: the labels are numbers.
        crs : optional
            CRS of the coordinates where the source states none and they are not degrees.
        name : str, optional
            A name for the classes or the quantity; that of the column otherwise.

        Returns
        -------
        Labels
            ``notes`` states what was left out.

        Raises
        ------
        InputError, SourceError, MissingExtraError
            If the source has no labels, cannot be read, or leaves open which column is meant.

        Examples
        --------
        >>> pins = [{"lon": 24.01, "lat": 45.85, "class": "forest"}, {"lon": 24.02, "lat": 45.85, "class": "water"}]
        >>> labels = Labels.of(pins)
        >>> labels.counts()
        {'forest': 1, 'water': 1}
        """
        if isinstance(source, Labels):
            if any(given is not None for given in (column, classes, value, crs)):
                raise InputError("The labels have been read already: leave column=, classes=, value= and crs= out.")
            return source if name is None else replace(source, name=name)
        if column is not None and value is not None:
            raise InputError("column= names a class and value= a number: give one of them.")
        if is_raster(source):
            if value is not None or crs is not None:
                raise InputError("A class raster has no columns and its own CRS: leave value= and crs= out.")
            raster, found, called = read_raster(source, column, classes)
            return cls(pd.DataFrame({"geometry": [], "target": []}), found, name or called, raster=raster)
        table, found, called, unit, notes = table_of(read_rows(source, crs), column, value, classes)
        return cls(table, found, name or called, unit, notes=notes)

    def place(self, cube: xr.Dataset) -> PlacedLabels:
        """Return the pixels of a cube that carry a label.

        A polygon labels the pixels whose centre it holds, as :meth:`eow.Area.mask` does, or, where it holds none, those that
        it touches; a point labels the pixel that contains it, a line those that it touches. Pixels that were never observed
        while their label holds, and pixels with labels of different classes at the same time, are left out and counted.

        Parameters
        ----------
        cube : Dataset

        Returns
        -------
        PlacedLabels
            With a report.

        Raises
        ------
        InputError
            If no pixel is left, for instance because labels and cube lie in different places.

        Examples
        --------
        >>> import eowidgets as eow
        >>> Labels.of([{"lon": 22.15, "lat": 45.205, "class": "forest"}]).place(eow.open("romania"))
        PlacedLabels(1 pixel of 1 label)
        """
        return place(self, cube)

    def to_file(self, path: FilePath) -> Path:
        """Write the labels as GeoPackage, GeoJSON or, where all are points, as a table.

        Columns are the class (or number), ``color``, ``class_value``, ``start``, ``end``, ``by``, ``labelled`` and ``image``.
        `Labels.of` reads the file back as the same labels; classes without any label are not written.

        Parameters
        ----------
        path : str or Path
            Ends in ``.gpkg``, ``.geojson`` or ``.csv``; a file that exists is replaced when the new one is complete.

        Returns
        -------
        Path

        Raises
        ------
        InputError, SourceError, MissingExtraError
            If the labels do not fit into the format, or the file cannot be written.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import tempfile
        >>> from pathlib import Path
        >>> labels = eow.Labels.of([{"lon": 27.0, "lat": 45.1, "name": "forest"}, {"lon": 27.1, "lat": 45.1, "name": "water"}])
        >>> labels.to_file(Path(tempfile.mkdtemp()) / "labels.geojson").name
        'labels.geojson'
        """
        return write(self, path)

    def renamed(self, old: str, new: Name) -> Labels:
        """Return the labels with another name of a class.

        Parameters
        ----------
        old, new : str

        Returns
        -------
        Labels
            A copy.

        Raises
        ------
        InputError
            If there is no such class, or another has the new name.

        Examples
        --------
        >>> import eowidgets as eow
        >>> labels = eow.Labels.of([{"lon": 27.0, "lat": 45.1, "name": "forest"}, {"lon": 27.1, "lat": 45.1, "name": "water"}])
        >>> labels.renamed("forest", "trees").counts()
        {'trees': 1, 'water': 1}
        """
        one = self._class(old)
        return replace(self, classes=tuple(replace(c, name=new) if c is one else c for c in self.classes))

    def merged(self, names: Sequence[str], into: Name) -> Labels:
        """Return the labels with several classes as one.

        Parameters
        ----------
        names : sequence of str
        into : str
            Name of the class that takes their place: one of them, another class, or a new one.

        Returns
        -------
        Labels
            A copy.

        Raises
        ------
        InputError
            If there is no such class.

        Examples
        --------
        >>> import eowidgets as eow
        >>> labels = eow.Labels.of([{"lon": 27.0, "lat": 45.1, "name": "forest"}, {"lon": 27.1, "lat": 45.1, "name": "water"}])
        >>> labels.merged(["forest", "water"], into="not fields").counts()
        {'not fields': 2}
        """
        if not names:
            raise InputError("names of Labels.merged is empty: give the classes to merge.")
        chosen = [self._class(name) for name in names]
        same = next((c for c in self.classes if key(c.name) == key(into)), None)
        kept = replace(same or chosen[0], name=into)
        gone = {c.value for c in (*chosen, *((same,) if same else ()))}
        classes = tuple(
            kept if c.value == kept.value else c for c in self.classes if c.value == kept.value or c.value not in gone
        )
        table = self.table.assign(target=self.table["target"].where(~self.table["target"].isin(gone), kept.value))
        raster = self.raster
        if raster is not None:
            raster = raster.where(~raster.isin(sorted(gone)), np.uint8(kept.value)).astype(np.uint8)
        return replace(self, table=table, classes=classes, raster=raster)

    def counts(self) -> dict[str, int]:
        """Return how many labels each class has, of a raster how many pixels; for numbers, how many there are.

        Returns
        -------
        dict of str to int
            Name of a class to its number.

        Examples
        --------
        >>> import eowidgets as eow
        >>> labels = eow.Labels.of([{"lon": 27.0, "lat": 45.1, "name": "forest"}, {"lon": 27.1, "lat": 45.1, "name": "water"}])
        >>> labels.counts()
        {'forest': 1, 'water': 1}
        """
        if self.numeric:
            return {self.name: len(self.table)}
        found = self._pixels() if self.raster is not None else self.table["target"].value_counts()
        return {c.name: int(found.get(c.value, 0)) for c in self.classes}

    def __add__(self, other: Labels) -> Labels:
        """Return the labels of both; classes of the same name are one."""
        if not isinstance(other, Labels):
            return NotImplemented
        if self.raster is not None or other.raster is not None:
            raise InputError("Labels of a raster cannot be added to others: place each on the cube.")
        if self.numeric != other.numeric or (self.numeric and self.unit != other.unit):
            raise InputError(f"Labels of {shown(self.name)} and {shown(other.name)} are of different kinds or units.")
        classes, numbers = list(self.classes), {}
        for one in other.classes:
            same = next((c for c in classes if key(c.name) == key(one.name)), None)
            if same is None:
                taken = {c.value for c in classes}
                free = one.value if one.value not in taken else next((v for v in range(MOST) if v not in taken), None)
                if free is None:
                    raise InputError(f"Both together have more than {MOST} classes: merge some first.")
                same = replace(one, value=free)
                classes.append(same)
            numbers[one.value] = same.value
        theirs = other.table if self.numeric else other.table.assign(target=other.table["target"].map(numbers))
        table = pd.concat([self.table, theirs], ignore_index=True)
        return replace(self, table=table, classes=tuple(classes), notes=(*self.notes, *other.notes))

    def __len__(self) -> int:
        """Return the number of labels, of a raster that of its pixels with a class."""
        return sum(self._pixels().values()) if self.raster is not None else len(self.table)

    def __repr__(self) -> str:
        """Return the number of labels and their classes as text."""
        if self.numeric:
            return (
                f"Labels({len(self.table)} numbers of {shown(self.name)}{f' in {self.unit[:20]}' if self.unit else ''})"
            )
        more = ", ..." if len(self.classes) > _LISTED else ""
        if self.raster is not None:
            names = ", ".join(c.name[:30] for c in self.classes[:_LISTED])
            return f"Labels(raster of {self.raster.sizes['y']} x {self.raster.sizes['x']} pixels: {names}{more})"
        counts = ", ".join(f"{name[:30]} {count}" for name, count in list(self.counts().items())[:_LISTED])
        return f"Labels({len(self.table)}: {counts}{more})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td><span style='background:{c.color}'>&emsp;</span></td><td>{escape(c.name[:80])}</td></tr>"
            for c in self.classes
        )
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return f"<p>{escape(repr(self))}</p><table>{rows}</table>{f'<ul>{notes}</ul>' if notes else ''}"

    def _class(self, name: str) -> ClassInfo:
        found = next((c for c in self.classes if key(c.name) == key(name)), None)
        if found is None:
            raise unknown("class", name, [c.name for c in self.classes])
        return found

    def _pixels(self) -> dict[int, int]:
        found = np.bincount(np.asarray(self.raster).ravel(), minlength=NO_CLASS + 1)
        return {value: int(count) for value, count in enumerate(found.tolist()) if count and value != NO_CLASS}


def _table(table: pd.DataFrame, classes: tuple[ClassInfo, ...]) -> pd.DataFrame:
    """Return a table with all columns, in order.

    Raises
    ------
    InputError
        If geometries or targets are missing, or a target is not a class.
    """
    from shapely.geometry.base import BaseGeometry

    missing = [name for name in ("geometry", "target") if name not in table]
    if missing:
        raise InputError(f"table of Labels has no column {missing[0]!r}: make labels with  eow.Labels.of(...).")
    if not all(isinstance(g, BaseGeometry) for g in table["geometry"]):
        raise InputError("table of Labels has rows without a geometry: make labels with  eow.Labels.of(...).")
    made: dict[str, Any] = {"geometry": np.array([*table["geometry"], None], dtype=object)[:-1]}
    target = pd.to_numeric(table["target"], errors="coerce").to_numpy(float, na_value=np.nan)
    known = np.isfinite(target) if not classes else np.isin(target, [c.value for c in classes])
    if not known.all():
        bad = table["target"].tolist()[int((~known).argmax())]
        raise InputError(
            f"target of Labels is {shown(bad)} in some row, which is not a {'class' if classes else 'number'}."
        )
    made["target"] = target.astype(np.int64) if classes else target
    for name in PERIOD:
        try:
            moments = pd.to_datetime(table[name]) if name in table else np.full(len(table), np.datetime64("NaT", "ns"))
            made[name] = np.asarray(moments, "datetime64[ns]")
        except (ValueError, TypeError, OverflowError):
            raise InputError(f"The column {name} of Labels holds values that are not dates.") from None
    made |= {name: [str(v) for v in table[name]] if name in table else "" for name in ORIGIN}
    return pd.DataFrame(made, index=pd.RangeIndex(len(table)))
