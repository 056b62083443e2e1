"""Do encoders help when labels are few? ``EOW_DATA=FOLDER python -m benchmarks.encoders [--out FILE] [--only SET ...]``.

One protocol for every encoder and every labelled set that it supports: features are computed once, 1, 5, 25 or all labels per
class (10, 50, 250 or all for numbers) are drawn from the training part, a linear probe and nearest neighbours are fitted, and
the test part, at other places, gives the balanced accuracy (R2 for numbers). Five seeds draw labels and initialise
untrained networks; intervals are those of the mean over seeds (Student's t), and for all labels those of a bootstrap over the
places of the test part. Baselines: the same network untrained, principal components of the pixels, statistics of the image, and
the plain series. Nothing is tuned on the test part.

Weights come with the package or from ``--weights galileo=FILE presto=FILE``. Every encoder runs in a separate process with
one thread, which gives seconds and memory. ``--save`` writes the share of methods that each encoder beats into its
``weights.toml``, from which ``eow.list_models`` and ``eow.teach`` read it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import multiprocessing
import resource
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import t as student

import eowidgets as eow
from benchmarks.encoders_data import SETS, Items
from eowidgets.contract.registry import get_model
from eowidgets.errors import EowidgetsError
from eowidgets.models.encode.base import Encoder
from eowidgets.models.encode.images import ImageEncoder
from eowidgets.models.encode.ranking import BEATEN, SETS_TESTED
from training.ship import note_scores

Array = npt.NDArray[Any]
SEEDS = 5
LABELS = (1, 5, 25, 0)
#: Labels of a numeric set for each of ``LABELS``, because there are no classes.
NUMBERS = {1: 10, 5: 50, 25: 250, 0: 0}
BATCH = 32
#: Maximum number of chips of a set; all series are used.
MOST = 750
#: Maximum number of principal components.
COMPONENTS = 128


@dataclasses.dataclass(frozen=True)
class Features:
    """Features of a set by one method.

    Attributes
    ----------
    x : list of array, shape (n, features)
        One for all seeds, or one per seed.
    seconds : float
        Processor seconds for 1 000 items.
    memory : float
        Peak memory of the process above the previous level, in MB.
    """

    x: list[Array]
    seconds: float
    memory: float


def plain(items: Items, what: str) -> Features:
    """Return features that need no network."""
    began = time.process_time()
    x = items.values.numpy()
    n, t, c = x.shape[:3]
    if what == "statistics":
        flat = x.transpose(0, 2, 1, 3, 4).reshape(n, c, -1)
        found = np.concatenate([flat.mean(2), flat.std(2), *np.percentile(flat, (10, 50, 90), axis=2)], axis=1)
    elif what == "series":
        found = x.mean((3, 4)).reshape(n, t * c)
    else:
        from sklearn.decomposition import PCA

        small = torch.nn.functional.adaptive_avg_pool2d(items.values.flatten(1, 2), [min(16, s) for s in x.shape[3:]])
        flat = small.flatten(1).numpy()
        train = flat[~items.test]
        found = PCA(min(COMPONENTS, *train.shape), random_state=0).fit(train).transform(flat)
    return Features([found.astype("float32")], (time.process_time() - began) * 1000 / n, 0.0)


def fewer(items: Items) -> Items:
    """Return at most ``MOST`` items, the same for all encoders."""
    n = len(items.labels)
    if n <= MOST or items.values.shape[-1] == 1:
        return items
    some = np.sort(np.random.default_rng(0).permutation(n)[:MOST])
    parts = {
        "values": items.values[some],
        "labels": items.labels[some],
        "place": items.place[some],
        "test": items.test[some],
    }
    return dataclasses.replace(items, **parts)


def zoomed(model: Encoder, items: Items) -> dict[str, Any]:
    """Enlarge chips towards the size of the training images by a factor that divides the patch."""
    if not isinstance(model, ImageEncoder):
        return {"patch": min(4, items.values.shape[-1])} if "patch" in _names(model) else {}
    side = items.values.shape[-1]
    fitting = [z for z in (1, 2, 4, 8, 16) if model.imagery.patch % z == 0 and side * z <= model.imagery.side]
    return {"zoom": max(fitting, default=1)}


def _names(model: Encoder) -> set[str]:
    return {f.name for f in dataclasses.fields(model.Params)}


def monthly(items: Items, most: int) -> Items:
    """Return monthly means if a series has more dates than a network supports."""
    t = items.values.shape[1]
    if t <= most or items.days is None or items.days.dim() > 1:
        return items
    month = items.days.numpy().astype("datetime64[D]").astype("datetime64[M]")
    names, which = np.unique(month, return_inverse=True)
    if len(names) > most:
        which = which * most // len(names)
    parts = [items.values[:, which == k].mean(1) for k in np.unique(which)]
    days = torch.stack([items.days[which == k].mean() for k in np.unique(which)])
    return dataclasses.replace(items, values=torch.stack(parts, 1), days=days)


def encoded(name: str, weights: str, key: str, untrained: bool) -> dict[str, Any]:
    """Compute the features of a set by an encoder; run in a separate process."""
    torch.set_num_threads(1)
    items = fewer(SETS[key]())
    first = get_model(name)
    assert isinstance(first, Encoder)
    items = monthly(items, first.feed.max_dates or 24)
    if first.stride == 1:  # a vector per pixel: sixteen pixels of a chip suffice for its mean
        step = max(1, items.values.shape[-1] // 4)
        items = dataclasses.replace(items, values=items.values[..., ::step, ::step])
    params = zoomed(first, items)
    made = []
    try:
        if untrained:
            for seed in range(SEEDS):
                torch.manual_seed(seed)
                fresh = type(first)(**params)
                made.append(type(first)(fresh.build().eval(), **params))
        else:
            made.append(get_model(name, weights=weights, **params))
        for model in made:  # radar in dB
            if hasattr(model, "decibel"):
                model.decibel = True
            assert isinstance(model, Encoder)
            vectors(model, items, slice(0, 2))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.process_time()
        parts = [vectors(model, items, slice(None)) for model in made]
        seconds = (time.process_time() - began) / len(made) * 1000 / len(items.labels)
    except EowidgetsError as error:
        return {"refused": str(error)}
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3
    return {"x": parts, "seconds": seconds, "memory": memory}


def vectors(model: Any, items: Items, which: slice) -> Array:
    """Return vectors of some items, (n, width)."""
    numbers = np.arange(len(items.labels))[which]
    days = items.days
    # All images of a batch have the same dates.
    groups = [numbers] if days is None or days.dim() == 1 else _equal_days(days, numbers)
    found = np.empty((len(numbers), model.width), "float32")
    for group in groups:
        for i in range(0, len(group), BATCH):
            some = torch.from_numpy(group[i : i + BATCH])
            when = days if days is None or days.dim() == 1 else days[some[0]]
            more = {k: None if v is None else v[some] for k, v in (("seen", items.seen), ("lonlat", items.lonlat))}
            one = model.embed_images(items.values[some], items.bands, resolution=items.resolution, days=when, **more)
            found[np.searchsorted(numbers, some.numpy())] = one.numpy()
    return np.nan_to_num(found)


def _equal_days(days: torch.Tensor, numbers: Array) -> list[Array]:
    _, which = np.unique(days[numbers].numpy(), axis=0, return_inverse=True)
    return [numbers[which.ravel() == k] for k in range(which.max() + 1)]


def drawn(items: Items, count: int, seed: int) -> Array:
    """Return indices of labelled items of the training part."""
    rng = np.random.default_rng([seed, count])
    train = np.flatnonzero(~items.test)
    if count == 0:
        return train
    if items.numeric:
        return rng.permutation(train)[: NUMBERS[count]]
    mine = [train[items.labels[train] == kind] for kind in np.unique(items.labels[train])]
    return np.concatenate([rng.permutation(one)[:count] for one in mine])


def linear(x: Array, y: Array, numeric: bool) -> Any:
    """Fit a linear probe to standardised features; its regularisation is tuned within the labels."""
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if numeric:
        return make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 5, 13))).fit(x, y)
    least = np.unique(y, return_counts=True)[1].min()
    one = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500, class_weight="balanced"))
    if least < 5:
        return one.fit(x, y)
    grid = {"logisticregression__C": [0.001, 0.01, 0.1, 1.0]}
    return GridSearchCV(one, grid, cv=3, scoring="balanced_accuracy").fit(x, y)


def neighbours(x: Array, y: Array, numeric: bool) -> Any:
    """Fit nearest neighbours (five, or as many as there are labels per class) on standardised features."""
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if numeric:
        return make_pipeline(StandardScaler(), KNeighborsRegressor(5)).fit(x, y)
    least = int(np.unique(y, return_counts=True)[1].min())
    return make_pipeline(StandardScaler(), KNeighborsClassifier(min(5, least))).fit(x, y)


def score(truth: Array, found: Array, numeric: bool) -> float:
    """Return the balanced accuracy over the classes of the test part, or R2."""
    if numeric:
        return float(1 - ((truth - found) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())
    return float(np.mean([(found[truth == c] == c).mean() for c in np.unique(truth)]))


def measured(items: Items, features: Features) -> dict[str, dict[str, list[float]]]:
    """Return mean, low and high score for both heads and every number of labels."""
    found: dict[str, dict[str, list[float]]] = {}
    truth, place = items.labels[items.test], items.place[items.test]
    for head, fit in (("linear", linear), ("kNN", neighbours)):
        for count in LABELS:
            scores, last = [], np.empty(0)
            for seed in range(SEEDS if count or len(features.x) > 1 else 1):
                x = features.x[seed % len(features.x)]
                some = drawn(items, count, seed)
                last = fit(x[some], items.labels[some], items.numeric).predict(x[items.test])
                scores.append(score(truth, last, items.numeric))
            mean = float(np.mean(scores))
            if len(scores) > 1:
                half = float(student.ppf(0.975, len(scores) - 1) * np.std(scores, ddof=1) / np.sqrt(len(scores)))
                low, high = mean - half, mean + half
            else:
                low, high = bootstrap(truth, last, place, items.numeric)
            found.setdefault(head, {})[str(count or "all")] = [mean, low, high]
    return found


def bootstrap(truth: Array, found: Array, place: Array, numeric: bool) -> tuple[float, float]:
    """Return the 95 % interval of the score for places drawn with replacement."""
    rng = np.random.default_rng(0)
    names = np.unique(place)
    rows = {name: np.flatnonzero(place == name) for name in names}
    scores = []
    for _ in range(200):
        some = np.concatenate([rows[name] for name in rng.choice(names, len(names))])
        scores.append(score(truth[some], found[some], numeric))
    low, high = np.percentile(scores, (2.5, 97.5))
    return float(low), float(high)


def run_alone(work: Callable[..., Any], *args: Any) -> Any:
    """Run a function in a fresh process, to measure its memory separately."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, args)


def encoders(weights: dict[str, str]) -> dict[str, str]:
    """Return names of encoders with weights, and the paths of the weights."""
    found = dict(weights)
    for row in eow.list_models(task="embed"):
        model = get_model(row["name"])
        if isinstance(model, Encoder) and row["name"] not in found and model.checkpoint.installed:
            found[row["name"]] = ""
    return dict(sorted(found.items()))


def compare(key: str, weights: dict[str, str]) -> dict[str, Any]:
    """Return the table of one set."""
    items = fewer(SETS[key]())
    rows: dict[str, Features] = {what: plain(items, what) for what in ("statistics", "PCA")}
    if items.values.shape[1] > 1:
        rows["plain series"] = plain(items, "series")
    for name, file in weights.items():
        for untrained in (False, True):
            found = run_alone(encoded, name, file, key, untrained)
            if "refused" in found:
                print(f"  {name}: {found['refused'][:150]}", flush=True)
                break
            rows[f"{name}, untrained" if untrained else name] = Features(found["x"], found["seconds"], found["memory"])
    table = {}
    for name, features in rows.items():
        table[name] = {
            **measured(items, features),
            "width": features.x[0].shape[1],
            "seconds": features.seconds,
            "memory": features.memory,
        }
    sizes = {"train": int((~items.test).sum()), "test": int(items.test.sum()), "split": items.split}
    return {"name": items.name, "numeric": items.numeric, **sizes, "rows": table}


def show(found: dict[str, Any]) -> None:
    """Print one set as a table."""
    measure = "R2" if found["numeric"] else "balanced accuracy"
    print(
        f"\n### {found['name']}: {measure} on {found['split']} ({found['train']} training, {found['test']} test items)\n"
    )
    head = ["features", "numbers", *(f"{'all' if c == 0 else NUMBERS[c] if found['numeric'] else c}" for c in LABELS)]
    print("| " + " | ".join([*head, "all, kNN", "s per 1 000", "MB"]) + " |\n|" + "---|" * (len(head) + 3))
    for name, row in found["rows"].items():
        cells = [f"{m:.3f} ({low:.3f} to {high:.3f})" for m, low, high in row["linear"].values()]
        m = row["kNN"]["all"][0]
        print(
            f"| {name} | {row['width']} | {' | '.join(cells)} | {m:.3f} | {row['seconds']:.1f} | {row['memory']:.0f} |"
        )


def ranks(tables: dict[str, Any]) -> dict[str, tuple[float, int]]:
    """Return the mean share of methods that each method beats (linear probe, all label counts), and the number of sets."""
    beaten: dict[str, list[float]] = {}
    for found in tables.values():
        trained = {k: v for k, v in found["rows"].items() if "untrained" not in k}
        for count in next(iter(trained.values()))["linear"]:
            scores = {k: v["linear"][count][0] for k, v in trained.items()}
            for name, own in scores.items():
                others = [v for k, v in scores.items() if k != name]
                beaten.setdefault(name, []).append(float(np.mean([own > v for v in others])))
    return {name: (float(np.mean(v)), len(v) // len(LABELS)) for name, v in beaten.items()}


def main() -> None:
    """Compare, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=list(SETS))
    parser.add_argument("--weights", nargs="*", default=[], metavar="NAME=FILE")
    parser.add_argument("--encoders", nargs="*", default=None, help="names; without it all with weights")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--save", action="store_true")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    found = encoders(dict(one.split("=", 1) for one in args.weights))
    if args.encoders is not None:
        found = {name: file for name, file in found.items() if name in args.encoders}
    print("encoders with weights:", ", ".join(found), flush=True)
    tables = json.loads(args.out.read_text()) if args.out and args.out.exists() else {}
    for key in args.only:
        new = compare(key, found)
        if key in tables:
            new["rows"] = {**tables[key]["rows"], **new["rows"]}
        tables[key] = new
        show(new)
        if args.out:
            args.out.write_text(json.dumps(tables, indent=1))
    print("\nShare of methods beaten (linear probe, all numbers of labels):")
    for name, (share, sets) in sorted(ranks(tables).items(), key=lambda one: -one[1][0]):
        print(f"  {name}: {100 * share:.0f} % on {sets} sets")
        if args.save and name in found:
            model = get_model(name)
            assert isinstance(model, Encoder)
            note_scores(model.folder, model.checkpoint.name, {BEATEN: round(100 * share), SETS_TESTED: sets})


if __name__ == "__main__":
    main()
