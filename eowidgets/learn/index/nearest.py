"""Find the vectors of an index with the highest scores: by comparing all, or, for large indices, with a graph."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from eowidgets.errors import MissingExtraError
from eowidgets.learn.index.cells import Ints
from eowidgets.learn.index.ranking import Ranking
from eowidgets.learn.index.space import Floats, Metric

#: Largest number of vectors that are all compared.
EXACT = 5_000_000
#: Number of vectors compared at a time, so that they fit into the processor's cache.
STRIP = 1 << 13
#: Number of scores from which a threshold is estimated.
SAMPLE = 20_000
#: Initial number of candidates, which is multiplied by four in each further round, and number of rounds of a graph.
FIRST, ROUNDS = 1024, 3


def need_graph(count: int) -> None:
    """Check that usearch is installed if an index of this size needs it.

    Raises
    ------
    MissingExtraError
    """
    if count > EXACT and find_spec("usearch") is None:
        raise MissingExtraError(f"An index of more than {EXACT:,} vectors", "search")


def all_scores(ranking: Ranking, matrix: Floats) -> Floats:
    """Return the score of every row of a matrix, computed strip by strip."""
    found = np.empty(len(matrix), np.float32)
    for first in range(0, len(matrix), STRIP):
        found[first : first + STRIP] = ranking.scores(matrix[first : first + STRIP])
    return found


def in_order(scores: Floats) -> Iterator[tuple[Ints, Floats]]:
    """Yield rows with their scores by decreasing score, in growing chunks; ties in the order of the rows."""
    done, count = 0, FIRST
    while done < len(scores):
        # Ties at the end of the selection could change their order in a later round: take all of them.
        rows = np.flatnonzero(scores >= _threshold(scores, count))
        order = rows[np.argsort(-scores[rows], kind="stable")][done:]
        yield order, scores[order]
        done, count = done + len(order), 4 * max(count, len(rows))


def _threshold(scores: Floats, count: int) -> float:
    """Return a score that at least ``count`` scores reach, and few more, without sorting all of them."""
    if count >= len(scores):
        return float(scores.min())
    sample = scores[:: max(1, len(scores) // SAMPLE)]
    rank = 2 * count * len(sample) // len(scores) + 8
    if rank < len(sample):
        found = float(-np.partition(-sample, rank)[rank])
        if np.count_nonzero(scores >= found) >= count:
            return found
    return float(torch.topk(torch.from_numpy(scores), count).values[-1])


class Graph:
    """A graph of neighbours (HNSW) by usearch, which finds most of the nearest vectors without comparing all.

    Parameters
    ----------
    matrix : array (n, features)
    metric : {"cosine", "euclidean"}
    """

    def __init__(self, matrix: Floats, metric: Metric) -> None:
        from usearch.index import Index as Usearch

        self.matrix = matrix
        self.threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
        kind = "cos" if metric == "cosine" else "l2sq"
        self.graph: Any = Usearch(ndim=matrix.shape[1], metric=kind, dtype="f16")
        self.graph.add(np.arange(len(matrix)), matrix, threads=self.threads)

    def in_order(self, ranking: Ranking) -> Iterator[tuple[Ints, Floats]]:
        """Yield rows near the examples by decreasing score, as :func:`in_order`; after some rounds, compare all."""
        seen = np.empty(0, np.int64)
        for i in range(ROUNDS):
            found = self.graph.search(ranking.like, min(FIRST * 4**i, len(self.matrix)), threads=self.threads)
            rows = np.setdiff1d(np.asarray(found.keys).reshape(-1).astype(np.int64), seen)
            scores = ranking.scores(self.matrix[rows])
            order = np.argsort(-scores, kind="stable")
            yield rows[order], scores[order]
            seen = np.union1d(seen, rows)
        yield from in_order(all_scores(ranking, self.matrix))
