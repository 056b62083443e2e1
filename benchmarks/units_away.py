"""Gap filling on places in no training set: ``python -m benchmarks.units away --data FOLDER``.

Each set is measured once with half of the dates under cloud shapes, with single dates hidden entirely, and with a run of
three. All methods get the same windows. FOLDER holds ``modis_mt_cube`` (package data of the R package dtwSat), ``fusion_kranj``
(of the R package ImageFusion) and the series of pixels of lcmap-pyccd in ``landsat_p013r030``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

import eowidgets as eow
from eowidgets import metrics
from eowidgets.contract.feeds import Batch
from eowidgets.engine.device import fast_autocast
from eowidgets.models.classical.harmonic import Harmonic
from eowidgets.models.classical.regression import FillRegression
from eowidgets.models.classical.whittaker import Whittaker
from eowidgets.models.units import weights
from eowidgets.models.units.adapters import UniTSReconstruct
from eowidgets.models.units.between import interpolate
from eowidgets.models.units.local import repeated
from eowidgets.models.units.network import UniTS
from training.series_sets import EPOCH
from training.windows import Source, Windows

#: Landsat clear and water bits of the quality band of Collection 1 analysis-ready data.
CLEAR_BITS = 0b110
LANDSAT = ("blue", "green", "red", "nir", "swir16", "swir22")
SEED = 4711
#: Passes of the regression without a network.
PASSES = 6


@dataclass(frozen=True)
class Place:
    """A held-out set: its windows with true values and dates, nothing hidden."""

    title: str
    windows: Windows
    bands: tuple[str, ...]
    lonlat: tuple[float, float]
    resolution: float
    partly: bool = True


def drawn(
    title: str,
    source: Source,
    lonlat: tuple[float, float],
    resolution: float,
    *,
    count: int,
    dates: int,
    side: int = 32,
) -> Place:
    """Draw windows of a cube."""
    rng = np.random.default_rng(SEED)
    w = source.draw(rng, count, dates=dates, side=side, hide=(0, 0), slack=8)
    return Place(title, w, source.bands, lonlat, resolution)


def modis(folder: Path) -> xr.Dataset:
    """Open the MODIS cube of Mato Grosso."""
    from affine import Affine

    with np.load(folder / "modis_mt_cube" / "modis_mt_cube.npz") as z:
        shape = z["blue"].shape
        move = Affine(*z["transform"])
        names = {"blue": "blue", "red": "red", "nir": "nir", "swir22": "mir"}
        data = {ours: (("time", "y", "x"), z[theirs]) for ours, theirs in names.items()}
        times = z["dates"].astype("datetime64[ns]")
        wkt = str(z["crs_wkt"])
    x = move.c + move.a * (np.arange(shape[2]) + 0.5)
    y = move.f + move.e * (np.arange(shape[1]) + 0.5)
    raw = xr.Dataset(data, coords={"time": times, "y": y, "x": x}).rio.write_crs(wkt)
    return eow.open(raw, clouds="robust")


def kranj(folder: Path, which: str, scale: float) -> xr.Dataset:
    """Open the Landsat or the MODIS images of Kranj."""
    import rioxarray

    files = sorted((folder / "fusion_kranj" / which).glob("*.tif"))
    frames = [rioxarray.open_rasterio(f, masked=True) for f in files]
    days = [np.datetime64(f"{f.name[:4]}-01-01") + np.timedelta64(int(f.name[4:7]) - 1, "D") for f in files]
    cube = xr.concat(frames, dim=xr.Variable("time", np.array(days, "datetime64[ns]")))
    raw = cube.assign_coords(band=list(LANDSAT)).to_dataset(dim="band") * scale
    return eow.open(raw.where(raw > 0).rio.write_crs(frames[0].rio.crs))


def pixels(folder: Path) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Read days, reflectance (t, c) and the mask of observations (t,) of single pixels."""
    here = folder / "landsat_p013r030"
    for file in sorted(here.glob("pyccd_*.npy")):
        found: Any = np.load(file, allow_pickle=True)[1]
        table = np.stack([found[k] for k in ("dates", "blues", "greens", "reds", "nirs", "swir1s", "swir2s", "qas")])
        yield prepared(table[0], table[1:7].T, (table[7].astype(int) & CLEAR_BITS) > 0)
    for name in ("sample_WA_grid08_row999_col1_normal", "test_3657_3610_observations"):
        table = np.loadtxt(here / f"pyccd_{name}.csv", delimiter=",")
        yield prepared(table[:, 0], table[:, 1:7], table[:, 8] <= 1)


def prepared(days: np.ndarray, x: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sort by date, scale, and drop values that are out of range."""
    order = np.argsort(days, kind="stable")
    days, x, seen = days[order].astype(float) - EPOCH, x[order].astype(np.float32) / 10_000, seen[order]
    seen = seen & (x > 0).all(1) & (x < 0.7).all(1) & np.append(np.diff(days) > 0, True)
    return days[seen], x[seen], seen[seen]


def pixel_windows(folder: Path, each: int, dates: int) -> Place:
    """Draw stretches of clear dates of single pixels with 200 of them; the pixel fills its window, as the engine pads it."""
    rng, parts = np.random.default_rng(SEED), []
    for days, x, _ in pixels(folder):
        for _ in range(each if len(days) >= 200 else 0):
            length = dates + int(rng.integers(0, 9))
            first = int(rng.integers(0, len(days) - length + 1))
            chosen = first + np.sort(rng.choice(length, dates, replace=False))
            parts.append((torch.from_numpy(x[chosen]), torch.from_numpy(days[chosen])))
    x = torch.stack([p[0] for p in parts])[..., None, None].expand(-1, -1, -1, 4, 4).contiguous()
    known = torch.ones(len(x), dates, 4, 4, dtype=torch.bool)
    w = Windows(x, known, torch.zeros_like(known), torch.stack([p[1] for p in parts]))
    return Place("lcmap-pyccd: Landsat pixels, western United States", w, LANDSAT, (-121.0, 46.0), 30.0, partly=False)


def places(folder: Path) -> Iterator[Place]:
    """Yield the held-out sets."""
    bouconne = eow.open("bouconne")
    yield drawn("bouconne, Sentinel-2, 7 dates", Source(bouconne), (1.23, 43.65), 10.0, count=40, dates=7)
    romania = eow.open("romania", clouds="robust")
    east = Source(romania, columns=(2 / 3, 1.0), dates_from=0.6)
    yield drawn("romania, eastern third, later dates", east, (22.15, 45.2), 10.0, count=40, dates=12)
    cube = Source(modis(folder), least=0.7)
    yield drawn("modis_mt_cube, 12 of 137 dates", cube, (-56.0, -12.0), 231.7, count=40, dates=12, side=24)
    fine = Source(kranj(folder, "landsat_unfilled", 1e-4), least=0.5)
    fine.clear = np.arange(len(fine.days))
    yield drawn("fusion_kranj, Landsat, 4 dates", fine, (14.36, 46.24), 29.9, count=40, dates=4)
    daily = Source(kranj(folder, "modis_filled", 1.0))
    yield drawn("fusion_kranj, daily MODIS", daily, (14.36, 46.24), 29.9, count=40, dates=12)
    yield pixel_windows(folder, 24, 12)


def whole(rng: np.random.Generator, w: Windows, run: int = 0) -> Windows:
    """Hide single dates (a quarter, none of them neighbours, not the first or last), or a run, entirely."""
    hidden, dates = torch.zeros_like(w.known), w.x.shape[1]
    for mask in hidden:
        if run:
            first = int(rng.integers(1, dates - run))
            mask[first : first + run] = True
            continue
        chosen: list[int] = []
        for date in rng.permutation(np.arange(1, dates - 1)):
            if len(chosen) < max(1, dates // 4) and all(abs(date - c) > 1 for c in chosen):
                chosen.append(int(date))
        mask[chosen] = True
    return Windows(w.x, w.known, hidden, w.days)


def partly(rng: np.random.Generator, w: Windows, masks: Source) -> Windows:
    """Put half of the dates under cloud shapes."""
    hidden, dates = torch.zeros_like(w.known), w.x.shape[1]
    for mask in hidden:
        for date in rng.choice(dates, dates // 2, replace=False):
            mask[date] = masks.mask(rng, w.x.shape[-1])
    return Windows(w.x, w.known, hidden, w.days)


def by_classical(model: Any) -> Callable[[Windows, Place], Tensor]:
    """Fill with a model of the catalogue, window by window, at its defaults."""

    def fill(w: Windows, place: Place) -> Tensor:
        parts = []
        for i in range(len(w.x)):
            out = model.predict(batch_of(w, place, i))
            name = next(k for k, v in out.items() if v.dim() == 5)
            parts.append(out[name])
        made = torch.cat(parts)
        # Pixels without an observation stay empty: every method gets the same answer there.
        return torch.where(torch.isfinite(made), made, 0.0)

    return fill


def batch_of(w: Windows, place: Place, i: int) -> Batch:
    """Return one window as the engine passes it."""
    one = slice(i, i + 1)
    usable = (w.known & ~w.hidden)[one]
    x = w.x[one] * usable[:, :, None]
    lonlat = torch.tensor([place.lonlat])
    return Batch(x, usable, usable, x, w.days[i], w.days[i], place.bands, lonlat, place.resolution, seed=0)


def by_units(network: UniTS) -> Callable[[Windows, Place], Tensor]:
    """Fill with ``units-reconstruct``."""
    model = UniTSReconstruct(network)

    def fill(w: Windows, place: Place) -> Tensor:
        with fast_autocast():
            return torch.cat([model.predict(batch_of(w, place, i))["reflectance"] for i in range(len(w.x))])

    return fill


def by_line(w: Windows, place: Place) -> Tensor:
    """Interpolate linearly in time."""
    usable = w.known & ~w.hidden
    return interpolate(w.x * usable[:, :, None], usable, w.days)[0]


def by_regression(w: Windows, place: Place) -> Tensor:
    """Repeat the regression that ``units-reconstruct`` starts from; no network."""
    usable = w.known & ~w.hidden
    return repeated(by_line(w, place), usable, w.days, PASSES).clamp(min=0)


def measure(folder: Path, network: UniTS, old: Path | None) -> None:
    """Print a table per set: PSNR over the hidden pixels that are known, of all methods."""
    from benchmarks.units import table

    fills = {"linear": by_line} | classical()
    if old is not None:
        fills["units-reconstruct, previous weights"] = by_units(weights.load(old))
    fills["regression repeated, no network"] = by_regression
    fills["units-reconstruct"] = by_units(network)
    masks = Source(eow.open("romania", clouds="robust"), dates_from=0.6)
    for place in places(folder):
        rng = np.random.default_rng(SEED + 1)
        cases = {"half masked": partly(rng, place.windows, masks)} if place.partly else {}
        cases["single dates hidden"] = whole(rng, place.windows)
        if place.windows.x.shape[1] >= 7:
            cases["three in a row hidden"] = whole(rng, place.windows, run=3)
        rows: dict[str, dict[str, float]] = {}
        for name, fill in fills.items():
            rows[name] = {}
            for case, w in cases.items():
                inside = (w.known & w.hidden)[:, :, None]
                rows[name][case] = metrics.psnr(fill(w, place), w.x, inside)
        table(f"{place.title}, {len(place.windows.x)} windows, PSNR in dB", rows)


def classical() -> dict[str, Callable[[Windows, Place], Tensor]]:
    """Return the methods without weights, other than linear interpolation."""
    found = {"harmonic": Harmonic(), "whittaker": Whittaker(), "fill-regression": FillRegression()}
    return {name: by_classical(model) for name, model in found.items()}
