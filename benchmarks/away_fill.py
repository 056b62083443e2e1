"""Evaluate gap filling on places not used for tuning: ``EOW_DATA=... python -m benchmarks.away fill``.

Clear values are hidden, every method fills them, and the error is computed over the hidden values. Patterns: ``partly``
(half of the dates partly hidden, by cloud masks of the cube's other dates or by random shapes if it has none), ``whole``
(a quarter of the dates hidden entirely), ``leaky`` (as ``partly``, with unmasked clouds on a tenth of all dates).
All methods of one draw see the same cube. Seeds differ from those of ``eow.choose``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

import eowidgets as eow
from eowidgets.cube.schema import bands, usable

RADAR = ("vv", "vh")
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Draw:
    """A cube with hidden values, their mask, and the true values."""

    given: xr.Dataset
    hidden: Mask  # (t, y, x), clear in the original
    truth: xr.Dataset


def blob(rng: np.random.Generator, shape: tuple[int, int], share: float) -> Mask:
    """Draw a smooth random shape that covers a share of a raster."""
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(rng.standard_normal(shape), sigma=max(1.5, min(shape) / 6), mode="reflect")
    return field >= np.quantile(field, 1 - share)


def shapes(rng: np.random.Generator, cube: xr.Dataset, count: int) -> Mask:
    """Draw masks that cover 20 to 80 %, from the cube's own partly cloudy dates where it has at least five."""
    seen = usable(cube).transpose("time", "y", "x").values
    cover = 1 - seen.mean(axis=(1, 2))
    own = ~seen[(cover > 0.2) & (cover < 0.8)]
    if len(own) >= 5:
        return own[rng.integers(len(own), size=count)]
    size = (cube.sizes["y"], cube.sizes["x"])
    return np.stack([blob(rng, size, float(rng.uniform(0.2, 0.8))) for _ in range(count)])


def hide(cube: xr.Dataset, pattern: str, seed: int) -> Draw:
    """Hide values of a cube by one of the patterns."""
    rng = np.random.default_rng([seed, 7919])
    seen = usable(cube).transpose("time", "y", "x").values
    t = len(seen)
    hidden = np.zeros_like(seen)
    if pattern == "whole":
        dates = rng.choice(t, size=max(1, t // 4), replace=False)
        hidden[dates] = True
    else:
        dates = rng.choice(t, size=max(1, t // 2), replace=False)
        hidden[dates] = shapes(rng, cube, len(dates))
    given = cube.copy(deep=True)
    clouds = given["clouds"].values if "clouds" in given else np.zeros_like(seen)
    given["clouds"] = (("time", "y", "x"), clouds | hidden)
    if pattern == "leaky":
        leak(rng, given, rng.choice(t, size=max(1, t // 10), replace=False))
    return Draw(given, hidden & seen, cube)


def leak(rng: np.random.Generator, cube: xr.Dataset, dates: npt.NDArray[np.intp]) -> None:
    """Add clouds to a cube that its mask does not include: bright in reflectance, low in an index."""
    size = (cube.sizes["y"], cube.sizes["x"])
    for date in dates:
        where = blob(rng, size, float(rng.uniform(0.1, 0.5)))
        dense = float(rng.uniform(0.3, 1.0))
        for name in bands(cube):
            if name not in RADAR:
                values = cube[name].values
                cloud = 0.05 if cube[name].attrs.get("quantity") == "index" else 0.5
                values[date] = np.where(where, (1 - dense) * values[date] + dense * cloud, values[date])


def error(draw: Draw, filled: xr.Dataset) -> tuple[float, int]:
    """Return the sum of squared errors over all bands and hidden values, and their number."""
    total, count = 0.0, 0
    for name in bands(draw.truth):
        if name in RADAR:
            continue
        apart = (filled[name].transpose("time", "y", "x").values - draw.truth[name].values)[draw.hidden]
        apart = apart[np.isfinite(apart)]
        total, count = total + float((apart.astype("float64") ** 2).sum()), count + apart.size
    return total, count


Method = Callable[[xr.Dataset], xr.Dataset]


def keeping(name: str) -> Method:
    """Return a registered model as a filler that keeps clear values."""

    def fill(cube: xr.Dataset) -> xr.Dataset:
        return eow.run(name, cube)

    return fill


def compare(
    sets: dict[str, xr.Dataset], methods: dict[str, Method], patterns: tuple[str, ...], draws: int
) -> dict[tuple[str, str], dict[str, float]]:
    """Return the RMSE of every method on every set and pattern, pooled over draws, and print it."""
    out: dict[tuple[str, str], dict[str, float]] = {}
    print("| set | pattern | " + " | ".join(methods) + " |")
    print("|---" * (2 + len(methods)) + "|", flush=True)
    spent = dict.fromkeys(methods, 0.0)
    for name, cube in sets.items():
        optical = cube.drop_vars([b for b in RADAR if b in cube])
        for pattern in patterns:
            sums = {m: [0.0, 0] for m in methods}
            for seed in range(draws):
                draw = hide(optical, pattern, seed)
                for method, fill in methods.items():
                    began = time.process_time()
                    try:
                        total, count = error(draw, fill(draw.given))
                    except eow.EowidgetsError as problem:
                        print(f"{method} on {name}: {problem}")
                        total, count = np.nan, 1
                    spent[method] += time.process_time() - began
                    sums[method][0] += total
                    sums[method][1] += count
            row = {m: float(np.sqrt(s / max(n, 1))) for m, (s, n) in sums.items()}
            out[name, pattern] = row
            least = np.nanmin(list(row.values()))
            cells = [f"**{v:.4f}**" if v <= least * 1.0001 else f"{v:.4f}" for v in row.values()]
            print(f"| {name} | {pattern} | " + " | ".join(cells) + " |", flush=True)
    print("\nprocessor seconds: " + ", ".join(f"{m} {s:.1f}" for m, s in spent.items()))
    return out
