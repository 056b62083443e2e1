"""Step or line: select the better description of a yearly series.

Three models by least squares: a level, a straight line, and two levels with one step between them. The smallest information
criterion is selected: BIC (Schwarz, 1978, doi:10.1214/aos/1176344136) or AICc (Hurvich and Tsai, 1989,
doi:10.1093/biomet/76.2.297). The position of a step is also a parameter: one for BIC (Yao, 1988,
doi:10.1016/0167-7152(88)90118-6), and three for AICc (Ninomiya, 2015, doi:10.1007/s10463-014-0481-x).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.contract.labels import ClassInfo

Array = npt.NDArray[Any]
LEVEL, LINE, STEP, TOO_FEW = range(4)
SHAPES = (
    ClassInfo(LEVEL, "neither", "#999999"),
    ClassInfo(LINE, "line", "#0072b2"),
    ClassInfo(STEP, "step", "#d55e00"),
    ClassInfo(TOO_FEW, "not enough values", "#000000"),
)
#: Parameters of level, line and step, with the variance of the noise, by criterion.
PARAMETERS = {"bic": (2, 3, 4), "aicc": (2, 3, 6)}
#: Minimum number of values for three models.
FEWEST = 9
#: Share of the variance that counts as an exact fit.
EXACT = 1e-12


def step_or_line(values: Array, least: int = 3, criterion: str = "bic") -> dict[str, Array]:
    """Compare a level, a line and a step.

    Parameters
    ----------
    values : array (t, n)
        At even steps, NaN where missing.
    least : int
        Minimum number of values on each side of a step.
    criterion : {"bic", "aicc"}

    Returns
    -------
    dict
        ``shape`` (LEVEL, LINE, STEP or TOO_FEW), ``step_at`` (position of the first value after the step), ``step_size``,
        ``line_slope`` (per step) and ``support`` (criterion of the second best model less that of the best), each (n,).
    """
    t = len(values)
    known = np.isfinite(values)
    y = np.where(known, values, 0.0)
    w = known.astype("float64")
    n = w.sum(axis=0)
    x = np.arange(t)[:, None] * w
    safe = np.maximum(n, 1)
    level = y.sum(axis=0) / safe
    y = np.where(known, y - level, 0.0)  # keeps precision in later sums
    xm = x.sum(axis=0) / safe
    xd = np.where(known, np.arange(t)[:, None] - xm, 0.0)
    total = (y * y).sum(axis=0)
    sxx = (xd * xd).sum(axis=0)
    slope = (xd * y).sum(axis=0) / np.where(sxx > 0, sxx, 1.0)
    line = np.maximum(total - slope**2 * sxx, 0.0)
    before, so_far = np.cumsum(w, axis=0)[:-1], np.cumsum(y, axis=0)[:-1]
    after, rest = n - before, y.sum(axis=0) - so_far
    gain = so_far**2 / np.maximum(before, 1) + rest**2 / np.maximum(after, 1)
    # Positions after a missing value are equivalent: the first value after the step is used.
    gain = np.where((before >= least) & (after >= least) & known[1:], gain, -np.inf)
    at = gain.argmax(axis=0) if t > 1 else np.zeros(values.shape[1], int)
    pick = np.arange(values.shape[1])
    best = gain[at, pick] if t > 1 else np.full(values.shape[1], -np.inf)
    possible = np.isfinite(best)
    step = np.where(possible, np.maximum(total - np.where(possible, best, 0.0), 0.0), np.inf)
    floor = EXACT * np.maximum(total, 1e-30)
    scores = np.stack(
        [
            _criterion(np.maximum(e, floor), safe, k, criterion)
            for e, k in zip((total, line, step), PARAMETERS[criterion], strict=True)
        ]
    )
    shape = scores.argmin(axis=0)
    ordered = np.sort(scores, axis=0)
    flat = total <= 1e-24
    shape = np.where(flat, LEVEL, shape)
    few = n < FEWEST
    size = rest[at, pick] / np.maximum(after[at, pick], 1) - so_far[at, pick] / np.maximum(before[at, pick], 1)
    out = {
        "shape": np.where(few, TOO_FEW, shape).astype("float64"),
        "step_at": np.where(possible, at + 1.0, np.nan),
        "step_size": np.where(possible, size, np.nan),
        "line_slope": slope,
        "support": np.where(flat, 0.0, ordered[1] - ordered[0]),
    }
    for name in ("step_at", "step_size", "line_slope", "support"):
        out[name] = np.where(few, np.nan, out[name])
    for name in ("step_at", "step_size"):
        out[name] = np.where(out["shape"] == STEP, out[name], np.nan)
    out["line_slope"] = np.where(out["shape"] == LINE, out["line_slope"], np.nan)
    return out


def _criterion(error: Array, n: Array, k: int, name: str) -> Array:
    fit = n * np.log(error / n)
    if name == "bic":
        return np.asarray(fit + k * np.log(n))
    room = n - k - 1
    return np.asarray(np.where(room > 0, fit + 2 * k + 2 * k * (k + 1) / np.maximum(room, 1), np.inf))
