"""Simulated pairs for training, computed once and stored as bytes; seeds of training and test are disjoint.

``python -m training.pairs FOLDER COUNT`` creates them beforehand; an interrupted run continues where it stopped.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

import eowidgets as eow
from eowidgets.cube.schema import stack
from eowidgets.simulate.pairs import simulate_pair
from eowidgets.simulate.words import Facts, facts

SIDE = 256
#: Training takes seeds from 0 up; tests take these.
TEST_SEEDS = range(1_000_000, 1_000_400)


def grounds(folder: Path | None = None) -> list[npt.NDArray[np.float32]]:
    """Return real pictures as sources of texture: dates of the embedded cubes, and Sentinel-2 patches of a folder."""
    found = []
    for name in ("bouconne", "romania"):
        cube = eow.open(name, clouds=None)
        x = stack(cube, ("red", "green", "blue")).to_numpy()
        whole = np.isfinite(x).all(axis=(1, 2, 3))
        found += [np.asarray(i, np.float32) for i in x[whole][:: max(1, whole.sum() // 6)]]
    if folder is not None and folder.is_dir():
        import rasterio

        for path in sorted(folder.rglob("*.tif")):
            with rasterio.open(path) as file:
                found.append(file.read((4, 3, 2)).astype(np.float32))
    return found


class Pairs:
    """Pairs in a folder of memory-mapped bytes.

    Attributes
    ----------
    images : ndarray, shape (n, 2, 3, SIDE, SIDE), uint8
    change : ndarray, shape (n, SIDE, SIDE), uint8
    facts : list of Facts
    """

    def __init__(self, folder: Path, count: int) -> None:
        self.images = np.load(folder / "images.npy", mmap_mode="r")[:count]
        self.change = np.load(folder / "change.npy", mmap_mode="r")[:count]
        lines = (folder / "facts.jsonl").read_text(encoding="utf-8").splitlines()
        self.facts = [Facts(**json.loads(line)) for line in lines[:count]]

    def __len__(self) -> int:
        return len(self.facts)


def make(folder: Path, count: int, first: int = 0, real: Path | None = None) -> None:
    """Create pairs of the seeds ``first`` to ``first + count - 1``."""
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / "facts.jsonl"
    done = len(note.read_text(encoding="utf-8").splitlines()) if note.exists() else 0
    mode = "r+" if done else "w+"
    images = np.lib.format.open_memmap(
        folder / "images.npy", mode=mode, dtype=np.uint8, shape=(count, 2, 3, SIDE, SIDE)
    )
    change = np.lib.format.open_memmap(folder / "change.npy", mode=mode, dtype=np.uint8, shape=(count, SIDE, SIDE))
    pictures = grounds(real)
    with note.open("a", buffering=1, encoding="utf-8") as file:
        for i in tqdm(range(done, count), mininterval=10):
            pair = simulate_pair(height=SIDE, width=SIDE, seed=first + i, grounds=pictures)
            images[i] = np.rint(255 * np.stack([pair.before, pair.after]))
            change[i] = pair.change
            file.write(json.dumps(dataclasses.asdict(facts(pair))) + "\n")


def main() -> None:
    """Create a folder of pairs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--real", type=Path, help="folder of Sentinel-2 patches (12 bands, GeoTIFF) for textures")
    args = parser.parse_args()
    make(args.folder, args.count, args.first, args.real)


if __name__ == "__main__":
    main()
