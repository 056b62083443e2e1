"""Export of results to files: rasters with a style, masks and classes as polygons."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.export import to_geotiff, to_netcdf, to_zarr
from eowidgets.cube.export.place import write_whole
from eowidgets.cube.grid import geobox
from eowidgets.engine.writers.disk import TABLES
from eowidgets.engine.writers.parts import write_table
from eowidgets.errors import InputError, MissingExtraError, shown
from eowidgets.render.result import main_variable

FORMATS = {"GeoTIFF (.tif)": ".tif", "NetCDF (.nc)": ".nc", "Zarr (.zarr)": ".zarr", "GeoPackage (.gpkg)": ".gpkg"}


def save(result: Any, path: str | Path) -> Path:
    """Write a result in the format of the file ending.

    Parameters
    ----------
    result : Dataset or GeoDataFrame
    path : str or Path
        For a table ``.gpkg`` or ``.parquet``. For a raster ``.tif`` (with its companions, see
        :func:`eowidgets.cube.export.to_geotiff`), ``.nc``, ``.zarr``, or ``.gpkg`` for class maps and masks as polygons.

    Raises
    ------
    InputError, SourceError
        For another ending, a result without classes as polygons, a folder that cannot be written.
    """
    target = Path(path).expanduser()
    ending = target.suffix.lower()
    if not isinstance(result, xr.Dataset):
        if ending not in TABLES:
            raise InputError(f"The result is a table: end the name {shown(target.name)} in {' or '.join(TABLES)}.")
        return write_whole(target, partial(write_table, result))
    if ending == ".tif":
        return to_geotiff(result, target)
    if ending == ".gpkg":
        return to_geopackage(result, target)
    writers = {".nc": to_netcdf, ".zarr": to_zarr}
    if ending not in writers:
        raise InputError(f"The name {shown(target.name)} must end in {', '.join(FORMATS.values())}.")
    return writers[ending](result, target)


def polygons(result: xr.Dataset) -> Any:
    """Return areas of the same class (or of True) as a GeoDataFrame in the CRS of the result.

    Columns: ``value``, ``name``, ``hectares`` and, where the classes have time, ``date``.
    """
    try:
        import geopandas
    except ImportError:
        raise MissingExtraError("Polygons", "lab") from None
    from rasterio.features import shapes
    from shapely.geometry import shape

    main = main_variable(result)
    values = None if main is None else result[main]
    if values is None or not (values.dtype == bool or "flag_values" in values.attrs):
        raise InputError("This result has no classes: only class maps and masks can be saved as polygons (.gpkg).")
    names = _class_names(values)
    box = geobox(result)
    rows: list[dict[str, Any]] = []
    for frame in values.transpose(..., "y", "x") if "time" in values.dims else [values.transpose("y", "x")]:
        array = np.ascontiguousarray(frame.values.astype("uint8"))
        for geometry, value in shapes(array, mask=np.isin(array, list(names)), transform=box.affine):
            row: dict[str, Any] = {"value": int(value), "name": names[int(value)], "geometry": shape(geometry)}
            if "time" in frame.coords:
                row["date"] = str(frame["time"].values)[:10]
            rows.append(row)
    if not rows:
        raise InputError("There is nothing to save as polygons: no pixel has a class.")
    frame = geopandas.GeoDataFrame(rows, crs=box.crs.to_wkt())
    # On the ellipsoid: areas in a projection such as Web Mercator differ from those on the ground.
    geod = frame.to_crs(4326).crs.get_geod()
    frame["hectares"] = [abs(geod.geometry_area_perimeter(g)[0]) / 1e4 for g in frame.to_crs(4326).geometry]
    return frame


def to_geopackage(result: xr.Dataset, path: str | Path) -> Path:
    """Write the classes of a result as polygons, atomically."""
    target = Path(path).expanduser()
    frame = polygons(result)
    return write_whole(target, partial(frame.to_file, layer=str(main_variable(result)), driver="GPKG"))


def _class_names(values: xr.DataArray) -> dict[int, str]:
    if values.dtype == bool:
        return {1: str(values.attrs.get("long_name", values.name))}
    flags = [int(v) for v in np.atleast_1d(values.attrs["flag_values"])]
    names = [n.replace("_", " ") for n in str(values.attrs.get("flag_meanings", "")).split()]
    return {flag: names[i] if i < len(names) else str(flag) for i, flag in enumerate(flags)}
