"""Base of the change networks as models that the engine can run: two images in, a mask and the kind of change out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from eowidgets.contract.checkpoint import Checkpoint
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.outputs import Classes, Output
from eowidgets.contract.params import param
from eowidgets.contract.prepare import resolution_of
from eowidgets.cube.labels import PAIR_CHANGES as CHANGES
from eowidgets.errors import ModelError
from eowidgets.models.blocks.verdict import CHANGE_CLASSES
from eowidgets.models.change import weights
from eowidgets.models.change.pictures import standardised, statistics, survey
from eowidgets.models.change.shipped import BANDS
from eowidgets.models.change.views import VIEWS, probabilities, zoom_of
from eowidgets.models.classical.change import ChangeParams, TwoImages
from eowidgets.models.classical.series import masked_median

KINDS = tuple(ClassInfo(value, name, color) for value, name, color in CHANGES)
ROAD, BUILDING = 1, 2
VIEWS_HELP = (
    "Mirrored and rotated views whose probabilities are averaged: more views are more accurate and take longer."
)


@dataclass(frozen=True, slots=True)
class PairParams(ChangeParams):
    """Settings of the comparison: dates, kind of change and threshold."""

    what: str = param(
        "buildings",
        choices=("buildings", "buildings and roads"),
        label="What",
        help="What counts as change in the mask.",
    )
    # The shipped weights are calibrated on pairs of separate places, so that 0.5 is close to the best F1.
    threshold: float = param(
        0.5,
        low=0.05,
        high=0.95,
        step=0.05,
        label="Threshold",
        help="Probability from which a pixel counts as changed: lower values increase recall and false positives.",
    )
    views: int = param(
        1,
        choices=VIEWS,
        label="Views",
        help=VIEWS_HELP,
    )


class PairModel(TwoImages):
    """Base of networks that compare two images.

    The images are the medians of the clear dates before and after the split; with two dates they are those dates.
    Each is standardised by its own mean and standard deviation over the whole cube, so differences in brightness, haze and
    units have little effect. Images with pixels of 0.75 to 2.5 m are enlarged to about half a metre for the network.
    """

    feed: ClassVar[Windows] = Windows(bands=BANDS, min_dates=2, size=256, halo=32, multiple=32)
    # The network was trained on crops of 128 pixels: what lies further away than the halo has no influence.
    Params = PairParams
    #: Checkpoint that is loaded unless a network is given.
    checkpoint: ClassVar[Checkpoint]

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        super().__init__(**params)
        self._network = network
        self.seen: dict[str, Tensor] | None = None
        self.zoom = 1

    def module(self) -> nn.Module:
        """Return the network; load its weights at the first call."""
        if self._network is None:
            self._network, _ = weights.load(self.checkpoint)
        return self._network

    def survey(self, cube: xr.Dataset) -> None:
        """Compute the statistics of each image from the whole cube: windows would be scaled differently."""
        super().survey(cube)
        before, after = self.sides(cube["time"].values)
        self.seen = survey(cube, BANDS, before, after)
        self.zoom = zoom_of(resolution_of(cube))

    def settings(self) -> dict[str, list[float]]:
        """Return the statistics of the two images that the survey found, by image and band, and the enlargement."""
        found = {name: values.flatten().tolist() for name, values in (self.seen or {}).items()}
        return found | {"zoom": [float(self.zoom)]}

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the mask of change, and the kind of change."""
        return (
            Classes("change", classes=CHANGE_CLASSES, long_name=f"Change of {self.params.what}"),
            Classes("kind", classes=KINDS, long_name="What changed"),
        )

    def pictures(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Return standardised images (b, c, h, w), and where both are observed (b, h, w)."""
        dates = np.floor(batch.days.detach().cpu().numpy()).astype("int64").astype("datetime64[D]")
        images = torch.stack(
            [masked_median(batch.x[:, i], batch.usable[:, i].unsqueeze(2)) for i in self.sides(dates)], dim=1
        )
        seen = torch.isfinite(images).all(dim=2)  # b 2 h w
        x = images.nan_to_num()
        if self.seen is None:  # without a survey, use the statistics of this batch
            mean, spread = statistics(x, seen)
        else:
            mean, spread = (self.seen[k].to(x) for k in ("mean", "spread"))
        # Exactly 0, the mean, where nothing was observed.
        x = standardised(x, mean, spread) * seen.unsqueeze(2)
        return x[:, 0], x[:, 1], seen.all(dim=1)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return ``change`` (b, 2, h, w) and ``kind`` (b, 3, h, w); NaN where one image is not observed."""
        before, after, seen = self.pictures(batch)
        network = self.module()
        with torch.inference_mode():
            kind = probabilities(network, before, after, self.params.views, self.zoom)
        if kind.shape[1] != len(KINDS):
            raise ModelError(
                f"The network has {kind.shape[1]} output classes: it must have {', '.join(k.name for k in KINDS)}."
            )
        share = kind[:, BUILDING] + (kind[:, ROAD] if self.params.what == "buildings and roads" else 0)
        # 0.5 at the requested threshold, because the engine keeps the likelier class.
        t = self.params.threshold
        share = share * (1 - t) / (share * (1 - t) + (1 - share) * t).clamp_min(1e-9)
        change = torch.stack([1 - share, share], dim=1)
        hidden = ~seen.unsqueeze(1)
        return {"change": change.masked_fill(hidden, torch.nan), "kind": kind.masked_fill(hidden, torch.nan)}
