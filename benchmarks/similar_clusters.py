"""Agreement of clusters with classes: ``EOW_DATA=... python benchmarks/similar_clusters.py``.

As many clusters as classes (at least three); clusters are assigned to classes so that the mean IoU is largest (Hungarian
method). The mean over two seeds. Settings were chosen on the scenes marked "chosen on" only.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import rioxarray
import xarray as xr
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

import eowidgets as eow
from eowidgets.cube.grid import georeference
from eowidgets.simulate import simulate

METHODS = {
    "k-means, pixel by pixel": ("cluster-kmeans", {"blur": 0.0}),
    "cluster-kmeans": ("cluster-kmeans", {}),
    "cluster-confident": ("cluster-confident", {}),
}
Scene = tuple[str, xr.Dataset, np.ndarray]


def scenes(folder: Path, held: bool) -> Iterator[Scene]:
    """Yield cubes with their classes (y, x)."""
    for seed in (21, 22, 23) if held else (11, 12):
        yield f"noisy four bands, seed {seed}", *degraded(seed, ("blue", "green", "red", "nir"), 0.03, 0.0)
    yield "blurred panchromatic", *degraded(21 if held else 11, ("blue", "green", "red"), 0.02, 0.7)
    scene = simulate(seed=21 if held else 11, radar=False, events=(), event_count=0, end="2018-12-31")
    yield "cloudy series of a year", scene.cube, scene.classes.values[0]
    yield "aerial, 1 m", *aerial(folder, "val" if held else "train")
    for place in ("38D", "637U") if held else ("282D", "433D"):
        yield f"Sentinel-2, {place}", *place_of(folder, place)


def degraded(seed: int, bands: tuple[str, ...], noise: float, blur: float) -> tuple[xr.Dataset, np.ndarray]:
    """Return one clear date of a simulated scene with blur and noise; three bands are averaged into one."""
    scene = simulate(
        seed=seed, radar=False, events=(), event_count=0, start="2018-06-01", end="2018-09-30", cloud_cover=0
    )
    values = np.stack([scene.clear[b].values[0] for b in bands])
    if blur:
        values = ndimage.gaussian_filter(values.mean(axis=0, keepdims=True), (0, blur, blur))
    values = values + np.random.default_rng(seed + 1000).normal(0, noise, values.shape)
    return cube_of(values), scene.classes.values[0]


def aerial(folder: Path, patches: str) -> tuple[xr.Dataset, np.ndarray]:
    """Return four patches next to each other."""
    found = np.load(folder / "chesapeake_landcover" / "chesapeake_wv_16.npz")
    chosen = [i for i, name in enumerate(found["name"]) if name.startswith(patches)][:4]
    values = np.concatenate([found["naip_a"], found["naip_b"]], axis=1)[chosen] / np.float32(255)
    return cube_of(np.concatenate(list(values), axis=-1), 1.0), np.concatenate(list(found["lc"][chosen]), axis=-1)


def place_of(folder: Path, name: str) -> tuple[xr.Dataset, np.ndarray]:
    """Return a place of one Sentinel-2 date."""
    images, covers = (next((folder / "terramind_examples").glob(f"{kind}_{name}*")) for kind in ("S2L2A", "LULC"))
    values = (rioxarray.open_rasterio(images).values.astype(np.float32) - 1000) / 10_000
    return cube_of(values), rioxarray.open_rasterio(covers).values[0]


def cube_of(values: np.ndarray, metres: float = 10.0) -> xr.Dataset:
    """Return one date (band, y, x) as a cube."""
    coords = {
        "time": pd.to_datetime(["2018-07-01"]).values.astype("datetime64[ns]"),
        "y": 5_000_000 - metres * (np.arange(values.shape[1]) + 0.5),
        "x": 500_000 + metres * (np.arange(values.shape[2]) + 0.5),
    }
    bands = {f"b{i}": (("time", "y", "x"), v[None].astype(np.float32)) for i, v in enumerate(values)}
    return georeference(xr.Dataset(bands, coords).rio.write_crs("EPSG:32635"))


def agreement(found: np.ndarray, truth: np.ndarray, k: int) -> float:
    """Return the mean IoU of the classes with the clusters that were assigned to them; 0 for a class without one."""
    names = np.unique(truth)
    both = np.array([[((found == i) & (truth == c)).sum() for c in names] for i in range(k)], float)
    union = both.sum(axis=1, keepdims=True) + both.sum(axis=0) - both
    iou = both / np.maximum(union, 1)
    rows, columns = linear_sum_assignment(-iou)
    return float(iou[rows, columns].sum() / len(names))


def main(held: bool) -> None:
    """Print the table."""
    print(f"| scene ({'held out' if held else 'chosen on'}) | clusters | {' | '.join(METHODS)} |")
    print(f"|---|---|{'---|' * len(METHODS)}")
    rows, seconds = [], dict.fromkeys(METHODS, 0.0)
    for name, cube, truth in scenes(Path(os.environ["EOW_DATA"]), held):
        k, values = max(len(np.unique(truth)), 3), []
        for method, (model, params) in METHODS.items():
            start = time.process_time()
            found = [eow.run(model, cube, k=k, draw_seed=s, **params).cluster.values for s in (0, 1)]
            seconds[method] += time.process_time() - start
            values.append(np.mean([agreement(one, truth, k) for one in found]))
        rows.append(values)
        print(f"| {name} | {k} | {' | '.join(f'{v:.3f}' for v in values)} |", flush=True)
    print(f"| mean | | {' | '.join(f'{v:.3f}' for v in np.mean(rows, axis=0))} |")
    print(f"| processor time per run, s | | {' | '.join(f'{v / (2 * len(rows)):.1f}' for v in seconds.values())} |")


if __name__ == "__main__":
    main("--held-out" in sys.argv)
