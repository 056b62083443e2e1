"""LandTrendr and S-CCD against zeit-cdts: ``python -m benchmarks.change_peers [--zeit FOLDER] [--data FOLDER] [--pixels N]``.

FOLDER: where ``pip install --no-deps --target FOLDER zeit-cdts`` installed the package (2.2.0; GPL-2.0-or-later). It is called
here through its public interface, and is not a dependency. DATA: a folder with
``landsat_p013r030/landsat_p013r030_300px_423d.npz`` (WRS-2 013/030, 300 pixels, 1984 to 2014), whose pixels are repeated with
noise of 0.005 in reflectance; without it only the simulated
series are compared. Both sides run on one thread.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from eowidgets.contract.feeds import Batch
from eowidgets.contract.registry import get_model
from eowidgets.models.monitors.landtrendr.annual import annual
from eowidgets.models.monitors.landtrendr.segment import Settings, segment

BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")
TESTED = BANDS[1:]
YEAR = 365.25
STRIP = 2500


def simulated_years(n: int, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return annual NDVI (n, 35), its years, and the year of the loss of 0.1 to 0.5, 0 for the stable half."""
    rng = np.random.default_rng(1)
    years = np.arange(1985, 2020)
    value = rng.uniform(0.6, 0.8, (n, 1)) + noise * rng.standard_normal((n, len(years)))
    value += rng.normal(0, 0.001, (n, 1)) * (years - years[0])
    when = np.where(rng.random(n) < 0.5, rng.integers(1990, 2015, n), 0)
    size, back = rng.uniform(0.1, 0.5, (n, 1)), rng.uniform(0.0, 0.04, (n, 1))
    since = years - when[:, None]
    value -= np.where((when[:, None] > 0) & (since >= 0), np.maximum(size - back * since, 0), 0)
    return value, years, when


def simulated_dates(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return reflectance (6, t, n) of 10 years, clear (t, n), days, and the day of the break, NaN for the stable half."""
    rng = np.random.default_rng(2)
    days = 12_000.0 + np.sort(rng.choice(3650, 220, replace=False))
    t = (days - days[0]) / YEAR
    level = np.array([0.03, 0.06, 0.05, 0.3, 0.18, 0.09])[:, None, None] * rng.uniform(0.8, 1.2, (6, 1, n))
    wave = np.array([0, 0.005, -0.01, 0.05, 0.02, 0.01])[:, None, None] * rng.uniform(0.5, 1.5, (1, 1, n))
    sigma = np.array([0.004, 0.005, 0.006, 0.015, 0.012, 0.008])[:, None, None]
    values = level + wave * np.cos(2 * np.pi * t)[:, None] + sigma * rng.standard_normal((6, len(days), n))
    day = np.where(rng.random(n) < 0.5, days[0] + rng.uniform(3.5, 8.5, n) * YEAR, np.nan)
    step = np.array([0.02, 0.03, 0.05, -0.08, 0.06, 0.07])[:, None, None] * rng.uniform(0.5, 1.5, (1, 1, n))
    values = values + step * (days[:, None] >= np.nan_to_num(day, nan=np.inf))
    return np.clip(values, 0.001, 0.99), rng.random((len(days), n)) < 0.7, days, day


def landsat(folder: Path, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return reflectance (6, t, n), clear (t, n) and days."""
    with np.load(folder / "landsat_p013r030" / "landsat_p013r030_300px_423d.npz") as file:
        y, days = file["Y"].astype("float32"), file["dates_ordinal"] - 719_163.0
    clear = (y[7] < 2) & ((y[:6] > 0) & (y[:6] < 10_000)).all(axis=0)
    copies = -(-n // y.shape[2])
    values = np.tile(y[:6] / 1e4, (1, 1, copies))[..., :n]
    values = values + 0.005 * np.random.default_rng(3).standard_normal(values.shape, dtype="float32")
    return np.clip(values, 0.001, 0.99), np.tile(clear, (1, copies))[:, :n], days


def share(mask: np.ndarray) -> str:
    return f"{100 * mask.mean():.1f} %" if mask.size else "none"


def compare_years(zeit: Any, name: str, value: np.ndarray, seen: np.ndarray, years: np.ndarray, when: Any) -> None:
    """Segment annual series (n, y) with both; a change is the greatest loss if it is at least 0.1."""
    start = time.perf_counter()
    given = (torch.as_tensor(years, dtype=torch.float64), torch.as_tensor(-value), torch.as_tensor(seen))
    ours = segment(*given, Settings())
    own = time.perf_counter() - start
    cube = np.where(seen, value, np.nan).T[:, None].astype("float64")
    start = time.perf_counter()
    peer = zeit.landtrendr(cube, years=list(years), nodata=None, n_jobs=1)
    other = time.perf_counter() - start
    py, pv, pn = (peer[k].values.squeeze() for k in ("vertex_year", "vertex_value", "n_vertices"))
    pieces = {
        "ours": (ours.year.numpy(), -ours.value.numpy(), ours.count.numpy()),
        "zeit": (py.T.astype(float), pv.T.astype(float), pn),
    }
    found = {k: largest_loss(*v) for k, v in pieces.items()}
    (a_year, a_size), (b_year, b_size) = found["ours"], found["zeit"]
    a, b = a_size >= 0.1, b_size >= 0.1
    both = a & b
    print(f"\nLandTrendr, {name}: {len(value)} series of {len(years)} years")
    print(f"  time: {own:.2f} s, zeit {other:.2f} s ({own / other:.1f} times as long)")
    print(f"  loss of 0.1 or more: ours {share(a)}, zeit {share(b)}, agree {share(a == b)}")
    print(
        f"  year, where both: the same {share((a_year == b_year)[both])}, within one {share((abs(a_year - b_year) <= 1)[both])}"
    )
    print(f"  its size: median difference {np.median(abs(a_size - b_size)[both]):.4f}")
    same = np.array([same_vertices(pieces["ours"], pieces["zeit"], i) for i in range(len(value))])
    print(f"  vertices: all the same {share(same)}; segments {seg(pieces['ours']):.2f}, zeit {seg(pieces['zeit']):.2f}")
    for k, (y0, _, count) in pieces.items():
        fit = np.stack(
            [
                np.interp(years, y0[i][: count[i]], pieces[k][1][i][: count[i]]) if count[i] else years * np.nan
                for i in range(len(value))
            ]
        )
        print(f"  RMSE of the fit, {k}: {np.sqrt(np.nanmean(np.where(seen, (fit - value) ** 2, np.nan))):.4f}")
    if when is not None:
        for k, (year, size) in found.items():
            hit = (size >= 0.1) & (when > 0)
            print(
                f"  {k}: found {share(hit[when > 0])}, dated to the year {share((year == when)[hit])}, "
                f"stable series marked {share((size >= 0.1)[when == 0])}"
            )


def largest_loss(year: np.ndarray, value: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return first year and size of the segment with the largest fall."""
    index = np.arange(year.shape[1] - 1)
    fall = np.where(index < count[:, None] - 1, value[:, :-1] - value[:, 1:], -np.inf)
    at = fall.argmax(axis=1)
    rows = np.arange(len(year))
    return year[rows, at] + 1, np.maximum(fall[rows, at], 0)


def same_vertices(a: tuple, b: tuple, i: int) -> bool:
    return a[2][i] == b[2][i] and bool((a[0][i][: a[2][i]] == b[0][i][: b[2][i]]).all())


def seg(x: tuple) -> float:
    return float(np.maximum(x[2] - 1, 0).mean())


def compare_dates(zeit: Any, name: str, values: np.ndarray, clear: np.ndarray, days: np.ndarray, day: Any) -> None:
    """Track series (6, t, n) with both; the first break after the first two years."""
    n = values.shape[2]
    # The published test: no minimum size, no minimum standard deviation.
    model = get_model("break-sccd", smallest=0.0)
    start = time.perf_counter()
    parts = [tracked(model, values[1:, :, s : s + STRIP], clear[:, s : s + STRIP], days) for s in range(0, n, STRIP)]
    ours = np.concatenate(parts)
    own = time.perf_counter() - start
    cube = np.where(clear, values * 1e4, np.nan).transpose(1, 0, 2)[:, :, None].astype("float32")
    dates = [str(np.datetime64(int(d), "D")) for d in days]
    qa = np.where(clear, 0, 4).astype("uint8")[:, None]
    start = time.perf_counter()
    peer = zeit.sccd(cube, qa=qa, dates=dates, n_jobs=1)
    other = time.perf_counter() - start
    breaks = peer.t_break.values.reshape(-1, n).astype("datetime64[D]").astype(float)
    breaks[~np.isfinite(breaks) | (breaks < days[0] + 2 * YEAR)] = np.inf
    breaks[breaks < -1e6] = np.inf
    theirs = breaks.min(axis=0)
    a, b = np.isfinite(ours), np.isfinite(theirs)
    both = a & b
    apart = np.abs(ours - theirs)[both]
    print(f"\nS-CCD, {name}: {n} series of {len(days)} dates")
    print(f"  time: {own:.1f} s, zeit {other:.1f} s ({own / other:.1f} times as long)")
    print(f"  changed: ours {share(a)}, zeit {share(b)}, agree {share(a == b)}")
    near = ", ".join(f"within {d} days {share(apart <= d)}" for d in (0, 60, 366))
    print(f"  first break, where both: {near}")
    if day is not None:
        changed = np.isfinite(day)
        for k, found in (("ours", ours), ("zeit", theirs)):
            error = (found - day)[changed & np.isfinite(found)]
            near = changed & np.isfinite(found) & (found > day - 92) & (found < day + 366)
            print(
                f"  {k}: found within a year {share(near[changed])}, median error {np.median(error):.0f} days, "
                f"stable series marked {share(np.isfinite(found)[~changed])}"
            )


def tracked(model: Any, values: np.ndarray, clear: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Return the day of the break of each series, NaN if there is none."""
    x = torch.as_tensor(values.transpose(2, 1, 0), dtype=torch.float32)
    usable = torch.as_tensor(clear.T.copy())
    x = x * usable.unsqueeze(2)
    when = torch.as_tensor(days, dtype=torch.float64)
    batch = Batch(x, usable, usable, x, when, when, TESTED, torch.zeros(len(x), 2), 30.0)
    with torch.inference_mode():
        return model.predict(batch)["break_date"].numpy().astype(float)


def lengths(n: int = 3000) -> None:
    """Print the detections of LandTrendr in series of 6 to 30 years, half of which lose 0.2 to 0.4 at once."""
    rng = np.random.default_rng(9)
    print("\nLandTrendr by years, at noise 0.02 and 0.05: found, of these dated to the year, stable series marked")
    for length in (6, 8, 10, 12, 15, 20, 30):
        cells = []
        for noise in (0.02, 0.05):
            years = np.arange(2000, 2000 + length)
            since = np.arange(length) - rng.integers(2, length - 1, n)[:, None]
            changed, size = rng.random(n) < 0.5, rng.uniform(0.2, 0.4, (n, 1))
            value = 0.7 + noise * rng.standard_normal((n, length))
            value -= np.where(changed[:, None] & (since >= 0), np.maximum(size - 0.02 * since, 0), 0)
            seen = torch.ones(n, length, dtype=torch.bool)
            found = segment(torch.as_tensor(years, dtype=torch.float64), torch.as_tensor(-value), seen, Settings())
            year, size = largest_loss(found.year.numpy(), -found.value.numpy(), found.count.numpy())
            hit, when = size >= 0.1, years[0] - since[:, 0]
            cells.append(f"{share(hit[changed])}, {share((year == when)[changed & hit])}, {share(hit[~changed])}")
        print(f"  {length}: " + "; ".join(cells))


def labelled() -> None:
    """Print the scores on labelled points and simulated series of ``benchmarks.away_monitors``."""
    from benchmarks import away_monitors

    usual = [(name, "eow.change", {}) for name in ("break-sccd", "break-landtrendr")]
    bands = ("break-sccd", "all bands, no reference", {"watch": "all bands", "reference": "none"})
    away_monitors.settings = lambda: [*usual, bands]
    away_monitors.points(None)
    away_monitors.settings = lambda: usual[:1]
    away_monitors.test(None)


def main() -> None:
    """Print the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--zeit", type=Path, help="folder that zeit-cdts was installed into")
    parser.add_argument("--data", type=Path, help="folder of the Landsat series")
    parser.add_argument("--pixels", type=int, default=10_200)
    parser.add_argument("--scores", action="store_true", help="print scores of ours alone, without zeit-cdts")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.scores:
        lengths()
        labelled()
        return
    if asked.zeit is not None:
        sys.path.append(str(asked.zeit))
    try:
        import zeit
    except ImportError:
        print("zeit-cdts is not installed: nothing to compare with.")
        return
    n = asked.pixels
    for noise in (0.02, 0.05):
        value, years, when = simulated_years(n, noise)
        seen = np.random.default_rng(4).random(value.shape) < 0.95
        compare_years(zeit, f"simulated, noise {noise}", value, seen, years, when)
    if asked.data is not None:
        values, clear, days = landsat(asked.data, n)
        ndvi = torch.as_tensor(((values[3] - values[2]) / (values[3] + values[2])).T)
        summer = np.isin(days.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12 + 1, (6, 7, 8, 9))
        pick = torch.as_tensor(np.flatnonzero(summer))
        yearly = annual(
            ndvi[:, pick], torch.as_tensor(clear.T.copy())[:, pick], torch.as_tensor(days)[pick], 6, "medoid"
        )
        compare_years(
            zeit, "Landsat", yearly.values.numpy(), yearly.seen.numpy(), yearly.years.numpy().astype(int), None
        )
        compare_dates(zeit, "Landsat", values, clear, days, None)
    values, clear, days, day = simulated_dates(n)
    compare_dates(zeit, "simulated", values, clear, days, day)


if __name__ == "__main__":
    main()
