"""SkySense as a model: a vector per patch from series of Sentinel-2, Sentinel-1 and one finer source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.contract.feeds import Batch, Source, Windows
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.encode.base import EncoderParams
from eowidgets.models.encode.grouped import Grouped
from eowidgets.models.encode.images import OBSERVED, composites
from eowidgets.models.encode.inputs import DARKEST, GROUPS
from eowidgets.models.encode.inputs import RADAR as RADAR_BANDS
from eowidgets.models.encode.skysense.card import CARD, WEIGHTS
from eowidgets.models.encode.skysense.config import FINE, OPTICAL, RADAR, SMALL, SkySenseConfig
from eowidgets.models.encode.skysense.network import Series, SkySense
from eowidgets.models.encode.skysense.scaling import radar
from eowidgets.models.encode.ten_bands import BANDS, MEAN, STD, placed

#: Maximum number of dates of a source; a longer series is reduced to medians.
DATES = 24
#: Pixel size of the optical and radar branches in metres.
RESOLUTION = 10.0
#: Bands of the high-resolution source.
COLOURS = ("red", "green", "blue")


@dataclass(frozen=True, slots=True)
class SkySenseParams(EncoderParams):
    """Weights, and the size of the windows."""

    side: int = param(4, unit="patches", low=1, high=16, step=1, help="Side of the encoded windows.")


@register
class SkySenseModel(Grouped):
    """Embed patches of 4 pixels from optical series, and from radar if available.

    Parameters
    ----------
    network : Module, optional
        A network to use instead of the shipped one. If it has a high-resolution branch, the model accepts such images
        as the source ``hr``.
    **params
        See ``Params``.
    """

    name = "skysense"
    Params = SkySenseParams
    card = CARD
    feed = replace(Grouped.feed, max_dates=None, size=16, multiple=4)
    folder = Path(__file__).parent
    tag = WEIGHTS.tag

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        super().__init__(network, **params)
        # Windows depend on the parameters and the network, so the feed belongs to the instance.
        vars(self)["feed"] = self._windows()

    def _windows(self) -> Windows:
        feed = replace(type(self).feed, size=self.stride * self.params.side)
        fine = self.config.fine
        if fine is None:
            return feed
        source = Source(name=FINE, bands=COLOURS, resolution=RESOLUTION * self.stride / fine.patch)
        return replace(feed, sources=(source,))

    @property
    def config(self) -> SkySenseConfig:
        """Sizes of the network."""
        given = self._networks[0] if self._networks else None
        return given.config if isinstance(given, SkySense) else SMALL

    @property
    def stride(self) -> int:
        """Pixels along one side of a patch."""
        branch = self.config.optical or self.config.radar
        return 4 if branch is None else branch.patch

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return self.config.vector

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return SkySense(SMALL)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Encode the windows of the batch; patches that no source observed on any date have no vector."""
        sources = self.series(batch)
        found = self.module()(sources, batch.lonlat)
        known = torch.stack([s.seen.any(dim=1) for s in sources.values()]).any(dim=0)
        return {"embedding": torch.where(known.unsqueeze(1), found, torch.nan)}

    def series(self, batch: Batch) -> dict[str, Series]:
        """Return the series of each source that the batch and the network have, scaled as in the training."""
        found = {}
        own = tuple(b for b in BANDS if b in batch.bands)
        if own and OPTICAL in self.config.branches:
            x, seen, days = composites(batch.x[:, :, _rows(batch, own)], batch.usable, batch.days, DATES)
            found[OPTICAL] = self._series(placed(_scaled(x, own), own), seen, days, self.stride)
        if RADAR in self.config.branches and set(GROUPS[RADAR_BANDS]) <= set(batch.bands):
            x = batch.raw[:, :, _rows(batch, GROUPS[RADAR_BANDS])]
            x = x if self.decibel else 10 * x.clamp_min(DARKEST).log10()
            x, seen, days = composites(x, batch.measured, batch.days, DATES)
            found[RADAR] = self._series(radar(x), seen, days, self.stride)
        fine = self.config.fine
        if fine is not None and FINE in batch.sources:
            other = batch.sources[FINE]
            x, seen, days = composites(other.x[:, :, _rows(other, COLOURS)], other.usable, other.days, 1)
            found[FINE] = self._series(_scaled(x, COLOURS), seen, days, fine.patch)
        return found

    @staticmethod
    def _series(x: Tensor, seen: Tensor, days: Tensor, patch: int) -> Series:
        """Set missing values to 0, pad to whole patches, and compute which patches are valid."""
        x = torch.where(seen.unsqueeze(2), x, 0.0)
        missing = [-n % patch for n in x.shape[-2:]]
        x, seen = (functional.pad(v, (0, missing[1], 0, missing[0])) for v in (x, seen))
        share = functional.avg_pool2d(seen.float(), patch)
        return Series(x, share >= OBSERVED, (days / 365.25 % 1).to(x.dtype))


def _rows(batch: Batch, bands: tuple[str, ...]) -> list[int]:
    return [batch.bands.index(b) for b in bands]


def _scaled(x: Tensor, bands: tuple[str, ...]) -> Tensor:
    at = [BANDS.index(b) for b in bands]
    mean, std = (x.new_tensor(v)[at, None, None] for v in (MEAN, STD))
    return (x - mean) / std
