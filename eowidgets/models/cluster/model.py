"""Clusters of pixels by k-means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.cluster.base import ClusterParams, Clusters
from eowidgets.models.cluster.smooth import reach, smooth


@dataclass(frozen=True, slots=True)
class KMeansParams(ClusterParams):
    """How many clusters, and how much neighbours count."""

    blur: float = param(
        1.0,
        unit="pixels",
        low=0.0,
        high=5.0,
        step=0.5,
        label="Neighbours",
        help="Standard deviation of the Gaussian over which probabilities are averaged; 0 looks at each pixel alone.",
    )


@register
class ClusterKMeans(Clusters):
    """Assign every pixel to one of k clusters whose centres mini-batch k-means found in a sample of the cube.

    Probabilities follow from the distances to the centres and are averaged over neighbours before a cluster is chosen.
    """

    name = "cluster-kmeans"
    Params = KMeansParams
    card = Card(
        title="Clusters by k-means",
        summary="Divides the pixels of a cube into groups with similar time series, without labels.",
        paper="Sculley (2010), Web-scale k-means clustering, WWW 2010; Arthur and Vassilvitskii (2007), k-means++.",
        url="https://doi.org/10.1145/1772690.1772862",
        licence="Apache-2.0",
        limits="Clusters are groups of similar pixels, not land cover: look at each before you give it a name.",
    )

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        # The window depends on a parameter: an instance's own feed.
        vars(self)["feed"] = Windows(halo=reach(self.params.blur), blend=0)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return ``cluster`` (b, k, h, w), NaN where nothing was seen."""
        scaled = self.scaled(batch)
        seen = torch.isfinite(scaled).all(dim=1)
        return {"cluster": smooth(self.posterior(scaled.nan_to_num(0.0)), seen, self.params.blur)}
