"""Features of a pixel's time series as a vector: for searches and clusters, without a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Series
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Output, Vector
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.models.taught.model import feature_sets
from eowidgets.models.taught.series import feature_names, series_features


@dataclass(frozen=True, slots=True)
class SeriesParams:
    """Selection of the features."""

    features: Literal["series", "mean", "statistics", "months", "fortnights", "harmonics"] = param(
        "series", label="Features", help="Statistics, months and harmonics together, or one of these sets."
    )


@register
class SeriesFeatures(Model):
    """Return percentiles, monthly medians and yearly harmonics of the bands and indices of every pixel."""

    name = "series-features"
    task = Task.EMBED
    card = Card(
        title="Features of time series",
        summary="Percentiles, monthly medians and yearly harmonics of bands and indices: a vector per pixel without a network.",
        licence="Apache-2.0",
        limits="The features have different units: standardise them before you compute distances.",
    )
    feed = Series()
    Params = SeriesParams

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the vector."""
        return (Vector(size=len(feature_names(feature_sets(self.params.features), bands))),)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Compute the features (n, size)."""
        return {"embedding": series_features(feature_sets(self.params.features), batch)}
