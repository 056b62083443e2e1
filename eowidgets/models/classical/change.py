"""Change between two images, each the median of the clear dates on its side of a chosen day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Classes, Output, Value
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.cube import schema
from eowidgets.errors import InputError
from eowidgets.models.blocks.verdict import CHANGE_CLASSES, change_probabilities
from eowidgets.models.classical.series import masked_median
from eowidgets.models.classical.stats import otsu

SEASONS = {
    "all": range(1, 13),
    "Dec-Feb": (12, 1, 2),
    "Mar-May": (3, 4, 5),
    "Jun-Aug": (6, 7, 8),
    "Sep-Nov": (9, 10, 11),
}
#: Rows and columns of the cube from which the threshold is estimated: enough for a histogram of 256 bins.
SURVEY = 256


@dataclass(frozen=True, slots=True)
class ChangeParams:
    """Choice of the two images that are compared."""

    split: str = param(
        "", label="Split at", help="Day (YYYY-MM-DD) from which dates count as after; empty: half of the dates."
    )
    season: str = param("all", choices=tuple(SEASONS), label="Season", help="Compare dates of one season only.")


class TwoImages(Model):
    """Base of methods that compare a median image before with one after."""

    task = Task.DETECT_CHANGE
    feed = Windows(min_dates=2)
    Params = ChangeParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        if self.params.split:
            try:
                np.datetime64(self.params.split, "D")
            except ValueError as error:
                raise InputError(
                    f"The split {self.params.split[:40]!r} is not a date: write it as YYYY-MM-DD, for example 2019-01-01."
                ) from error

    def sides(self, dates: np.ndarray[Any, np.dtype[np.datetime64]]) -> tuple[list[int], list[int]]:
        """Return the positions of the dates before and after.

        Raises
        ------
        InputError
            If one side has no date.
        """
        days = np.asarray(dates, dtype="datetime64[D]")
        months = days.astype("datetime64[M]").astype(int) % 12 + 1
        chosen = np.flatnonzero(np.isin(months, list(SEASONS[self.params.season])))
        order = chosen[np.argsort(days[chosen], kind="stable")]
        late = (
            days[order] >= np.datetime64(self.params.split, "D")
            if self.params.split
            else np.arange(len(order)) >= len(order) / 2
        )
        before, after = order[~late].tolist(), order[late].tolist()
        if not before or not after:
            side = "before" if not before else "after"
            raise InputError(f"No date lies {side} the split in this season: choose another split or season.")
        return before, after

    def difference(self, batch: Batch) -> Tensor:
        """Return after minus before, (b, c, h, w); NaN where one side is not observed."""
        before, after = self.pair(batch)
        return after - before

    def pair(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the image before and the image after of a batch, each (b, c, h, w); NaN where not observed."""
        dates = np.floor(batch.days.detach().cpu().numpy()).astype("int64").astype("datetime64[D]")
        before, after = (masked_median(batch.x[:, i], batch.usable[:, i].unsqueeze(2)) for i in self.sides(dates))
        return before, after

    def images(self, cube: xr.Dataset) -> tuple[Tensor, Tensor]:
        """Return the image before and the image after of a cube in memory, each (c, h, w); NaN where not observed."""
        x = schema.stack(cube, schema.bands(cube)).values
        usable = schema.usable(cube).transpose(*schema.DIMS).values & np.isfinite(x).all(axis=1)
        before, after = (
            masked_median(torch.as_tensor(x[side])[None], torch.as_tensor(usable[side])[None].unsqueeze(2))[0]
            for side in self.sides(cube["time"].values)
        )
        return before, after

    def survey(self, cube: xr.Dataset) -> None:
        """Refuse a split that leaves one side empty, before anything is computed."""
        self.sides(cube["time"].values)


def thinned(cube: xr.Dataset) -> xr.Dataset:
    """Return at most ``SURVEY`` evenly spaced rows and columns of a cube."""
    return cube.isel({k: slice(None, None, math.ceil(cube.sizes[k] / SURVEY)) for k in ("y", "x")})


@register
class ChangeCVA(TwoImages):
    """Change vector analysis: the length and direction of the difference between two images in band space.

    Magnitude: length of the vector of differences (Malila, 1980). Direction: its angle with the vector of equal
    brightening in all bands, ``arccos(Σ_c d_c / (√C |d|))`` (Bovolo, Marchesi and Bruzzone, 2012,
    doi:10.1109/TGRS.2011.2171493, eq. 6): 0° brighter in all bands, 180° darker in all, about 90° another colour.
    The images are medians of the clear dates of each side, one date each if the cube has two.
    """

    name = "change-cva"
    card = Card(
        title="Change vectors",
        summary="Computes length and direction of the spectral change of each pixel between two images.",
        paper="Malila (1980); Bovolo, Marchesi and Bruzzone (2012), IEEE TGRS 50(6), 2196–2212.",
        url="https://doi.org/10.1109/TGRS.2011.2171493",
        licence="Apache-2.0",
        limits="Compare the same season of two years: otherwise the vectors show seasonal change.",
    )

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs: length and angle."""
        return (
            Value("magnitude", unit="1", long_name="Length of the change vector", vmin=0, vmax=0.4),
            Value("direction", unit="degree", long_name="0 brighter, 90 another colour, 180 darker", vmin=0, vmax=180),
        )

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return both layers (b, h, w), NaN where one side is not observed; the direction also where the length is 0."""
        d = self.difference(batch)
        length = d.square().sum(dim=1).sqrt()
        cosine = d.sum(dim=1) / (length * math.sqrt(d.shape[1]))
        return {"magnitude": length, "direction": torch.rad2deg(cosine.clamp(-1, 1).acos())}


@register
class ChangeOtsu(TwoImages):
    """Change or no change: the length of the change vector against one threshold for the whole extent.

    The threshold is Otsu's (1979), doi:10.1109/TSMC.1979.4310076, on a histogram of 256 bins of the lengths. It is
    found once, on at most 256 × 256 evenly spaced pixels of the cube, before windows are cut: a separate threshold for
    each window would cause seams.
    """

    name = "change-otsu"
    card = Card(
        title="Change by Otsu's threshold",
        summary="Marks pixels whose change vector is longer than a threshold estimated from the cube.",
        paper="Otsu (1979), IEEE Transactions on Systems, Man and Cybernetics 9(1), 62–66.",
        url="https://doi.org/10.1109/TSMC.1979.4310076",
        licence="Apache-2.0",
        limits="Always splits the pixels into two groups, even without change: check the magnitude. Compare the same season.",
    )

    @dataclass(frozen=True, slots=True)
    class Params(ChangeParams):
        """The threshold."""

        threshold: float = param(
            0.0,
            low=0.0,
            high=10.0,
            step=0.01,
            unit="band units",
            label="Threshold",
            help="0: Otsu's threshold of the cube.",
        )

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.threshold: float | None = self.params.threshold or None

    def survey(self, cube: xr.Dataset) -> None:
        """Compute the threshold from a thinned cube."""
        super().survey(cube)
        if self.params.threshold:
            return
        before, after = self.images(thinned(cube))
        length = (after - before).square().sum(dim=0).sqrt()
        known = length[torch.isfinite(length)]
        self.threshold = otsu(known) if known.numel() else None

    def settings(self) -> dict[str, float | None]:
        """Return the threshold that the survey found."""
        return {"threshold": self.threshold}

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs: change mask, and the length that is compared with the threshold."""
        found = f", threshold {self.threshold:.4g}" if self.threshold is not None else ""
        return (
            Classes("change", classes=CHANGE_CLASSES, long_name=f"Change between two images{found}"),
            Value("magnitude", unit="1", long_name="Length of the change vector", vmin=0, vmax=0.4),
        )

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return ``change`` (b, 2, h, w) and ``magnitude`` (b, h, w). Without a survey, the threshold is that of the batch."""
        length = self.difference(batch).square().sum(dim=1).sqrt()
        threshold = self.threshold
        if threshold is None:
            known = length[torch.isfinite(length)]
            threshold = otsu(known) if known.numel() else 1.0
        return {"change": change_probabilities(length / max(threshold, 1e-9)), "magnitude": length}
