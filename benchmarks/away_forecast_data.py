"""Records of other places and kinds for ``benchmarks.away_forecast``, from a folder of public data sets.

The folder is given by the environment variable ``EOW_DATA``; missing sets are left out. ``develop`` sets were
used while the methods were developed; ``test`` sets were scored once, at the end.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

import eowidgets as eow
from eowidgets.cube.grid import georeference

FOLDER = Path(os.environ.get("EOW_DATA", "data"))
#: Maximum number of series of a set.
SERIES = 256
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Record:
    """A record and the settings of its forecasts.

    Attributes
    ----------
    load : callable
        Returns a cube or a table.
    days : float
        Horizon.
    origins : int
        Number of forecast origins, evenly spaced from ``first`` (a share of the record) to the last possible one.
    first : float
    keep : float or None
        Days of the past that are used; None: all.
    develop : bool
    options : dict
        Additional arguments of ``eow.hindcast``.
    """

    load: Callable[[], Any]
    days: float
    origins: int
    first: float
    keep: float | None = None
    develop: bool = False
    options: tuple[tuple[str, Any], ...] = ()


def some(count: int) -> Array:
    """Return the positions of at most :data:`SERIES` series, evenly spaced."""
    return np.unique(np.linspace(0, count - 1, min(count, SERIES)).round().astype(int))


def long_table(values: Array, times: Array, name: str = "value") -> pd.DataFrame:
    """Return series (n, t) in long form."""
    n, t = values.shape
    return pd.DataFrame({"id": np.repeat(np.arange(n), t), "time": np.tile(times, n), name: values.ravel()})


def cube_of(ndvi: Array, times: Array) -> xr.Dataset:
    """Return NDVI (t, n) as a cube of one row; values that are not finite are invalid."""
    t, n = ndvi.shape
    where = {"y": [5_000_000.0], "x": 500_000 + 30.0 * np.arange(n)}
    cube = xr.Dataset(coords={"time": times.astype("datetime64[ns]"), **where})
    dims = ("time", "y", "x")
    cube["ndvi"] = (dims, ndvi[:, None].astype("float32"), {"quantity": "index", "units": "1"})
    cube["valid"] = (dims, np.isfinite(ndvi[:, None]))
    cube["clouds"] = (dims, np.zeros((t, 1, n), bool))
    return georeference(cube.rio.write_crs("EPSG:32634"))


def ett() -> pd.DataFrame:
    """Return electricity transformer data: seven channels, hourly for two years."""
    return pd.read_csv(FOLDER / "ett/ETT-small/ETTh1.csv", parse_dates=["date"])


def traffic() -> pd.DataFrame:
    """Return speeds at every twelfth of 207 sensors of Los Angeles, every five minutes of a week."""
    values = pd.read_csv(FOLDER / "traffic_losloop/los_speed.csv.gz").to_numpy()[:, ::12]
    return long_table(values.T, pd.date_range("2012-03-01", periods=len(values), freq="5min").to_numpy(), "speed")


def chickenpox() -> pd.DataFrame:
    """Return standardised weekly cases of 20 counties of Hungary for ten years."""
    values = np.array(json.loads((FOLDER / "traffic_losloop/chickenpox.json").read_text())["FX"])
    return long_table(values.T, pd.date_range("2005-01-03", periods=len(values), freq="7D").to_numpy(), "cases")


def soy() -> pd.DataFrame:
    """Return yearly soybean yields of counties of the United States with all fourteen years."""
    path = FOLDER / "soy_yield_us/yield_final.csv"
    rows = pd.read_csv(path, header=None, names=["year", "state", "county", "yield"])
    wide = rows.pivot_table(index="year", columns=["state", "county"], values="yield").dropna(axis=1)
    times = pd.to_datetime(wide.index.astype(str), format="%Y").to_numpy()
    return long_table(wide.to_numpy().T[some(wide.shape[1])], times, "yield")


def landsat() -> xr.Dataset:
    """Return NDVI of Landsat pixels of the northeastern United States, 423 dates in thirty years, Fmask masks."""
    with np.load(FOLDER / "landsat_p013r030/landsat_p013r030_300px_423d.npz", allow_pickle=False) as found:
        values, days = found["Y"].astype("float32"), found["dates_ordinal"]
    red, nir = values[2], values[3]
    bad = (values[7] > 1) | (values[:6] < 0).any(0) | (values[:6] > 16_000).any(0)
    ndvi = np.where(bad, np.nan, (nir - red) / np.where(bad, 1, nir + red))
    times = np.datetime64("0001-01-01") + (days - 1).astype("timedelta64[D]")
    return cube_of(ndvi[:, some(ndvi.shape[1])], times)


def modis() -> xr.Dataset:
    """Return NDVI of MODIS in Mato Grosso: 137 dates in six years."""
    with np.load(FOLDER / "modis_mt_cube/modis_mt_cube.npz", allow_pickle=False) as found:
        red, nir, times = found["red"], found["nir"], found["dates"].astype("datetime64[D]")
    ndvi = ((nir - red) / (nir + red)).reshape(len(times), -1)
    return cube_of(ndvi[:, some(ndvi.shape[1])], times)


def fields() -> xr.Dataset:
    """Return NDVI of fields in Central Asia in 2016, 23 dates, a quarter missing."""
    with np.load(FOLDER / "cawa_crops/cawa_crops.npz", allow_pickle=False) as found:
        ndvi, doy = found["ndvi"][found["year"] == 2016], found["doy"]
    return cube_of(ndvi[some(len(ndvi))].T, np.datetime64("2016-01-01") + (doy - 1).astype("timedelta64[D]"))


def brazil() -> xr.Dataset:
    """Return NDVI of MODIS at labelled places in Brazil, 23 dates of an agricultural year."""
    with np.load(FOLDER / "sits_modis/samples_mt_9classes.npz", allow_pickle=False) as found:
        ndvi, days = found["X"][..., list(found["bands"]).index("ndvi")], found["days"]
    return cube_of(ndvi[some(len(ndvi))].T, days[0].astype("datetime64[D]"))


def point() -> pd.DataFrame:
    """Return six bands and indices of a MODIS pixel in Mato Grosso, 204 dates in seventeen years."""
    with np.load(FOLDER / "sits_modis/point_mt_6bands.npz", allow_pickle=False) as found:
        values, days, names = found["X"][0], found["days"][0], [str(b) for b in found["bands"]]
    return pd.DataFrame(values, columns=names, index=days.astype("datetime64[D]").astype("datetime64[ns]"))


def romania(half: str) -> xr.Dataset:
    """Return one half of the Romanian sample, every third pixel of every third row."""
    cube = eow.open("romania")
    middle = cube.sizes["x"] // 2
    part = slice(middle, None) if half == "east" else slice(0, middle)
    return cube.isel(x=part).isel(x=slice(None, None, 3), y=slice(None, None, 3))


TWO_YEARS, ONE_YEAR = 730.5, 330.0
RECORDS: dict[str, Record] = {
    "ett, 24 h": Record(ett, 1.0, 10, 0.7, develop=True),
    "ett, 96 h": Record(ett, 4.0, 8, 0.7, develop=True),
    "chickenpox": Record(chickenpox, 182.0, 14, 0.45, develop=True),
    "modis_mt_cube": Record(modis, 180, 12, 0.62, develop=True),
    "romania east": Record(lambda: romania("east"), 90, 12, 0.62, develop=True),
    "chickenpox, 2 years": Record(chickenpox, 91.0, 14, 0.25, TWO_YEARS, develop=True),
    "modis_mt_cube, 2 years": Record(modis, 90, 12, 0.45, TWO_YEARS, develop=True),
    "romania east, 2 years": Record(lambda: romania("east"), 90, 12, 0.45, TWO_YEARS, develop=True),
    "modis_mt_cube, 11 months": Record(modis, 64, 12, 0.45, ONE_YEAR, develop=True),
    "romania east, 11 months": Record(lambda: romania("east"), 90, 12, 0.45, ONE_YEAR, develop=True),
    "chickenpox, 11 months": Record(chickenpox, 63.0, 12, 0.25, ONE_YEAR, develop=True),
    "traffic_losloop": Record(traffic, 0.125, 8, 0.6),
    "soy yield": Record(soy, 1096.0, 4, 0.5),
    "landsat_p013r030": Record(landsat, 180, 14, 0.5),
    "landsat_p013r030, 2 years": Record(landsat, 180, 14, 0.5, TWO_YEARS),
    "cawa_crops": Record(fields, 64, 3, 0.6),
    "sits, one year": Record(brazil, 64, 3, 0.6),
    "sits, one point": Record(point, 180.0, 14, 0.4),
    "romania west": Record(lambda: romania("west"), 90, 12, 0.62),
}
