"""Landscapes composed of real or invented time series: each parcel, or each pixel, gets the series of one place.

Reflectance, dates and gaps come from the libraries of :mod:`training.series_sets`; if only NDVI is available, and for
invented seasons, two spectra are mixed. Parcels, texture, haze and noise are simulated.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from eowidgets.simulate.land import BANDS, SPECTRA, voronoi
from eowidgets.simulate.sky import HAZE
from eowidgets.simulate.texture import anywhere, fractal
from training.series_sets import Floats, Library
from training.windows import SIDE, Windows, jittered, turned

Indices = npt.NDArray[np.intp]

#: Minimum share of the series that must be observed on a date for it to be drawn.
LEAST = 0.2
#: Sets of bands of invented sensors.
SENSORS = (
    BANDS,
    BANDS,
    ("blue", "green", "red", "nir", "swir16", "swir22"),
    ("blue", "green", "red", "nir", "nir08", "swir16"),
    ("blue", "green", "red", "nir"),
    ("green", "red", "nir"),
    ("blue", "red", "nir", "swir22"),
)
SOILS, PLANTS = ("soil", "bare", "stubble", "bare trees", "char", "built"), ("crop", "leaves", "crop", "water")


def assignment(rng: np.random.Generator, series: int, *, ordered: bool) -> tuple[Indices, Indices, Floats]:
    """Draw which two series each pixel mixes, and the share of the second, all of shape (SIDE, SIDE)."""
    shape = (SIDE, SIDE)
    smooth = anywhere(fractal(float(rng.choice((1.2, 1.6, 2.0))), 61), shape, rng)
    rank = smooth.ravel().argsort().argsort().reshape(shape) / (SIDE * SIDE)
    count = min(series, int(rng.integers(4, 60)))
    if ordered:
        first = int(rng.integers(0, series - count + 1))
        chosen = first + np.arange(count)
    else:
        chosen = rng.choice(series, count, replace=False)
    cells = voronoi(shape, float(rng.uniform(3, 14)), rng)
    cells = np.unique(cells, return_inverse=True)[1].reshape(shape)
    if rng.random() < 0.4:
        a = chosen[(rank * (count - 1e-6)).astype(int)]
    else:
        a = chosen[rng.integers(0, count, cells.max() + 1)[cells]]
    other = chosen[rng.integers(0, count, cells.max() + 1)[cells]]
    share = np.clip(0.5 + anywhere(fractal(1.4, 62), shape, rng), 0, 1) * rng.uniform(0, 0.6)
    share = np.where(share < 0.05, 0, share) * (rng.random() < 0.7)
    return a, other, share.astype(np.float32)


def some_dates(rng: np.random.Generator, good: Indices, count: int) -> Indices:
    """Draw ``count`` dates of those given: a stretch, with some omitted."""
    slack = int(rng.integers(0, 2 * count + 1)) if rng.random() < 0.6 else 0
    length = min(len(good), count + slack)
    first = int(rng.integers(0, len(good) - length + 1))
    return good[first + np.sort(rng.choice(length, count, replace=False))]


def spectra(rng: np.random.Generator, count: int, names: Sequence[str]) -> tuple[Floats, Floats]:
    """Draw spectra of bare and of green ground for ``count`` parcels, both (count, bands)."""
    index = [BANDS.index(b) for b in names]
    made = []
    for kinds in (SOILS, PLANTS):
        some = rng.choice(len(kinds), int(rng.integers(1, 4)))
        base = np.array([SPECTRA[kinds[int(rng.choice(some))]] for _ in range(count)])[:, index]
        place, bright = rng.normal(0, 0.2, len(index)), rng.normal(0, 0.12, (count, 1))
        made.append((base * np.exp(place + bright + rng.normal(0, 0.05, base.shape))).astype(np.float32))
    return made[0], made[1]


def mixed(green: Floats, low: Floats, high: Floats, wet: Floats) -> Floats:
    """Return reflectance (n, t, c) of ground with a green share (n, t); wet soil is darker by ``wet`` (t,)."""
    share = green[..., None]
    made: Floats = low[:, None] * wet[None, :, None] * (1 - share) + high[:, None] * share
    return made


def seasons(rng: np.random.Generator, days: npt.NDArray[np.float64], count: int) -> Floats:
    """Draw greenness (count, t) of one climate: one to three seasons, evergreen, or irregular rains; with sudden cuts."""
    t = days - days[0]
    base, amplitude = rng.uniform(0, 0.5, (count, 1)), rng.uniform(0.2, 0.8, (count, 1))
    climate = rng.choice(("one", "two", "mixed", "evergreen", "rains"), p=(0.35, 0.15, 0.2, 0.1, 0.2))
    phase = rng.uniform(0, 365)
    green = np.zeros((count, len(t)))
    seasons = {"one": 1, "two": 2, "mixed": 3, "evergreen": 0, "rains": 6}[climate]
    for k in range(seasons):
        on = np.ones((count, 1)) if climate != "mixed" else (rng.integers(0, 3, (count, 1)) == k)
        if climate == "rains":
            start = rng.uniform(0, 365) + rng.normal(0, 4, (count, 1))
            length, on = rng.uniform(15, 60), rng.uniform(0, 1, (count, 1))
        else:
            start = phase + k * 365 / seasons + rng.normal(0, 8, (count, 1))
            length = rng.uniform(50, 300 / seasons) + rng.normal(0, 8, (count, 1))
        rise, fall = rng.uniform(3, 25), rng.uniform(2, 25)
        day = (t - start) % 365.25
        curve = (
            1
            / (1 + np.exp(-(day - 3 * rise) / rise))
            / (1 + np.exp(np.clip((day - length - 3 * rise) / fall, -50, 50)))
        )
        green = np.maximum(green, on * curve)
    if rng.random() < 0.5:  # harvest, mowing or fire: a lasting drop
        when = rng.uniform(0, t[-1] + 1, (count, 1))
        struck = rng.random((count, 1)) < rng.uniform(0, 0.6)
        green = green * np.where(struck & (t > when), 1 - np.exp(-(t - when) / rng.uniform(30, 300)), 1)
    # Weather: correlated over weeks, in part common to all parcels.
    reach, waves = rng.uniform(10, 60), 24
    frequency = rng.standard_cauchy(waves).clip(-8, 8) / reach
    common = np.cos(t[:, None] * frequency + rng.uniform(0, 6.3, waves)).sum(1) / np.sqrt(waves / 2)
    own = np.einsum("nw,wt->nt", rng.normal(0, 1, (count, waves)), np.cos(frequency[:, None] * t)) / np.sqrt(waves / 2)
    weather = rng.uniform(0, 0.08) * common + rng.uniform(0, 0.05) * own
    return (base + amplitude * green + weather).clip(0, 1).astype(np.float32)


def invented_days(rng: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    """Draw days: regular passes of which some are lost, or irregular ones."""
    step = float(rng.choice((1, 2, 5, 5, 8, 10, 16, 16, 30)))
    passes = np.cumsum(rng.geometric(rng.uniform(0.3, 1.0), count)) * step
    if rng.random() < 0.3:
        passes = np.cumsum(rng.gamma(1.5, step, count) + 1)
    return float(rng.integers(9000, 18000)) + np.floor(passes)


def roughened(rng: np.random.Generator, x: Floats, names: Sequence[str]) -> Floats:
    """Add texture, haze and noise to a landscape (t, c, h, w)."""
    shape = x.shape[-2:]
    x = x * np.exp(rng.uniform(0, 0.08) * anywhere(fractal(0.9, 63), shape, rng))
    if rng.random() < 0.5:
        size = rng.gamma(1.0, 0.03, len(x)) * (rng.random(len(x)) < 0.5)
        veil = np.stack([1 + 0.5 * anywhere(fractal(2.0, 64), shape, rng) for _ in x]).clip(0, 3)
        x = x + (size[:, None, None] * veil)[:, None] * HAZE[[BANDS.index(b) for b in names], None, None]
    return (x + rng.uniform(0.0005, 0.005) * rng.standard_normal(x.shape)).astype(np.float32)


def composed(
    rng: np.random.Generator, library: Library | None, batch: int, dates: int
) -> tuple[Windows, tuple[str, ...], Floats]:
    """Draw windows of one library, or (None) of invented seasons.

    Returns
    -------
    Windows
        Nothing is hidden yet.
    tuple of str
        Names of the bands.
    ndarray, shape (batch, 2)
        Longitude and latitude; NaN where unknown.
    """
    real = library is not None and library.bands != ("ndvi",)
    names = library.bands if library is not None and real else SENSORS[int(rng.integers(len(SENSORS)))]
    parts, places = [], []
    for _ in range(batch):
        if library is None:
            days, count = invented_days(rng, dates), int(rng.integers(4, 60))
            green = seasons(rng, days, count)
            seen = np.ones(green.shape, bool)
            place = np.array([rng.uniform(-180, 180), rng.uniform(-50, 62)])
        else:
            good = np.flatnonzero(library.seen.mean(axis=0) >= LEAST)
            chosen = some_dates(rng, good, dates)
            days, seen, count = library.days[chosen], library.seen[:, chosen], len(library.x)
            green = library.x[:, chosen, 0] * rng.uniform(1.0, 1.25)
            place = library.lonlat[int(rng.integers(count))] + rng.normal(0, 1.5, 2)
        if library is not None and real:
            values = library.x[:, chosen]
        else:
            low, high = spectra(rng, count, names)
            wet = 1 - rng.uniform(0, 0.25) * rng.random(dates)
            values = mixed(green, low, high, wet.astype(np.float32))
        a, other, share = assignment(rng, count, ordered=library is not None and library.ordered)
        x = values[a] * (1 - share[..., None, None]) + values[other] * share[..., None, None]  # h w t c
        known = seen[a] & (seen[other] | (share == 0)[..., None])
        x = roughened(rng, x.transpose(2, 3, 0, 1), names)
        window = turned(rng, torch.from_numpy(x), torch.from_numpy(known.transpose(2, 0, 1).copy()))
        parts.append((*window, torch.from_numpy(days.astype(np.float64))))
        places.append(place)
    x, known, days = (torch.stack(p) for p in zip(*parts, strict=True))
    x = jittered(rng, x, 0.4)
    return Windows(x, known, torch.zeros_like(known), days), names, np.array(places, np.float32)
