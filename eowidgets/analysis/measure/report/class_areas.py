"""The area of each class of a map, from pixel counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from eowidgets.cube.grid import geobox
from eowidgets.cube.pixel_area import pixel_hectares
from eowidgets.errors import EowidgetsError
from eowidgets.render.classes import classes_of


def class_areas(values: xr.DataArray) -> pd.DataFrame:
    """Return pixels, hectares and share of the classes that occur or are in the legend.

    Parameters
    ----------
    values : DataArray (y, x)
        A class map with a legend in its attributes.

    Returns
    -------
    DataFrame
        ``class``, ``pixels``, ``area (ha)`` (NaN without a CRS), ``share (%)`` of the pixels with a class.
    """
    try:
        hectares = np.broadcast_to(pixel_hectares(geobox(values.to_dataset(name="classes"))), values.shape)
    except EowidgetsError:  # a grid without a location
        hectares = np.full(values.shape, np.nan)
    codes = values.values.astype(int)
    rows = []
    for row in classes_of(values):
        here = codes == row["value"]
        rows.append((row["name"], int(here.sum()), float(hectares[here].sum())))
    total = max(1, sum(count for _, count, _ in rows))
    return pd.DataFrame(
        [(name, count, area, 100 * count / total) for name, count, area in rows],
        columns=["class", "pixels", "area (ha)", "share (%)"],
    )
