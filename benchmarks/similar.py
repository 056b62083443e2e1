"""Speed and quality of the search for similar places: ``python benchmarks/similar.py`` (``--quality`` with EOW_DATA set).

Speed: a million vectors of 64 numbers in clusters; the ten nearest of one, median of 20 searches on two threads, as ratios to
scikit-learn's exact search in the same run; recall is the share of the true ten that is found. usearch is
an approximate graph (HNSW).

Quality: one or five random examples of each class; how well the score separates the rest of its class from all else (area under
the ROC curve), and the share of right answers among the best 100. Settings were chosen on the landscapes marked "chosen on".
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from eowidgets.learn.index.cells import Part
from eowidgets.learn.index.index import Index
from eowidgets.learn.index.nearest import Graph
from eowidgets.learn.index.ranking import Ranking
from eowidgets.learn.index.space import Space

COUNT, WIDTH, QUERIES, K = 1_000_000, 64, 20, 10
THREADS = 2


def clustered(rng: np.random.Generator) -> np.ndarray:
    """Draw vectors around 200 centres."""
    centres = rng.normal(0, 1, (200, WIDTH)).astype(np.float32)
    found = centres[rng.integers(200, size=COUNT)]
    found += rng.normal(0, 0.5, found.shape).astype(np.float32)
    return found


def index_of(vectors: np.ndarray) -> Index:
    """Put vectors on a grid of 10 m."""
    from affine import Affine
    from odc.geo.geobox import GeoBox

    box = GeoBox((1000, len(vectors) // 1000), Affine(10, 0, 500_000, 0, -10, 5_000_000), "EPSG:32635")
    return Index((Part("made", "", box, np.arange(len(vectors))),), vectors, Space.of(vectors, "cosine"))


def seconds(search: Callable[[np.ndarray], np.ndarray], queries: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Return the median time of a search, its processor time, and its result."""
    found, times, work = [], [], []
    for one in queries:
        start, busy = time.perf_counter(), time.process_time()
        found.append(search(one))
        times.append(time.perf_counter() - start)
        work.append(time.process_time() - busy)
    return float(np.median(times)), float(np.median(work)), np.stack(found)


def speed() -> None:
    """Print the table of times."""
    from sklearn.neighbors import NearestNeighbors

    torch.set_num_threads(THREADS)
    rng = np.random.default_rng(0)
    vectors = clustered(rng)
    index, built = timed(lambda: index_of(vectors))
    queries = index.vectors[rng.choice(COUNT, QUERIES, replace=False)]
    inside, few = index.space.enter(queries), queries[:5]
    index.find(queries[0])
    print(f"{len(index):,} x {WIDTH}, {THREADS} threads, {os.cpu_count()} cores\n")
    print("| search | ms | processor ms | ratio to scikit-learn | recall of its ten | s to build |")
    print("|---|---|---|---|---|---|")
    brute, fitted = timed(
        lambda: NearestNeighbors(n_neighbors=K, metric="cosine", algorithm="brute", n_jobs=THREADS).fit(index.matrix)
    )
    unit, work, truth = seconds(lambda q: brute.kneighbors(q[None], return_distance=False)[0], inside)

    def row(
        name: str, build: str, search: Callable[[np.ndarray], np.ndarray], given: np.ndarray, compared: bool = True
    ) -> None:
        value, busy, found = seconds(search, given)
        pairs = zip(truth, found, strict=False)
        recall = f"{np.mean([np.isin(t, f).mean() for t, f in pairs]):.3f}" if compared else ""
        print(
            f"| {name} | {1e3 * value:.1f} | {1e3 * busy:.1f} | {value / unit:.3f} | {recall} | {build} |", flush=True
        )

    print(f"| scikit-learn, brute force | {1e3 * unit:.1f} | {1e3 * work:.1f} | 1 | 1 | {fitted:.1f} |", flush=True)

    def with_example(query: np.ndarray) -> np.ndarray:
        # The vector itself is its nearest neighbour, also for the peers.
        return index.find(query, k=K).rows

    row("eow.Index", f"{built:.1f}", with_example, queries)
    row("eow.Index, apart=500", "", lambda q: index.find(q, k=K, apart=500).rows, queries, False)
    row("eow.Index, 5 counter-examples", "", lambda q: index.find(q, few, k=K).rows, queries[5:], False)
    graph, grown = timed(lambda: Graph(index.matrix, "cosine"))
    row(
        "usearch (HNSW, f16)",
        f"{grown:.1f}",
        lambda q: np.asarray(graph.graph.search(q, K, threads=THREADS).keys, np.int64).reshape(-1),
        inside,
    )

    def through_graph(query: np.ndarray) -> np.ndarray:
        ranking = Ranking.of(query[None], index.matrix[:0], index.matrix[:500], "cosine")
        return next(graph.in_order(ranking))[0][:K]

    row("eow.Index through the graph", "", through_graph, inside)


def timed(make: Callable[[], Any]) -> tuple[Any, float]:
    """Return the result of a function and its time in seconds."""
    start = time.perf_counter()
    return make(), time.perf_counter() - start


def quality() -> None:
    """Print how well a search by examples finds their class."""
    from similar_data import landscapes

    print("\n| landscape | examples | plain cosine | standardised cosine | standardised distance | whitened cosine |")
    print("|---|---|---|---|---|---|")
    for name, vectors, classes in landscapes(Path(os.environ["EOW_DATA"])):
        for count in (1, 5):
            found = [trial(method, vectors, classes, count) for method in METHODS]
            cells = " | ".join(f"{auc:.3f} ({best:.2f})" for auc, best in found)
            print(f"| {name} | {count} | {cells} |", flush=True)
    print("\n| landscape | examples and counter-examples | examples only | with unlike= |")
    print("|---|---|---|---|")
    for name, vectors, classes in landscapes(Path(os.environ["EOW_DATA"])):
        for count in (1, 5, 10):
            found = [refined(vectors, classes, count, use) for use in (False, True)]
            cells = " | ".join(f"{auc:.3f} ({best:.2f})" for auc, best in found)
            print(f"| {name} | {count} | {cells} |", flush=True)


def plain(x: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Return the cosine of raw vectors."""
    a, b = (v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-12) for v in (x, like))
    return (a @ b.T).max(axis=1)


def standardised(x: np.ndarray, like: np.ndarray, metric: str = "cosine") -> np.ndarray:
    """Return the score of the index."""
    space = Space.of(x, metric)
    return Ranking.of(space.enter(like), space.enter(like[:0]), space.enter(x[:500]), metric).scores(space.enter(x))


def whitened(x: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Return the cosine after whitening with the covariance of the index, shrunk by half."""
    scale = x.std(axis=0) + 1e-6
    a, b = x / scale, like / scale
    values, vectors = np.linalg.eigh(np.cov(a.T))
    turn = (vectors / np.sqrt(np.maximum(values, 0) + 1)).astype(np.float32)
    return plain((a - a.mean(axis=0)) @ turn, (b - a.mean(axis=0)) @ turn)


METHODS = (plain, standardised, lambda x, like: standardised(x, like, "euclidean"), whitened)


def trials(classes: np.ndarray, rng: np.random.Generator) -> list[int]:
    """Return the classes to search for, each repeated by its number of trials."""
    found = [c for c in np.unique(classes) if (classes == c).sum() >= 60 and (classes == c).mean() <= 0.9]
    return [c for c in found for _ in range(20)]


def trial(method: Callable, x: np.ndarray, classes: np.ndarray, count: int) -> tuple[float, float]:
    """Return the mean area under the ROC curve and the share of right answers among 100, examples left out."""
    rng, found = np.random.default_rng(0), []
    for one in trials(classes, rng):
        like = rng.choice(np.flatnonzero(classes == one), count, replace=False)
        found.append(score(method(x, x[like]), classes == one, like))
    return tuple(np.mean(found, axis=0))


def refined(x: np.ndarray, classes: np.ndarray, count: int, use: bool) -> tuple[float, float]:
    """Run the trial with counter-examples: half from the 200 best-ranked wrong answers, half from the others."""
    rng, found, space = np.random.default_rng(1), [], Space.of(x, "cosine")
    inside = space.enter(x)
    background = inside[np.random.default_rng(0).choice(len(x), min(500, len(x)), replace=False)]
    for one in trials(classes, rng):
        like = rng.choice(np.flatnonzero(classes == one), count, replace=False)
        first, wrong = (inside @ inside[like].T).max(axis=1), np.flatnonzero(classes != one)
        hard = wrong[np.argsort(-first[wrong])[:200]]
        half = (count + 1) // 2
        unlike = np.unique(np.concatenate([rng.choice(hard, half, False), rng.choice(wrong, count - half, False)]))
        ranking = Ranking.of(inside[like], inside[unlike] if use else inside[:0], background, "cosine")
        found.append(score(ranking.scores(inside), classes == one, np.concatenate([like, unlike])))
    return tuple(np.mean(found, axis=0))


def score(scores: np.ndarray, truth: np.ndarray, known: np.ndarray) -> tuple[float, float]:
    """Return the area under the ROC curve, and the share of right answers among the best 100."""
    from sklearn.metrics import roc_auc_score

    rest = np.ones(len(truth), bool)
    rest[known] = False
    best = np.argsort(-scores[rest])[:100]
    return float(roc_auc_score(truth[rest], scores[rest])), float(truth[rest][best].mean())


if __name__ == "__main__":
    if "--quality" in sys.argv:
        quality()
    else:
        speed()
