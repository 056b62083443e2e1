"""STAC item of an exported GeoTIFF: place, time and layers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.export.layers import Layout, Part, numbers_of
from eowidgets.cube.globe import extent
from eowidgets.cube.grid import geobox
from eowidgets.errors import InputError

EXTENSIONS = {
    "proj": "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "raster": "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
}
COG = "image/tiff; application=geotiff; profile=cloud-optimized"
ROLES = {"": ("data", ["data"]), "_quality": ("quality", ["metadata"]), "_probability": ("probability", ["data"])}


def write_item(cube: xr.Dataset, layout: Layout, main: Path) -> Path | None:
    """Write the STAC item (version 1.1) of an export next to its GeoTIFF, with relative addresses only.

    Returns
    -------
    Path or None
        None where no date is known: an item without one is not valid.
    """
    dates = _dates(cube)
    if not dates:
        return None
    box = geobox(cube)
    shape = [int(n) for n in box.shape]
    code = f"EPSG:{box.crs.epsg}" if box.crs.epsg else None
    wkt = {} if code else {"proj:wkt2": box.crs.to_wkt(version="WKT2_2019")}
    span = {"datetime": None, "start_datetime": dates[0], "end_datetime": dates[-1]}
    times = {"datetime": dates[0]} if len(dates) == 1 else span
    geometry, bounds = _footprint(box)
    item = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": list(EXTENSIONS.values()),
        "id": main.stem,
        "geometry": geometry,
        "bbox": bounds,
        "properties": {
            **times,
            "title": str(cube.attrs.get("title", main.stem)),
            "proj:code": code,
            **wkt,
            "proj:shape": shape,
            "proj:transform": [float(v) for v in tuple(box.transform)[:6]],
        },
        "links": [],
        "assets": {ROLES[p.suffix][0]: _asset(p, main) for p in layout.parts},
    }
    path = main.with_suffix(".json")
    path.write_text(json.dumps(item, indent=1, allow_nan=False), encoding="utf-8")
    return path


def _asset(part: Part, main: Path) -> dict[str, Any]:
    rasters = {number: raster for number, raster, _ in numbers_of(part)}
    nodata = None if part.nodata is None else "nan" if np.isnan(part.nodata) else part.nodata
    rows = []
    for number, label in enumerate(part.labels, 1):
        raster = rasters[number]
        row: dict[str, Any] = {"name": label, "data_type": part.dtype}
        row |= {} if nodata is None else {"nodata": nodata}
        row |= {"unit": raster.attrs["units"]} if isinstance(raster.attrs.get("units"), str) else {}
        row |= {"description": raster.attrs["long_name"]} if isinstance(raster.attrs.get("long_name"), str) else {}
        row |= {"raster:scale": raster.scale, "raster:offset": 0.0} if raster.scale != 1 else {}
        rows.append({k: v for k, v in row.items() if v != ""})
    href = f"./{main.with_stem(main.stem + part.suffix).name}"
    return {"href": href, "type": COG, "roles": ROLES[part.suffix][1], "bands": rows}


def _dates(cube: xr.Dataset) -> list[str]:
    """Return first and last time as RFC 3339: of the cube, else of the input of the run that computed it."""
    if "time" in cube.coords and cube["time"].dtype.kind == "M" and cube["time"].size:
        times = np.sort(np.atleast_1d(cube["time"].values))
        found = [str(t)[:19] for t in times[[0, -1]].astype("datetime64[s]")]
    else:
        try:
            listed = sorted(json.loads(cube.attrs["provenance"])["dates"])
            found = [str(np.datetime64(listed[i], "s")) for i in (0, -1)]
        except (KeyError, TypeError, ValueError, IndexError):
            return []
    return [f"{t}Z" for t in dict.fromkeys(found)]


def _footprint(box: Any) -> tuple[dict[str, Any], list[float]]:
    """Return outline and bounds in degrees; an outline across 180° is cut there, with west > east in the bounds."""
    from pyproj import Transformer
    from shapely import box as rectangle
    from shapely.affinity import translate
    from shapely.geometry import MultiPolygon, Polygon, mapping
    from shapely.geometry.polygon import orient

    edge = np.linspace(0, 1, 17)[:-1]
    columns = np.concatenate([edge, np.ones(16), 1 - edge, np.zeros(16)]) * box.width
    rows = np.concatenate([np.zeros(16), edge, np.ones(16), 1 - edge]) * box.height
    affine = box.affine
    x, y = affine.a * columns + affine.b * rows + affine.c, affine.d * columns + affine.e * rows + affine.f
    lon, lat = Transformer.from_crs(str(box.crs.to_wkt()), "EPSG:4326", always_xy=True).transform(x, y)
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        extent(box)  # refuses a grid that is not on Earth
    if np.ptp(lon) > 180 and lon.min() < 0:
        span = np.where(lon < 0, lon + 360, lon)
        lon = span if np.ptp(span) < np.ptp(lon) else lon
    corners = np.column_stack([lon, lat])
    # A millimetre, or a thousandth of a smaller raster.
    digits = max(8, 3 - math.floor(math.log10(max(min(np.ptp(lon), np.ptp(lat)), 1e-300))))
    outline = orient(Polygon(np.round(corners, digits)).buffer(0))
    if outline.is_empty:
        extent(box)
        raise InputError("The pixels of the cube are too small for an outline in degrees: check its coordinates.")
    if outline.bounds[2] <= 180:
        return json.loads(json.dumps(mapping(outline))), [float(v) for v in outline.bounds]
    west, east = outline.intersection(rectangle(-180, -90, 180, 90)), outline.intersection(rectangle(180, -90, 540, 90))
    both = MultiPolygon([p for p in (west, translate(east, -360)) if not p.is_empty and p.geom_type == "Polygon"])
    bounds = [
        west.bounds[0] if not west.is_empty else -180.0,
        outline.bounds[1],
        east.bounds[2] - 360,
        outline.bounds[3],
    ]
    return json.loads(json.dumps(mapping(both))), [float(v) for v in bounds]
