"""The two probes of encoders of Sentinel-2: EuroSAT's held-out chips, and land cover at held-out places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from training.encode_images import satclip, terramind
from training.probing import Split, compare, components, statistics

#: From reflectance images (n, bands, h, w) to maps of vectors (n, width, h / cell, w / cell); images of EuroSAT have three bands.
Encode = Callable[[np.ndarray], np.ndarray]
#: Land cover of TerraMind that at least two places have: water, trees, crops, rangeland.
COVERS = (1, 2, 4, 9)
#: Places whose patches are for testing, all others are for training; each holds at least two of ``COVERS``.
TESTED = ("S2L2A_433D_629L_3_1", "S2L2A_637U_59R_1_3")

#: Pixels along one side of a cell that has a vector and a label, and fewest cells of a class on both sides.
CELL, FEWEST = 16, 10


def typical(folder: Path, bands: Sequence[str], images: np.ndarray) -> list[np.ndarray]:
    """Return batches of reflectance, half of them EuroSAT's and half SatCLIP's, for the norms of an untrained network."""
    patches = [p.values[:, :, :192, :192] for p in satclip(folder, bands)]
    cut = np.concatenate([p.reshape(-1, 3, 64, 3, 64).transpose(1, 3, 0, 2, 4).reshape(9, -1, 64, 64) for p in patches])
    return [*np.array_split(images[:1600], 8), *np.array_split(np.random.default_rng(0).permutation(cut), 8)]


def chips(
    encoders: Mapping[str, Encode], images: np.ndarray, labels: np.ndarray, held: np.ndarray, width: int
) -> dict[str, dict[str, str]]:
    """Probe the ten classes of EuroSAT; chips do not overlap, and EuroSAT gives no places."""
    features = {name: encode(images).mean((2, 3)) for name, encode in encoders.items()}
    features[f"PCA, {width}"] = components(images, ~held, width)
    features["statistics"] = statistics(images)
    print("EuroSAT", images.shape, "held out", int(held.sum()), flush=True)
    return compare(features, Split(labels, ~held, held), (10, 30))


def places(encoders: Mapping[str, Encode], folder: Path, bands: Sequence[str], width: int) -> dict[str, dict[str, str]]:
    """Probe land cover of cells of ``CELL`` pixels: two places are tested, three others give the labels."""
    cells, labels, where, found = [], [], [], {name: [] for name in encoders}
    for place in terramind(folder, bands):
        n = place.values.shape[-1] // CELL
        cut = place.values[0].reshape(len(bands), n, CELL, n, CELL)
        cells.append(cut.transpose(1, 3, 0, 2, 4).reshape(-1, len(bands), CELL, CELL))
        cover = place.cover.reshape(n, CELL, n, CELL)
        share = np.stack([(cover == k).mean((1, 3)).ravel() for k in COVERS], -1)
        labels.append(np.where(share.max(-1) > 0.5, share.argmax(-1), -1))
        where += [place.name] * n * n
        for name, encode in encoders.items():
            found[name].append(encode(place.values)[0].reshape(width, -1).T)
    images, cover = np.concatenate(cells), np.concatenate(labels)
    tested = np.isin(where, TESTED)
    counts = [(int((cover[~tested] == k).sum()), int((cover[tested] == k).sum())) for k in range(len(COVERS))]
    both = [k for k, pair in enumerate(counts) if min(pair) >= FEWEST]
    known = np.isin(cover, both)
    features = {name: np.concatenate(x) for name, x in found.items()}
    features[f"PCA, {width}"] = components(images, ~tested, width)
    features["statistics"] = statistics(images)
    print("TerraMind, classes with cells for labels and tested:", [(COVERS[k], *counts[k]) for k in both], flush=True)
    return compare(features, Split(cover, known & ~tested, known & tested), (5, 20))
