"""Result as one cloud-optimised GeoTIFF, copied strip by strip from the store.

A GeoTIFF has one data type and no time axis: every variable and date is a layer with a name such as
``red 2019-07-06``. A class map alone stays uint8 with its colours; with its probability beside it, all
is float32. Nodata says where there is no result, so the masks are not stored.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.engine.result import NO_CLASS, Frame, Variable
from eowidgets.engine.writers.store import ZarrWriter
from eowidgets.errors import SourceError

TAG = "EOWIDGETS"
#: GDAL would take a twentieth of the machine's memory for its cache.
GDAL_CACHE = 64 << 20
MASKS = ("valid", "clouds")


def export(
    store: ZarrWriter, frame: Frame, path: Path, rows: int, attrs: dict[str, Any], checkpoint: Callable[[], None]
) -> None:
    """Write ``path`` from a complete store, never holding more than one strip of one layer."""
    import rasterio
    from rasterio.shutil import copy
    from rasterio.windows import Window

    box = frame.template.odc.geobox
    variables = [v for v in frame.variables if v.name not in MASKS]
    layers = _layers(variables, frame)
    classes = all(v.dtype == "uint8" for v in variables)
    plain = path.with_suffix(".plain.tif")
    height, width = box.shape
    profile = {
        "driver": "GTiff",
        "height": height,
        "width": width,
        "count": len(layers),
        "dtype": "uint8" if classes else "float32",
        "nodata": NO_CLASS if classes else float("nan"),
        "crs": str(box.crs.to_wkt()),
        "transform": box.transform,
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "interleave": "band",
        "BIGTIFF": "IF_SAFER",
    }
    texts = _texts({**frame.template.attrs, **attrs})
    tags = {"variables": [_describe(v) for v in variables], "attrs": texts, "dates": _dates(frame)}
    try:
        with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE):
            with rasterio.open(plain, "w", **profile) as file:
                file.update_tags(**texts, **{TAG: json.dumps(tags)})
                for band, (variable, date) in enumerate(layers, start=1):
                    file.set_band_description(band, _name(variable, date, frame))
                    if classes and band == 1:
                        file.write_colormap(1, _colors(variable))
                    for start in range(0, height, rows):
                        checkpoint()
                        stop = min(start + rows, height)
                        values = store.read(variable.name, start, stop)
                        values = values if date is None else values[date]
                        if variable.dtype == "uint8" and not classes:
                            values = np.where(values == NO_CLASS, np.float32("nan"), values)
                        file.write(values.astype(profile["dtype"]), band, window=Window(0, start, width, stop - start))
            checkpoint()
            resampling = "MODE" if classes else "AVERAGE"
            copy(plain, path, driver="COG", COMPRESS="DEFLATE", BIGTIFF="IF_SAFER", OVERVIEW_RESAMPLING=resampling)
        _check_end(path)
    finally:
        plain.unlink(missing_ok=True)


def open_file(path: Path) -> xr.Dataset:
    """Open a GeoTIFF that :func:`export` made, lazily, with its variables, dates and attributes."""
    import rioxarray

    raster: Any = rioxarray.open_rasterio(path, chunks=_chunks(), masked=False)
    tags = json.loads(raster.attrs.get(TAG, "{}"))
    out = xr.Dataset(attrs=tags["attrs"])
    at = 0
    for v in tags["variables"]:
        dates = np.array(tags["dates"], "datetime64[ns]") if v["dims"][0] == "time" else None
        count = 1 if dates is None else len(dates)
        part = raster.isel(band=slice(at, at + count)).drop_vars("band")
        at += count
        array = part.isel(band=0) if dates is None else part.rename(band="time").assign_coords(time=dates)
        if v["dtype"] == "uint8" and array.dtype != "uint8":
            array = array.fillna(NO_CLASS).astype("uint8")
        array.attrs = {k: np.array(a, "uint8") if k == "flag_values" else a for k, a in v["attrs"].items()}
        array.encoding = {"grid_mapping": "spatial_ref"}
        out[v["name"]] = array
    return out


def _chunks() -> Any:
    try:
        import dask  # noqa: F401
    except ImportError:
        return None
    return {"band": 1, "y": 1024, "x": 1024}


def _layers(variables: list[Variable], frame: Frame) -> list[tuple[Variable, int | None]]:
    layers: list[tuple[Variable, int | None]] = []
    for v in variables:
        layers += [(v, i) for i in range(frame.template.sizes["time"])] if v.dims[0] == "time" else [(v, None)]
    return layers


def _name(variable: Variable, date: int | None, frame: Frame) -> str:
    return variable.name if date is None else f"{variable.name} {_dates(frame)[date][:10]}"


def _dates(frame: Frame) -> list[str]:
    return [str(d) for d in frame.template["time"].values] if "time" in frame.template.coords else []


def _describe(variable: Variable) -> dict[str, Any]:
    attrs = {k: a.tolist() if hasattr(a, "tolist") else a for k, a in variable.attrs.items()}
    return {"name": variable.name, "dims": list(variable.dims), "dtype": variable.dtype, "attrs": attrs}


def _colors(variable: Variable) -> dict[int, tuple[int, int, int, int]]:
    table = zip(variable.attrs["flag_values"], variable.attrs["colors"].split(), strict=True)
    rgb = {int(v): (int(c[1:3], 16), int(c[3:5], 16), int(c[5:7], 16), 255) for v, c in table}
    return {**rgb, NO_CLASS: (0, 0, 0, 0)}


def _texts(attrs: dict[str, Any]) -> dict[str, str]:
    return {str(k): str(v) for k, v in attrs.items()}


def _check_end(path: Path) -> None:
    """Read the last blocks: GDAL may close a file on a full disk without an error."""
    import rasterio
    from rasterio.errors import RasterioIOError

    try:
        with rasterio.open(path) as file:
            *_, (_, window) = file.block_windows(1)
            for band in file.indexes:
                file.read(band, window=window)
    except RasterioIOError as error:
        raise SourceError(f"'{path}' could not be written to its end: the disk may be full.") from error
