"""Items of a catalogue of cloud-optimised GeoTIFFs, written from a cube, with everything that real catalogues state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from shapely.geometry import box, mapping

NAMES = {"blue": "B02", "green": "B03", "red": "B04", "nir": "B08", "scl": "SCL"}


def write_items(
    folder: Path,
    cube: xr.Dataset,
    *,
    root: str = "",
    parts: int = 1,
    clouds: tuple[float, ...] = (10.0,),
    baseline: str = "02.14",
    offset: int = 0,
    name: str = "S2A",
    times: Any = None,
) -> list[dict[str, Any]]:
    """Write a file per date, part and band; gives the items.

    Parameters
    ----------
    folder : Path
    cube : Dataset
        Of Sentinel-2.
    root : str
        Address under which the folder is served.
    parts : int
        Side by side tiles that each date is cut into.
    clouds : tuple of float
        Cloud cover of the dates in turn.
    baseline, offset
        Processing baseline, and the number added to the integers.
    name : str
        Beginning of the names.
    times : array, optional
        Of the dates, in place of those of the cube.
    """
    import odc.geo.xr  # noqa: F401
    from odc.geo.cog import write_cog

    found = []
    edges = np.linspace(0, cube.sizes["x"], parts + 1).astype(int)
    for i, time in enumerate(cube.time.values if times is None else times):
        for part in range(parts):
            piece = cube.isel(time=i, x=slice(edges[part], edges[part + 1]), drop=True)
            west, south, east, north = piece.odc.geobox.geographic_extent.boundingbox
            label = f"{name}_34TG{'RST'[part]}_{str(time)[:10].replace('-', '')}_{baseline}"
            (folder / label).mkdir(parents=True)
            assets: dict[str, Any] = {}
            for band in (b for b in NAMES if b in piece):
                whole = piece[band] if band == "scl" else (piece[band] * 10_000).round() + offset
                file = folder / label / f"{NAMES[band]}.tif"
                write_cog(whole.astype("uint8" if band == "scl" else "uint16"), file, overwrite=True, nodata=0)
                assets[NAMES[band]] = {
                    "href": f"{root}/{label}/{NAMES[band]}.tif" if root else str(file),
                    "type": "image/tiff; application=geotiff; profile=cloud-optimized",
                    "roles": ["data"],
                }
            grid = piece.odc.geobox
            assets["thumbnail"] = {"href": f"{root}/{label}.jpg", "type": "image/jpeg", "roles": ["thumbnail"]}
            found.append(
                {
                    "type": "Feature",
                    "stac_version": "1.0.0",
                    "id": label,
                    "collection": "sentinel-2-l2a",
                    "bbox": [west, south, east, north],
                    "geometry": json.loads(json.dumps(mapping(box(west, south, east, north)))),
                    "properties": {
                        "datetime": f"{str(time)[:19]}Z",
                        "platform": "sentinel-2a",
                        "eo:cloud_cover": clouds[i % len(clouds)],
                        "s2:processing_baseline": baseline,
                        "grid:code": f"MGRS-34TG{'RST'[part]}",
                        "proj:epsg": int(grid.crs.epsg),
                        "proj:shape": list(grid.shape),
                        "proj:transform": list(grid.affine)[:6],
                    },
                    "assets": assets,
                    "links": [],
                }
            )
    return found
