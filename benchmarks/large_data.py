"""Cubes much larger than a screen, for ``benchmarks/large.py``: COGs with overviews, and Zarr with and without levels.

The images are those of a sample, enlarged, with noise in every pixel. Few dates are written; the others are hard links to
them, so that 60 dates take the disk space of three. A reader cannot exploit this, because each file has its own name.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import eowidgets as eow

BANDS = ("blue", "green", "red", "rededge1", "nir", "swir16")
#: Rows that are written at once.
ROWS = 1024


@dataclass(frozen=True)
class Size:
    """Size of the cube; only ``distinct`` dates have their own pixels."""

    dates: int = 60
    side: int = 10_980
    bands: int = 6
    distinct: int = 3

    @property
    def name(self) -> str:
        return f"{self.dates}x{self.bands}x{self.side}"

    @property
    def names(self) -> tuple[str, ...]:
        return BANDS[: self.bands]

    @property
    def days(self) -> pd.DatetimeIndex:
        return pd.date_range("2020-01-04", periods=self.dates, freq="6D")


def strip(size: Size, date: int, y0: int, y1: int) -> np.ndarray:
    """Return values ``(band, y, x)`` of some rows, in 1e-4 of reflectance."""
    from scipy.ndimage import map_coordinates

    cube = eow.open("romania")
    day = cube.isel(time=[60, 80, 100][date % 3] + date // 3)
    rng = np.random.default_rng([date, y0])
    rows = np.linspace(0, cube.sizes["y"] - 1, size.side)[y0:y1]
    columns = np.linspace(0, cube.sizes["x"] - 1, size.side)
    at = np.meshgrid(rows, columns, indexing="ij")
    noise = rng.normal(0, 40, (y1 - y0, size.side)).astype("float32")
    found = []
    for i, name in enumerate(size.names):
        source = name if name in cube else "nir"
        values = 10_000 * np.nan_to_num(day[source].values)
        found.append(map_coordinates(values.astype("float32"), at, order=1) * (1 - 0.05 * i) + np.roll(noise, i, 1))
    return np.clip(np.stack(found), 1, 12_000).astype("uint16")


def make_cogs(folder: Path, size: Size) -> Path:
    """Write the COGs of a cube to ``folder/cogs-...``, unless they exist."""
    target = folder / f"cogs-{size.name}"
    if target.exists():
        return target
    work = folder / f"{target.name}.part"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    first: list[Path] = []
    for i, day in enumerate(size.days):
        path = work / f"scene_{day:%Y%m%d}.tif"
        if i < size.distinct:
            _cog(path, size, i)
            first.append(path)
        else:
            os.link(first[i % size.distinct], path)
    work.rename(target)
    return target


def _cog(path: Path, size: Size, date: int) -> None:
    import rasterio
    from rasterio.shutil import copy
    from rasterio.transform import from_origin
    from rasterio.windows import Window

    plain = path.with_suffix(".plain.tif")
    options = {
        "driver": "GTiff", "dtype": "uint16", "count": size.bands, "width": size.side, "height": size.side, "nodata": 0,
        "crs": "EPSG:32634", "transform": from_origin(600_000, 5_100_000, 10, 10), "tiled": True, "interleave": "band",
        "blockxsize": 512, "blockysize": 512, "BIGTIFF": "YES",
    }  # fmt: skip
    with rasterio.open(plain, "w", **options) as raster:
        raster.descriptions, raster.scales = size.names, [1e-4] * size.bands
        for y0 in range(0, size.side, ROWS):
            y1 = min(size.side, y0 + ROWS)
            raster.write(strip(size, date, y0, y1), window=Window(0, y0, size.side, y1 - y0))
    copy(plain, path, driver="COG", compress="DEFLATE", level=1, predictor=2, overview_resampling="average",
         interleave="band", blocksize=512, bigtiff="YES")  # fmt: skip
    plain.unlink()


def make_zarr(folder: Path, size: Size) -> Path:
    """Write a Zarr store without levels to ``folder/store-....zarr``, unless it exists."""
    import xarray as xr
    import zarr

    target = folder / f"store-{size.name}.zarr"
    if target.exists():
        return target
    work = folder / f"{target.name}.part"
    shutil.rmtree(work, ignore_errors=True)
    cogs = make_cogs(folder, size)
    x, y = 600_000 + 10 * (np.arange(size.side) + 0.5), 5_100_000 - 10 * (np.arange(size.side) + 0.5)
    empty = xr.Dataset(coords={"time": size.days.astype("datetime64[ns]"), "y": y, "x": x})
    import rioxarray  # noqa: F401

    empty.rio.write_crs("EPSG:32634").to_zarr(work, zarr_format=2, consolidated=False)
    root = zarr.open_group(work, mode="r+")
    import rasterio
    from rasterio.windows import Window

    for i, name in enumerate(size.names):
        array = root.create_array(
            name, shape=(size.dates, size.side, size.side), chunks=(1, 1024, 1024), dtype="uint16", fill_value=0,
            compressors=[zarr_codec()], chunk_key_encoding={"name": "v2", "separator": "/"},
        )  # fmt: skip
        array.attrs.update({"_ARRAY_DIMENSIONS": ["time", "y", "x"], "scale_factor": 1e-4, "_FillValue": 0,
                            "grid_mapping": "spatial_ref"})  # fmt: skip
        for t in range(min(size.distinct, size.dates)):
            with rasterio.open(sorted(cogs.glob("*.tif"))[t]) as raster:
                for y0 in range(0, size.side, ROWS):
                    rows = min(ROWS, size.side - y0)
                    array[t, y0 : y0 + rows] = raster.read(i + 1, window=Window(0, y0, size.side, rows))
        for t in range(size.distinct, size.dates):
            shutil.copytree(work / name / str(t % size.distinct), work / name / str(t), copy_function=os.link)
    zarr.consolidate_metadata(work)
    work.rename(target)
    return target


def make_levels(folder: Path, size: Size) -> Path:
    """Write the same store with levels into ``folder/levels-....zarr``, unless it is there; pixels are hard links."""
    import zarr

    from eowidgets.cube import pyramid

    target = folder / f"levels-{size.name}.zarr"
    if target.exists():
        return target
    work = folder / f"{target.name}.part"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(make_zarr(folder, size), work, copy_function=os.link)
    for name in (".zattrs", ".zmetadata"):  # written below: a link would change the store without levels, too
        (work / name).unlink(missing_ok=True)
    root = zarr.open_group(work, mode="r+")
    factors = pyramid.factors_of(size.side, size.side)
    distinct = min(size.distinct, size.dates)
    for k in factors:
        side = -(-size.side // k)
        for name in size.names:
            array = root.create_array(
                f"{pyramid.GROUP}/{k}/{name}", shape=(size.dates, side, side), chunks=(1, 512, 512), dtype="uint16",
                fill_value=0, compressors=[zarr_codec()], chunk_key_encoding={"name": "v2", "separator": "/"},
            )  # fmt: skip
            array.attrs.update(dict(root[name].attrs))
    for name in size.names:
        for t in range(distinct):
            for y0 in range(0, size.side, 2048):
                rows = root[name][t, y0 : y0 + 2048].astype("float32")
                rows[rows == 0] = np.nan
                for k, level in zip(factors, pyramid.coarser(rows, factors), strict=True):
                    first = y0 // k
                    found = np.nan_to_num(np.round(level)).astype("uint16")
                    root[f"{pyramid.GROUP}/{k}/{name}"][t, first : first + len(found)] = found
    for k in factors:
        for name in size.names:
            chunks = work / pyramid.GROUP / str(k) / name
            for t in range(distinct, size.dates):
                shutil.copytree(chunks / str(t % distinct), chunks / str(t), copy_function=os.link)
    root.attrs.update(pyramid.statement(factors))
    zarr.consolidate_metadata(work)
    work.rename(target)
    return target


def zarr_codec():
    """Return the compressor for zarr format 2."""
    from numcodecs import Blosc

    return Blosc("zstd", 3, Blosc.BITSHUFFLE)
