"""``eow.parcels``: statistics of indices per parcel and date."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from annotated_types import doc

from eowidgets.analysis.measure.parcels.extract import extract, named_indices
from eowidgets.analysis.measure.parcels.footprint import footprint
from eowidgets.analysis.measure.parcels.outlines import Outlines, read_outlines
from eowidgets.analysis.measure.parcels.parcels import Parcels
from eowidgets.analysis.measure.parcels.report import ParcelReport
from eowidgets.analysis.measure.parcels.statistics import DEFAULT, checked_stats
from eowidgets.arguments import Memory, Name, checked
from eowidgets.cube.admission import admit
from eowidgets.cube.area import Area, AreaLike
from eowidgets.cube.area_source import CRSLike
from eowidgets.cube.grid import bounds, geobox, georeference
from eowidgets.cube.open import Dates
from eowidgets.cube.opened import remember
from eowidgets.cube.reduce import between
from eowidgets.engine.provenance import versions, whole
from eowidgets.errors import InputError, warn_user
from eowidgets.system import parse_bytes

PolygonsLike = Annotated[Any, doc("polygons: a GeoDataFrame, GeoJSON, areas, or the path of a file with polygons")]


@checked
def parcels(
    cube: xr.Dataset,
    polygons: PolygonsLike,
    indices: str | Sequence[str] = ("NDVI",),
    stats: str | Sequence[str] = DEFAULT,
    *,
    name: Name | None = None,
    area: AreaLike | None = None,
    dates: Dates | None = None,
    crs: CRSLike | None = None,
    memory: Memory = "2GB",
) -> Parcels:
    """Compute statistics of indices per parcel and date.

    Parameters
    ----------
    cube : Dataset (time, y, x)
        In memory or lazy: blocks are read one after the other, only those with parcels, and never the whole cube.
    polygons : GeoDataFrame, mapping, list, str or Path
        A GeoDataFrame; GeoJSON; areas or shapely polygons in degrees; or the path of GeoJSON, GeoPackage, FlatGeobuf, KML or a
        zipped shapefile. Other columns are kept, for instance the crop.
    indices : str or sequence of str
        Spectral indices or bands.
    stats : str or sequence of str
        ``"mean"``, ``"std"``, ``"median"``, ``"min"``, ``"max"``, percentiles such as ``"p10"``, ``"count"`` (clear pixels) and
        ``"clear"`` (their share of the pixels of the parcel, 0..1).
    name : str, optional
        The column with the names; by default the first of name, parcel, field, plot, id, ... that has a value.
    area : optional
        Whatever ``eow.Area.of`` takes: only pixels inside it count.
    dates : str or sequence, optional
        ``"2019"``, ``"2019-03/2019-09"``, or a pair.
    crs : optional
        CRS of the polygons where the source states none and they are not degrees.
    memory : str or number
        Main memory that the computation may take besides cube and result.

    Returns
    -------
    Parcels
        ``table`` has a row per parcel, date and index; ``report`` states what became of each polygon.

    Raises
    ------
    InputError, SourceError, MissingExtraError
        If no polygon touches the cube, or something given cannot be used.

    Notes
    -----
    The pixels of a parcel are those whose centre lies inside, as in :meth:`eow.Area.mask`; where there is none, those that it
    touches. A pixel counts on a date on which it is usable: ``valid`` and not in ``clouds``, as in ``cube.eow.series``, and the
    index has a value. Overlapping parcels keep all of their pixels.

    Examples
    --------
    >>> import eowidgets as eow
    >>> mill = eow.Area.of((22.146, 45.201, 22.149, 45.203), name="mill")
    >>> hill = eow.Area.of((22.151, 45.204, 22.154, 45.206), name="hill")
    >>> found = eow.parcels(eow.open("romania"), [mill, hill], dates="2019-06/2019-08")
    >>> found
    Parcels: 2 of 2 parcels, 15 dates, NDVI (mean, median, p10, p90, clear, count)
    """
    request = ParcelRequest(cube, polygons, indices, stats, name=name, area=area, dates=dates, crs=crs, memory=memory)
    found = request.measure()
    for sentence in found.report.sentences:
        warn_user(sentence)
    return found


class ParcelRequest:
    """A validated request for parcel statistics, ready to run: :func:`parcels` in steps, for panels.

    Attributes
    ----------
    cube : Dataset
        The dates that are read.
    outlines : Outlines
    feet : Footprint
    indices, stats : tuple of str
    """

    def __init__(
        self,
        cube: xr.Dataset,
        polygons: Any,
        indices: str | Sequence[str],
        stats: str | Sequence[str],
        *,
        name: str | None = None,
        area: Any = None,
        dates: Any = None,
        crs: Any = None,
        memory: str | float = "2GB",
    ) -> None:
        self._whole = admit(cube)
        self.cube = between(self._whole, dates)
        self.indices = named_indices(self.cube, indices)
        self.stats = checked_stats(stats)
        self.memory = parse_bytes(memory)
        self.area = None if area is None else Area.of(area)
        self.outlines = polygons if isinstance(polygons, Outlines) else read_outlines(polygons, name, crs)
        self.feet = footprint(self.outlines.shapes, geobox(self.cube), self.area)
        if not self.feet.pixels.any():
            raise InputError(_elsewhere(self.cube, self.outlines, self.area))
        options = {"name": name, "dates": _written(dates), "crs": None if crs is None else str(crs)}
        self._arguments = {"indices": list(self.indices), "stats": list(self.stats), **options}
        self._source = remember(polygons) if isinstance(polygons, str | Path) else None

    def measure(self, watch: Callable[[float], None] = lambda _: None) -> Parcels:
        """Read the cube and compute the statistics.

        Parameters
        ----------
        watch : callable
            Called after each block with the completed share; may raise to stop.
        """
        values, counts = extract(self.cube, self.feet, self.indices, self.stats, self.memory, watch)
        return self._result(values, counts)

    def _result(self, values: dict[str, npt.NDArray[Any]], counts: npt.NDArray[np.int32]) -> Parcels:
        ids = self.outlines.columns["parcel"].to_numpy()
        size = self.feet.size
        here = size != "outside"
        report = ParcelReport(
            len(ids),
            int(here.sum()),
            outside=tuple(ids[~here]),
            cut=tuple(ids[size == "cut"]),
            small=tuple(ids[size == "small"]),
            overlapping=tuple(ids[self.feet.overlap > 0]),
            unseen=tuple(ids[here & ~counts.any(axis=(0, 2))]),
            notes=self.outlines.notes,
        )
        extra = {"pixels": self.feet.pixels, "size": size.astype(object), "overlap": self.feet.overlap}
        columns = self.outlines.columns
        outlines = columns[["parcel", "name"]].assign(**extra)
        outlines = outlines.join(columns.drop(columns=["parcel", "name"])).assign(geometry=self.outlines.shapes)
        kept = {stat: found[:, here] for stat, found in values.items()}
        times = self.cube["time"].values.astype("datetime64[ns]")
        return Parcels(outlines, times, self.indices, kept, report, self._provenance())

    def _provenance(self) -> str:
        notes = {
            "call": "parcels",
            "arguments": self._arguments,
            "polygons": {"count": len(self.outlines), "source": self._source},
            "area": None if self.area is None else self.area.geojson,
            "versions": versions(),
            "whole": whole(georeference(self._whole)),
        }
        return json.dumps(notes, default=str)


def remeasure(parcels: Parcels, cube: xr.Dataset) -> Parcels:
    """Compute the statistics of parcels again from their outlines and provenance."""
    notes = json.loads(parcels.provenance)
    asked = notes["arguments"]
    outlines = Outlines(parcels.outlines["geometry"].to_numpy(object), *_columns(parcels))
    return ParcelRequest(
        cube, outlines, asked["indices"], asked["stats"], area=notes["area"], dates=asked["dates"]
    ).measure()


def _columns(parcels: Parcels) -> tuple[pd.DataFrame, tuple[str, ...]]:
    own = ["pixels", "size", "overlap", "geometry"]
    return parcels.outlines.drop(columns=own), parcels.report.notes


def _written(dates: Any) -> Any:
    """Return dates as plain values; a slice as an equivalent text."""
    if isinstance(dates, slice):
        return f"{dates.start or ''}/{dates.stop or ''}"
    return dates if isinstance(dates, str | None) else [None if d is None else str(d) for d in dates]


def _elsewhere(cube: xr.Dataset, outlines: Outlines, area: Area | None) -> str:
    import shapely

    west, south, east, north = bounds(cube)
    a, b, c, d = shapely.total_bounds(outlines.shapes)
    where = "the cube" if area is None else "the part of the cube in the area"
    return (
        f"None of the {len(outlines)} parcels ({a:.4f} to {c:.4f}° E, {b:.4f} to {d:.4f}° N) touches {where} "
        f"({west:.4f} to {east:.4f}° E, {south:.4f} to {north:.4f}° N): give the polygons of this place, or their crs=."
    )
