"""Features of time series with gaps: one vector per series, independent of its dates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from eowidgets.contract.feeds import Batch
from eowidgets.models.classical.series import DAYS_PER_YEAR
from eowidgets.models.taught.values import Values, value_names, values_of

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Number of harmonics per year, and the ridge penalty on them.
WAVES, RIDGE = 2, 0.5


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """A named set of features.

    Attributes
    ----------
    name, summary : str
    labels : callable
        Names of the features, given those of the values (bands and indices).
    compute : callable
        ``Values -> Tensor (n, features)``; NaN in a whole row if nothing was observed.
    """

    name: str
    summary: str
    labels: Callable[[tuple[str, ...]], tuple[str, ...]]
    compute: Callable[[Values], Tensor]


def feature_names(sets: tuple[str, ...], bands: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the features of some sets."""
    values = value_names(bands)
    return tuple(label for name in sets for label in SERIES_FEATURES[name].labels(values))


def series_features(sets: tuple[str, ...], batch: Batch) -> Tensor:
    """Compute the features of some sets.

    Parameters
    ----------
    sets : tuple of str
        Of :data:`SERIES_FEATURES`.
    batch : Batch
        Series, ``(n, t, c)``.

    Returns
    -------
    Tensor, shape (n, features), float32
        NaN in rows of series without a usable date.
    """
    values = values_of(batch)
    found = torch.cat([SERIES_FEATURES[name].compute(values) for name in sets], dim=1)
    return found.masked_fill(~values.usable.any(dim=1)[:, None], torch.nan)


def _statistics(values: Values) -> Tensor:
    ranked = values.x.masked_fill(~values.usable[..., None], torch.inf).sort(dim=1).values
    count = values.usable.sum(dim=1)
    found = [_quantile(ranked, count, q) for q in QUANTILES]
    return torch.stack(found, dim=1).flatten(1)


def _quantile(ranked: Tensor, count: Tensor, q: float) -> Tensor:
    """Interpolate a quantile of the first ``count`` of sorted values, (n, k)."""
    place = (count - 1).clamp_min(0) * q
    low = place.floor().long()
    high = torch.minimum(low + 1, (count - 1).clamp_min(0))
    one, two = (ranked.gather(1, i[:, None, None].expand(-1, 1, ranked.shape[2]))[:, 0] for i in (low, high))
    return torch.lerp(one, two, (place - low)[:, None].to(one.dtype)).nan_to_num(0.0, posinf=0.0)


def _by_season(bins: int) -> Callable[[Values], Tensor]:
    def compute(values: Values) -> Tensor:
        place = (_phase(values.days) * bins).long().clamp_max(bins - 1)
        masked, found = values.masked, []
        empty = masked.new_full((len(masked), masked.shape[2]), torch.nan)
        for i in range(bins):
            here = place == i
            found.append(masked[:, here].nanmedian(dim=1).values if bool(here.any()) else empty)
        return _filled_around(torch.stack(found, dim=1)).flatten(1)

    return compute


def _phase(days: Tensor) -> Tensor:
    """Return the elapsed share of the year at each date, 0..1."""
    dates = np.asarray(days.cpu(), "float64")
    whole = np.floor(dates).astype("int64").astype("datetime64[D]")
    years = whole.astype("datetime64[Y]")
    length = ((years + 1).astype("datetime64[D]") - years.astype("datetime64[D]")).astype(float)
    passed = (whole - years.astype("datetime64[D]")).astype(float) + dates - np.floor(dates)
    return torch.as_tensor(passed / length, dtype=torch.float32, device=days.device)


def _filled_around(x: Tensor) -> Tensor:
    """Interpolate gaps along the circular year, (n, bins, k); 0 if all bins are gaps."""
    n, bins, k = x.shape
    known = ~x[..., 0].isnan()  # the values of a date are observed or missing together
    at = torch.arange(3 * bins, device=x.device).expand(n, -1)
    seen = known.repeat(1, 3)
    middle = slice(bins, 2 * bins)
    before = torch.where(seen, at, -1).cummax(dim=1).values[:, middle].clamp_min(0)
    after = torch.where(seen, at, 3 * bins).flip(1).cummin(dim=1).values.flip(1)[:, middle].clamp_max(3 * bins - 1)
    share = (at[:, middle] - before) / (after - before).clamp_min(1)
    low, high = (x.gather(1, (i % bins)[..., None].expand(-1, -1, k)) for i in (before, after))
    return torch.lerp(low, high, share[..., None].to(x.dtype)).nan_to_num(0.0)


def _harmonics(values: Values) -> Tensor:
    """Fit a mean and yearly harmonics by ridge regression; the last feature is the residual standard deviation."""
    angle = 2 * np.pi * torch.as_tensor(np.asarray(values.days.cpu()) / DAYS_PER_YEAR, dtype=torch.float32)
    angle = angle.to(values.x.device)
    waves = [f(k * angle) for k in range(1, WAVES + 1) for f in (torch.cos, torch.sin)]
    design = torch.stack([torch.ones_like(angle), *waves], dim=1)  # t p
    weight = values.usable.to(values.x.dtype)
    count = weight.sum(dim=1).clamp_min(1)[:, None]
    mean = (values.x * weight[..., None]).sum(dim=1) / count
    rest = (values.x - mean[:, None]) * weight[..., None]
    products = (design[:, :, None] * design[:, None, :]).flatten(1)  # t (p p)
    normal = (weight @ products).view(-1, design.shape[1], design.shape[1])
    normal = normal + RIDGE * torch.eye(design.shape[1], device=normal.device)
    right = torch.einsum("tp,ntk->npk", design, rest)
    solved = torch.linalg.solve(normal, right)
    left = (rest - torch.einsum("tp,npk->ntk", design, solved)) * weight[..., None]
    spread = (left.square().sum(dim=1) / count).sqrt()
    return torch.cat([solved[:, :1] + mean[:, None], solved[:, 1:], spread[:, None]], dim=1).flatten(1)


def _latest(values: Values) -> Tensor:
    """Return the mean of all usable dates, which is the value itself for a single date."""
    weight = values.usable.to(values.x.dtype)[..., None]
    return (values.x * weight).sum(dim=1) / weight.sum(dim=1).clamp_min(1)


def _labelled(words: tuple[str, ...]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    return lambda values: tuple(f"{value} {word}" for word in words for value in values)


_WAVE_WORDS = tuple(f"{f} {k}" for k in range(1, WAVES + 1) for f in ("cosine", "sine"))
SERIES_FEATURES: Mapping[str, FeatureSet] = {
    one.name: one
    for one in (
        FeatureSet("mean", "mean of bands and indices", _labelled(("mean",)), _latest),
        FeatureSet(
            "statistics",
            "five percentiles of bands and indices over time",
            _labelled(tuple(f"p{round(100 * q)}" for q in QUANTILES)),
            _statistics,
        ),
        FeatureSet(
            "months",
            "median of each month of the year",
            _labelled(tuple(f"month {i + 1}" for i in range(12))),
            _by_season(12),
        ),
        FeatureSet(
            "fortnights",
            "median of each fortnight of the year",
            _labelled(tuple(f"fortnight {i + 1}" for i in range(26))),
            _by_season(26),
        ),
        FeatureSet(
            "harmonics",
            "mean, two yearly harmonics and the standard deviation around them",
            _labelled(("mean", *_WAVE_WORDS, "spread")),
            _harmonics,
        ),
    )
}
