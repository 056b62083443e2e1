"""Small files of embeddings in the layouts of AlphaEarth and TESSERA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine

NAMES = tuple(f"A{i:02d}" for i in range(64))


def codes_of(rows: int, columns: int, seed: int = 0, size: int = 64) -> Any:
    """Return int8 codes (size, rows, columns) north up, none of them -128: the left half differs from the right."""
    rng = np.random.default_rng(seed)
    two = rng.integers(-100, 101, (2, size, 1, 1))
    side = (np.arange(columns) >= columns // 2).astype(int)
    base = np.where(side[None, None] == 0, two[0], two[1])
    return (base + rng.integers(-20, 21, (size, rows, columns))).astype("int8")


def write_alphaearth(
    path: Path,
    codes: Any,
    *,
    west: float = 5e5,
    north: float = 45e5,
    crs: str = "EPSG:32634",
    bottom_up: bool = True,
    names: Any = NAMES,
    **profile: Any,
) -> Path:
    """Write codes (band, y, x), which are north up, as an AlphaEarth file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = codes.shape
    place = Affine(10, 0, west, 0, 10, north - 10 * height) if bottom_up else Affine(10, 0, west, 0, -10, north)
    profile = {"nodata": -128, "tiled": True, "blockxsize": 16, "blockysize": 16, **profile}
    with rasterio.open(
        path, "w", driver="GTiff", height=height, width=width, count=count, dtype=str(codes.dtype), crs=crs,
        transform=place, **profile,
    ) as file:  # fmt: skip
        file.write(codes[:, ::-1] if bottom_up else codes)
        if names:
            file.descriptions = tuple(names)
    return path


def write_tessera(
    folder: Path, codes: Any, scales: Any, *, name: str = "grid_0.15_52.05", west: float = 3e5, north: float = 577e4
) -> Path:
    """Write codes (y, x, number) and scales (y, x) as a tile of TESSERA, with the raster that has its place."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{name}.npy", codes)
    np.save(folder / f"{name}_scales.npy", scales)
    height, width = codes.shape[:2]
    with rasterio.open(
        folder / f"{name}.tiff", "w", driver="GTiff", height=height, width=width, count=1, dtype="uint8",
        crs="EPSG:32631", transform=Affine(10, 0, west, 0, -10, north),
    ) as file:  # fmt: skip
        file.write(np.ones((1, height, width), "uint8"))
    return folder / f"{name}.npy"
