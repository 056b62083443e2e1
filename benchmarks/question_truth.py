"""Reference values for the questions of ``benchmarks.questions``, computed with NumPy from the cube or from known truth.

Nothing here uses ``eowidgets.analysis``. Every public function with a :class:`Case` as its first argument is a reference that a
question may name: ``["band_mean", {"of": "NDVI", "when": "2018-07"}]``.

Times are given as text: ``"2018"``, ``"2018-07"``, ``"2018-07-31"``, ranges ``"2018-06..2018-08"`` (both ends included), and
``"*-07"`` for July of every year; ``&`` joins two of these that must both hold.
Places are ``"north"``, ``"south-west"``, ...: halves and quarters as in docs/ask.md.
"""

from __future__ import annotations

import calendar
import datetime
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

import eowidgets as eow
from benchmarks import question_cubes
from eowidgets.cube.grid import georeference

FOLDER = Path(os.environ.get("EOW_DATA", ""))
#: Land cover of the single-date chips (Esri annual land cover as delivered with TerraMind).
CHIP_CLASSES = {"water": 1, "forest": 2, "wetland": 3, "field": 4, "built-up": 5, "bare": 6, "snow": 7, "rangeland": 9}
SIMULATED_CLASSES = {"water": 0, "forest": 1, "field": 2, "built-up": 3, "bare": 4}
#: Cube, file and day of the single-date chips.
CHIPS = {
    "coast": ("282D_485L_3_3", "2021-07-23"),
    "savanna": ("38D_378R_2_3", "2023-06-10"),
    "valley": ("433D_629L_3_1", "2020-04-08"),
    "winter": ("609U_541L_3_0", "2020-01-11"),
    "farmland": ("637U_59R_1_3", "2017-10-30"),
}
SEEDS = {
    "simulated-1": 101,
    "simulated-2": 102,
    "simulated-3": 201,
    "simulated-4": 202,
    "simulated-5": 301,
    "simulated-6": 302,
}


@dataclass(frozen=True)
class Case:
    """A cube and its reference data.

    Parameters
    ----------
    cube : Dataset
    classes : ndarray (time, y, x) or None
        True land cover on every date.
    names : dict of str to int
        Its classes.
    events : tuple
        Events of a simulated scene.
    satellite : str
    """

    cube: xr.Dataset
    classes: npt.NDArray[np.uint8] | None = None
    names: dict[str, int] = field(default_factory=dict)
    events: tuple[Any, ...] = ()
    satellite: str = "Sentinel-2"

    @property
    def days(self) -> npt.NDArray[np.datetime64]:
        """Days of the images."""
        return self.cube["time"].values.astype("datetime64[D]")

    @property
    def clear(self) -> npt.NDArray[np.bool_]:
        """Pixels (time, y, x) that are valid and not under cloud."""
        return self.cube["valid"].values & ~self.cube["clouds"].values


@cache
def case(name: str) -> Case:
    """Open the cube of this name with its reference data.

    Raises
    ------
    FileNotFoundError
        If the cube needs the folder ``EOW_DATA`` and the variable is not set.
    """
    if name in ("romania", "bouconne"):
        return Case(eow.open(name).load())
    if name in SEEDS:
        from eowidgets.simulate import simulate

        scene = simulate(height=96, width=96, start="2017-01-01", end="2019-12-31", radar=False, seed=SEEDS[name])
        return Case(scene.cube, scene.classes.values, SIMULATED_CLASSES, scene.events)
    if name in question_cubes.SCENES:
        return _fresh(name)
    if not os.environ.get("EOW_DATA"):
        raise FileNotFoundError(f"The cube {name!r} needs the environment variable EOW_DATA: a folder of data sets.")
    if name in CHIPS:
        return _chip(*CHIPS[name])
    if name in question_cubes.SERIES:
        return _fresh(name)
    from benchmarks import away_data

    sensor, satellite = {
        "modis": ("modis-vi", "MODIS"),
        "kranj": ("modis", "MODIS"),
        "landsat": ("landsat-tm", "Landsat"),
        "formosat": ("", "FORMOSAT-2"),
    }[name]
    cube = getattr(away_data, name)().load()
    titles = {
        "modis": "MODIS MOD13Q1, Mato Grosso",
        "kranj": "MODIS daily, Kranj, spring 2020",
        "landsat": "Landsat TM and ETM+, path 13 row 30",
        "formosat": "FORMOSAT-2, fields near Toulouse, 2006",
    }
    if sensor:
        cube = cube.assign_attrs(sensor=sensor)
    return Case(cube.assign_attrs(title=titles[name]), satellite=satellite)


def _fresh(name: str) -> Case:
    found: Case = question_cubes.open_case(name, Case(xr.Dataset()), SIMULATED_CLASSES, CHIP_CLASSES)
    return found


def _chip(stem: str, day: str) -> Case:
    import rasterio

    folder = FOLDER / "terramind_examples"
    with rasterio.open(folder / f"S2L2A_{stem}.tif") as file:
        values, crs, grid = file.read().astype("float32") / 1e4, file.crs, file.transform
    with rasterio.open(folder / f"LULC_{stem}.tif") as file:
        classes = file.read()
    names = (
        "coastal",
        "blue",
        "green",
        "red",
        "rededge1",
        "rededge2",
        "rededge3",
        "nir",
        "nir08",
        "nir09",
        "swir16",
        "swir22",
    )
    size = values.shape[1:]
    coords = {
        "time": np.array([day], "datetime64[ns]"),
        "y": grid.f + grid.e * (np.arange(size[0]) + 0.5),
        "x": grid.c + grid.a * (np.arange(size[1]) + 0.5),
    }
    dims = ("time", "y", "x")
    cube = xr.Dataset(coords=coords)
    for i, name in enumerate(names):
        cube[name] = (dims, values[i][None], {"quantity": "reflectance", "units": "1"})
    cube["valid"] = (dims, np.ones((1, *size), bool))
    cube["clouds"] = (dims, np.zeros((1, *size), bool))
    cube = georeference(cube.rio.write_crs(crs.to_string()))
    cube = cube.assign_attrs(title=f"Sentinel-2 of one day, {day}", sensor="sentinel2-l2a")
    return Case(cube, classes, CHIP_CLASSES)


def _bound(text: str, *, last: bool) -> np.datetime64:
    parts = [int(p) for p in text.split("-")]
    year, month = parts[0], parts[1] if len(parts) > 1 else (12 if last else 1)
    day = parts[2] if len(parts) > 2 else (calendar.monthrange(year, month)[1] if last else 1)
    return np.datetime64(datetime.date(year, month, day))


def chosen(days: npt.NDArray[np.datetime64], when: str = "") -> npt.NDArray[np.bool_]:
    """Return which days lie in a time given as text; all for an empty one.

    Examples
    --------
    >>> chosen(np.array(["2018-07-01", "2018-08-01"], "datetime64[D]"), "2018-07").tolist()
    [True, False]
    """
    if not when:
        return np.ones(len(days), bool)
    if "&" in when:
        return np.asarray(np.logical_and.reduce([chosen(days, part) for part in when.split("&")]))
    if when.startswith("*-"):
        months = days.astype("datetime64[M]").astype(int) % 12 + 1
        first, _, last = when.replace("*-", "").partition("..")
        if int(last or first) < int(first):  # a winter, over the end of the year
            return (months >= int(first)) | (months <= int(last))
        return (months >= int(first)) & (months <= int(last or first))
    first, _, last = when.partition("..")
    return (days >= _bound(first, last=False)) & (days <= _bound(last or first, last=True))


def _place(shape: tuple[int, int], place: str) -> tuple[slice, slice]:
    rows, columns = slice(None), slice(None)
    if "north" in place or "south" in place:
        rows = slice(0, shape[0] // 2) if "north" in place else slice(shape[0] // 2, None)
    if "west" in place or "east" in place:
        columns = slice(0, shape[1] // 2) if "west" in place else slice(shape[1] // 2, None)
    return rows, columns


def inside(cube: xr.Dataset, place: str = "", area: tuple[float, ...] = ()) -> npt.NDArray[np.bool_]:
    """Return the pixels (y, x) of a half, a quarter, or a box (west, south, east, north) in degrees."""
    out = np.zeros((cube.sizes["y"], cube.sizes["x"]), bool)
    out[_place(out.shape, place)] = True
    if area:
        from pyproj import Transformer

        x, y = np.meshgrid(cube["x"].values, cube["y"].values)
        lon, lat = Transformer.from_crs(cube.rio.crs, 4326, always_xy=True).transform(x, y)
        west, south, east, north = area
        out &= (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return out


def values(c: Case, of: str) -> npt.NDArray[np.float64]:
    """Return a band or one of the common indices (time, y, x); NaN where not clear."""
    cube = c.cube

    def band(name: str) -> npt.NDArray[np.float64]:
        return cube[name].values.astype(float)

    pairs = {
        "NDVI": ("nir", "red"), "NDWI": ("green", "nir"), "NDMI": ("nir", "swir16"), "NBR": ("nir", "swir22"),
        "NDSI": ("green", "swir16"), "MNDWI": ("green", "swir16"), "GNDVI": ("nir", "green"), "NDRE": ("nir", "rededge1"),
    }  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        if of in pairs:
            a, b = (band(n) for n in pairs[of])
            out = (a - b) / (a + b)
        elif of == "EVI":
            out = 2.5 * (band("nir") - band("red")) / (band("nir") + 6 * band("red") - 7.5 * band("blue") + 1)
            out[np.abs(out) > 2] = np.nan
        elif of == "SAVI":
            out = 1.5 * (band("nir") - band("red")) / (band("nir") + band("red") + 0.5)
        elif of == "EVI2":
            out = 2.5 * (band("nir") - band("red")) / (band("nir") + 2.4 * band("red") + 1)
        else:
            out = band(of)
    return np.where(c.clear & np.isfinite(out), out, np.nan)


def _statistic(name: str) -> Callable[..., Any]:
    functions: dict[str, Callable[..., Any]] = {
        "mean": np.nanmean, "median": np.nanmedian, "max": np.nanmax, "min": np.nanmin, "std": np.nanstd,
    }  # fmt: skip
    return functions[name]


# References.


def band_mean(
    c: Case, of: str, when: str = "", place: str = "", area: tuple[float, ...] = (), stat: str = "mean"
) -> float:
    """Return a statistic over all clear pixels of a band or an index."""
    part = values(c, of)[chosen(c.days, when)][:, inside(c.cube, place, area)]
    return float(_statistic(stat)(part))


def by_date(c: Case, of: str, when: str = "", place: str = "", share: float = 0.5) -> tuple[Any, Any]:
    """Return days, and the mean on each, of those that are clear on at least ``share`` of the pixels."""
    keep = chosen(c.days, when)
    part = values(c, of)[keep][:, inside(c.cube, place)]
    seen = np.isfinite(part).mean(axis=1) >= share
    return c.days[keep][seen], np.nanmean(part[seen], axis=1)


def date_mean(c: Case, of: str, when: str = "", place: str = "") -> float:
    """Return the mean over dates of the mean of each date that is at least half clear."""
    return float(np.mean(by_date(c, of, when, place)[1]))


def date_low(c: Case, of: str, when: str = "") -> float:
    """Return the lowest of the means by date."""
    return float(np.min(by_date(c, of, when)[1]))


def at_point(c: Case, of: str, lat: float, lon: float, when: str = "") -> float:
    """Return the mean over clear dates of the pixel at a place in degrees."""
    row, column = _pixel_at(c, lat, lon)
    return float(np.nanmean(values(c, of)[chosen(c.days, when), row, column]))


def _pixel_at(c: Case, lat: float, lon: float) -> tuple[int, int]:
    from pyproj import Transformer

    x, y = Transformer.from_crs(4326, c.cube.rio.crs, always_xy=True).transform(lon, lat)
    row, column = (int(np.abs(c.cube[n].values - v).argmin()) for n, v in (("y", y), ("x", x)))
    return row, column


def extreme_date(c: Case, of: str, which: str = "max", when: str = "") -> str:
    """Return the day on which the mean of the clear pixels is highest or lowest (``which="min"``)."""
    days, level = by_date(c, of, when)
    return str(days[level.argmax() if which == "max" else level.argmin()])


def extreme_month(c: Case, of: str, which: str = "max", when: str = "") -> int:
    """Return the month, 1 to 12, whose mean is highest or lowest."""
    if of == "cloud":
        keep = chosen(c.days, when)
        days, level = c.days[keep], _cloud(c)[keep]
    else:
        days, level = by_date(c, of, when)
    months = days.astype("datetime64[M]").astype(int) % 12 + 1
    means = {m: float(level[months == m].mean()) for m in np.unique(months)}
    return int((max if which == "max" else min)(means, key=lambda m: means[m]))


def extreme_year(c: Case, of: str, which: str = "max", when: str = "") -> int:
    """Return the year whose mean over a time (``"*-07"``) is highest or lowest."""
    if of == "cloud":
        keep = chosen(c.days, when)
        days, level = c.days[keep], _cloud(c)[keep]
    else:
        days, level = by_date(c, of, when)
    years = days.astype("datetime64[Y]").astype(int) + 1970
    means = {y: float(level[years == y].mean()) for y in np.unique(years)}
    return int((max if which == "max" else min)(means, key=lambda y: means[y]))


def greater(c: Case, first: list[Any], second: list[Any]) -> bool:
    """Return whether the first reference is greater than the second."""
    return bool(evaluate(c, first) > evaluate(c, second))


def above(c: Case, what: list[Any], limit: float) -> bool:
    """Return whether a reference exceeds a limit."""
    return bool(evaluate(c, what) > limit)


def below(c: Case, what: list[Any], limit: float) -> bool:
    """Return whether a reference is below a limit."""
    return bool(evaluate(c, what) < limit)


def larger(c: Case, among: dict[str, list[Any]]) -> str:
    """Return the name of the largest of several references."""
    found = {name: evaluate(c, what) for name, what in among.items()}
    return max(found, key=lambda name: found[name])


def smaller(c: Case, among: dict[str, list[Any]]) -> str:
    """Return the name of the smallest of several references."""
    found = {name: evaluate(c, what) for name, what in among.items()}
    return min(found, key=lambda name: found[name])


def difference(c: Case, first: list[Any], second: list[Any]) -> float:
    """Return the first reference less the second."""
    return float(evaluate(c, first) - evaluate(c, second))


def images(c: Case, when: str = "", cloud_below: float = 101.0, cloud_above: float = -1.0) -> int:
    """Count dates, of those whose share of cloud is below (above) a limit in percent."""
    share = _cloud(c)
    return int((chosen(c.days, when) & (share < cloud_below) & (share > cloud_above)).sum())


def day(c: Case, which: str = "first", when: str = "", cloud_below: float = 101.0) -> str:
    """Return the first or last date, or the one before or after a day."""
    if which in ("before", "after"):
        found = c.days[c.days < np.datetime64(when)] if which == "before" else c.days[c.days > np.datetime64(when)]
        return str(found[-1 if which == "before" else 0])
    found = c.days[chosen(c.days, when) & (_cloud(c) < cloud_below)]
    return str(found[0 if which == "first" else -1])


def day_gap(c: Case, which: str = "longest") -> float:
    """Return the longest, mean or median number of days between images."""
    gaps = np.diff(c.days).astype(int)
    return float({"longest": np.max, "mean": np.mean, "median": np.median}[which](gaps))


def _cloud(c: Case) -> npt.NDArray[np.float64]:
    valid = c.cube["valid"].values
    clouds = (c.cube["clouds"].values & valid).sum(axis=(1, 2))
    return np.asarray(100.0 * clouds / np.maximum(valid.sum(axis=(1, 2)), 1), float)


def cloud(c: Case, when: str = "") -> float:
    """Return the mean share of the image under cloud, in percent."""
    return float(_cloud(c)[chosen(c.days, when)].mean())


def cloudiest(c: Case, when: str = "", which: str = "max") -> str:
    """Return the day with most or least cloud."""
    keep = chosen(c.days, when)
    return str(c.days[keep][_cloud(c)[keep].argmax() if which == "max" else _cloud(c)[keep].argmin()])


def _snow(c: Case) -> npt.NDArray[np.bool_]:
    cube = c.cube
    green, swir, nir = (cube[n].values.astype(float) for n in ("green", "swir16", "nir"))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((green - swir) / (green + swir) > 0.4) & (nir > 0.11) & cube["valid"].values


def snow(c: Case, when: str = "", clouds: bool = False) -> float:
    """Return the mean share of snow in percent: NDSI > 0.4 and NIR > 0.11, of clear pixels (or of all, ``clouds=True``)."""
    keep = chosen(c.days, when)
    part = _snow(c)[keep]
    seen = np.ones_like(part) if clouds else c.clear[keep]
    return float(100 * (part & seen).sum() / seen.sum())


def snowy(c: Case, when: str = "", percent: float = 1.0) -> bool:
    """Return whether on any date more than ``percent`` of the image is snow."""
    keep = chosen(c.days, when)
    return bool((100 * (_snow(c) & c.clear)[keep].mean(axis=(1, 2)) > percent).any())


def cover(c: Case, of: str, when: str = "", place: str = "", unit: str = "%", area: tuple[float, ...] = ()) -> float:
    """Return the true area of a class on the last date of a time: percent, ha, km2 or m2."""
    assert c.classes is not None
    last = np.flatnonzero(chosen(c.days, when))[-1]
    here = inside(c.cube, place, area)
    codes = [c.names[n] for n in of.split("+")]
    found = np.isin(c.classes[last], codes) & here
    if unit == "%":
        return float(100 * found.sum() / here.sum())
    return float(found.sum()) * pixel_area(c) / {"ha": 1e4, "km2": 1e6, "m2": 1}[unit]


def changed(c: Case, of: str, first: str, last: str, unit: str = "ha", to: str = "") -> float:
    """Return the true area of a class on the last date of ``first`` that is not of it on the last date of ``last``."""
    assert c.classes is not None
    before, after = (c.classes[np.flatnonzero(chosen(c.days, t))[-1]] for t in (first, last))
    lost = (before == c.names[of]) & (after != c.names[of])
    if to:
        lost &= after == c.names[to]
    return float(lost.sum()) * pixel_area(c) / {"ha": 1e4, "km2": 1e6, "m2": 1}[unit]


def event(c: Case, kind: str, number: int = 0) -> str:
    """Return the day on which an event of a simulated scene began."""
    return str([e for e in c.events if e.kind == kind][number].start)


def layer_share(c: Case, layer: str, limit: float, place: str = "") -> float:
    """Return the percent of pixels on which a layer of the cube is at least ``limit``."""
    return float(100 * (c.cube[layer].values[inside(c.cube, place)] >= limit).mean())


def layer_area(c: Case, layer: str, limit: float, unit: str = "ha", place: str = "") -> float:
    """Return the area on which a layer of the cube is at least ``limit``."""
    count = int((c.cube[layer].values[inside(c.cube, place)] >= limit).sum())
    return count * pixel_area(c) / {"ha": 1e4, "km2": 1e6, "m2": 1}[unit]


def index_area(
    c: Case,
    of: str,
    limit: float,
    when: str,
    unit: str = "ha",
    place: str = "",
    under: bool = False,
    over: str = "median",
) -> float:
    """Return the area (or percent of the observed pixels) on which the median (mean) of an index over a time exceeds a limit."""
    with np.errstate(all="ignore"):
        middle = _statistic(over)(values(c, of)[chosen(c.days, when)], axis=0)
    here = inside(c.cube, place)
    found = ((middle < limit) if under else (middle > limit)) & here
    if unit == "%":
        return float(100 * found.sum() / (np.isfinite(middle) & here).sum())
    return float(found.sum()) * pixel_area(c) / {"ha": 1e4, "km2": 1e6, "m2": 1}[unit]


def yearly_slope(c: Case, of: str, when: str = "*-06..*-08") -> float:
    """Return the slope a year of the yearly means of a season."""
    days, level = by_date(c, of, when)
    years = days.astype("datetime64[Y]").astype(int) + 1970
    names = np.unique(years)
    return float(np.polyfit(names, [level[years == y].mean() for y in names], 1)[0])


def slope(c: Case, of: str, when: str = "") -> float:
    """Return the slope a year of the means by date, with one yearly wave where the series is at least two years long."""
    days, level = by_date(c, of, when)
    t = (days - days[0]).astype(int) / 365.25
    wave = [np.sin(2 * np.pi * t), np.cos(2 * np.pi * t)] if t[-1] >= 2 else []
    design = np.stack([np.ones_like(t), t, *wave], axis=1)
    return float(np.linalg.lstsq(design, level, rcond=None)[0][1])


def pixel(c: Case) -> float:
    """Return the side of a pixel in metres on the grid of the cube, corrected for the map scale of Web Mercator."""
    return float(np.sqrt(pixel_area(c)))


def pixel_area(c: Case) -> float:
    """Return the ground area of a pixel in square metres."""
    cube = c.cube
    if cube.rio.crs.to_epsg() is not None and cube.rio.crs.is_projected and "utm" in cube.rio.crs.to_wkt().lower():
        return float(abs(np.diff(cube["x"].values[:2])[0] * np.diff(cube["y"].values[:2])[0]))
    from pyproj import Geod, Transformer

    x, y = cube["x"].values, cube["y"].values
    dx, dy = x[1] - x[0], y[1] - y[0]
    mx, my = x.mean(), y.mean()
    to = Transformer.from_crs(cube.rio.crs, 4326, always_xy=True)
    lon, lat = to.transform(*np.array([(mx, my), (mx + dx, my), (mx + dx, my + dy), (mx, my + dy)]).T)
    return float(abs(Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)[0]))


def size(c: Case, what: str, unit: str = "") -> float:
    """Return width, height (m or km), area (ha, km2), columns, rows, pixels, bands or dates."""
    y, x = c.cube.sizes["y"], c.cube.sizes["x"]
    side = pixel(c)
    metres = {"width": x * side, "height": y * side}
    if what in metres:
        return metres[what] / {"km": 1000, "m": 1}[unit]
    if what == "area":
        return x * y * pixel_area(c) / {"ha": 1e4, "km2": 1e6, "m2": 1}[unit]
    bands = [n for n in c.cube if c.cube[n].ndim == 3 and n not in ("valid", "clouds", "scl")]
    return float({"columns": x, "rows": y, "pixels": x * y, "bands": len(bands), "dates": c.cube.sizes["time"]}[what])


def corner(c: Case, which: str) -> float:
    """Return a bound or the centre in degrees: west, south, east, north, lat, lon."""
    west, south, east, north = c.cube.eow.bounds
    all_ = {"west": west, "south": south, "east": east, "north": north}
    return float({**all_, "lat": (south + north) / 2, "lon": (west + east) / 2}[which])


def seen_last(c: Case, what: str, which: str = "last", when: str = "", percent: float = 5.0) -> str:
    """Return the first or last day on which more than ``percent`` of the image is snow (cloud)."""
    share = 100 * (_snow(c) & c.clear).mean(axis=(1, 2)) if what == "snow" else _cloud(c)
    found = c.days[(share > percent) & chosen(c.days, when)]
    return str(found[0 if which == "first" else -1])


def top_dates(c: Case, of: str, which: str = "max", when: str = "", place: str = "", within: float = 0.02) -> list[str]:
    """Return the days whose mean lies within a distance of the highest or lowest mean of the time."""
    days, level = by_date(c, of, when, place)
    far = level.max() - level if which == "max" else level - level.min()
    return [str(d) for d in days[far <= within]]


def image_year(c: Case, which: str = "max") -> list[int]:
    """Return the years with most or fewest images; several where they tie."""
    years, counts = np.unique(c.days.astype("datetime64[Y]").astype(int) + 1970, return_counts=True)
    return [int(y) for y in years[counts == (counts.max() if which == "max" else counts.min())]]


def years_covered(c: Case) -> float:
    """Return the length of the record in years."""
    return float((c.days[-1] - c.days[0]).astype(int) / 365.25)


def _fell(c: Case, before: str, after: str, high: float, low: float) -> npt.NDArray[np.bool_]:
    with np.errstate(all="ignore"):
        ndvi = values(c, "NDVI")
        a, b = (np.nanmedian(ndvi[chosen(c.days, t)], axis=0) for t in (before, after))
    return np.asarray((a >= high) & (b < low))


def fell(c: Case, before: str, after: str, high: float = 0.75, low: float = 0.65, unit: str = "ha") -> float:
    """Return the area whose median NDVI was at least ``high`` in one time and is below ``low`` in another."""
    return float(_fell(c, before, after, high, low).sum()) * pixel_area(c) / {"ha": 1e4, "km2": 1e6, "m2": 1}[unit]


def fell_date(
    c: Case, before: str, after: str, high: float = 0.75, low: float = 0.65, months: str = "*-05..*-09"
) -> str:
    """Return the middle of the days between which NDVI of those pixels dropped most, growing seasons only."""
    where = _fell(c, before, after, high, low)
    keep = chosen(c.days, months)
    ndvi, days = values(c, "NDVI")[keep][:, where], c.days[keep]
    with np.errstate(all="ignore"):
        level = ndvi - np.nanmedian(values(c, "NDVI")[keep][:, ~where], axis=1)[:, None]
    found = []
    for series in level.T:
        good = np.flatnonzero(np.isfinite(series))
        splits = range(3, len(good) - 2)
        drop = [series[good[:i]].mean() - series[good[i:]].mean() for i in splits]
        # The split that leaves the least squared error.
        error = [
            ((series[good[:i]] - series[good[:i]].mean()) ** 2).sum()
            + ((series[good[i:]] - series[good[i:]].mean()) ** 2).sum()
            for i in splits
        ]
        best = int(np.argmin(error))
        if drop[best] > 0:
            i = splits[best]
            a, b = days[good[i - 1]], days[good[i]]
            found.append(a + (b - a) // 2)
    return str(np.sort(np.array(found))[len(found) // 2])


def date_high(c: Case, of: str, when: str = "") -> float:
    """Return the highest of the means by date."""
    return float(np.max(by_date(c, of, when)[1]))


def ratio(c: Case, first: list[Any], second: list[Any]) -> float:
    """Return the first reference in percent of the second."""
    return float(100 * evaluate(c, first) / evaluate(c, second))


def backscatter(c: Case, of: str, when: str = "", place: str = "", stat: str = "mean") -> float:
    """Return the mean or median of the dB, or the mean of the power in dB (``stat="power"``); clouds do not matter to radar."""
    part = c.cube[of].values[chosen(c.days, when)][:, inside(c.cube, place)].astype(float)
    if stat == "power":
        return float(10 * np.log10(np.nanmean(10 ** (part / 10))))
    return float(_statistic(stat)(part))


def pixel_stat(c: Case, of: str, when: str = "", over: str = "mean", stat: str = "max") -> float:
    """Return a statistic over the pixels of the mean (median) of each over time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        level = _statistic(over)(values(c, of)[chosen(c.days, when)], axis=0)
    return float(_statistic(stat)(level[np.isfinite(level)]))


def event_area(c: Case, kind: str, when: str = "", unit: str = "ha", place: str = "") -> float:
    """Return the area of the events of a simulated scene that are of a kind and began in a time; 0 where there are none."""
    found = np.zeros((c.cube.sizes["y"], c.cube.sizes["x"]), bool)
    for e in c.events:
        if e.kind == kind and chosen(np.array([e.start], "datetime64[D]"), when)[0]:
            found |= e.mask
    count = int((found & inside(c.cube, place)).sum())
    return count * pixel_area(c) / {"ha": 1e4, "km2": 1e6, "m2": 1}[unit]


def event_year(c: Case, kind: str, number: int = 0) -> int:
    """Return the year in which an event of a simulated scene began."""
    return int(event(c, kind, number)[:4])


def record_days(c: Case) -> float:
    """Return the days from the first image to the last."""
    return float((c.days[-1] - c.days[0]).astype(int))


def empty_months(c: Case, year: int) -> int:
    """Count the months of a year without an image."""
    months = c.days.astype("datetime64[M]")
    return 12 - len({m for m in months.tolist() if m.year == year})


def class_at(c: Case, lat: float, lon: float, when: str = "") -> str:
    """Return the true class of the pixel at a place in degrees, on the last date of a time."""
    assert c.classes is not None
    row, column = _pixel_at(c, lat, lon)
    code = c.classes[np.flatnonzero(chosen(c.days, when))[-1], row, column]
    return next(name for name, value in c.names.items() if value == code)


def season_start(c: Case, of: str, when: str, level: float = 0.5) -> str:
    """Return the first day on which the means by date rise above a share of the range of that time, between dates by a line."""
    days, series = by_date(c, of, when)
    limit = series.min() + level * (series.max() - series.min())
    later = np.arange(len(series)) > series[: series.argmax() + 1].argmin()
    i = int(np.flatnonzero((series >= limit) & later)[0])
    gap = (days[i] - days[i - 1]).astype(int)
    part = (limit - series[i - 1]) / (series[i] - series[i - 1])
    return str(days[i - 1] + np.timedelta64(round(float(np.clip(part, 0, 1) * gap)), "D"))


def given(c: Case, value: Any) -> Any:
    """Return a value that follows from the meaning of the question alone."""
    return value


def satellite(c: Case) -> str:
    """Return the name of the satellite or instrument."""
    return c.satellite


def evaluate(c: Case, what: list[Any]) -> Any:
    """Compute the reference ``[name, arguments]``.

    Raises
    ------
    KeyError
        For a name that is not a reference.
    """
    name, *rest = what
    return REFERENCES[name](c, **(rest[0] if rest else {}))


REFERENCES: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        band_mean, date_mean, date_low, at_point, extreme_date, extreme_month, extreme_year, greater, above, below, larger,
        smaller,
        difference, images, day, day_gap, cloud, cloudiest, snow, snowy, cover, changed, event, layer_share, layer_area,
        index_area, yearly_slope, slope, pixel, size, corner, seen_last, top_dates, image_year,
        years_covered, fell, fell_date, given, satellite, date_high, ratio,
        backscatter, pixel_stat, event_area, event_year, record_days, empty_months, class_at, season_start,
    )
}  # fmt: skip
