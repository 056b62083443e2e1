"""What the networks of change share as models that the engine can run: two pictures in, a mask and its kinds out."""

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
VIEWS_HELP = "Mirrored and rotated views whose probabilities are averaged: more are more accurate and take longer."


@dataclass(frozen=True, slots=True)
class PairParams(ChangeParams):
    """Which two pictures are compared, and what counts."""

    what: str = param(
        "buildings",
        choices=("buildings", "buildings and roads"),
        label="What",
        help="What counts as change in the mask.",
    )
    # The shipped weights are calibrated on pairs of places set aside for it, so that 0.5 is close to the best F1.
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
    """What networks that compare two pictures share.

    The pictures are the medians of the clear dates before and after the split; with two dates they are those dates.
    Each is standardised by its own mean and spread over the whole cube, so brightness, haze and units do not matter.
    Pictures with pixels of 0.75 to 2.5 m are enlarged to about half a metre before the network sees them.
    """

    feed: ClassVar[Windows] = Windows(bands=BANDS, min_dates=2, size=256, halo=32, multiple=32)
    # Trained on crops of 128: what is further away than the halo does not decide.
    Params = PairParams
    #: Weights that are loaded unless a network is given.
    checkpoint: ClassVar[Checkpoint]

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        super().__init__(**params)
        self._network = network
        self.seen: dict[str, Tensor] | None = None
        self.zoom = 1

    def module(self) -> nn.Module:
        """Load the weights at the first call."""
        if self._network is None:
            self._network, _ = weights.load(self.checkpoint)
        return self._network

    def survey(self, cube: xr.Dataset) -> None:
        """Take each picture's statistics from the whole cube: windows alone would be brought to different scales."""
        super().survey(cube)
        before, after = self.sides(cube["time"].values)
        self.seen = survey(cube, BANDS, before, after)
        self.zoom = zoom_of(resolution_of(cube))

    def settings(self) -> dict[str, list[float]]:
        """Give the statistics of the two pictures that the survey found, by picture and band, and the enlargement."""
        found = {name: values.flatten().tolist() for name, values in (self.seen or {}).items()}
        return found | {"zoom": [float(self.zoom)]}

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Mask of what counts as change, and what kind it is."""
        return (
            Classes("change", classes=CHANGE_CLASSES, long_name=f"Change of {self.params.what}"),
            Classes("kind", classes=KINDS, long_name="What changed"),
        )

    def pictures(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Standardised pictures (b, c, h, w), and where both were seen (b, h, w)."""
        dates = np.floor(batch.days.detach().cpu().numpy()).astype("int64").astype("datetime64[D]")
        images = torch.stack(
            [masked_median(batch.x[:, i], batch.usable[:, i].unsqueeze(2)) for i in self.sides(dates)], dim=1
        )
        seen = torch.isfinite(images).all(dim=2)  # b 2 h w
        x = images.nan_to_num()
        if self.seen is None:  # without a survey this batch is all there is
            mean, spread = statistics(x, seen)
        else:
            mean, spread = (self.seen[k].to(x) for k in ("mean", "spread"))
        # Exactly 0, the mean, where nothing was seen.
        x = standardised(x, mean, spread) * seen.unsqueeze(2)
        return x[:, 0], x[:, 1], seen.all(dim=1)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Compare; ``change`` (b, 2, h, w) and ``kind`` (b, 3, h, w), NaN where one picture was not seen."""
        before, after, seen = self.pictures(batch)
        network = self.module()
        with torch.inference_mode():
            kind = probabilities(network, before, after, self.params.views, self.zoom)
        if kind.shape[1] != len(KINDS):
            raise ModelError(
                f"This network gives {kind.shape[1]} classes: it must give {', '.join(k.name for k in KINDS)}."
            )
        share = kind[:, BUILDING] + (kind[:, ROAD] if self.params.what == "buildings and roads" else 0)
        # 0.5 at the threshold that was asked for: the engine keeps the likelier class.
        t = self.params.threshold
        share = share * (1 - t) / (share * (1 - t) + (1 - share) * t).clamp_min(1e-9)
        change = torch.stack([1 - share, share], dim=1)
        hidden = ~seen.unsqueeze(1)
        return {"change": change.masked_fill(hidden, torch.nan), "kind": kind.masked_fill(hidden, torch.nan)}
