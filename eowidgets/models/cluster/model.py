"""Clusters of pixels by k-means."""

from __future__ import annotations

from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch
from eowidgets.contract.registry import register
from eowidgets.models.cluster.base import Clusters


@register
class ClusterKMeans(Clusters):
    """Assign every pixel to the nearest of k centres that mini-batch k-means found in a sample of the cube."""

    name = "cluster-kmeans"
    card = Card(
        title="Clusters by k-means",
        summary="Divides the pixels of a cube into groups with similar time series, without labels.",
        paper="Sculley (2010), Web-scale k-means clustering, WWW 2010; Arthur and Vassilvitskii (2007), k-means++.",
        url="https://doi.org/10.1145/1772690.1772862",
        licence="Apache-2.0",
        limits="Clusters are groups of similar pixels, not land cover: look at each before you give it a name.",
    )

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return ``cluster`` (b, k, h, w), NaN where nothing was seen."""
        return {"cluster": self.posterior(self.scaled(batch))}
