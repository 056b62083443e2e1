"""The space in which vectors are compared: every feature with mean 0 and standard deviation 1 over the index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Metric = Literal["cosine", "euclidean"]

#: Maximum number of vectors for mean and standard deviation, and rows that are standardised at a time.
SAMPLE, ROWS = 200_000, 1 << 16


@dataclass(frozen=True, eq=False)
class Space:
    """Mean and standard deviation of each feature, and the measure of similarity.

    Features with large values or a common offset would dominate the cosine of raw vectors. With standardised vectors, a single
    example retrieves its class more accurately on average (``docs/similar-places.md``).

    Attributes
    ----------
    mean, scale : array (features,)
    metric : {"cosine", "euclidean"}
    """

    mean: Floats
    scale: Floats
    metric: Metric

    @classmethod
    def of(cls, vectors: Floats, metric: Metric) -> Space:
        """Compute the space of some vectors (n, features)."""
        sample = vectors[:: max(1, len(vectors) // SAMPLE)].astype(np.float64)
        scale = sample.std(axis=0)
        return cls(sample.mean(axis=0).astype(np.float32), np.where(scale > 1e-9, scale, 1).astype(np.float32), metric)

    def enter(self, vectors: Floats) -> Floats:
        """Standardise vectors (n, features); for the cosine, also normalise each to length 1."""
        found = np.empty(vectors.shape, np.float32)
        for first in range(0, len(vectors), ROWS):
            some = slice(first, first + ROWS)
            found[some] = (vectors[some] - self.mean) / self.scale
            if self.metric == "cosine":
                found[some] /= np.maximum(np.linalg.norm(found[some], axis=1, keepdims=True), 1e-12)
        return found
