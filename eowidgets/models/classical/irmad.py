"""Change between two images after the best linear match of their bands: iteratively reweighted alteration detection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from scipy.linalg import eigh
from scipy.stats import chi2
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch
from eowidgets.contract.outputs import Classes, Output, Value
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.errors import InputError
from eowidgets.models.blocks.verdict import CHANGE_CLASSES, change_probabilities
from eowidgets.models.classical.change import ChangeParams, TwoImages, thinned
from eowidgets.models.classical.stats import otsu

Array = npt.NDArray[np.float64]

#: Maximum number of iterations, and the change of a correlation below which they stop.
ROUNDS, ENOUGH = 30, 1e-3
#: Minimum number of pixels per band.
FEWEST = 10
#: Largest share of pixels that is marked where both images differ by noise alone.
BY_CHANCE = 0.001
#: Share of the mean variance of the bands that is added to each, so that a constant band does not stop the iterations.
RIDGE = 1e-9


@dataclass(frozen=True)
class Match:
    """Linear combinations of the bands of two images that correlate best.

    Attributes
    ----------
    before, after : array, shape (band, variate)
        Weights of the bands.
    mean_before, mean_after : array, shape (band,)
    variance : array, shape (variate,)
        Variances of the differences of the variates where nothing changed.
    """

    before: Array
    after: Array
    mean_before: Array
    mean_after: Array
    variance: Array

    def distance(self, before: Tensor, after: Tensor) -> Tensor:
        """Return the distance between the pixels of two images (..., c, h, w), in standard deviations, (..., h, w)."""

        def variates(x: Tensor, mean: Array, weights: Array) -> Tensor:
            moved = x.double() - torch.as_tensor(mean, device=x.device)[:, None, None]
            return torch.einsum("...chw,cv->...vhw", moved, torch.as_tensor(weights, device=x.device))

        d = variates(before, self.mean_before, self.before) - variates(after, self.mean_after, self.after)
        scaled = d.square() / torch.as_tensor(self.variance, device=d.device)[:, None, None]
        return scaled.sum(dim=-3).sqrt().to(before.dtype)


def match(before: Array, after: Array) -> Match:
    """Find the combinations of the bands of two images that correlate best where nothing changed.

    Parameters
    ----------
    before, after : array, shape (pixel, band)
        Values of the same pixels; finite.

    Raises
    ------
    InputError
        With fewer than :data:`FEWEST` pixels per band.
    """
    count, size = before.shape
    if count < FEWEST * size:
        raise InputError(
            f"Both images have {count} pixels in common, but matching {size} bands needs {FEWEST * size}: choose a larger "
            "area, or fewer bands."
        )
    weight, last, middle = np.ones(count), np.full(size, np.inf), float(chi2.median(size))
    for _ in range(ROUNDS):
        share = weight / weight.sum()
        means = share @ before, share @ after
        x, y = before - means[0], after - means[1]
        xx, yy, xy = (x.T * share) @ x, (y.T * share) @ y, (x.T * share) @ y
        for one in (xx, yy):
            one += np.eye(size) * (RIDGE * np.trace(one) / size + np.finfo(float).tiny)
        squares, a = eigh(xy @ np.linalg.solve(yy, xy.T), xx)
        correlation = np.sqrt(squares.clip(0, 1))
        b = np.linalg.solve(yy, xy.T @ a)
        b /= np.sqrt(np.einsum("cv,cd,dv->v", b, yy, b)).clip(np.finfo(float).tiny)
        variance = (2 * (1 - correlation)).clip(1e-9)
        statistic = ((x @ a - y @ b) ** 2 / variance).sum(axis=1)
        # The weights favour pixels that differ little, so the variances shrink in each iteration: they are scaled to the
        # median of χ².
        scale = max(float(np.median(statistic)) / middle, 1e-9)
        variance, statistic = variance * scale, statistic / scale
        weight = chi2.sf(statistic, size).clip(1e-12)
        if np.abs(correlation - last).max() < ENOUGH:
            break
        last = correlation
    return Match(a, b, *means, variance)


@register
class ChangeIRMAD(TwoImages):
    """Iteratively reweighted multivariate alteration detection.

    Canonical correlation finds combinations of the bands of both images that agree best; their differences are the MAD
    variates, and the sum of their squares over their variances is χ² distributed where nothing changed. Pixels are
    weighted by the probability of no change, and the search is repeated (Nielsen, 2007). Linear differences of the bands
    (light, haze, gain, units) have no influence. In each iteration the variances are scaled so that the median of the sum
    is that of χ²; without this step, which is not in the paper, the weights may concentrate on a few pixels. The match is
    computed on at most 256 × 256 pixels of the cube. The threshold is Otsu's on the root of the sum, but not less than the
    value that 0.1 % of unchanged pixels exceed by chance.
    """

    name = "change-irmad"
    card = Card(
        title="Change after matching the bands (IR-MAD)",
        summary="Marks pixels that differ between two images after the best linear match of their bands.",
        paper="Nielsen (2007), IEEE Transactions on Image Processing 16(2), 463–478.",
        url="https://doi.org/10.1109/TIP.2006.888195",
        licence="Apache-2.0",
        limits="If most of the area changed, change and no change are confused. Compare the same season.",
    )

    @dataclass(frozen=True, slots=True)
    class Params(ChangeParams):
        """The threshold."""

        threshold: float = param(
            0.0,
            low=0.0,
            high=100.0,
            step=0.1,
            unit="standard deviations",
            label="Threshold",
            help="0: Otsu's threshold of the cube.",
        )

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.match: Match | None = None
        self.threshold: float | None = self.params.threshold or None

    def survey(self, cube: xr.Dataset) -> None:
        """Match the bands and find the threshold on a thinned cube."""
        super().survey(cube)
        self._fit(*self.images(thinned(cube)))

    def _fit(self, before: Tensor, after: Tensor) -> None:
        seen = torch.isfinite(before).all(dim=0) & torch.isfinite(after).all(dim=0)
        if not bool(seen.any()):
            return
        one, two = (x[:, seen].T.double().cpu().numpy() for x in (before, after))
        self.match = match(one, two)
        if not self.params.threshold:
            length = self.match.distance(before, after)
            chance = float(np.sqrt(chi2.isf(BY_CHANCE, len(self.match.variance))))
            self.threshold = max(otsu(length[torch.isfinite(length)]), chance)

    def settings(self) -> dict[str, Any]:
        """Return the threshold and the variances of the variates that the survey found."""
        return {"threshold": self.threshold, "variances": [] if self.match is None else self.match.variance.tolist()}

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs: change mask, and the distance that is compared with the threshold."""
        found = f", threshold {self.threshold:.4g}" if self.threshold is not None else ""
        return (
            Classes("change", classes=CHANGE_CLASSES, long_name=f"Change between two images{found}"),
            Value("magnitude", unit="1", long_name="Distance in standard deviations", vmin=0, vmax=20),
        )

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return ``change`` (b, 2, h, w) and ``magnitude`` (b, h, w). Without a survey, the match is that of the batch."""
        before, after = self.pair(batch)
        if self.match is None:
            self._fit(before.transpose(0, 1).flatten(2), after.transpose(0, 1).flatten(2))
        if self.match is None or self.threshold is None:
            length = before.new_full((before.shape[0], *before.shape[2:]), torch.nan)
            return {"change": change_probabilities(length), "magnitude": length}
        length = self.match.distance(before, after)
        return {"change": change_probabilities(length / max(self.threshold, 1e-9)), "magnitude": length}
