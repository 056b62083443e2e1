"""Real time series of single places, as libraries from which landscapes are composed.

The folder holds one sub-folder per set: ``sits_modis`` (package data of the R package sits), ``landsat_p013r030`` (test data
of yatsm) and ``cawa_crops`` (CropHarvest's copy of Remelgado et al., 2020). Cells of half a degree, or parts of the row of
Landsat pixels, are split into training and validation; tests use other sets.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

#: One of five cells is for validation.
CELL, FOLDS, VALIDATION = 0.5, 5, 1
#: Centre of the MODIS cube of the tests, and the minimum distance (degrees) of series from it.
TEST_CUBE, AWAY = (-56.0, -12.0), 0.5
MODIS = ("samples_mt_9classes.npz", "cerrado_col6_first3000.npz")
#: Rise of the shortest band over its neighbours in time that counts as an unmasked cloud.
CLOUD = 0.05
#: Radius of the sphere of the sinusoidal projection, in metres.
EARTH = 6371007.181
#: Days of the ordinal calendar at 1970-01-01.
EPOCH = 719163


@dataclass(frozen=True, slots=True)
class Library:
    """Series with common dates.

    Attributes
    ----------
    name : str
    bands : tuple of str
        Common names; ``("ndvi",)`` if only the index is available.
    x : ndarray, shape (n, t, c), float32
        Reflectance; 0 where not observed.
    seen : ndarray, shape (n, t), bool
    days : ndarray, shape (t,), float64
        Days since 1970-01-01.
    lonlat : ndarray, shape (n, 2), float64
        In degrees; NaN where unknown.
    ordered : bool
        Neighbours in the list are neighbours on the ground.
    """

    name: str
    bands: tuple[str, ...]
    x: Floats
    seen: npt.NDArray[np.bool_]
    days: npt.NDArray[np.float64]
    lonlat: npt.NDArray[np.float64]
    ordered: bool = False

    def only(self, which: npt.NDArray[np.bool_]) -> Library:
        """Return some of the series."""
        part = (self.x[which], self.seen[which], self.days, self.lonlat[which], self.ordered)
        return Library(self.name, self.bands, *part)


def validation(lonlat: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which places are for validation, by the hash of their cell."""
    cells = np.floor(np.nan_to_num(lonlat) / CELL).astype(int)
    return np.array([zlib.crc32(f"{a},{b}".encode()) % FOLDS == VALIDATION for a, b in cells])


def fleeting(bright: Floats, seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the mask of values of a series (n, t) above the median of the five nearest observed dates: unmasked cloud."""
    n, t = bright.shape
    filled = np.where(seen, bright, np.nan)
    out = np.zeros((n, t), bool)
    for date in range(t):
        low, high = max(0, date - 3), min(t, date + 4)
        part = filled[:, low:high]
        usual = np.nanmedian(np.where(np.isnan(part).all(axis=1, keepdims=True), 0, part), axis=1)
        out[:, date] = filled[:, date] > usual + CLOUD
    return out


def modis(folder: Path) -> list[Library]:
    """Read MOD13Q1 series of Mato Grosso and Goiás, one library per agricultural year; none near the test cube."""
    parts = []
    for file in MODIS:
        with np.load(folder / "sits_modis" / file) as z:
            names = [str(b) for b in z["bands"]]
            order = [names.index(b) for b in ("blue", "red", "nir", "mir")]
            parts.append((z["X"][..., order], z["days"].astype(float), np.stack([z["lon"], z["lat"]], axis=1)))
    x, days, lonlat = (np.concatenate(p) for p in zip(*parts, strict=True))
    _, first = np.unique(np.round(np.column_stack([lonlat, days[:, 0]]), 4), axis=0, return_index=True)
    x, days, lonlat = x[first], days[first], lonlat[first]
    away = (np.abs(lonlat - TEST_CUBE) > AWAY).any(axis=1)
    made = []
    for start in np.unique(days[:, 0]):
        year = away & (days[:, 0] == start)
        if year.sum() < 40:
            continue
        seen = ~fleeting(x[year, :, 0], np.ones((int(year.sum()), x.shape[1]), bool))
        values = np.where(seen[..., None], x[year].clip(0), 0).astype(np.float32)
        names = ("blue", "red", "nir", "swir22")
        made.append(Library(f"modis {start:.0f}", names, values, seen, days[year][0], lonlat[year]))
    return made


def landsat(folder: Path) -> list[Library]:
    """Read a row of 300 Landsat pixels in the north-east of the United States, 1984 to 2014, with its Fmask."""
    with np.load(folder / "landsat_p013r030" / "landsat_p013r030_300px_423d.npz") as z:
        y, days = z["Y"], z["dates_ordinal"].astype(float) - EPOCH
    x = y[:6].transpose(2, 1, 0).astype(np.float32) / 10_000
    seen = (y[7].T <= 1) & (x > 0).all(axis=-1) & (x < 1).all(axis=-1)
    seen &= ~fleeting(x[..., 0], seen)
    names = ("blue", "green", "red", "nir", "swir16", "swir22")
    place = np.tile([-73.5, 43.2], (len(x), 1))
    x = np.where(seen[..., None], x, 0)
    keep = seen.mean(axis=0) > 0.1
    return [Library("landsat", names, x[:, keep], seen[:, keep], days[keep], place, ordered=True)]


def fields(folder: Path) -> list[Library]:
    """Read NDVI of fields in Central Asia with its gaps, one library per year."""
    with np.load(folder / "cawa_crops" / "cawa_crops.npz") as z:
        ndvi, doy, year = z["ndvi"], z["doy"].astype(float), z["year"]
        lat = z["y"] / EARTH
        lon = np.degrees(z["x"] / EARTH / np.cos(lat))
    # Some eastings are in another projection.
    lonlat = np.stack([np.where((lon > 50) & (lon < 80), lon, np.nan), np.degrees(lat)], axis=1)
    seen = np.isfinite(ndvi)
    made = []
    for one in np.unique(year):
        which = (year == one) & (seen.mean(axis=1) > 0.5)
        if which.sum() < 40:
            continue
        days = doy - 1 + float(np.datetime64(f"{one}-01-01", "D").astype(np.int64))
        values = np.nan_to_num(ndvi[which])[..., None].astype(np.float32)
        made.append(Library(f"fields {one}", ("ndvi",), values, seen[which], days, lonlat[which]))
    return made


def libraries(folder: Path, *, held: bool) -> dict[str, list[Library]]:
    """Return the libraries by set, for training or (``held``) for validation."""
    made: dict[str, list[Library]] = {}
    for name, read in (("modis", modis), ("landsat", landsat), ("fields", fields)):
        parts = []
        for library in read(folder):
            which = np.arange(len(library.x)) >= 240 if library.ordered else validation(library.lonlat)
            part = library.only(which if held else ~which)
            if len(part.x) >= 12:
                parts.append(part)
        made[name] = parts
    return made
