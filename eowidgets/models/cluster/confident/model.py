"""Clusters from a network that is trained on confident pseudo-labels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.registry import register
from eowidgets.errors import ModelError
from eowidgets.models.cluster.base import Clusters, window_of
from eowidgets.models.cluster.confident.network import REACH
from eowidgets.models.cluster.confident.training import logits, train, weights_of

#: Maximum number of parts of the cube that the network is trained on, and their side in pixels.
PARTS, SIDE = 6, 96


@register
class ClusterConfident(Clusters):
    """Start from k-means, then train a small network on the assignments with high confidence.

    After USM of WakeupUrban; the README in this folder lists deviations. The network is trained on the cube that it runs
    on, which takes some seconds.

    Attributes
    ----------
    weights : Tensor, optional
        All weights of the network as one vector; None before the model is fitted.
    """

    name = "cluster-confident"
    feed = Windows(halo=REACH, blend=0)
    card = Card(
        title="Clusters by confident pseudo-labels",
        summary="Clusters pixels together with their neighbours, with a network trained on the cube without labels.",
        paper="WakeupUrban: unsupervised semantic segmentation of historic satellite images (USM).",
        url="https://github.com/Tianxiang-Hao/WakeupUrban",
        licence="Apache-2.0",
        limits="Trains on the cube for some seconds; smooths thin objects away; clusters are not land-cover classes.",
    )

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.weights: Tensor | None = None

    @property
    def fitted(self) -> bool:
        """Whether centres and network are fitted."""
        return super().fitted and self.weights is not None

    def settings(self) -> Mapping[str, Any]:
        """Return a hash of the fit."""
        if self.weights is None or not self.fitted:
            return {}
        return {"learnt_sha256": hashlib.sha256(self.weights.numpy().tobytes()).hexdigest()}

    def _learn_more(self, cube: xr.Dataset, generator: torch.Generator) -> None:
        if self.centres is None:
            raise ModelError(f"{self.name} has no centres to start from: call learn(cube).")
        windows = [self.scaled(window_of(part)) for part in parts_of(cube, generator)]
        network, self.centres = train(windows, self.centres, self.spread, self.params.draw_seed)
        self.weights = weights_of(network)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return ``cluster`` (b, k, h, w), NaN for pixels without clear dates."""
        scaled = self.scaled(batch)
        if self.weights is None:
            raise ModelError(f"{self.name} has no network yet: call learn(cube) first, or run it with eow.run.")
        seen = torch.isfinite(scaled).all(dim=1, keepdim=True)
        chances = logits(self.weights, scaled.nan_to_num(0.0), self.params.k).softmax(dim=1)
        return {"cluster": chances.masked_fill(~seen, torch.nan)}


def parts_of(cube: xr.Dataset, generator: torch.Generator) -> list[xr.Dataset]:
    """Return parts of a cube at random places; a cube not larger than all parts together is returned whole."""
    if cube.sizes["y"] * cube.sizes["x"] <= PARTS * SIDE**2:
        return [cube]
    height, width = (min(SIDE, cube.sizes[axis]) for axis in ("y", "x"))
    found = []
    for _ in range(PARTS):
        y, x = (
            int(torch.randint(cube.sizes[axis] - side + 1, (1,), generator=generator))
            for axis, side in (("y", height), ("x", width))
        )
        found.append(cube.isel(y=slice(y, y + height), x=slice(x, x + width)))
    return found
