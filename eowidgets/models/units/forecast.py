"""UniTS as a forecaster: images on future dates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.model import Dates
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.models.forecast.series.dates import dates_ahead, parse_dates
from eowidgets.models.units import cards
from eowidgets.models.units.adapters import FlowParams, UniTSModel, aux_of, draw, spreads_of
from eowidgets.models.units.condition import Condition, known_bands, spread_bands, standardise
from eowidgets.models.units.config import BANDS
from eowidgets.models.units.network import UniTS

#: Number of past dates that are inputs next to the mean season, and of future dates that are predicted at once.
PAST, AHEAD = 12, 8
YEAR = 365.2425


def climatology(x: Tensor, usable: Tensor, days: Tensor, out_days: Tensor) -> Tensor:
    """Compute the mean season of every pixel on the requested days.

    Weights fall with the distance within the year (a Gaussian of 20 days, and a much weaker one of 45 days for gaps in
    the season) and by half every three years. A second pass leaves out measurements that are much brighter than the
    result of the first, which are undetected clouds.

    Parameters
    ----------
    x : Tensor, shape (b, t, c, h, w)
    usable : Tensor, shape (b, t, h, w), bool
    days : Tensor, shape (b, t)
    out_days : Tensor, shape (b, s)

    Returns
    -------
    Tensor, shape (b, s, c, h, w)
        The mean of the window for a pixel without observations.
    """
    seen = usable.to(x.dtype)

    def mean(when: Tensor, keep: Tensor) -> Tensor:
        apart = (when[:, :, None] - days[:, None]).float()  # b s t
        season = (apart + YEAR / 2) % YEAR - YEAR / 2
        weight = torch.exp(-0.5 * (season / 20) ** 2) + 0.03 * torch.exp(-0.5 * (season / 45) ** 2) + 1e-6
        weight = weight * 0.5 ** (apart.abs() / (3 * YEAR))
        total = torch.einsum("bst,bthw->bshw", weight, keep)
        number = torch.einsum("bst,btchw->bschw", weight, keep.unsqueeze(2) * x)
        return number / total.clamp(min=1e-12).unsqueeze(2)

    dull = (x - mean(days, seen)).mean(dim=2) < 0.08
    kept = seen * dull
    seen = torch.where(kept.sum(dim=1, keepdim=True) >= 2, kept, seen)
    never = ~usable.any(dim=1)[:, None, None]
    share = usable.unsqueeze(2).to(x.dtype)
    overall = (x * share).sum(dim=(1, 3, 4)) / share.sum(dim=(1, 3, 4)).clamp(min=1)
    return torch.where(never, overall[:, None, :, None, None], mean(out_days, seen))


def forecast_condition(
    x: Tensor,
    usable: Tensor,
    days: Tensor,
    out_days: Tensor,
    bands: tuple[str, ...],
    *,
    aux: Tensor | None = None,
    trained: tuple[str, ...] = BANDS,
) -> Condition:
    """Build the condition: recent dates, then the future ones, blank; the base is the mean season.

    Parameters
    ----------
    x, usable, days
        The whole past, as for :func:`climatology`.
    out_days : Tensor, shape (b, s)
        Up to :data:`AHEAD` future days.
    trained : tuple of str
        Bands that the network was trained on; the others get their mean season.

    Returns
    -------
    Condition
        Of ``min(t, PAST) + s`` dates; the last ``s`` are the future.
    """
    b, t, _, h, w = x.shape
    s = out_days.shape[1]
    # The most recent dates with a good part of a window visible; if there are too few, any dates. They are chosen per
    # window, so the result does not depend on the other windows of the batch.
    good = usable.flatten(2).float().mean(-1) > 0.5
    order = torch.arange(t, device=x.device) + t * good
    recent = order.argsort(dim=1)[:, -PAST:].sort(dim=1).values
    row = torch.arange(b, device=x.device)[:, None]
    when = torch.cat([days[row, recent], out_days], dim=1)
    full, present = spread_bands(x * usable.unsqueeze(2), bands)
    base, _ = spread_bands(climatology(x * usable.unsqueeze(2), usable, days, when), bands)
    present = present & known_bands(trained, x.device)
    there = present[:, None, None]
    past = full[row, recent]
    past_seen = usable[row, recent].unsqueeze(2)
    blank = x.new_zeros((b, s, len(BANDS), h, w))
    observed = torch.cat([standardise(past) * there * past_seen, blank], dim=1)
    seen = torch.cat([past_seen.to(x.dtype), x.new_zeros((b, s, 1, h, w))], dim=1)
    latest = torch.where(usable, days[:, :, None, None], -torch.inf).amax(dim=1, keepdim=True)
    gap = (when[:, :, None, None] - latest).clamp(0, 1000).float().unsqueeze(2) * (1 - seen)
    pixels = torch.cat([observed, standardise(base) * there, seen, torch.log1p(gap) / 4], dim=2).to(x.dtype)
    radar = None
    if aux is not None:
        radar = torch.cat([aux[row, recent], aux.new_zeros((b, s, *aux.shape[2:]))], dim=1)
    return Condition(pixels, base, when, present, aux=radar)


@dataclass(frozen=True, slots=True)
class ForecastParams(FlowParams):
    """Parameters of ``units-forecast``."""

    dates: str = param("", help="Dates to forecast, such as 2021-05-01, 2021-06-01; blank: a regular series.")
    horizon: int = param(365, low=1, high=1100, unit="days", help="Horizon if no dates are given.")
    every: int = param(30, low=1, high=366, unit="days", help="Days between the dates if none are given.")


@register
class UniTSForecast(UniTSModel):
    """Forecast images from the mean season and the last dates."""

    name = "units-forecast"
    task = Task.FORECAST
    card: ClassVar[Card] = cards.FORECAST
    checkpoint = cards.WEIGHTS["units-forecast.romania"]
    feed: ClassVar[Windows] = replace(UniTSModel.feed, dates=None, date_halo=0)
    Params = ForecastParams
    keeps_dates: ClassVar[bool] = False

    def __init__(self, network: UniTS | None = None, **params: Any) -> None:
        super().__init__(network, **params)
        parse_dates(self.params.dates)  # invalid dates are refused early, not during a run

    def out_dates(self, dates: Dates) -> Dates:
        """Return the requested dates, or a regular series after the last date."""
        return dates_ahead(self.params, dates)

    def answers(self, batch: Batch) -> dict[str, Tensor]:
        """Predict the future in chunks from the same past."""
        optical = self.optical(batch.bands)
        names = tuple(batch.bands[i] for i in optical)
        days = batch.days.to(batch.x.device).expand(len(batch.x), -1)
        index = [BANDS.index(b) for b in names]
        # Limited to the observed range of each pixel: near zero, spectral indices would diverge.
        seen = batch.usable.unsqueeze(2)
        low = batch.x[:, :, optical].masked_fill(~seen, torch.inf).amin(dim=1, keepdim=True)
        high = batch.x[:, :, optical].masked_fill(~seen, 0.0).amax(dim=1, keepdim=True)
        never = low > high
        low, high = low.masked_fill(never, 0.0), high.masked_fill(never, torch.inf)
        means, spreads, seed = [], [], draw(batch)
        for i, chunk in enumerate(torch.split(batch.out_days.to(batch.x.device), AHEAD)):
            ahead = chunk.expand(len(batch.x), -1)
            network = self.network()
            given = forecast_condition(
                batch.x[:, :, optical],
                batch.usable,
                days,
                ahead,
                names,
                aux=aux_of(batch) if network.config.aux else None,
                trained=network.config.bands,
            )
            made = self.sampled(given, network, seed + i)[:, :, -len(chunk) :, index]
            means.append(made.mean(0).clamp(low, high))
            if self.params.samples > 1:
                spreads.append(made.std(0))
        future = batch.x.new_full((len(batch.x), len(batch.out_days), *batch.x.shape[2:]), torch.nan)  # radar: unknown
        future[:, :, optical] = torch.cat(means, dim=1)
        out = {"reflectance": future}
        if spreads:
            out |= spreads_of(torch.cat(spreads, dim=1), batch.bands, optical)
        return out
