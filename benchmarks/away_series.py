"""Series with known breaks, simulated and real, for ``benchmarks.away_monitors``.

Simulated: a level, a season of one or two waves, noise, slow drift, haze common to all pixels of a date, missed clouds,
Simulated: a level, a season of one or two harmonics, noise, slow drift, haze common to all pixels of a date, undetected
clouds, irregular dates. Real: NDVI of Landsat (WRS-2 013/030, 8-year cuts), a MODIS cube (Mato Grosso), and concatenated
years of MODIS samples of one class (Brazil) and of fields (Central Asia). Breaks are added to real series that are stable by
their own yearly medians. Each real set has a development part and a test part, spatially separate.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from eowidgets.analysis.choose.breaks import Breaks, draw_breaks
from eowidgets.contract.feeds import Batch
from eowidgets.models.classical.harmonic import design, evaluate, robust_solve

YEAR = 365.2425
HISTORY = 2.0
NOISES = (0.02, 0.05, 0.1)
#: A real series is stable if its yearly medians differ by no more than this.
STABLE = 0.12


@dataclass
class Scene:
    """Series of one area.

    ``values``, ``usable``: (n, t); ``days`` (t,); ``breaks`` with size 0 where stable; ``noise`` (n,), NaN if real;
    ``lasting`` (n,): the break is visible all year and for at least two years.
    """

    name: str
    values: np.ndarray
    usable: np.ndarray
    days: np.ndarray
    breaks: Breaks
    noise: np.ndarray
    lasting: np.ndarray

    @property
    def changed(self) -> np.ndarray:
        return self.breaks.size != 0

    def batch(self, rows: np.ndarray | slice = slice(None)) -> Batch:
        """Return a batch of series of red and near infrared with this NDVI."""
        v = torch.as_tensor(self.values[rows], dtype=torch.float32).clamp(-0.99, 0.99)
        usable = torch.as_tensor(self.usable[rows])
        x = torch.stack([(1 - v) / 4, (1 + v) / 4], dim=-1) * usable[..., None]
        days = torch.as_tensor(self.days, dtype=torch.float64)
        return Batch(x, usable, usable, x, days, days, ("red", "nir"), torch.zeros(len(v), 2), 10.0)


def with_breaks(name, clean, usable, days, noise, rng, *, share, together, takes=(0.0, 182.0)) -> Scene:
    """Add breaks to a share of the series; ``together``: all at one time, otherwise each at its own time."""
    n = len(clean)
    first, last = days[0] + (HISTORY + 0.3) * YEAR, days[-1] - 1.2 * YEAR
    level = np.nanmean(np.where(usable, clean, np.nan), axis=1)
    b = draw_breaks(
        n, first, last, rng, takes=takes, down=np.where(level > 0.55, 0.85, np.where(level < 0.3, 0.15, 0.5))
    )
    day = np.full(n, rng.uniform(first, first + 0.4 * (last - first))) if together else b.day
    size = np.where(rng.random(n) < share, b.size, 0.0)
    if together:
        # One event for the whole area: the same sign everywhere.
        size = np.abs(size) * (-1.0 if np.median(level) > 0.4 else 1.0)
        recovers = np.full(n, np.inf)
    else:
        recovers = b.recovers
    breaks = Breaks(day, size, b.takes, recovers)
    course = breaks.course(days)
    # Half of the losses are visible in the leaf-on season only, for half of the year.
    leafy = (size < 0) & (rng.random(n) < 0.5)
    course[leafy] *= leaves(clean, usable, days)
    return Scene(name, clean + course, usable, days, breaks, noise, ~leafy & (recovers > 1))


def leaves(values: np.ndarray, usable: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Return 1 in the green half of the year of an area, falling to 0 in the middle of the other half, (t,)."""
    columns = design(torch.as_tensor(days), 1, False, 0.0).numpy()
    seen = usable.any(axis=0)
    mean = np.where(usable, values, 0).sum(axis=0)[seen] / usable.sum(axis=0)[seen]
    _, c, s = np.linalg.lstsq(columns[seen], mean, rcond=None)[0]
    wave = columns[:, 1:] @ np.array([c, s]) / max(np.hypot(c, s), 1e-9)
    return np.clip(1 + 2 * wave, 0, 1)


def dates_of(rng: np.random.Generator, per_year: float, years: float) -> np.ndarray:
    """Return irregular dates, (t,)."""
    count = round(per_year * years)
    return 16_000.0 + np.sort(rng.choice(int(years * YEAR), count, replace=False))


def simulated(
    seed: int, *, n: int = 300, per_year: float = 40, years: float = 6.0, share: float = 0.3, together: bool = False,
    takes: tuple[float, ...] = (0.0, 182.0), haze: float = 0.15,
) -> Scene:  # fmt: skip
    """Return an area of simulated series."""
    rng = np.random.default_rng([11, seed])
    days = dates_of(rng, per_year, years)
    t = (days - days[0]) / YEAR
    phase, level = rng.normal(0, 0.1), rng.uniform(0.25, 0.8, n)
    wave = np.cos(2 * np.pi * (t + phase))[None] * rng.uniform(0, 0.25, n)[:, None]
    wave += np.cos(4 * np.pi * (t + rng.random()))[None] * rng.uniform(0, 0.06, n)[:, None]
    noise = rng.choice(NOISES, n)
    own = noise[:, None] * rng.standard_normal((n, len(days)))
    drift = rng.normal(0, 0.004, n)[:, None] * t
    # Dry and wet seasons of a few months, common to the area but with different amplitudes.
    knots = rng.normal(0, 0.02, int(years * 4) + 3)
    weather = np.interp(t * 4, np.arange(len(knots)), knots)[None] * rng.uniform(0.5, 1.5, n)[:, None]
    common = np.where(rng.random(len(days)) < haze, -rng.uniform(0.02, 0.15, len(days)), 0.0)[None]
    clean = level[:, None] + wave + own + drift + weather + common
    usable = rng.random((n, len(days))) < rng.uniform(0.75, 1.0)
    usable[:, rng.random(len(days)) < 0.1] &= rng.random(n)[:, None] < 0.3
    missed = rng.random((n, len(days))) < 0.02
    missed |= (rng.random(len(days)) < 0.06) & (rng.random((n, len(days))) < 0.4)
    kind = f"simulated, {per_year:.0f} a year"
    scene = with_breaks(kind, clean, usable, days, noise, rng, share=share, together=together, takes=takes)
    scene.values = np.where(missed, scene.values - rng.uniform(0.1, 0.5, missed.shape), scene.values)
    return scene


def steady(values: np.ndarray, usable: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Return the series whose deseasonalised medians over overlapping years differ little, (n,)."""
    columns = design(torch.as_tensor(days), 2, False, 0.0)
    y, seen = torch.as_tensor(values)[:, None], torch.as_tensor(usable)
    season, _ = robust_solve(columns, y, seen, 0.1, rounds=3)
    values = (y - evaluate(columns, season, y.dtype))[:, 0].numpy()
    out = []
    for s in np.arange(days[0], days[-1] - YEAR + 1, YEAR / 2):
        here = (days >= s) & (days < s + YEAR)
        seen = usable[:, here]
        with np.errstate(all="ignore"):
            out.append(
                np.where(seen.sum(1) >= 4, np.nanmedian(np.where(seen, values[:, here], np.nan), axis=1), np.nan)
            )
    return np.nanmax(out, axis=0) - np.nanmin(out, axis=0) <= STABLE


def real(folder: Path, part: str) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return stable real series of the ``"development"`` or ``"test"`` part: values, usable, days of each set."""
    test = part == "test"
    found = {}
    z = np.load(folder / "landsat_p013r030" / "landsat_p013r030_300px_423d.npz")
    y = z["Y"].astype("float64")[..., 160:] if test else z["Y"].astype("float64")[..., :140]
    ok = (y[7] <= 1) & (y[2] > 0) & (y[3] > 0)
    ndvi = np.where(ok, (y[3] - y[2]) / np.maximum(y[3] + y[2], 1), 0)
    days = z["dates_ordinal"] - 719163.0
    for year in (1998, 2001, 2004):
        start = (year - 1970) * YEAR
        cut = (days >= start) & (days < start + 8 * YEAR) & ok.any(axis=1)
        found[f"Landsat {year}"] = (ndvi[cut].T, ok[cut].T, days[cut])
    z = np.load(folder / "modis_mt_cube" / "modis_mt_cube.npz")
    columns = slice(20, None) if test else slice(0, 17)
    cube = z["ndvi"][..., columns].reshape(len(z["dates"]), -1).T.astype("float64")
    found["MODIS cube"] = (cube, np.ones(cube.shape, bool), z["dates"].astype("datetime64[D]").astype(float))
    found |= strung(folder, test)
    kept = {}
    for name, (values, usable, days) in found.items():
        good = steady(values, usable, days)
        if good.sum() >= 20:
            kept[name] = (values[good], usable[good], days)
    return kept


def strung(folder: Path, test: bool) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return concatenated years of samples of one class: five for every series."""
    rng = np.random.default_rng(5)
    days = np.concatenate([16_000 + k * YEAR + np.arange(23) * 15.9 for k in range(6)])
    z = np.load(folder / "sits_modis" / "samples_mt_9classes.npz", allow_pickle=True)
    side = (np.floor(z["lon"] * 10) + np.floor(z["lat"] * 10)).astype(int) % 3 == 0
    out = {}
    for kind in ("Forest", "Cerrado", "Pasture"):
        pool = z["X"][(z["label"] == kind) & (side == test), :, 0]
        if len(pool) < 15:
            continue
        # A place keeps its level; from year to year its curve is that of another sample.
        level = np.median(pool, axis=1, keepdims=True)
        rows = rng.integers(len(pool), size=(120, 6))
        own = rng.integers(len(pool), size=120)
        values = np.concatenate([pool[rows[:, k]] - level[rows[:, k]] for k in range(6)], axis=1) + level[own]
        out[f"MODIS {kind}"] = (values.astype("float64"), np.ones(values.shape, bool), days)
    z = np.load(folder / "cawa_crops" / "cawa_crops.npz", allow_pickle=True)
    side = (np.floor(z["x"] / 2e4) + np.floor(z["y"] / 2e4)).astype(int) % 3 == 0
    pool = z["ndvi"][(z["label_2"] == "permanent") & (side == test)].astype("float64")
    level = np.nanmedian(pool, axis=1, keepdims=True)
    rows, own = rng.integers(len(pool), size=(120, 6)), rng.integers(len(pool), size=120)
    values = np.concatenate([pool[rows[:, k]] - level[rows[:, k]] for k in range(6)], axis=1) + level[own]
    out["Fields, orchards"] = (np.nan_to_num(values), np.isfinite(values), days)
    return out


def scenes(part: str, folder: Path | None) -> list[Scene]:
    """Return all scenes of a part, seeded."""
    base = 0 if part == "development" else 1000
    made = [
        simulated(base + k, per_year=p, share=s, together=g)
        for k, (p, s, g) in enumerate(
            [(20, 0.3, False), (40, 0.3, False), (60, 0.3, False), (12, 0.3, False), (40, 0.6, True), (25, 0.6, True)]
        )
    ]
    if folder is not None:
        rng = np.random.default_rng([7, base])
        for name, (values, usable, days) in real(folder, part).items():
            noise = np.full(len(values), np.nan)
            made.append(with_breaks(name, values, usable, days, noise, rng, share=0.5, together=False))
    return made


def changing(seed: int, share: float, years: float, *, n: int = 300, per_year: float = 40) -> Scene:
    """Return an area of which a share changes by 0.1 to 0.4, over some years (0: at once) from the third year on."""
    return simulated(2000 + seed, n=n, per_year=per_year, share=share, together=True, takes=(years * YEAR,), haze=0.15)
