"""Small GeoTIFFs and the STAC items that describe them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.transform import from_origin

SIZE = 8


class Maker:
    """Write files into a folder and return assets and items for them.

    Attributes
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(
        self,
        name: str,
        *values: Any,
        dtype: str = "uint16",
        crs: Any = "EPSG:32633",
        at: tuple[float, float] = (500_000, 5_000_000),
        pixel: float = 10,
        size: int = SIZE,
        descriptions: tuple[str, ...] | None = None,
        **options: Any,
    ) -> Path:
        """Write a GeoTIFF with one layer for each value (a number or an array)."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        layers = np.stack([np.broadcast_to(np.asarray(v, dtype), (size, size)) for v in values])
        profile = {"width": size, "height": size, "count": len(values), "dtype": dtype, "crs": crs} | options
        with rasterio.open(path, "w", driver="GTiff", transform=from_origin(*at, pixel, pixel), **profile) as file:
            file.write(layers)
            if descriptions:
                file.descriptions = descriptions
        return path

    def asset(self, name: str, *values: Any, note: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """Write a GeoTIFF and return its asset, with the fields of ``note``."""
        path = self.file(name, *values, **options)
        return {"href": str(path), "type": "image/tiff; application=geotiff", "roles": ["data"]} | (note or {})

    def item(
        self,
        name: str,
        assets: dict[str, Any],
        when: str | None = "2021-06-01T10:00:00Z",
        collection: str | None = "unknown",
        **properties: Any,
    ) -> dict[str, Any]:
        """Return an item; properties are written with two underscores for a colon (``proj__epsg``)."""
        corners = [[14.9, 45.0], [15.2, 45.0], [15.2, 45.3], [14.9, 45.3], [14.9, 45.0]]
        return {
            "type": "Feature",
            "stac_version": "1.0.0",
            "id": name,
            "collection": collection,
            "bbox": [14.9, 45.0, 15.2, 45.3],
            "geometry": {"type": "Polygon", "coordinates": [corners]},
            "properties": {"datetime": when} | {k.replace("__", ":"): v for k, v in properties.items()},
            "assets": assets,
            "links": [],
        }


def together(*items: dict[str, Any]) -> dict[str, Any]:
    """Return an item collection."""
    return {"type": "FeatureCollection", "features": list(items)}
