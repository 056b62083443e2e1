"""Class maps with a known truth, and samples of them that are labelled with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

import eowidgets as eow
from eowidgets.analysis.measure.accuracy.class_map import ClassMap


def class_map(values: Any, crs: str = "EPSG:32635", size: float = 30.0, names: str = "") -> xr.DataArray:
    """Return an array of classes as a map; ``names`` with underscores, separated by spaces."""
    array = np.asarray(values, "uint8")
    rows, columns = array.shape
    left, top = (500_000.0, 5_000_000.0) if crs != "EPSG:4326" else (20.0, 60.0)
    coords = {"y": top - size * (np.arange(rows) + 0.5), "x": left + size * (np.arange(columns) + 0.5)}
    attrs = {"flag_values": list(range(len(names.split()))), "flag_meanings": names} if names else {}
    return xr.DataArray(array, dims=("y", "x"), coords=coords, attrs=attrs, name="classes").rio.write_crs(crs)


def labelled(raster: Any, points: eow.Sample, truth: Any) -> eow.Sample:
    """Return a sample with the classes of an array of names or numbers as labels."""
    found = ClassMap.of(raster)
    rows, columns, _ = found.at(points.table["lon"].to_numpy(), points.table["lat"].to_numpy())
    labels = np.asarray(truth)[rows, columns].tolist()
    return points.with_labels(dict(zip(points.table["id"].tolist(), labels, strict=True)))
