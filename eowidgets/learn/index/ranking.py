"""Rank vectors by their similarity to examples and their dissimilarity to counter-examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import torch

from eowidgets.learn.index.space import Floats, Metric

#: Maximum number of examples that are compared individually; more are replaced by cluster centres.
EXAMPLES = 32
#: Number of background vectors of the index, their weight relative to the counter-examples, and the ridge penalty.
BACKGROUND, WEIGHT, RIDGE = 500, 1.0, 0.01


@dataclass(frozen=True, eq=False)
class Ranking:
    """A score for every vector of an index; higher is better.

    Attributes
    ----------
    like : array (m, features)
        Examples in the space of the index.
    metric : {"cosine", "euclidean"}
    weights : array (features,), optional
        Weights of the classifier between examples and counter-examples.
    shift, factor : float
        Scale the similarity to the range of the classifier.
    """

    like: Floats
    metric: Metric
    weights: Floats | None = None
    shift: float = 0.0
    factor: float = 1.0

    @classmethod
    def of(cls, like: Floats, unlike: Floats, background: Floats, metric: Metric) -> Ranking:
        """Return a ranking from vectors in the space of an index.

        Without counter-examples the score is the similarity to the nearest example. With them it is the sum of this similarity
        and the logit of a logistic regression, each with mean 0 and standard deviation 1 over the background.

        Parameters
        ----------
        like, unlike, background : array (n, features)
            Examples; counter-examples, may be empty; and vectors drawn from the index.
        metric : {"cosine", "euclidean"}
        """
        alone = cls(fewer(like), metric)
        if not len(unlike):
            return alone
        weights = logistic(like, unlike, background)
        logit, similar = background @ weights, alone.scores(background)
        unit = max(float(logit.std()), 1e-9)
        factor = 1 / max(float(similar.std()), 1e-9)
        # One constant shifts both parts to a mean of 0.
        shift = -float(similar.mean()) * factor - float(logit.mean()) / unit
        return cls(alone.like, metric, (weights / unit).astype(np.float32), shift, factor)

    def scores(self, vectors: Floats) -> Floats:
        """Return the score of vectors (n, features) in the space of the index, shape (n,)."""
        x, like = torch.from_numpy(vectors), torch.from_numpy(self.like)
        weights = None if self.weights is None else torch.from_numpy(self.weights)
        if self.metric == "euclidean":
            similar = -torch.cdist(x, like).amin(dim=1)
        else:
            # One product after the other: for a strip that fits into the cache, faster than a matrix product and a maximum.
            similar = x @ like[0]
            for one in like[1:]:
                torch.maximum(similar, x @ one, out=similar)
        if weights is not None:
            similar = similar * self.factor + self.shift + x @ weights
        return cast(Floats, similar.numpy())


def fewer(vectors: Floats, most: int = EXAMPLES) -> Floats:
    """Return the vectors, or cluster centres if there are many."""
    if len(vectors) <= most:
        return vectors
    from eowidgets.models.cluster.kmeans import kmeans

    centres = kmeans(torch.from_numpy(vectors), most, torch.Generator().manual_seed(0))
    return cast(Floats, centres.numpy())


def logistic(like: Floats, unlike: Floats, background: Floats) -> npt.NDArray[np.float64]:
    """Return the weights of a regularised logistic regression, fitted by Newton's method.

    Examples and counter-examples each have half of the weight, whatever their number; the background counts as unlike.
    """
    x = np.concatenate([like, unlike, background]).astype(np.float64)
    x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    y = np.zeros(len(x))
    y[: len(like)] = 1
    groups = ((len(like), 0.5), (len(unlike), 0.5), (len(background), WEIGHT))
    share = np.concatenate([np.full(n, total / max(n, 1)) for n, total in groups])
    ridge = np.full(x.shape[1], RIDGE)
    ridge[-1] = 1e-6
    b = np.zeros(x.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(x @ b, -30, 30)))
        slope = x.T @ (share * (p - y)) + ridge * b
        curve = (x * (share * p * (1 - p))[:, None]).T @ x + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        b -= step
        if np.abs(step).max() < 1e-4:
            break
    return b[:-1]
