"""Miniature raster files of real products, written for one test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.transform import from_origin

SIDE = 6


def flat(value: float, dtype: str = "uint16", side: int = SIDE) -> np.ndarray:
    """One layer of one value."""
    return np.full((side, side), value, dtype)


def write(
    path: Path,
    values: Any,
    *,
    at: tuple[float, float] = (500_000, 5_000_000),
    pixel: float = 10,
    crs: Any = "EPSG:32633",
    names: tuple[str, ...] | None = None,
    colors: Any = None,
    transform: Any = None,
    driver: str = "GTiff",
    **profile: Any,
) -> Path:
    """Write layers (layer, y, x) or one layer (y, x), and return the path."""
    layers = np.asarray(values)
    layers = layers[None] if layers.ndim == 2 else layers
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = {"count": len(layers), "height": layers.shape[1], "width": layers.shape[2], "dtype": layers.dtype}
    place = transform or from_origin(*at, pixel, pixel)
    with rasterio.open(path, "w", driver=driver, crs=crs, transform=place, **shape, **profile) as file:
        file.write(layers)
        if names:
            file.descriptions = names
        if colors:
            file.colorinterp = colors
    return path
