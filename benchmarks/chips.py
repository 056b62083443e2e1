"""EuroSAT classes of held-out chips: ``python -m benchmarks.chips FOLDER [--save]``.

FOLDER holds the JPEGs of EuroSAT RGB, one folder per class; the held-out part is that of ``training/eurosat.py``. Baselines are
logistic regression and a random forest on statistics of the bands (mean, standard deviation, percentiles, histograms, and
differences of neighbours), trained on all chips that are not held out. Then the network runs over the embedded forest in
Romania, whose values are surface reflectance. With ``--save`` the accuracy is written to ``weights.toml``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import numpy.typing as npt
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import eowidgets as eow
import eowidgets.models.chips.eurosat as package
from eowidgets.contract.weights import load_checkpoint
from eowidgets.metrics import accuracy, confusion, f1
from eowidgets.models.chips.eurosat.card import CLASSES, WEIGHTS
from eowidgets.models.chips.eurosat.network import ChipNet
from training.eurosat import pictures, standardised
from training.ship import ship


def statistics(x: torch.Tensor) -> npt.NDArray[np.float64]:
    """Return statistics of the bands of images (n, 3, h, w), shape (n, 66)."""
    a = x.numpy().astype(np.float64)
    flat = a.reshape(len(a), 3, -1)
    edges = np.linspace(0, 256, 14)
    columns = [flat.mean(2), flat.std(2), *np.percentile(flat, (5, 25, 50, 75, 95), axis=2)]
    columns += [np.abs(np.diff(a, axis=axis)).mean(axis=(2, 3)) for axis in (2, 3)]
    columns += [np.stack([np.histogram(row, edges)[0] for row in flat[:, band]]) / flat.shape[2] for band in range(3)]
    return np.concatenate(columns, axis=1)


def over_romania() -> None:
    """Print the predictions for chips on a grid over the embedded forest, per season."""
    cube = eow.open("romania")
    step = np.arange(32, 69, 12)
    at = [cube.odc.geobox.affine @ (x, y) for y in step for x in step]
    places = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(*zip(*at, strict=True)), crs=str(cube.rio.crs))
    seasons = {"winter": (12, 1, 2), "spring": (3, 4, 5), "summer": (6, 7, 8), "autumn": (9, 10, 11)}
    cover = float(cube["tree_cover"].mean())
    print(f"Romania, {len(places)} chips, tree cover {cover:.0f} %: labels and mean probability")
    for name, months in (("all dates", tuple(range(1, 13))), *seasons.items()):
        part = cube.sel(time=cube["time"].dt.month.isin(months))
        found: Any = eow.run("eurosat", part, places=places)
        print(f"  {name}: {dict(found['label'].value_counts())}, {found['label_probability'].mean():.2f}")


def main() -> None:
    """Measure, print, and with ``--save`` write the accuracy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--save", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    x, truth = pictures(args.folder, "held out")
    known = [pictures(args.folder, part) for part in ("training", "choice")]  # type: ignore[arg-type]
    seen, labels = (torch.cat(parts) for parts in zip(*known, strict=True))
    with torch.inference_mode():
        chances = load_checkpoint(ChipNet(), WEIGHTS)(standardised(x)).softmax(1)
    counts = confusion(chances.argmax(1).numpy(), truth.numpy(), len(CLASSES))
    print(f"{len(x)} held-out chips: accuracy {100 * accuracy(counts):.1f} %, mean F1 {f1(counts).mean():.3f}")
    for kind, score in zip(CLASSES, f1(counts), strict=True):
        print(f"  F1 {kind.name}: {score:.3f}")
    rivals: dict[str, Any] = {
        "random forest": RandomForestClassifier(500, random_state=0),
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=3000)),
    }
    scores = {"accuracy, held-out chips (%)": 100 * accuracy(counts)}
    for name, rival in rivals.items():
        made = rival.fit(statistics(seen), labels.numpy()).predict(statistics(x))
        scores[f"accuracy of {name} on colours (%)"] = 100 * float((made == truth.numpy()).mean())
        print(f"{name}: {scores[f'accuracy of {name} on colours (%)']:.1f} %")
    if args.save:
        ship(Path(package.__file__).parent, WEIGHTS.name, WEIGHTS.find(), {k: round(v, 2) for k, v in scores.items()})
    over_romania()


if __name__ == "__main__":
    main()
