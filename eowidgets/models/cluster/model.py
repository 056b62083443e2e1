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
    """Settings of the clusters and of the smoothing."""

    blur: float = param(
        1.0,
        unit="pixels",
        low=0.0,
        high=5.0,
        step=0.5,
        label="Neighbours",
        help="Standard deviation of the Gaussian that averages probabilities over neighbours; 0 uses each pixel alone.",
    )


@register
class ClusterKMeans(Clusters):
    """Assign every pixel to one of k clusters whose centres are fitted to a sample of the cube by mini-batch k-means.

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
        limits="Clusters are groups of similar pixels, not land cover: inspect each before you name it.",
    )

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        # The window depends on a parameter, so the feed belongs to the instance.
        vars(self)["feed"] = Windows(halo=reach(self.params.blur), blend=0)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return ``cluster`` (b, k, h, w), NaN for pixels without clear dates."""
        scaled = self.scaled(batch)
        seen = torch.isfinite(scaled).all(dim=1)
        return {"cluster": smooth(self.posterior(scaled.nan_to_num(0.0)), seen, self.params.blur)}
