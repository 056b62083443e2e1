"""Pairs of radar and Landsat images with labels: ``EOW_DATA=FOLDER python -m benchmarks.change_coarse_pairs``.

FOLDER holds ``change_landsat_sar``: Radarsat-2 pairs of the Yellow River (A, B, D), a Radarsat pair of a flood in Ottawa,
and a Landsat-5 pair of Nanjing. The limits of the log-ratio were tuned on the four radar pairs and on simulated speckle;
nothing was tuned on the Landsat pair. Each pair is also compared in the other order.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

import eowidgets as eow
from eowidgets.cube.grid import georeference

FOLDER = Path(os.environ.get("EOW_DATA", "data")) / "change_landsat_sar"
RADAR = ("yellow_A", "yellow_B", "yellow_D", "ottawa")
LANDSAT = ("blue", "green", "red", "nir", "swir16", "swir22")
METHODS = ("change-otsu", "change-irmad", "change-logratio")
#: Class of pixels without a label.
UNKNOWN = 255
Array = npt.NDArray[Any]


def cube_of(before: Array, after: Array, bands: tuple[str, ...]) -> xr.Dataset:
    """Combine two images (band, y, x) to a cube."""
    height, width = before.shape[1:]
    where = {"y": 5e6 - 30.0 * np.arange(height), "x": 5e5 + 30.0 * np.arange(width)}
    cube = xr.Dataset(coords={"time": np.array(["2008-06-01", "2009-06-01"], "datetime64[ns]"), **where})
    for i, band in enumerate(bands):
        cube[band] = (("time", "y", "x"), np.stack([before[i], after[i]]).astype("float32"))
    return georeference(cube.rio.write_crs("EPSG:32634"))


def pairs() -> Iterator[tuple[str, Array, Array, tuple[str, ...], Array]]:
    """Yield name, images before and after (band, y, x), bands, and labels (y, x)."""
    from PIL import Image

    for name in RADAR:
        one, two, truth = (np.asarray(Image.open(FOLDER / f"{name}_{k}.png").convert("L")) for k in ("1", "2", "gt"))
        yield name, one[None], two[None], ("vv",), (truth > 127).astype("uint8")
    with np.load(FOLDER / "nanjing_landsat.npz", allow_pickle=False) as found:
        yield "nanjing, Landsat-5", found["t1"] / 255, found["t2"] / 255, LANDSAT, found["label"]


def f1(marked: Array, labels: Array) -> float:
    """Return the F1 score over the labelled pixels."""
    known = labels != UNKNOWN
    found, true = marked[known], labels[known] == 1
    return float(2 * (found & true).sum() / max(found.sum() + true.sum(), 1))


def main() -> None:
    """Print a row of F1 scores for each pair, with those of the other order in brackets."""
    print("| pair | " + " | ".join(METHODS) + " |")
    for name, before, after, bands, labels in pairs():
        row = []
        for method in METHODS:
            if (method == "change-logratio") != (name in RADAR) and method != "change-otsu":
                row.append("")
                continue
            both = (cube_of(before, after, bands), cube_of(after, before, bands))
            score = [f1(eow.run(method, cube)["change"].values == 1, labels) for cube in both]
            row.append(f"{score[0]:.3f} ({score[1]:.3f})")
        print(f"| {name} | " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
