"""Real places with Sentinel-2 in ten bands and Sentinel-1, for the recipes and probes of small encoders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eowidgets.models.encode.ten_bands import BANDS

#: Rows of the twelve bands of a file of Sentinel-2 that are :data:`BANDS`.
_OF_TWELVE = (1, 2, 3, 4, 5, 6, 7, 8, 10, 11)
#: The same in the series of Presto's evaluation, which begin with two of radar and lack the first band of Sentinel-2.
_OF_PRESTO = (2, 3, 4, 5, 6, 7, 8, 9, 11, 12)
#: Places of ``terramind_examples`` that nothing is trained on.
HELD = ("38D_378R_2_3", "637U_59R_1_3")
FITTED = ("282D_485L_3_3", "433D_629L_3_1", "609U_541L_3_0")


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A square of 224 pixels of 10 m.

    Attributes
    ----------
    name : str
    optical : array, shape (10, h, w)
        Reflectance.
    radar : array, shape (2, h, w)
        VV and VH in dB.
    cover : array, shape (h, w)
        Class of land cover, 1 to 9.
    """

    name: str
    optical: np.ndarray
    radar: np.ndarray
    cover: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """Series of single pixels with what was measured there on the ground.

    Attributes
    ----------
    optical : array, shape (n, t, 10)
        Reflectance at the top of the atmosphere.
    radar : array, shape (n, t, 2)
        VV and VH in dB.
    months : array, shape (n, t)
        0 to 11.
    lonlat : array, shape (n, 2)
    truth : array, shape (n,)
    test : array, shape (n,), bool
        The published test part.
    places : array, shape (n,)
        Names of the places, degrees to a tenth.
    """

    optical: np.ndarray
    radar: np.ndarray
    months: np.ndarray
    lonlat: np.ndarray
    truth: np.ndarray
    test: np.ndarray
    places: np.ndarray


def place(folder: Path, name: str) -> Place:
    """Read a place of ``terramind_examples``."""
    found = {k: _raster(folder / "terramind_examples" / f"{k}_{name}.tif") for k in ("S2L2A", "S1RTC", "LULC")}
    optical = reflectance(found["S2L2A"][list(_OF_TWELVE)])
    return Place(name, optical, np.nan_to_num(found["S1RTC"]).astype("float32"), found["LULC"][0].astype("int64"))


def patches(folder: Path) -> list[np.ndarray]:
    """Read the 23 patches of ``satclip_s2``, reflectance (10, 256, 256)."""
    files = sorted((folder / "satclip_s2").rglob("*.tif"))
    return [reflectance(_raster(f)[list(_OF_TWELVE)]) for f in files]


def reflectance(numbers: np.ndarray) -> np.ndarray:
    """Turn numbers of Sentinel-2 into reflectance; files whose darkest blue is above 900 have an offset of 1000."""
    offset = 1000.0 if np.quantile(numbers[0], 0.001) > 900 else 0.0
    return ((numbers.astype("float32") - offset) / 10_000).clip(0, 1.5)


def pixels(folder: Path, name: str) -> Pixels:
    """Read ``fuel_moisture`` or ``algae_blooms`` of Presto's evaluation.

    Places that have samples in both published parts are left out of the test part.
    """
    x, months, latlon, truth, test = (
        np.load(folder / "presto" / "data" / name / "npy" / f"{k}.npy", allow_pickle=True)
        for k in ("s1_s2_era5_srtm", "month", "latlon", "target", "is_test")
    )
    x = np.nan_to_num(x.astype("float32"))
    places = np.array([f"{lat:.1f} {lon:.1f}" for lat, lon in latlon])
    test = test.astype(bool)
    both = np.isin(places, places[~test]) & test
    keep = ~both
    optical = (x[..., list(_OF_PRESTO)] / 10_000).clip(0, 1.5)
    parts = (optical, x[..., :2], months, latlon[:, ::-1].astype("float32"), truth.astype("float32"), test, places)
    return Pixels(*(part[keep] for part in parts))


def cells(image: np.ndarray, side: int) -> np.ndarray:
    """Cut (c, h, w) into squares, (n, c, side, side), row by row; what is left at the far edges is dropped."""
    c, h, w = image.shape
    rows, columns = h // side, w // side
    cut = image[:, : rows * side, : columns * side].reshape(c, rows, side, columns, side)
    return cut.transpose(1, 3, 0, 2, 4).reshape(-1, c, side, side)


def majority(cover: np.ndarray, side: int, least: float = 0.8) -> np.ndarray:
    """Return the class that covers at least ``least`` of each square, else 0, (n,)."""
    parts = cells(cover[None], side).reshape(-1, side * side)
    counts = np.stack([(parts == k).mean(1) for k in range(10)], 1)
    return np.where(counts.max(1) >= least, counts.argmax(1), 0)


def _raster(path: Path) -> np.ndarray:
    import rasterio

    with rasterio.open(path) as file:
        return np.asarray(file.read())


__all__ = [
    "BANDS",
    "FITTED",
    "HELD",
    "Pixels",
    "Place",
    "cells",
    "majority",
    "patches",
    "pixels",
    "place",
    "reflectance",
]
