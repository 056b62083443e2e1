"""Choose the season of a table by the errors of exponential smoothing on hold-out windows."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from eowidgets.analysis.forecast.origins import FEWEST, window_of
from eowidgets.analysis.forecast.season import Season, possible
from eowidgets.analysis.forecast.strategies import make_strategy
from eowidgets.analysis.history import SeriesBlock
from eowidgets.contract.choice import select

#: Number of hold-out windows, and of series used in them.
WINDOWS, SERIES = 6, 64


def choose_season(block: SeriesBlock, days: Tensor, cut: float, horizon: float) -> Season:
    """Return the season that gives the smallest forecast error; of nearly equal ones, the simplest.

    Parameters
    ----------
    block : SeriesBlock
        Series up to ``cut``, (n, t, c), scaled to about one.
    days : Tensor, shape (t,)
        Since 1970-01-01.
    cut, horizon : float
        The day that the forecast starts from, and days ahead.
    """
    found = possible(days, cut - float(days[0]) + horizon)
    if len(found) == 1:
        return found[0]
    block = block.some(torch.linspace(0, len(block.values) - 1, min(SERIES, len(block.values))).round().long())
    first = float(days[0])
    starts = [cut - horizon * k for k in range(1, WINDOWS + 1) if cut - horizon * k >= first + (cut - first) / 2]
    starts = starts or [first + (cut - first) / 2]
    total = np.zeros(len(found))
    for start in starts:
        past, ahead = days <= start, window_of(days, start, horizon, cut)
        known, there = block.on(past), block.seen[:, ahead]
        there = there & (known.seen.sum(1, keepdim=True) >= FEWEST)
        if not bool(known.seen.any()) or not bool(there.any()):
            continue
        for k, season in enumerate(found):
            strategy = make_strategy("ses", None, 0, {}, season)
            predicted = strategy.forecast(known, days[past] * season.rate, days[ahead] * season.rate)
            total[k] += float((block.values[:, ahead] - predicted)[there].double().square().sum())
    if not total.any():
        return found[0]
    names = [season.label for season in found]
    return found[names.index(select(np.sqrt(total), names))]
