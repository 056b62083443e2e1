"""Land cover: a mosaic of fields, forest, water, built-up and bare ground, its spectra and its seasons.

Spectra of forest (leaves on and off) and water are means over clusters of the Bouconne sample; dense crops, bare
soil, built-up and cloud are medians over 23 Sentinel-2 level 2A patches from around the world.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eowidgets.cube.labels import LAND_CLASSES as CLASSES
from eowidgets.simulate.texture import anywhere, fractal

BANDS = ("blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "swir16", "swir22")

#: Value in the class maps, name and colour.
WATER, FOREST, FIELD, BUILT, BARE = range(5)

SPECTRA = {
    "leaves": (0.017, 0.045, 0.020, 0.081, 0.290, 0.355, 0.365, 0.385, 0.167, 0.071),
    "bare trees": (0.021, 0.037, 0.035, 0.074, 0.156, 0.187, 0.208, 0.228, 0.145, 0.066),
    "water": (0.032, 0.050, 0.046, 0.052, 0.051, 0.057, 0.048, 0.052, 0.032, 0.016),
    "crop": (0.033, 0.057, 0.035, 0.094, 0.291, 0.349, 0.363, 0.365, 0.169, 0.080),
    "soil": (0.075, 0.105, 0.135, 0.160, 0.180, 0.197, 0.215, 0.225, 0.300, 0.245),
    "stubble": (0.070, 0.107, 0.140, 0.180, 0.215, 0.235, 0.258, 0.272, 0.335, 0.240),
    "built": (0.135, 0.166, 0.191, 0.212, 0.242, 0.256, 0.278, 0.273, 0.276, 0.212),
    "bare": (0.100, 0.143, 0.184, 0.208, 0.229, 0.244, 0.267, 0.271, 0.366, 0.300),
    "char": (0.038, 0.045, 0.050, 0.058, 0.070, 0.078, 0.088, 0.098, 0.150, 0.140),
    "floodwater": (0.060, 0.085, 0.090, 0.090, 0.080, 0.080, 0.075, 0.070, 0.045, 0.030),
}

#: Class: spectra at its brownest and greenest, backscatter VV and VH there (dB), variation of brightness and texture.
COVER: dict[int, tuple[str, str, tuple[float, float, float, float], float, float]] = {
    WATER: ("water", "water", (-19, -26, -19, -26), 0.10, 0.02),
    FOREST: ("bare trees", "leaves", (-9.5, -15.5, -8.5, -14), 0.08, 0.06),
    FIELD: ("soil", "crop", (-11.5, -19, -10.5, -16), 0.12, 0.05),
    BUILT: ("built", "crop", (-4.5, -12, -5, -12), 0.25, 0.18),
    BARE: ("bare", "bare", (-13, -21, -13, -21), 0.15, 0.07),
}


@dataclass(slots=True)
class Land:
    """A mosaic of parcels; pixels of a parcel share its season and differ by texture.

    Attributes
    ----------
    parcel : ndarray, shape (h, w), intp
        Index into the arrays below.
    texture : ndarray, shape (h, w), float32
        Factor on reflectance, about 1.
    cover : ndarray, shape (parcels,), uint8
        Class of each parcel.
    low, high : ndarray, shape (parcels, bands), float32
        Reflectance at its brownest and greenest.
    radar : ndarray, shape (parcels, 4), float32
        VV and VH at its brownest, VV and VH at its greenest, dB.
    season : ndarray, shape (parcels, 5), float32
        Day of green-up, of browning, their pace (days), winter and summer greenness.
    """

    parcel: npt.NDArray[np.intp]
    texture: npt.NDArray[np.float32]
    cover: npt.NDArray[np.uint8]
    low: npt.NDArray[np.float32]
    high: npt.NDArray[np.float32]
    radar: npt.NDArray[np.float32]
    season: npt.NDArray[np.float32]

    def add(self, cover: int, low: str, high: str, rng: np.random.Generator) -> int:
        """Append a parcel, for example after an event, and return its index."""
        fresh = parcels(np.array([cover], np.uint8), rng, low, high)
        for name, value in zip(("cover", "low", "high", "radar", "season"), fresh, strict=True):
            setattr(self, name, np.concatenate([getattr(self, name), value]))
        return len(self.cover) - 1

    def greenness(self, day: float, year_shift: float, year_level: float) -> npt.NDArray[np.float32]:
        """Return the greenness 0..1 of every parcel on a day of the year, shape (parcels,): a double logistic curve."""
        up, down, pace, winter, summer = self.season.T
        rise = 1 / (1 + np.exp(-(day - up - year_shift) / pace))
        fall = 1 / (1 + np.exp((day - down - 0.5 * year_shift) / pace))
        green = winter + (summer * year_level - winter) * rise * fall
        return np.asarray(green.clip(0, 1), np.float32)


def parcels(
    cover: npt.NDArray[np.uint8], rng: np.random.Generator, low: str | None = None, high: str | None = None
) -> tuple[
    npt.NDArray[np.uint8],
    npt.NDArray[np.float32],
    npt.NDArray[np.float32],
    npt.NDArray[np.float32],
    npt.NDArray[np.float32],
]:
    """Draw spectra, backscatter and season for parcels of the given classes."""
    n = len(cover)
    brown = np.array([SPECTRA[low or COVER[c][0]] for c in cover], np.float32).reshape(n, len(BANDS))
    green = np.array([SPECTRA[high or COVER[c][1]] for c in cover], np.float32).reshape(n, len(BANDS))
    radar = np.array([COVER[c][2] for c in cover], np.float32).reshape(n, 4)
    spread = np.array([COVER[c][3] for c in cover], np.float32)[:, None]
    bright = np.exp(spread * rng.standard_normal((n, 1), dtype=np.float32))
    tilt = np.exp(0.3 * spread * rng.standard_normal((n, len(BANDS)), dtype=np.float32))
    radar = radar + 0.8 * rng.standard_normal((n, 1), dtype=np.float32)
    # Fields are of three kinds: winter crops, summer crops, and grass.
    kind = rng.choice(3, n, p=(0.4, 0.35, 0.25))
    season = np.empty((n, 5), np.float32)
    season[:, 0] = np.where(cover == FOREST, 112, np.array([75, 165, 90])[kind]) + 7 * rng.standard_normal(n)
    season[:, 1] = np.where(cover == FOREST, 300, np.array([180, 265, 310])[kind]) + 7 * rng.standard_normal(n)
    season[:, 2] = np.where(cover == FOREST, 8, np.array([10, 9, 18])[kind])
    season[:, 3] = np.where(cover == FOREST, 0.05, np.array([0.25, 0.08, 0.45])[kind]) * rng.uniform(0.7, 1.3, n)
    season[:, 4] = np.where(cover == FOREST, 0.95, np.array([0.9, 0.85, 0.8])[kind]) * rng.uniform(0.85, 1.05, n)
    garden = cover == BUILT
    season[garden, 3:] = rng.uniform(0, 0.35, (int(garden.sum()), 1)) * np.array([0.7, 1.0])
    season[(cover == WATER) | (cover == BARE), 3:] = 0
    return cover, brown * bright * tilt, green * bright * tilt, radar, season


def mosaic(shape: tuple[int, int], rng: np.random.Generator) -> Land:
    """Draw a landscape: woods and a river by smooth fields, parcels by Voronoi cells of jittered grids."""
    woods, river, town = (anywhere(fractal(s, 11 + i), shape, rng) for i, s in enumerate((1.6, 1.9, 1.5)))
    cells, fine = voronoi(shape, 13.0, rng), voronoi(shape, 3.5, rng)
    count = int(cells.max()) + 1
    size = np.bincount(cells.ravel(), minlength=count).clip(1)
    urban = np.bincount(cells.ravel(), weights=town.ravel(), minlength=count) / size
    kind = np.full(count, FIELD)
    kind[rng.random(count) < 0.06] = BARE
    kind[urban > np.quantile(urban, 0.9)] = BUILT
    cover = kind[cells]
    cover[woods > np.quantile(woods, rng.uniform(0.55, 0.75))] = FOREST
    cover[np.abs(river - np.quantile(river, 0.5)) < rng.uniform(0.02, 0.06)] = WATER
    # One number per (cell, class): a wood that cuts a field leaves two parcels.
    key = np.where(cover == BUILT, count + fine, cells) * len(CLASSES) + cover
    key[cover == WATER] = -1
    values, parcel = np.unique(key, return_inverse=True)
    kinds = np.where(values < 0, WATER, values % len(CLASSES)).astype(np.uint8)
    amplitude = np.array([COVER[c][4] for c in kinds], np.float32)
    parcel = parcel.reshape(shape)
    grain = 0.7 * anywhere(fractal(0.7, 21), shape, rng) + 0.7 * anywhere(fractal(1.4, 22), shape, rng)
    texture = np.exp(amplitude[parcel] * grain).astype(np.float32)
    return Land(parcel, texture, *parcels(kinds, rng))


def voronoi(shape: tuple[int, int], size: float, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Return the number of the nearest point of a jittered, rotated and stretched grid, shape (h, w)."""
    angle, stretch = rng.uniform(0, np.pi), rng.uniform(1.0, 1.8)
    y, x = np.indices(shape, dtype=np.float32)
    u = (x * np.cos(angle) + y * np.sin(angle)) / (size * stretch)
    v = (y * np.cos(angle) - x * np.sin(angle)) / size
    u, v = u - u.min() + 1, v - v.min() + 1
    rows, columns = int(v.max()) + 3, int(u.max()) + 3
    jitter = rng.uniform(0.1, 0.9, (2, rows, columns)).astype(np.float32)
    number = v.astype(np.intp) * columns + u.astype(np.intp)
    # Positions of all points: a neighbour in the grid is a fixed step away in these lists.
    points_v = (np.arange(rows, dtype=np.float32)[:, None] + jitter[0]).ravel()
    points_u = (np.arange(columns, dtype=np.float32) + jitter[1]).ravel()
    best = np.full(shape, np.inf, np.float32)
    nearest = np.zeros(shape, np.intp)
    for step in (di * columns + dj for di in (-1, 0, 1) for dj in (-1, 0, 1)):
        point = number + step
        away_v, away_u = v - points_v.take(point, mode="clip"), u - points_u.take(point, mode="clip")
        distance = away_v * away_v + away_u * away_u
        closer = distance < best
        np.copyto(best, distance, where=closer)
        np.copyto(nearest, point, where=closer)
    return nearest
