"""Cubes of the fresh sets of questions that the other sets do not have; ``benchmarks.question_truth.case`` opens them by name.

Simulated scenes have other seeds, years and places, some of them with radar. Real ones are the Landsat images of Kranj on their
own grid, the radar image of the coast, and series of other years: MODIS of Brazil, NDVI of fields in Central Asia, FORMOSAT-2.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.cube.grid import georeference

#: Name: seed, centre in degrees, with radar or not. All run from 2020 to 2022 on 96 x 96 pixels.
SCENES: dict[str, tuple[int, tuple[float, float], bool]] = {
    "fresh-5": (301, (7.6, 46.9), False),
    "fresh-6": (308, (-3.6, 40.4), True),
    "fresh-7": (305, (24.2, 56.8), False),
    "fresh-8": (423, (18.9, 47.5), False),
    "fresh-9": (417, (-0.6, 44.8), True),
}
#: Name: function of this module, satellite, attributes.
SERIES: dict[str, tuple[str, str, dict[str, str]]] = {
    "kranj-landsat": (
        "kranj_landsat",
        "Landsat",
        {"title": "Landsat 8, Kranj, spring 2020", "sensor": "landsat-oli"},
    ),
    "coast-radar": (
        "coast_radar",
        "Sentinel-1",
        {"title": "Sentinel-1 of one day, 2021-07-21", "sensor": "sentinel1"},
    ),
    "brazil": ("brazil", "MODIS", {"title": "MODIS MOD13Q1, Brazil, 2010 to 2011", "sensor": "modis-vi"}),
    "crops": ("fields", "MODIS", {"title": "NDVI of fields in Central Asia, 2016", "sensor": "modis-vi"}),
    "fresh-formosat": ("formosat", "FORMOSAT-2", {"title": "FORMOSAT-2, 2006"}),
}
NAMES = (*SCENES, *SERIES)


def open_case(name: str, blank: Any, simulated: dict[str, int], chip: dict[str, int]) -> Any:
    """Open one of :data:`NAMES`.

    Parameters
    ----------
    name : str
    blank : Case
        Returned with its fields replaced.
    simulated, chip : dict of str to int
        Land cover classes of simulated scenes and of single-date chips.

    Returns
    -------
    Case
    """
    if name in SCENES:
        from eowidgets.simulate import simulate

        seed, place, radar = SCENES[name]
        scene = simulate(
            height=96, width=96, start="2020-01-01", end="2022-12-31", radar=radar, lonlat=place, seed=seed
        )
        return dataclasses.replace(
            blank, cube=scene.cube, classes=scene.classes.values, names=simulated, events=scene.events
        )
    from benchmarks import away_data

    make, satellite, attrs = SERIES[name]
    classes, names = None, {}
    if make in ("brazil", "fields", "formosat"):
        cube = getattr(away_data, make)().load()
    elif make == "kranj_landsat":
        cube = kranj_landsat()
    else:
        cube, classes = coast_radar()
        names = chip
    return dataclasses.replace(blank, cube=cube.assign_attrs(attrs), classes=classes, names=names, satellite=satellite)


def kranj_landsat() -> xr.Dataset:
    """Landsat of Kranj, Slovenia: four dates of spring 2020, 45 x 44 pixels of 29.9 m, six bands, gaps not filled."""
    import rasterio

    from benchmarks.away_data import FOLDER

    stack, days = [], []
    for path in sorted((FOLDER / "fusion_kranj/landsat_unfilled").glob("*.tif")):
        with rasterio.open(path) as file:
            stack.append(file.read().astype("float32"))
            crs, grid = file.crs, file.transform
        days.append(np.datetime64(path.name[:4]) + np.timedelta64(int(path.name[4:7]) - 1, "D"))
    if not stack:
        raise FileNotFoundError("The folder fusion_kranj/landsat_unfilled holds no images.")
    values = np.stack(stack)
    values = np.where(values < 0, np.nan, values / 1e4)
    names = ("blue", "green", "red", "nir", "swir16", "swir22")
    bands = {name: (values[:, i], {"quantity": "reflectance", "units": "1"}) for i, name in enumerate(names)}
    return _cube(bands, np.array(days, "datetime64[ns]"), grid, crs)


def coast_radar() -> tuple[xr.Dataset, npt.NDArray[np.uint8]]:
    """Sentinel-1 of a coast on 21 July 2021: 224 x 224 pixels of 10 m, VV and VH in dB; also the land cover."""
    import rasterio

    from benchmarks.away_data import FOLDER

    folder = FOLDER / "terramind_examples"
    with rasterio.open(folder / "S1RTC_282D_485L_3_3.tif") as file:
        values, crs, grid = file.read().astype("float32"), file.crs, file.transform
    with rasterio.open(folder / "LULC_282D_485L_3_3.tif") as file:
        classes = file.read()
    about = {name: {"long_name": f"backscatter {name.upper()}", "units": "dB"} for name in ("vv", "vh")}
    bands = {name: (values[i][None], about[name]) for i, name in enumerate(("vv", "vh"))}
    return _cube(bands, np.array(["2021-07-21"], "datetime64[ns]"), grid, crs), classes


def _cube(bands: dict[str, Any], days: npt.NDArray[np.datetime64], grid: Any, crs: Any) -> xr.Dataset:
    rows, columns = next(iter(bands.values()))[0].shape[1:]
    coords = {
        "time": days,
        "y": grid.f + grid.e * (np.arange(rows) + 0.5),
        "x": grid.c + grid.a * (np.arange(columns) + 0.5),
    }
    dims = ("time", "y", "x")
    cube = xr.Dataset({name: (dims, values, attrs) for name, (values, attrs) in bands.items()}, coords=coords)
    cube["valid"] = (dims, np.isfinite(np.stack([v for v, _ in bands.values()])).all(axis=0))
    cube["clouds"] = (dims, np.zeros(cube["valid"].shape, bool))
    return georeference(cube.rio.write_crs(crs.to_string()))
