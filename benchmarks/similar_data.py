"""Landscapes with known classes for benchmarks/similar.py: vectors (n, features) and a class for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rioxarray
import torch

from eowidgets.models.cluster.base import window_of
from eowidgets.models.cluster.features import features
from eowidgets.simulate import simulate

#: Vectors of a landscape that are used.
MOST = 12_000

Landscape = tuple[str, np.ndarray, np.ndarray]


def landscapes(folder: Path) -> Iterator[Landscape]:
    """Yield those that settings were chosen on, then the others."""
    for kind, seed, places, crops, patches in (
        ("chosen on", 1, ("282D", "433D"), "modis", "train"),
        ("held out", 2, ("38D", "637U"), "cawa", "val"),
    ):
        yield _cut(f"simulated series ({kind})", *_simulated(seed))
        for place in places:
            yield _cut(f"Sentinel-2, one date, {place} ({kind})", *_place(folder, place))
        if crops == "modis":
            yield _cut(f"MODIS series, 9 classes ({kind})", *_modis(folder))
        else:
            yield _cut(f"NDVI series of crops ({kind})", *_crops(folder))
        yield _cut(f"aerial pixels, {patches} ({kind})", *_aerial(folder, patches))


def _cut(name: str, x: np.ndarray, classes: np.ndarray) -> Landscape:
    rows = np.random.default_rng(0).permutation(len(x))[:MOST]
    return name, np.ascontiguousarray(x[rows], np.float32), classes[rows]


def _simulated(seed: int) -> tuple[np.ndarray, np.ndarray]:
    scene = simulate(seed=seed, radar=False, events=(), event_count=0, end="2018-12-31")
    found = features(window_of(scene.cube))[0].flatten(1).T
    keep = torch.isfinite(found).all(dim=1).numpy()
    return found.numpy()[keep], scene.classes.values[0].ravel()[keep]


def _place(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    images, covers = (next((folder / "terramind_examples").glob(f"{kind}_{name}*")) for kind in ("S2L2A", "LULC"))
    values = (rioxarray.open_rasterio(images).values.astype(np.float32) - 1000) / 10_000
    return values.reshape(len(values), -1).T, rioxarray.open_rasterio(covers).values[0].ravel()


def _modis(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    found = np.load(folder / "sits_modis" / "samples_mt_9classes.npz")
    return found["X"].reshape(len(found["X"]), -1), np.unique(found["label"], return_inverse=True)[1]


def _crops(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    found = np.load(folder / "cawa_crops" / "cawa_crops.npz", allow_pickle=True)
    days, seen = np.arange(23), np.isfinite(found["ndvi"])
    rows = [np.interp(days, days[s], v[s]) for v, s in zip(found["ndvi"], seen, strict=True) if s.any()]
    return np.array(rows), np.unique(found["label_1"], return_inverse=True)[1][seen.any(axis=1)]


def _aerial(folder: Path, patches: str) -> tuple[np.ndarray, np.ndarray]:
    found = np.load(folder / "chesapeake_landcover" / "chesapeake_wv_16.npz")
    chosen = [i for i, name in enumerate(found["name"]) if name.startswith(patches)]
    values = np.concatenate([found["naip_a"], found["naip_b"]], axis=1)[chosen] / np.float32(255)
    return values.transpose(0, 2, 3, 1).reshape(-1, values.shape[1]), found["lc"][chosen].ravel()
