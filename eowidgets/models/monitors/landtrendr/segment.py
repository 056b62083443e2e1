"""LandTrendr's temporal segmentation of annual series, vectorised over series.

Steps and names follow Kennedy, Yang and Cohen (2010), doi:10.1016/j.rse.2010.07.008, section 3. Series are packed: the
observed years come first. Vertices are positions in the packed series; a series with fewer vertices than others repeats
its last one.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from scipy.special import betainc
from torch import Tensor

from eowidgets.models.monitors.landtrendr.lines import Sums

#: Weight of a disturbance of the whole range that follows a vertex, relative to its angle alone.
DISTURBANCE_WEIGHT = 2.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Parameters of the segmentation, with the names and defaults of the paper and of its later releases."""

    max_segments: int = 6
    spike_threshold: float = 0.9
    vertex_count_overshoot: int = 3
    prevent_one_year_recovery: bool = True
    recovery_threshold: float = 0.25
    pval_threshold: float = 0.05
    best_model_proportion: float = 0.75
    min_observations_needed: int = 6


@dataclass(frozen=True, slots=True)
class Packed:
    """Series without their gaps: ``x`` and ``y`` (n, k), of which the first ``count`` (n,) are observed."""

    x: Tensor
    y: Tensor
    count: Tensor

    @property
    def seen(self) -> Tensor:
        """Positions that hold an observation, (n, k)."""
        return torch.arange(self.x.shape[1], device=self.x.device) < self.count.unsqueeze(1)


@dataclass(frozen=True, slots=True)
class Segments:
    """The trajectory of each series.

    Attributes
    ----------
    position : Tensor, shape (n, v), int64
        Vertices: positions in the packed series.
    year, value : Tensor, shape (n, v), float64
        Year and fitted value of each vertex.
    count : Tensor, shape (n,), int64
        Number of vertices; 0 with too few observed years. A level without trend has 2 with one value.
    p : Tensor, shape (n,)
        p of the F test; NaN with too few observed years.
    rmse : Tensor, shape (n,)
        Root mean square error of the given values about the trajectory.
    """

    position: Tensor
    year: Tensor
    value: Tensor
    count: Tensor
    p: Tensor
    rmse: Tensor

    @property
    def flat(self) -> Tensor:
        """Whether the trajectory of a series is its mean, (n,), bool."""
        return (self.value == self.value[:, :1]).all(dim=1)

    def fitted(self, years: Tensor) -> Tensor:
        """Return fitted values in some years (y,), (n, y); constant before the first and after the last vertex."""
        last = (self.count - 1).clamp_min(1).unsqueeze(1)
        x = years.to(self.year).expand(len(self.year), -1).contiguous()
        right = torch.searchsorted(self.year.contiguous(), x).clamp_min(1).minimum(last)
        x0, x1 = self.year.gather(1, right - 1), self.year.gather(1, right)
        y0, y1 = self.value.gather(1, right - 1), self.value.gather(1, right)
        share = ((x - x0) / (x1 - x0).clamp_min(1e-9)).clamp(0, 1)
        return (y0 + share * (y1 - y0)).masked_fill((self.count == 0).unsqueeze(1), torch.nan)


@dataclass(frozen=True, slots=True)
class _Model:
    """A candidate: vertices, fitted values, p of F, and whether its recoveries are slow enough."""

    position: Tensor
    value: Tensor
    p: Tensor
    allowed: Tensor

    @property
    def segments(self) -> Tensor:
        return (self.position[:, 1:] > self.position[:, :-1]).sum(dim=1)


def segment(years: Tensor, values: Tensor, seen: Tensor, settings: Settings) -> Segments:
    """Segment annual series in which disturbance is a rise.

    Parameters
    ----------
    years : Tensor, shape (y,)
    values : Tensor, shape (n, y)
    seen : Tensor, shape (n, y), bool
        Observed years.
    """
    given = pack(years, values, seen)
    y = despike(given.y, given.count, settings.spike_threshold)
    mean = (y * given.seen).sum(dim=1, keepdim=True) / given.count.clamp_min(1).unsqueeze(1)
    middle = (given.x * given.seen).sum(dim=1, keepdim=True) / given.count.clamp_min(1).unsqueeze(1)
    centred = Packed((given.x - middle) * given.seen, (y - mean) * given.seen, given.count)
    sums = Sums(centred.x, centred.y, centred.seen)
    most = settings.max_segments + 1
    position = find_vertices(centred, sums, most + settings.vertex_count_overshoot)
    position = cull_by_angle(centred, position, most)
    best = _best(_candidates(centred, sums, position, settings, joint=False), settings)
    again = torch.nonzero(~(best.p <= settings.pval_threshold)).flatten()
    if len(again):
        part = Packed(*(t[again] for t in (centred.x, centred.y, centred.count)))
        sums = Sums(part.x, part.y, part.seen)
        other = _best(_candidates(part, sums, position[again], settings, joint=True), settings)
        best.position[again], best.value[again], best.p[again] = other.position, other.value, other.p
    none = ~(best.p <= settings.pval_threshold)
    ends = torch.stack([torch.zeros_like(given.count), (given.count - 1).clamp_min(0)], dim=1)
    ends = torch.cat([ends[:, :1], ends[:, 1:].expand(-1, best.position.shape[1] - 1)], dim=1)
    vertex = torch.where(none.unsqueeze(1), ends, best.position)
    value = torch.where(none.unsqueeze(1), 0.0, best.value)
    fit = interpolate(centred.x, vertex, value)
    error = (given.y - mean - fit).square() * given.seen
    few = given.count < settings.min_observations_needed
    count = (1 + (vertex[:, 1:] > vertex[:, :-1]).sum(dim=1)).masked_fill(few, 0)
    return Segments(
        vertex,
        given.x.gather(1, vertex),
        value + mean,
        count,
        best.p.masked_fill(few, torch.nan),
        (error.sum(dim=1) / given.count.clamp_min(1)).sqrt().masked_fill(few, torch.nan),
    )


def pack(years: Tensor, values: Tensor, seen: Tensor) -> Packed:
    """Move the observed years of each series to its front."""
    n, t = values.shape
    rank = seen.cumsum(dim=1)
    place = torch.where(seen, rank - 1, t)
    x, y = (
        torch.zeros(n, t + 1, dtype=torch.float64, device=values.device).scatter_(1, place, v.double())[:, :t]
        for v in (years.to(values.device).expand(n, -1), values)
    )
    count = rank[:, -1] if t else torch.zeros(n, dtype=torch.int64, device=values.device)
    there = torch.arange(t, device=values.device) < count.unsqueeze(1)
    return Packed(x * there, y * there, count)


def despike(y: Tensor, count: Tensor, threshold: float) -> Tensor:
    """Dampen spikes: values far from both neighbours, which are similar to each other.

    The size of a spike is ``1 - |right - left| / max(|y - left|, |y - right|)``. The largest one of a series moves towards the
    mean of its neighbours by this share, repeatedly, until none is above the threshold.
    """
    y = y.clone()
    if threshold >= 1 or y.shape[1] < 3:
        return y
    rows = torch.arange(len(y), device=y.device)
    inside = torch.arange(1, y.shape[1] - 1, device=y.device) < (count - 1).unsqueeze(1)
    for _ in range(10 * y.shape[1]):
        part = y[rows]
        left, here, right = part[:, :-2], part[:, 1:-1], part[:, 2:]
        reach = torch.maximum((here - left).abs(), (here - right).abs())
        size = torch.where(reach > 1e-9, 1 - (right - left).abs() / reach.clamp_min(1e-9), 0.0)
        most, at = size.masked_fill(~inside[rows], -1).max(dim=1)
        spiky = most > threshold
        if not bool(spiky.any()):
            break
        rows, at, most = rows[spiky], at[spiky].unsqueeze(1), most[spiky].unsqueeze(1)
        left, here, right = (v[spiky].gather(1, at) for v in (left, here, right))
        y[rows.unsqueeze(1), at + 1] = here + most * ((left + right) / 2 - here)
    return y


def find_vertices(series: Packed, sums: Sums, most: int) -> Tensor:
    """Return candidate vertices (n, most): the segment with the largest mean squared error is split at its largest error."""
    last = (series.count - 1).clamp_min(0)
    position = torch.stack([torch.zeros_like(last), last], dim=1)
    index = torch.arange(series.x.shape[1], device=series.x.device)
    for _ in range(most - 2):
        first, end = position[:, :-1], position[:, 1:]
        line = sums.line(first, end)
        error = (line.sse / (end - first + 1)).masked_fill(end - first < 2, -1)
        error, worst = error.max(dim=1, keepdim=True)
        slope, intercept = line.slope.gather(1, worst), line.intercept.gather(1, worst)
        inside = (index > first.gather(1, worst)) & (index < end.gather(1, worst))
        far = (series.y - intercept - slope * series.x).abs().masked_fill(~inside, -1)
        new = torch.where(error.squeeze(1) >= 0, far.argmax(dim=1), last)
        position = torch.cat([position, new.unsqueeze(1)], dim=1).sort(dim=1).values
    return position


def cull_by_angle(series: Packed, position: Tensor, most: int) -> Tensor:
    """Remove the vertices with the smallest angles, with years and values scaled to the same range.

    The angle is the larger one of the two segments that meet, with more weight if a disturbance follows. The plain
    difference of the two angles keeps noise, which alternates, and loses disturbances, which turn once.
    """
    low = series.y.masked_fill(~series.seen, torch.inf).amin(dim=1, keepdim=True)
    high = series.y.masked_fill(~series.seen, -torch.inf).amax(dim=1, keepdim=True)
    long = series.x.amax(dim=1, keepdim=True) - series.x.amin(dim=1, keepdim=True)
    scale = long / (high - low).clamp_min(1e-12)
    while position.shape[1] > most:
        x, y = series.x.gather(1, position), series.y.gather(1, position)
        steps = x[:, 1:] - x[:, :-1]
        slope = torch.where(steps > 0, scale * (y[:, 1:] - y[:, :-1]) / steps.clamp_min(1e-9), 0.0).atan()
        steep = torch.maximum(slope[:, 1:].abs(), slope[:, :-1].abs())
        rise = ((y[:, 2:] - y[:, 1:-1]) / (high - low).clamp_min(1e-12)).clamp_min(0)
        turn = steep * (1 + DISTURBANCE_WEIGHT * rise)
        turn = turn.masked_fill(position[:, 1:-1] == position[:, -1:], -1)  # repeats of the last one are removed first
        position = _without(position, 1 + turn.argmin(dim=1))
    return position


def _without(x: Tensor, column: Tensor) -> Tensor:
    """Remove one column of each row."""
    index = torch.arange(x.shape[1] - 1, device=x.device)
    return x.gather(1, index + (index >= column.unsqueeze(1)))


def fit_in_turn(series: Packed, sums: Sums, position: Tensor) -> Tensor:
    """Return vertex values (n, v): a regression for the first segment, each later one anchored at the previous end."""
    x = series.x.gather(1, position)
    line = sums.line(position[:, :1], position[:, 1:2])
    values = [line.intercept + line.slope * x[:, :1], line.intercept + line.slope * x[:, 1:2]]
    for k in range(1, position.shape[1] - 1):
        slope = sums.anchored(position[:, k : k + 1], position[:, k + 1 : k + 2], x[:, k : k + 1], values[k])
        values.append(values[k] + slope * (x[:, k + 1 : k + 2] - x[:, k : k + 1]))
    return torch.cat(values, dim=1)


def fit_jointly(series: Packed, position: Tensor) -> Tensor:
    """Return vertex values (n, v) with the least squared error of the whole trajectory."""
    left, share = _where(series.x, position)
    n, v = position.shape
    weight = series.y.new_zeros(n, series.x.shape[1], v)
    weight.scatter_add_(2, left.unsqueeze(2), (1 - share).unsqueeze(2))
    weight.scatter_add_(2, (left + 1).unsqueeze(2), share.unsqueeze(2))
    weight = weight * series.seen.unsqueeze(2)
    normal = (weight.unsqueeze(3) * weight.unsqueeze(2)).sum(dim=1)
    right = (weight * series.y.unsqueeze(2)).sum(dim=1)
    unused = (normal.diagonal(dim1=1, dim2=2) <= 0).to(normal.dtype)
    factor, _ = torch.linalg.cholesky_ex(normal + torch.diag_embed(unused + 1e-12))
    value = torch.cholesky_solve(right.unsqueeze(2), factor).squeeze(2)
    last = (position == position[:, -1:]).to(torch.uint8).argmax(dim=1, keepdim=True)
    return torch.where(torch.arange(v, device=value.device) > last, value.gather(1, last), value)


def _where(x: Tensor, position: Tensor) -> tuple[Tensor, Tensor]:
    """Return the segment (n, k) of each observation, and its relative position within the segment, 0..1."""
    index = torch.arange(x.shape[1], device=x.device)
    ends = (position[:, 1:] > position[:, :-1]).sum(dim=1, keepdim=True)
    left = (position[:, 1:, None] <= index).sum(dim=1).minimum((ends - 1).clamp_min(0))
    at = x.gather(1, position)
    x0, x1 = at.gather(1, left), at.gather(1, left + 1)
    return left, ((x - x0) / (x1 - x0).clamp_min(1e-9)).clamp(0, 1)


def interpolate(x: Tensor, position: Tensor, value: Tensor) -> Tensor:
    """Interpolate the trajectory at every observation, (n, k)."""
    left, share = _where(x, position)
    y0, y1 = value.gather(1, left), value.gather(1, left + 1)
    return y0 + share * (y1 - y0)


def _candidates(series: Packed, sums: Sums, position: Tensor, settings: Settings, joint: bool) -> list[_Model]:
    """Fit the trajectory with all vertices, and again each time that the weakest vertex is removed."""
    found = []
    width = position.shape[1]
    while True:
        value = fit_jointly(series, position) if joint else fit_in_turn(series, sums, position)
        broken = _violations(series, position, value, settings)
        observed = series.y.gather(1, position)
        p = _p_of_f(series, position, value)
        pad = width - position.shape[1]
        found.append(
            _Model(
                torch.cat([position, position[:, -1:].expand(-1, pad)], dim=1),
                torch.cat([value, value[:, -1:].expand(-1, pad)], dim=1),
                p,
                (broken <= 0).all(dim=1),
            )
        )
        if position.shape[1] <= 2:
            return found
        position = _without(position, _weakest(series, sums, position, observed, broken))


def _violations(series: Packed, position: Tensor, value: Tensor, settings: Settings) -> Tensor:
    """Return the rates (n, s) of recoveries that are too fast, in ranges of the trajectory per year; 0 for others."""
    x = series.x.gather(1, position)
    long, fall = x[:, 1:] - x[:, :-1], value[:, :-1] - value[:, 1:]
    reach = value.amax(dim=1, keepdim=True) - value.amin(dim=1, keepdim=True)
    rate = torch.where(long > 0, fall / (reach * long).clamp_min(1e-12), 0.0)
    fast = rate > settings.recovery_threshold
    if settings.prevent_one_year_recovery:
        fast = fast | ((rate >= 1) & (long == 1))
    # A single segment is a trend over the whole series, not a recovery.
    several = (position[:, 1:] > position[:, :-1]).sum(dim=1, keepdim=True) > 1
    return torch.where(fast & several, rate, 0.0)


def _weakest(series: Packed, sums: Sums, position: Tensor, value: Tensor, broken: Tensor) -> Tensor:
    """Return the column (n,) of the vertex to remove: that of the fastest forbidden recovery, else the least important.

    It is the least important if straight lines between the observed values of its neighbours add least squared error.
    """
    x = series.x.gather(1, position)
    slope = torch.where(
        x[:, 1:] > x[:, :-1], (value[:, 1:] - value[:, :-1]) / (x[:, 1:] - x[:, :-1]).clamp_min(1e-9), 0.0
    )
    across = torch.where(
        x[:, 2:] > x[:, :-2], (value[:, 2:] - value[:, :-2]) / (x[:, 2:] - x[:, :-2]).clamp_min(1e-9), 0.0
    )
    before, here, after = position[:, :-2], position[:, 1:-1], position[:, 2:]
    now = sums.sse(before, here, slope[:, :-1], value[:, :-2] - slope[:, :-1] * x[:, :-2])
    now = now + sums.sse(here, after, slope[:, 1:], value[:, 1:-1] - slope[:, 1:] * x[:, 1:-1])
    # The vertex itself is in both parts.
    now = now - (series.y.gather(1, here) - value[:, 1:-1]).square()
    then = sums.sse(before, after, across, value[:, :-2] - across * x[:, :-2])
    loss = (then - now).masked_fill(here == position[:, -1:], -torch.inf)
    column = 1 + loss.argmin(dim=1)
    worst, at = broken.max(dim=1)
    ends = (position[:, 1:] > position[:, :-1]).sum(dim=1)
    # The end of the forbidden segment, or its beginning if it ends the series; repeats of the last vertex come first.
    of_break = torch.where(at + 1 < ends, at + 1, at).clamp(1, position.shape[1] - 2)
    full = ends == position.shape[1] - 1
    return torch.where((worst > 0) & full, of_break, column)


def _p_of_f(series: Packed, position: Tensor, value: Tensor) -> Tensor:
    """Test trajectories against the mean, p of F (n,); s segments have s + 1 values and s - 1 chosen years.

    The explained squares are those of the mean less those of the trajectory: the squares of a segment-wise trajectory
    about the mean would include errors of the fit.
    """
    fit = interpolate(series.x, position, value)
    error = ((series.y - fit).square() * series.seen).sum(dim=1)
    total = (series.y.square() * series.seen).sum(dim=1)
    predictors = 2 * (position[:, 1:] > position[:, :-1]).sum(dim=1) - 1
    free = series.count - predictors - 1
    share = torch.where(total > 1e-18, error.clamp_min(1e-12 * total) / total.clamp_min(1e-18), 1.0).clamp_max(1)
    # The F distribution's upper tail, at F = (1 / share - 1) · free / predictors.
    p = betainc((free.clamp_min(1) / 2).cpu().numpy(), (predictors.clamp_min(1) / 2).cpu().numpy(), share.cpu().numpy())
    return torch.as_tensor(p, device=fit.device).to(fit).masked_fill((free < 1) | (predictors < 1), 1.0)


def _best(models: list[_Model], settings: Settings) -> _Model:
    """Return the model with most segments among the allowed models whose p is near the smallest p."""
    p = torch.stack([m.p.masked_fill(~m.allowed, torch.inf) for m in models], dim=1)  # n m
    near = p <= (2 - settings.best_model_proportion) * p.amin(dim=1, keepdim=True)
    near &= torch.isfinite(p)
    segments = torch.stack([m.segments for m in models], dim=1).masked_fill(~near, -1)
    at = segments.argmax(dim=1)

    def pick(tensors: list[Tensor]) -> Tensor:
        stacked = torch.stack(tensors, dim=1)
        return stacked[torch.arange(len(at), device=at.device), at]

    return _Model(
        pick([m.position for m in models]), pick([m.value for m in models]), pick(list(p.unbind(1))), near.any(dim=1)
    )
