"""The report of a map of change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from eowidgets.analysis.change.report import (
    changed_places,
    filter_places,
    ground,
    least_hectares,
    sentence,
    timeline,
)
from eowidgets.analysis.measure.report.assemble import HECTARES, PIXELS, assemble
from eowidgets.analysis.measure.report.charts import bars
from eowidgets.analysis.measure.report.content import Report, Table
from eowidgets.analysis.measure.report.maps import map_of
from eowidgets.cube.grid import geobox

if TYPE_CHECKING:
    import geopandas as gpd


def change_report(
    found: xr.Dataset,
    cube: xr.Dataset | None = None,
    title: str = "",
    date: str = "",
    *,
    places: gpd.GeoDataFrame | None = None,
    least: float | None = None,
) -> Report:
    """Return the report of change.

    Parameters
    ----------
    found : Dataset
        A result of ``eow.change``.
    cube : Dataset, optional
    title, date : str
        As for :func:`~eowidgets.analysis.measure.report.of_result.report`.
    places : GeoDataFrame, optional
        The places to report, already filtered; by default those of at least ``least`` hectares.
    least : float, optional
        Minimum area in hectares; by default ten pixels, at most 0.1 ha.
    """
    least = least_hectares(found) if least is None else least
    if places is None:
        places = filter_places(changed_places(found), smallest=least)
    begin, end = found.attrs["change_dates"]
    figures = [map_of(_of_places(found, places), f"Change between {begin} and {end}", cube=cube, date=date)]
    tables = []
    if len(places):
        days = timeline(places)
        figures.append(bars(list(days["date"]), list(days["hectares"]), "changed (ha)", "Hectares by date first seen"))
        names = {"hectares": "area (ha)", "date": "first seen", "kind": "kind", "confidence": "confidence (0 to 1)"}
        tables.append(Table.of(places[["id", *names]].rename(columns=names), "Places, the largest first"))
    return assemble(
        found,
        cube,
        title,
        answer=sentence(found, places),
        figures=figures,
        tables=tables,
        definitions={
            "changed": f"places of at least {ground(least, 2)} whose pixels the method stated below marks between the two dates",
            "area": f"{HECTARES}; {PIXELS}",
            "first seen": "the median, over the pixels of a place, of the first date with a detected change",
            "confidence": "the mean probability that the method gives, which is not calibrated",
        },
    )


def _of_places(found: xr.Dataset, places: gpd.GeoDataFrame) -> xr.DataArray:
    """Return the kinds of change, or the change mask, for the pixels in the places."""
    from rasterio.features import geometry_mask

    if not len(places):
        return found["change"]
    kinds = "kind" in found and bool((found["kind"].values != 255).any())
    values = found["kind" if kinds else "change"]
    box = geobox(found)
    inside = geometry_mask(places.geometry, box.shape, box.affine, invert=True)
    return values.copy(data=np.where(inside, values.values, 255).astype(np.uint8))
