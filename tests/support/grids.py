"""Small cubes on grids all over the globe, each pixel with a value of its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import rioxarray  # noqa: F401  (gives .rio)
import xarray as xr

#: Name -> left, top, pixel size, columns, rows, CRS.
GRIDS = {
    "Fiji, UTM 60 south": (790_000, 8_000_000, 1000, 60, 20, "EPSG:32760"),
    "Fiji, UTM 1 south": (170_000, 8_000_000, 1000, 60, 20, "EPSG:32701"),
    "Chukotka, UTM 1 north": (350_000, 7_400_000, 2000, 100, 30, "EPSG:32601"),
    "0..360, part": (198.75, 76.25, 2.5, 52, 25, "EPSG:4326"),
    "0..360, around 180": (170, 10, 0.5, 40, 20, "EPSG:4326"),
    "0..360, whole": (0, 90, 5, 72, 36, "EPSG:4326"),
    "0..360, centres on the poles": (-1.25, 91.25, 2.5, 144, 73, "EPSG:4326"),
    "-180..180, whole": (-180, 90, 5, 72, 36, "EPSG:4326"),
    "-180..180, NAD 83": (-125, 50, 0.5, 100, 50, "EPSG:4269"),
    "Antarctica, pole inside": (-3_000_000, 3_000_000, 50_000, 120, 120, "EPSG:3031"),
    "Arctic, pole inside": (-3_850_000, 5_850_000, 50_000, 152, 224, "EPSG:3413"),
    "Antarctica, across 180": (-500_000, -1_000_000, 10_000, 100, 30, "EPSG:3031"),
    "Antarctica, pole outside": (1_000_000, 2_000_000, 1000, 200, 100, "EPSG:3031"),
    "Arctic, pole outside": (500_000, -500_000, 5000, 60, 40, "EPSG:3413"),
    "New Zealand": (1_000_000, 6_200_000, 10_000, 120, 150, "EPSG:2193"),
    "Pacific, Mercator": (0, 4_000_000, 40_000, 400, 200, "EPSG:3832"),
    "whole, Mercator": (-20_037_508.34, 20_037_508.34, 313_086.07, 128, 128, "EPSG:3857"),
    "whole, equal area": (-17_367_530.45, 7_314_540.83, 144_128.88, 241, 101, "EPSG:6933"),
    "Romania": (500_000, 5_000_000, 10, 30, 20, "EPSG:32635"),
}


def grid_cube(name: str, dates: int = 2) -> xr.Dataset:
    """Return a cube with the band ``red`` whose values are the numbers of the pixels, 1 for the first."""
    left, top, size, width, height, crs = GRIDS[name]
    numbers = 1 + np.arange(height * width, dtype="float32").reshape(height, width)
    values = np.stack([numbers] * dates)
    return xr.Dataset(
        {
            "red": (("time", "y", "x"), values, {"units": "count"}),
            "valid": (("time", "y", "x"), np.ones(values.shape, bool)),
        },
        coords={
            "time": pd.date_range("2020-01-03", periods=dates, freq="11D").astype("datetime64[ns]"),
            "y": top - size * (np.arange(height) + 0.5),
            "x": left + size * (np.arange(width) + 0.5),
        },
        attrs={"title": name},
    ).rio.write_crs(crs)
