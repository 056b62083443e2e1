"""Extract seasons from a curve: their positions in a season year, and their metrics.

A season extends from the lowest value before its peak to the lowest one after it. It starts where the curve, rising from the
first, reaches a share of the amplitude, and ends where it falls below that share for the last time, as in TIMESAT
(Jönsson and Eklundh, 2004, doi:10.1016/j.cageo.2004.05.006).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.contract.labels import ClassInfo
from eowidgets.models.phenology.curve import STEP, Curve

Array = npt.NDArray[Any]

#: Quality classes of a season; NaN, or 255, for a pixel without any observation.
SEASON, GAP, INCOMPLETE, NO_SEASON, TOO_FEW = range(5)
QUALITY = (
    ClassInfo(SEASON, "season", "#009e73"),
    ClassInfo(GAP, "gap at start or end", "#e69f00"),
    ClassInfo(INCOMPLETE, "cut by the series", "#56b4e9"),
    ClassInfo(NO_SEASON, "no season", "#999999"),
    ClassInfo(TOO_FEW, "not enough dates", "#000000"),
)
#: Metrics in their order: name, unit ("index" stands for the unit of the index), description.
METRICS: dict[str, tuple[str, str]] = {
    "start": ("days", "Start of season"),
    "peak": ("days", "Peak of season"),
    "end": ("days", "End of season"),
    "length": ("days", "Length of season"),
    "amplitude": ("1", "Amplitude: peak less base"),
    "base": ("1", "Base: mean of the lowest values before and after the peak"),
    "peak_value": ("1", "Value at the peak"),
    "integral": ("day", "Integral above the base from start to end"),
    "greenup_rate": ("1/day", "Rate of green-up between 20 and 80 % of the rise"),
    "senescence_rate": ("1/day", "Rate of senescence between 80 and 20 % of the fall"),
    "start_sd": ("days", "Standard deviation of the start"),
    "end_sd": ("days", "Standard deviation of the end"),
}
#: A second season rises by at least this share of the amplitude of the first.
SECOND = 0.3
#: An amplitude is significant if it exceeds this many standard deviations of the noise.
SIGMAS = 3.0
#: A lowest value this close to the first or the last observation, in days, is rejected if the curve rises from it (or falls
#: to it) by less than this share of its other side: the series then begins, or ends, within the season.
EDGE, ONE_SIDED = 90.0, 0.5
#: Levels between which rates are computed.
LOW, HIGH = 0.2, 0.8
#: Days on either side of a peak in which the lowest values are searched.
REACH = 365.0


@dataclass(frozen=True, slots=True)
class Rules:
    """Definition of a season.

    Attributes
    ----------
    threshold : float
        Share of the amplitude at which a season starts and ends.
    min_amplitude : float
        Minimum amplitude in units of the index.
    min_dates : int
        Minimum number of clear dates in the season year.
    max_gap : float
        Maximum days between the clear dates before and after a start or an end.
    """

    threshold: float = 0.5
    min_amplitude: float = 0.1
    min_dates: int = 6
    max_gap: float = 60.0


@dataclass(frozen=True, slots=True)
class Seasons:
    """Positions of one season of each series, as indices of nodes, all of shape (n,).

    Attributes
    ----------
    peak, left, right : array, int
        The peak, and the lowest values before and after it.
    there : array, bool
        Whether the peak exists.
    """

    peak: Array
    left: Array
    right: Array
    there: Array


def locate(curve: Curve, first: float, last: float, seasons: int, rules: Rules) -> list[Seasons]:
    """Find the highest peak of a season year, or its two seasons in order of time.

    Parameters
    ----------
    curve : Curve
        With nodes before and after the season year, if available.
    first, last : float
        First day of the season year, and of the next one.
    seasons : {1, 2}
    rules : Rules

    Returns
    -------
    list of Seasons
        One per season.
    """
    z, nodes = curve.value, curve.nodes
    inside = np.flatnonzero((nodes >= first) & (nodes < last))
    n = z.shape[1]
    if not len(inside):
        none = np.zeros(n, int)
        return [Seasons(none, none, none, np.zeros(n, bool))] * seasons
    peak = inside[0] + z[inside[0] : inside[-1] + 1].argmax(axis=0)
    reach = int(REACH / STEP)
    if seasons == 1:
        left = _lowest(z, np.maximum(peak - reach, 0), peak)
        right = _lowest(z, peak, np.minimum(peak + reach, len(nodes) - 1))
        return [Seasons(peak, left, right, np.ones(n, bool))]
    other, rise = _second(z, inside, peak)
    height = _at(z, peak) - z[inside[0] : inside[-1] + 1].min(axis=0)
    two = (other >= 0) & (rise >= np.maximum(rules.min_amplitude, SECOND * height))
    one, late = np.where(two, np.minimum(peak, other), peak), np.where(two, np.maximum(peak, other), peak)
    between = _lowest(z, one, late)
    left = _lowest(z, np.maximum(one - reach // 2, 0), one)
    right = _lowest(z, late, np.minimum(late + reach // 2, len(nodes) - 1))
    return [
        Seasons(one, left, np.where(two, between, right), np.ones(n, bool)),
        Seasons(late, between, right, two),
    ]


def _second(z: Array, inside: Array, peak: Array) -> tuple[Array, Array]:
    """Return the local maximum with the largest rise above the minimum between it and the peak (-1: none), and that rise."""
    n = z.shape[1]
    best, position = np.zeros(n), np.full(n, -1)
    for order in (inside, inside[::-1]):
        lowest = np.full(n, np.inf)
        for k in order:
            step = 1 if order is inside else -1
            past = (k - peak) * step
            lowest = np.where(past == 0, np.inf, np.minimum(lowest, z[k]))
            lowest = np.where(past < 0, np.inf, lowest)
            if not 0 < k < len(z) - 1:
                continue
            top = (z[k] >= z[k - 1]) & (z[k] >= z[k + 1]) & (past > 0)
            rise = np.where(top & np.isfinite(lowest), z[k] - lowest, 0.0)
            better = rise > best
            best, position = np.where(better, rise, best), np.where(better, k, position)
    return position, best


def measure(
    curve: Curve, found: Seasons, usable: Array, days: Array, span: tuple[float, float], rules: Rules
) -> dict[str, Array]:
    """Compute the metrics of a season of every series.

    Parameters
    ----------
    curve : Curve
    found : Seasons
    usable : array, shape (t, n), bool
    days : array, shape (t,)
    span : (float, float)
        First day of the season year, and of the next one.
    rules : Rules

    Returns
    -------
    dict
        :data:`METRICS` and ``quality``, each (n,); days since 1970-01-01.
    """
    z, nodes, t = curve.value, curve.nodes, rules.threshold
    low, top, high = (_at(z, k) for k in (found.left, found.peak, found.right))
    base, rise, fall = (low + high) / 2, top - low, top - high
    amplitude = top - base
    out: dict[str, Array] = {"base": base, "peak_value": top, "amplitude": amplitude}
    out["peak"] = _summit(z, nodes, found.peak)
    start, at_start = _rises(z, nodes, found.left, low + t * rise)
    end, at_end = _falls(z, nodes, found.right, high + t * fall)
    out |= {"start": start, "end": end, "length": end - start}
    area = np.concatenate([np.zeros((1, z.shape[1])), np.cumsum((z[1:] + z[:-1]) / 2 * STEP, axis=0)])
    out["integral"] = _area(area, z, nodes, end) - _area(area, z, nodes, start) - base * (end - start)
    share = HIGH - LOW
    early, late = (_rises(z, nodes, found.left, low + level * rise)[0] for level in (LOW, HIGH))
    out["greenup_rate"] = share * rise / np.maximum(late - early, STEP / 5)
    early, late = (_falls(z, nodes, found.right, high + level * fall)[0] for level in (HIGH, LOW))
    out["senescence_rate"] = share * fall / np.maximum(late - early, STEP / 5)
    spread = [_at(curve.variance, k) for k in (found.left, found.peak, found.right)]
    out["start_sd"] = _doubt(curve, at_start, spread[0], spread[1], t)
    out["end_sd"] = _doubt(curve, at_end, spread[2], spread[1], t)
    first, last = _ends(usable, days)
    cut = (
        (nodes[found.left] - first < EDGE) & (rise < ONE_SIDED * fall),
        (last - nodes[found.right] < EDGE) & (fall < ONE_SIDED * rise),
    )
    flat = np.where(cut[0] | cut[1], np.maximum(rise, fall), amplitude)
    flat = (flat < rules.min_amplitude) | (flat < SIGMAS * np.sqrt(curve.noise)) | ~found.there
    return _judged(out, flat, cut, usable, days, span, rules)


def _judged(
    out: dict[str, Array],
    flat: Array,
    cut: tuple[Array, Array],
    usable: Array,
    days: Array,
    span: tuple[float, float],
    rules: Rules,
) -> dict[str, Array]:
    """Add the quality class, and blank undetermined metrics; ``cut`` are the sides that the series cuts."""
    in_year = (days >= span[0]) & (days < span[1])
    count = usable[in_year].sum(axis=0)
    gap_start, cut_start = _gap(usable, days, out["start"])
    gap_end, cut_end = _gap(usable, days, out["end"])
    first, last = _ends(usable, days)
    cut_start |= cut[0] | (out["start"] - first < STEP)
    cut_end |= cut[1] | (last - out["end"] < STEP)
    cut_peak = (out["peak"] - first < STEP) | (last - out["peak"] < STEP)
    quality = np.full(count.shape, float(SEASON))
    quality[(gap_start > rules.max_gap) | (gap_end > rules.max_gap)] = GAP
    quality[cut_start | cut_end] = INCOMPLETE
    quality[flat] = NO_SEASON
    quality[count < rules.min_dates] = TOO_FEW
    none = quality >= NO_SEASON
    few = quality == TOO_FEW
    # A base that the series does not reach is undetermined too.
    based = cut[0] | cut[1]
    lost = {
        "start": cut_start | cut_peak, "start_sd": cut_start | cut_peak, "greenup_rate": cut_start | cut_peak,
        "end": cut_end | cut_peak, "end_sd": cut_end | cut_peak, "senescence_rate": cut_end | cut_peak,
        "length": cut_start | cut_end | cut_peak, "integral": cut_start | cut_end | cut_peak, "peak": cut_peak,
        "base": based, "amplitude": based, "peak_value": np.zeros_like(based),
    }  # fmt: skip
    for name, values in out.items():
        gone = few if name in ("base", "amplitude", "peak_value") else none
        out[name] = np.where(gone | lost[name], np.nan, values)
    never = ~usable.any(axis=0)
    out["quality"] = np.where(never, np.nan, quality)
    return out


def _gap(usable: Array, days: Array, when: Array) -> tuple[Array, Array]:
    """Return the days between the clear dates around a day, and whether there is none on one side."""
    before = np.where(usable & (days[:, None] <= when), days[:, None], -np.inf).max(axis=0)
    after = np.where(usable & (days[:, None] >= when), days[:, None], np.inf).min(axis=0)
    return after - before, ~(np.isfinite(before) & np.isfinite(after))


def _ends(usable: Array, days: Array) -> tuple[Array, Array]:
    """Return the first and the last clear day of every series."""
    first = np.where(usable, days[:, None], np.inf).min(axis=0)
    return first, np.where(usable, days[:, None], -np.inf).max(axis=0)


def _at(values: Array, index: Array) -> Array:
    return np.asarray(np.take_along_axis(values, index[None], axis=0)[0])


def _lowest(z: Array, low: Array, high: Array) -> Array:
    """Return the index of the lowest value between two indices, both included."""
    rows = np.arange(len(z))[:, None]
    return np.asarray(np.where((rows >= low) & (rows <= high), z, np.inf).argmin(axis=0))


def _summit(z: Array, nodes: Array, peak: Array) -> Array:
    """Return the day of the vertex of the parabola through a peak and its neighbours."""
    inner = np.clip(peak, 1, len(z) - 2)
    a, b, c = (_at(z, inner + k) for k in (-1, 0, 1))
    bend = a - 2 * b + c
    shift = np.where(bend < 0, 0.5 * (a - c) / np.where(bend < 0, bend, 1.0), 0.0)
    return nodes[peak] + np.where(inner == peak, np.clip(shift, -0.5, 0.5), 0.0) * STEP


def _rises(z: Array, nodes: Array, left: Array, level: Array) -> tuple[Array, Array]:
    """Return the day on which the curve first reaches a level after its lowest value, and the node after that day."""
    rows = np.arange(len(z))[:, None]
    k = ((rows > left) & (z >= level)).argmax(axis=0)
    after = np.maximum(k, 1)
    return _crossing(z, nodes, after, level), after


def _falls(z: Array, nodes: Array, right: Array, level: Array) -> tuple[Array, Array]:
    """Return the day on which the curve last falls below a level before its lowest value, and the node after that day."""
    rows = np.arange(len(z))[:, None]
    k = len(z) - 1 - ((rows < right) & (z >= level))[::-1].argmax(axis=0)
    after = np.minimum(k + 1, len(z) - 1)
    return _crossing(z, nodes, after, level), after


def _crossing(z: Array, nodes: Array, after: Array, level: Array) -> Array:
    one, two = _at(z, after - 1), _at(z, after)
    step = two - one
    share = np.where(step == 0, 0.0, (level - one) / np.where(step == 0, 1.0, step))
    return np.asarray(nodes[after - 1] + np.clip(share, 0, 1) * STEP)


def _area(area: Array, z: Array, nodes: Array, day: Array) -> Array:
    """Return the integral of the piecewise linear curve from the first node to a day."""
    k = np.clip(((day - nodes[0]) / STEP).astype(int), 0, len(nodes) - 2)
    f = (day - nodes[k]) / STEP
    one, two = _at(z, k), _at(z, k + 1)
    return np.asarray(_at(area, k) + STEP * (f * one + f * f * (two - one) / 2))


def _doubt(curve: Curve, after: Array, lowest: Array, top: Array, threshold: float) -> Array:
    """Return the standard deviation of a crossing: that of curve and level, over the slope of the curve (delta method)."""
    slope = np.abs(_at(curve.value, after) - _at(curve.value, after - 1)) / STEP
    there = (_at(curve.variance, after) + _at(curve.variance, after - 1)) / 2
    variance = there + (1 - threshold) ** 2 * lowest + threshold**2 * top
    return np.asarray(np.sqrt(variance) / np.maximum(slope, 1e-9))
