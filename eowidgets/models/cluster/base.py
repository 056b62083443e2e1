"""Base of cluster models: a sample of the cube, scaled features, classes with names."""

from __future__ import annotations

import hashlib
import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Classes, Output
from eowidgets.contract.params import param
from eowidgets.contract.task import Task
from eowidgets.cube import schema
from eowidgets.errors import InputError, ModelError, shown
from eowidgets.models.cluster.features import features
from eowidgets.models.cluster.kmeans import distances, kmeans
from eowidgets.render.classes import distinct

#: Number of pixels of the cube that clusters are fitted to.
LEARN_FROM = 20_000


@dataclass(frozen=True, slots=True)
class ClusterParams:
    """Number, names and seed of the clusters."""

    k: int = param(6, low=2, high=40, step=1, label="Clusters", help="Number of clusters; the largest is cluster 1.")
    names: tuple[str, ...] = param(
        (), label="Names", help="Names of the clusters in their order; empty: cluster 1, ..."
    )
    draw_seed: int = param(
        0, low=0, high=2**31 - 1, label="Seed", help="Seed of the sampled pixels and of the initial centres."
    )


class Clusters(Model):
    """Base of the models that divide the pixels of a cube into clusters without labels.

    They are fitted to the cube that they run on, unless they are already fitted: ``model.learn(cube)`` and then
    ``eow.run(model, other)`` assigns the same clusters in another cube with the same bands.

    Attributes
    ----------
    centres : Tensor, shape (k, f), optional
        Centres of the clusters, in units of ``scale`` around ``mean``; None before the model is fitted.
    mean, scale : Tensor, shape (f,), optional
        Mean and scale of the features over the sample.
    spread : float
        Mean squared distance to the nearest centre.
    """

    task = Task.SEGMENT
    feed = Windows()
    Params = ClusterParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        given = self.params.names
        if given and (len(given) != self.params.k or len({n.strip() for n in given} - {""}) != len(given)):
            raise InputError(
                f"names is {shown(list(given))}, but there are {self.params.k} clusters: give one name for each."
            )
        self.centres: Tensor | None = None
        self.mean: Tensor | None = None
        self.scale: Tensor | None = None
        self.spread = 1.0

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the one output: the cluster of every pixel."""
        names = self.params.names or tuple(f"cluster {i + 1}" for i in range(self.params.k))
        colors = distinct(self.params.k)
        classes = tuple(ClassInfo(i, name, color) for i, (name, color) in enumerate(zip(names, colors, strict=True)))
        return (Classes("cluster", classes=classes, long_name="Cluster"),)

    @property
    def fitted(self) -> bool:
        """Whether the model is fitted with the requested number of clusters."""
        return self.centres is not None and len(self.centres) == self.params.k

    def settings(self) -> Mapping[str, Any]:
        """Return a hash of the fit."""
        if self.centres is None or not self.fitted:
            return {}
        return {"learnt_sha256": hashlib.sha256(self.centres.numpy().tobytes()).hexdigest()}

    def learn(self, cube: xr.Dataset) -> None:
        """Fit to pixels spread over the cube, unless the model is already fitted."""
        if self.fitted:
            return
        generator = torch.Generator().manual_seed(self.params.draw_seed)
        self._learn_centres(features(thinned(cube, generator)), generator)
        self._learn_more(cube, generator)

    def _learn_centres(self, found: Tensor, generator: torch.Generator) -> None:
        points = found.movedim(1, -1).flatten(0, 2)
        points = points[torch.isfinite(points).all(dim=1)]
        if not len(points):
            raise InputError("No pixel of the cube has a clear observation: open other dates, or check its cloud mask.")
        self.mean = points.mean(dim=0)
        scale = points.std(dim=0, correction=0)
        self.scale = torch.where(scale > 1e-6, scale, 1.0)
        points = (points - self.mean) / self.scale
        self.centres = kmeans(points, self.params.k, generator)
        self.spread = max(float(distances(points, self.centres).amin(dim=1).mean()), 1e-6)

    def _learn_more(self, cube: xr.Dataset, generator: torch.Generator) -> None:
        """Fit whatever a model needs in addition to the centres."""

    def scaled(self, batch: Batch) -> Tensor:
        """Return the features of a batch on the scale of the sample, (b, f, h, w), NaN without clear dates."""
        found = features(batch)
        if self.mean is None or self.scale is None:
            raise ModelError(f"{self.name} has no clusters yet: call learn(cube) first, or run it with eow.run.")
        if found.shape[1] != len(self.mean):
            raise ModelError(
                f"{self.name} was fitted to {len(self.mean)} features per pixel but gets {found.shape[1]}: give a cube "
                "with the same bands, and with one date if it was fitted to one."
            )
        mean, scale = (one.to(found.device).view(1, -1, 1, 1) for one in (self.mean, self.scale))
        return (found - mean) / scale

    def posterior(self, scaled: Tensor) -> Tensor:
        """Return the probability of each cluster for each pixel, from its distances to the centres, (b, k, h, w).

        Parameters
        ----------
        scaled : Tensor, shape (b, f, h, w)
            From :meth:`scaled`.
        """
        if self.centres is None:
            raise ModelError(f"{self.name} has no clusters yet: call learn(cube) first, or run it with eow.run.")
        return posterior(away(scaled, self.centres.to(scaled.device)), self.spread)

    @abstractmethod
    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return ``cluster`` (b, k, h, w), NaN for pixels without clear dates."""


#: Rate at which the probability of a cluster falls with the squared distance, in units of the mean squared distance.
SHARPNESS = 2.0


def away(scaled: Tensor, centres: Tensor) -> Tensor:
    """Return squared distances of pixels (b, f, h, w) to centres (k, f), shape (b, k, h, w)."""
    # Differences first: the rounding of a matrix product would depend on the window size.
    return torch.stack([(scaled - one.view(-1, 1, 1)).square().sum(dim=1) for one in centres], dim=1)


def posterior(squares: Tensor, spread: float) -> Tensor:
    """Return cluster probabilities from squared distances (b, k, h, w); ``spread`` is their mean to the nearest centre."""
    return (-squares * (SHARPNESS / spread)).softmax(dim=1)


def thinned(cube: xr.Dataset, generator: torch.Generator, most: int = LEARN_FROM) -> Batch:
    """Return about ``most`` evenly spaced pixels of a cube, from a random corner, as one window."""
    step = max(1, math.isqrt(cube.sizes["y"] * cube.sizes["x"] // most))
    first = [int(torch.randint(min(step, cube.sizes[axis]), (1,), generator=generator)) for axis in ("y", "x")]
    return window_of(cube.isel(y=slice(first[0], None, step), x=slice(first[1], None, step)))


def window_of(cube: xr.Dataset) -> Batch:
    """Return a cube, or a part of one, as a batch with one window."""
    names = schema.bands(cube)
    values = schema.stack(cube, names).values
    seen = schema.usable(cube).transpose(*schema.DIMS).values & np.isfinite(values).all(axis=1)
    usable = torch.from_numpy(np.ascontiguousarray(seen))[None]
    x = torch.from_numpy(np.where(seen[:, None], values, np.float32(0)))[None]
    days = torch.from_numpy(cube["time"].values.astype("datetime64[s]").astype("float64") / 86_400)
    place = torch.zeros(1, 2)
    return Batch(
        x=x, usable=usable, measured=usable, raw=x, days=days, out_days=days, bands=names, lonlat=place, resolution=0.0
    )
