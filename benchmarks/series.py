"""Models of series: TempCNN against a random forest on places in neither training set, and the speed of tables, places and cubes.

``python -m benchmarks.series FOLDER [--save]``, with the files that ``training/tempcnn.py`` names. No other script reads
the test part.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

import eowidgets as eow
from eowidgets.metrics.classes import accuracy, confusion, f1
from eowidgets.models.series import tempcnn
from eowidgets.models.series.tempcnn.card import BANDS, CROPS, WEIGHTS
from eowidgets.testing import tiny_cube
from training.ship import ship
from training.tempcnn import TEST, VALIDATION, Samples, prepared, read

NAMES = [crop.name for crop in CROPS]


def table_of(samples: Samples) -> pd.DataFrame:
    """Return series as a table in long form."""
    n, t, _ = samples.x.shape
    columns = {band: samples.x[..., i].ravel() for i, band in enumerate(BANDS)}
    dates = samples.days.ravel().astype("int64").astype("datetime64[D]").astype("datetime64[ns]")
    return pd.DataFrame({"id": np.repeat(np.arange(n), t), "time": dates, **columns})


def with_indices(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Add NDVI and EVI to the bands (n, t, 4)."""
    blue, red, nir, _ = np.moveaxis(x, -1, 0)
    ndvi = (nir - red) / np.maximum(nir + red, 1e-3)
    evi = (2.5 * (nir - red) / np.maximum(nir + 6 * red - 7.5 * blue + 1, 1e-3)).clip(-1, 2)
    return np.concatenate([x, ndvi[..., None], evi[..., None]], axis=-1)


def scores(name: str, found: npt.NDArray[np.int64], truth: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Print and return the accuracy, and the mean F1 of the classes in the reference."""
    counts = confusion(found, truth, len(NAMES))
    there = counts.sum(axis=1) > 0
    each = ", ".join(f"{n} {v:.2f}" for n, v, has in zip(NAMES, f1(counts), there, strict=True) if has)
    print(f"{name:52} accuracy {accuracy(counts):.3f}, mean F1 {np.mean(f1(counts)[there]):.3f} ({each})", flush=True)
    return accuracy(counts), float(np.mean(f1(counts)[there]))


def crops(folder: Path, trees: int) -> dict[str, float]:
    """Compare TempCNN with random forests on the test part; return the scores for the card."""
    from sklearn.ensemble import RandomForestClassifier

    samples = read(folder)
    test, learn, both = samples.test, samples.fold > VALIDATION, samples.fold != TEST
    print(
        f"series: {learn.sum()} training, {both.sum() - learn.sum()} validation, {len(test.label)} test; classes of the test:"
    )
    print(", ".join(f"{n} {(test.label == i).sum()}" for i, n in enumerate(NAMES)))
    began = time.process_time()
    found = eow.run("tempcnn", table_of(test), device="cpu")
    seconds = time.process_time() - began
    ours = scores("TempCNN", found["crop"].map(NAMES.index).to_numpy(), test.label)
    x = prepared(samples).numpy()
    for what, values in (("bands", x), ("bands, NDVI and EVI", with_indices(x))):
        flat = values.reshape(len(values), -1)
        for part, keep in (("training", learn), ("training and validation", both)):
            forest = RandomForestClassifier(trees, random_state=0, n_jobs=1).fit(flat[keep], samples.label[keep])
            best = scores(f"random forest, {what}; {part}", forest.predict(flat[samples.fold == TEST]), test.label)
    most = np.bincount(samples.label[both]).argmax()
    scores("the most frequent class", np.full(len(test.label), most), test.label)
    names = ("accuracy, 693 series of held-out places", "mean F1 of eight classes there")
    card = dict(zip(names, ours, strict=True)) | {"accuracy of a random forest there": best[0]}
    print(f"TempCNN over the table of the test: {len(test.label) / seconds:.0f} series a second, loading included")
    return {name: round(value, 3) for name, value in card.items()}


def speed() -> None:
    """Time the engine over a cube, over the same pixels as a table, and over places."""
    import geopandas

    cube = tiny_cube(BANDS, dates=23, height=128, width=128, start="2020-09-14")
    pixels = cube.isel(y=slice(0, 64), x=slice(0, 64)).stack(id=("y", "x"))
    table = pixels[list(BANDS)].reset_index("id", drop=True).to_dataframe().reset_index()
    apart = table.assign(time=table["time"] + pd.to_timedelta(table["id"], unit="s"))
    points = geopandas.points_from_xy(np.repeat(cube.x.values[:64], 8), np.tile(cube.y.values[:8], 64))
    places = geopandas.GeoDataFrame(geometry=points, crs=str(cube.rio.crs))
    for name, n, call in (
        ("cube of 128 x 128 pixels", 128 * 128, lambda: eow.run("tempcnn", cube, device="cpu")),
        ("table of 4096 series, same dates", 4096, lambda: eow.run("tempcnn", table, device="cpu")),
        ("table of 4096 series, each with its own dates", 4096, lambda: eow.run("tempcnn", apart, device="cpu")),
        ("512 places of the cube", 512, lambda: eow.run("tempcnn", cube, places=places, device="cpu")),
    ):
        call()
        began = time.process_time()
        call()
        print(f"{name}: {n / (time.process_time() - began):.0f} series a second")


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trees", type=int, default=500)
    parser.add_argument("--save", action="store_true", help="write the scores into weights.toml")
    args = parser.parse_args()
    torch.set_num_threads(1)
    found = crops(args.folder, args.trees)
    if args.save:
        folder = Path(tempcnn.__file__).parent
        ship(folder, WEIGHTS.name, folder / WEIGHTS.file, {**WEIGHTS.scores, **found})
    speed()


if __name__ == "__main__":
    main()
