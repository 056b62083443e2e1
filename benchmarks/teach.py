"""Accuracy and speed of ``eow.teach``, with few clicks and on public sets: ``EOW_DATA=FOLDER python -m benchmarks.teach``.

``--only clicks``, ``--only large`` (GeoTIFFs of 10 980 pixels) or the name of a set runs a part. ``auto`` is compared
with every single pair of features and a head that it compares, with the most frequent class (the mean of numbers), and with a
random forest of scikit-learn on the raw values as a peer. Test parts are held out by place.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

import eowidgets as eow
from benchmarks.teach_data import SETS, Labelled
from eowidgets.cube.globe import lonlat
from eowidgets.cube.grid import geobox
from eowidgets.learn.blocks import make_blocks
from eowidgets.learn.candidates import OfFeatures
from eowidgets.learn.material import CubeMaterial
from eowidgets.learn.teach import _candidates, choice_of, material_of

SEED = 0


def clicks(draws: int = 10) -> None:
    """Map forest and open land of the Romanian sample from a few clicks."""
    cube = eow.open("romania")
    cover = cube["tree_cover"].values
    parts = {"forest": cover >= 50, "open": cover <= 0}
    print(
        "| clicks a class | "
        + " | ".join(("auto", "statistics linear", "months linear", "series linear"))
        + " | chosen |"
    )
    for count in (1, 5, 25):
        scores: dict[str, list[float]] = {}
        chosen: list[str] = []
        for draw in range(draws):
            rng = np.random.default_rng([SEED, draw, count])
            points = pd.concat([_points(cube, mask, name, count, rng) for name, mask in parts.items()])
            for features, head in (
                ("auto", "auto"),
                ("statistics", "linear"),
                ("months", "linear"),
                ("series", "linear"),
            ):
                model = eow.teach(cube, points, features, head, seed=SEED)
                found = eow.run(model, cube)["class"].values
                names = [c.name for c in model.target.classes]
                recall = [(found[mask] == names.index(name)).mean() for name, mask in parts.items()]
                scores.setdefault(f"{features} {head}", []).append(float(np.mean(recall)))
                if features == "auto":
                    chosen.append(f"{model.features} {model.head}")
        means = [f"{np.mean(v):.3f} ({np.min(v):.3f} to {np.max(v):.3f})" for v in scores.values()]
        print(f"| {count} | " + " | ".join(means) + f" | {pd.Series(chosen).value_counts().to_dict()} |", flush=True)


def large(side: int = 10_980) -> None:
    """Map three GeoTIFFs of a Sentinel-2 tile, four bands each, from 40 clicks, strip by strip; run it alone for its memory."""
    import resource
    import tempfile

    rng = np.random.default_rng(SEED)
    coarse = rng.random((side // 60 + 1, side // 60 + 1)) < 0.5
    with tempfile.TemporaryDirectory() as folder:
        # In a separate process: GDAL keeps a twentieth of the machine's memory of what it wrote.
        writing = multiprocessing.get_context("spawn").Process(
            target=_write, args=(Path(folder) / "tile", coarse, side)
        )
        writing.start()
        writing.join()
        cube = eow.open(Path(folder) / "tile")
        rows, columns = rng.integers(0, side, (2, 40))
        lon, lat = lonlat(geobox(cube), columns + 0.5, rows + 0.5)
        kind = np.where(coarse[rows // 60, columns // 60], "bright", "dark")
        began = time.perf_counter()
        model = eow.teach(
            cube, pd.DataFrame({"lon": lon, "lat": lat, "class": kind}), "statistics", "linear", seed=SEED
        )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"taught in {time.perf_counter() - began:.0f} s, peak {peak:.2f} GB", flush=True)
        began = time.perf_counter()
        found = eow.run(model, cube, out=Path(folder) / "map.zarr", memory="500MB")
        print(f"mapped: peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB", flush=True)
        part = found["class"][:: side // 500, :: side // 500].values
    at = np.arange(0, side, side // 500) // 60
    names = [c.name for c in model.target.classes]
    right = (part == np.where(coarse[at][:, at], names.index("bright"), names.index("dark"))).mean()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{side} x {side}: {time.perf_counter() - began:.0f} s, peak memory of the process {peak:.2f} GB, right {right:.3f}"
    )


def _write(folder: Path, coarse: Any, side: int) -> None:
    """Write squares of 600 m with noise, a file per date."""
    import rasterio
    from rasterio.transform import from_origin

    folder.mkdir()
    noise = np.random.default_rng(SEED).normal(0, 200, (512, side))
    options = {"driver": "GTiff", "width": side, "height": side, "count": 4, "dtype": "uint16", "crs": "EPSG:32633"}
    options |= {"transform": from_origin(500_000, 5_000_000, 10, 10), "tiled": True}
    for date in ("2020-04-01", "2020-06-01", "2020-08-01"):
        with rasterio.open(folder / f"scene_{date}.tif", "w", **options) as file:
            file.scales = (1e-4,) * 4
            for i, band in enumerate(("blue", "green", "red", "nir"), 1):
                file.set_band_description(i, band)
                for top in range(0, side, 512):
                    rows = np.arange(top, min(top + 512, side))
                    kind = coarse[rows[:, None] // 60, np.arange(side)[None] // 60]
                    values = (2000 + 2000 * kind + noise[: len(rows)]).clip(1).astype("uint16")
                    file.write(values, i, window=((top, top + len(rows)), (0, side)))


def _points(cube: xr.Dataset, mask: Any, name: str, count: int, rng: np.random.Generator) -> pd.DataFrame:
    rows, columns = np.nonzero(mask)
    some = rng.permutation(len(rows))[:count]
    lon, lat = lonlat(geobox(cube), columns[some] + 0.5, rows[some] + 0.5)
    return pd.DataFrame({"lon": lon, "lat": lat, "class": name})


def predictions(model: Any, data: Labelled) -> tuple[Any, Any]:
    """Return the reference and the prediction of the test part."""
    found = eow.run(model, data.test)
    name = model.target.name
    if isinstance(data.truth, pd.Series):
        values = found[name].reindex(data.truth.index)
        return data.truth.to_numpy(), values.to_numpy()
    truth = data.truth.values
    known = truth != 255
    words = str(data.truth.attrs["flag_meanings"]).split()
    names = np.array([c.name.replace(" ", "_") for c in model.target.classes])
    return np.array(words)[truth[known]], names[np.minimum(found[name].values[known], len(names) - 1)]


def score(truth: Any, found: Any, numeric: bool) -> dict[str, float]:
    if numeric:
        return {"rmse": float(np.sqrt(np.nanmean((truth - found) ** 2)))}
    recall = [(found[truth == c] == c).mean() for c in np.unique(truth)]
    return {"balanced": float(np.mean(recall)), "accuracy": float((found == truth).mean())}


def raw_forest(data: Labelled) -> Any:
    """Predict with a random forest of scikit-learn on the raw values of each series or pixel."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    if isinstance(data.truth, pd.Series):
        bands = [c for c in data.train.columns if c not in ("id", "time", "lon", "lat")]

        def values(frame: pd.DataFrame) -> Any:
            return np.nan_to_num(np.stack([g[bands].to_numpy().ravel() for _, g in frame.groupby("id", sort=False)]))

        x, z, y, truth = values(data.train), values(data.test), data.labels.to_numpy(), data.truth.to_numpy()
    else:
        bands = [str(b) for b in data.train.data_vars]

        def pixels(cube: xr.Dataset, where: Any) -> Any:
            return np.stack([cube[b].values[:, where].T for b in bands], axis=-1).reshape(int(where.sum()), -1)

        inside, outside = data.labels.values != 255, data.truth.values != 255
        words = np.array(str(data.truth.attrs["flag_meanings"]).split())
        x, z = pixels(data.train, inside), pixels(data.test, outside)
        y, truth = words[data.labels.values[inside]], words[data.truth.values[outside]]
        some = np.random.default_rng(SEED).permutation(len(y))[:20_000]
        x, y = x[some], y[some]
    kind = RandomForestRegressor if truth.dtype.kind == "f" else RandomForestClassifier
    return truth, kind(200, random_state=SEED).fit(x, y).predict(z)


def one(name: str, singles: bool = True) -> None:
    """Train on a set, and compare with every single pair of features and head."""
    data = SETS[name]()
    began = time.perf_counter()
    model = eow.teach(data.train, data.labels, seed=SEED, **data.options)
    seconds = time.perf_counter() - began
    numeric = model.target.numeric
    truth, found = predictions(model, data)
    auto = score(truth, found, numeric)
    constant = np.full(len(truth), data.labels.mean()) if numeric else pd.Series(truth).mode()[0]
    base = score(truth, np.full(len(truth), constant) if not numeric else constant, numeric)
    print(f"\n## {name}: {len(truth)} held out ({data.split}), {seconds:.0f} s, chosen {model.features} {model.head}")
    own = model.evaluation["scores"]
    print("   cross-validated", {k: round(v[0], 3) for k, v in own.items()}, "blocks", model.evaluation["blocks"])
    print("   auto", auto, "constant", base, "raw forest", score(*raw_forest(data), numeric), flush=True)
    if not singles:
        return
    key = "rmse" if numeric else "balanced"
    options = {k: v for k, v in data.options.items() if k == "value"}
    material = material_of(data.train, data.labels, seed=SEED, **options)
    blocks = make_blocks(material.x, material.y, material.label, material.truth, SEED)
    results = {}
    choice = choice_of(model)
    assert choice is not None
    for candidate in _candidates(data.train, material, "auto", "auto", False):
        assert isinstance(candidate, OfFeatures)
        if not choice.has(candidate.name):
            continue
        made = candidate.taught(blocks, SEED, lambda _: None)
        results[candidate.name] = score(*predictions(made, data), numeric)
        print("   ", candidate.name, {k: round(v, 4) for k, v in results[candidate.name].items()}, flush=True)
    sign = -1 if numeric else 1
    best = max(results, key=lambda n: sign * results[n][key])
    print(f"   best single {best} {results[best][key]:.4f}; auto / best {auto[key] / results[best][key]:.4f}")
    for note in choice.table().itertuples():
        print("      ", note.Index, round(note[1], 4), note.selected)
    if isinstance(material, CubeMaterial):
        print("   labels", len(material.truth))


def main() -> None:
    warnings.simplefilter("ignore")
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", nargs="*", default=[])
    options.add_argument("--quick", action="store_true", help="skip the single pairs")
    given = options.parse_args()
    wanted = given.only or ["clicks", *SETS]
    for name in wanted:
        if name == "clicks":
            clicks()
        elif name == "large":
            large()
        else:
            one(name, not given.quick)


if __name__ == "__main__":
    main()
