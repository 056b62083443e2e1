"""Change between two radar images: the smoothed logarithm of their ratio, compared with the speckle of the cube."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor
from torch.nn import functional

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.outputs import Classes, Output, Value
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.cube import schema
from eowidgets.cube.quantity import OPTICAL, RADAR, quantity
from eowidgets.models.blocks.verdict import CHANGE_CLASSES, change_probabilities
from eowidgets.models.classical.change import ChangeParams, TwoImages
from eowidgets.models.classical.series import MAD_TO_SD

#: Standard deviation and radius, in pixels, of the Gaussian that smooths the log-ratio.
SIGMA, RADIUS = 1.5, 5
#: A patch extends from a pixel beyond the upper limit over pixels beyond the lower one, at most this many pixels far.
REACH = 24
#: The lower limit as a share of the upper one.
LOWER = 4 / 9
#: This share of the median is added to all values, so that the logarithm of a dark pixel is no outlier.
FLOOR = 0.01
#: Blocks per side of a large cube from which the speckle is measured, and their size in pixels.
BLOCKS, BLOCK = 4, 128


@dataclass(frozen=True)
class Speckle:
    """Variation of the log-ratio of each band where nothing changed.

    Attributes
    ----------
    offset, spread : tuple of float
        Median and robust standard deviation of the smoothed log-ratio of each band.
    floor : tuple of float
        Added to each band before its logarithm is taken; not used for decibels.
    """

    offset: tuple[float, ...]
    spread: tuple[float, ...]
    floor: tuple[float, ...]


@register
class ChangeLogRatio(TwoImages):
    """Change between two radar images.

    The logarithm of the ratio turns multiplicative speckle into additive noise of constant variance over the image
    (Rignot and van Zyl, 1993). It is smoothed, its median (a difference in calibration) is subtracted, and it is compared with
    its own robust standard deviation. A patch of change has a pixel beyond ``limit`` standard deviations and includes all
    connected pixels beyond 4/9 of that, at most 24 pixels far. Brighter and darker pixels form separate patches; with
    several polarisations the one with the largest difference is used.
    """

    name = "change-logratio"
    feed = Windows(bands=("vv",), min_dates=2, halo=RADIUS + REACH, blend=0)
    card = Card(
        title="Change between radar images (log-ratio)",
        summary="Marks where the backscatter of two radar images differs by more than their speckle.",
        paper="Rignot and van Zyl (1993), IEEE Transactions on Geoscience and Remote Sensing 31(4), 896–906.",
        url="https://doi.org/10.1109/36.239913",
        licence="Apache-2.0",
        limits="For two images of one sensor, orbit and polarisation. Wet or frozen ground, wind on water and crop growth "
        "also change backscatter. Changes smaller than about 4 pixels are lost in speckle.",
    )

    @dataclass(frozen=True, slots=True)
    class Params(ChangeParams):
        """Threshold of the patches."""

        limit: float = param(
            4.5,
            low=2.0,
            high=20.0,
            step=0.5,
            unit="standard deviations",
            label="Limit",
            help="Standard deviations of unchanged ground that a patch must exceed in at least one pixel.",
        )

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.speckle: Speckle | None = None
        self._decibel: tuple[bool, ...] = ()
        self._amplitude: tuple[bool, ...] = ()

    def adapt(self, bands: tuple[str, ...]) -> None:
        """Compare all polarisations; without bands of these names, all bands whose names are not optical."""
        chosen = tuple(b for b in bands if b in RADAR) or tuple(b for b in bands if b not in OPTICAL)
        vars(self)["feed"] = replace(type(self).feed, bands=chosen or type(self).feed.bands)

    def survey(self, cube: xr.Dataset) -> None:
        """Measure the speckle of the cube."""
        super().survey(cube)
        names = self.feed.bands or ()
        cube = cube[[*names, *(n for n in schema.MASKS if n in cube)]]
        kinds = [quantity(cube[n]).key for n in names]
        self._decibel = tuple(kind == "backscatter_db" for kind in kinds)
        self._amplitude = tuple(kind in ("amplitude", "brightness") for kind in kinds)
        pairs = [self.images(block) for block in _blocks(cube)]
        self.speckle = self._measure(pairs)

    def _measure(self, pairs: list[tuple[Tensor, Tensor]]) -> Speckle:
        """Return the speckle of pairs of images (c, h, w)."""
        floor = []
        for c in range(len(pairs[0][0])):
            values = torch.cat([x[c].flatten() for pair in pairs for x in pair])
            values = values[torch.isfinite(values) & (values > 0)]
            floor.append(FLOOR * float(values.median()) if len(values) else 1.0)
        ratios = [self._ratio(b[None], a[None], tuple(floor))[0].flatten(1) for b, a in pairs]
        every = torch.cat(ratios, dim=1)
        offset, spread = [], []
        for band in every:
            known = band[torch.isfinite(band)]
            middle = float(known.median()) if len(known) else 0.0
            offset.append(middle)
            spread.append(max(MAD_TO_SD * float((known - middle).abs().median()), 1e-6) if len(known) else 1.0)
        return Speckle(tuple(offset), tuple(spread), tuple(floor))

    def _ratio(self, before: Tensor, after: Tensor, floor: tuple[float, ...]) -> Tensor:
        """Return the smoothed natural logarithm of after over before, (b, c, h, w); NaN where one is not observed."""
        seen = torch.isfinite(before) & torch.isfinite(after)
        decibel = before.new_tensor(self._decibel or (False,) * before.shape[1]).bool()[:, None, None]
        least = before.new_tensor(floor)[:, None, None]

        def logarithm(x: Tensor) -> Tensor:
            return torch.where(decibel, x * (math.log(10) / 10), (x.clamp_min(0) + least).log())

        ratio = torch.where(seen, logarithm(after) - logarithm(before), 0.0)
        weight = _smooth(seen.to(ratio.dtype))
        return torch.where(seen, _smooth(ratio) / weight.clamp_min(1e-6), torch.nan)

    def settings(self) -> dict[str, Any]:
        """Return, for each band, median and standard deviation of the log-ratio, and the offset added before the logarithm."""
        return {} if self.speckle is None else {k: list(v) for k, v in asdict(self.speckle).items()}

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs: change mask, and the difference of the backscatter in decibels."""
        return (
            Classes("change", classes=CHANGE_CLASSES, long_name="Change between two radar images"),
            Value("magnitude", unit="dB", long_name="Brighter (+) or darker (-)", vmin=-10, vmax=10),
        )

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return ``change`` (b, 2, h, w) and ``magnitude`` (b, h, w). Without a survey, the speckle is that of the batch."""
        before, after = self.pair(batch)
        speckle = self.speckle or self._measure(list(zip(before, after, strict=True)))
        ratio = self._ratio(before, after, speckle.floor)
        offset, spread = (ratio.new_tensor(v)[:, None, None] for v in (speckle.offset, speckle.spread))
        score = (ratio - offset) / spread
        high, low = self.params.limit, LOWER * self.params.limit
        missing = torch.isnan(score).all(dim=1)
        level = score.nan_to_num()
        # Of several polarisations, use the one with the largest difference.
        brighter, darker = level.amax(dim=1), (-level).amax(dim=1)
        changed = _patches(brighter, low, high) | _patches(darker, low, high)
        far = torch.maximum(brighter, darker)
        statistic = torch.where(changed, (far / low).clamp_min(1.0 + 1e-6), (far / high).clamp_max(1 - 1e-6))
        at = level.abs().argmax(dim=1, keepdim=True)
        tens = ratio.new_tensor([20.0 if a else 10.0 for a in self._amplitude] or [10.0] * ratio.shape[1])
        moved = ((ratio - offset) * (tens / math.log(10))[:, None, None]).gather(1, at)[:, 0]
        change = change_probabilities(statistic).masked_fill(missing.unsqueeze(1), torch.nan)
        return {"change": change, "magnitude": moved.masked_fill(missing, torch.nan)}


def _blocks(cube: xr.Dataset) -> list[xr.Dataset]:
    """Return a small cube as a whole, or evenly spaced blocks of a large one: smoothing needs neighbours."""
    if max(cube.sizes["y"], cube.sizes["x"]) <= BLOCKS * BLOCK:
        return [cube]
    places = {}
    for k in ("y", "x"):
        starts = np.unique(np.linspace(0, max(cube.sizes[k] - BLOCK, 0), BLOCKS).astype(int))
        places[k] = [slice(int(s), int(s) + BLOCK) for s in starts]
    return [cube.isel(y=rows, x=columns) for rows in places["y"] for columns in places["x"]]


def _smooth(x: Tensor) -> Tensor:
    """Convolve (b, c, h, w) with a Gaussian; values outside count as 0."""
    at = torch.arange(-RADIUS, RADIUS + 1, dtype=x.dtype, device=x.device)
    kernel = torch.exp(-at.square() / (2 * SIGMA**2))
    kernel = kernel / kernel.sum()
    flat = x.flatten(0, 1).unsqueeze(1)
    flat = functional.conv2d(flat, kernel.view(1, 1, -1, 1), padding=(RADIUS, 0))
    flat = functional.conv2d(flat, kernel.view(1, 1, 1, -1), padding=(0, RADIUS))
    return flat.view_as(x)


def _patches(level: Tensor, low: float, high: float) -> Tensor:
    """Return pixels beyond ``low`` that are connected with one beyond ``high`` within the reach, (b, h, w), bool."""
    open_ground = level > low
    patch = level > high
    for _ in range(REACH):
        grown = functional.max_pool2d(patch.to(level.dtype).unsqueeze(1), 3, 1, 1)[:, 0] > 0
        patch = patch | (grown & open_ground)
    return patch
