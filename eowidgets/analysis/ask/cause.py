"""Tools that classify the likely kind of a change from its signs in images, which do not prove a cause."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.ask import splits, timetools, tools
from eowidgets.analysis.ask.landcover import class_mask
from eowidgets.errors import InputError

Mask = npt.NDArray[np.bool_]
#: Days around the median date that count as one time, and the minimum share of the area for one event.
ONCE, MOST = 45, 0.7
#: Minimum share of pixels with a sudden change for felling, and minimum number of patches for a pattern.
SUDDEN, PATCHES = 0.6, 3


def main_transition(table: dict[str, float], of: str = "", direction: str = "") -> str:
    """Return the largest transition, ``"forest > field"``, of one kind of land if named; ``""`` if there is none."""
    side = {"loss": (0,), "gain": (1,)}.get(direction, (0, 1))
    chosen = [k for k in table if not of or of in [k.split(" > ")[i] for i in side]]
    return max(chosen, key=lambda k: table[k]) if chosen else ""


def transition_mask(before: xr.Dataset, after: xr.Dataset, transition: str, where: Mask, cube: xr.Dataset) -> Mask:
    """Return the pixels of one transition within a place, without patches of less than 0.05 ha."""
    source, target = transition.split(" > ")
    raw = class_mask(before, source) & class_mask(after, target)
    return timetools.patches_only(raw, cube, where)


def signs(cube: xr.Dataset, mask: Mask, stable: Mask) -> dict[str, Any]:
    """Measure how a change is distributed over patches and over time.

    Parameters
    ----------
    cube : Dataset
        The dates of the requested time.
    mask, stable : ndarray (y, x), bool
        Pixels that changed, and pixels that did not.

    Returns
    -------
    dict
        ``patches`` and their median size ``hectares``; ``date``, ``early``, ``late`` (ISO days: median and quartiles over
        the pixels); ``together``, the share (0..1) that changed within 45 days of the median; ``sudden``, the share whose
        NDVI follows a step better than a straight line.
    """
    patches = tools.objects(mask, cube)
    if not patches["count"]:
        raise InputError("Nothing changed there, so there is no cause to look for.")
    moment = splits.break_date(cube, mask, stable)
    dates = moment["dates"][mask]
    middle = float(np.datetime64(moment["date"]).astype(int))
    return {
        "patches": patches["count"],
        "hectares": float(np.median(patches["hectares"])),
        **{k: moment[k] for k in ("date", "early", "late")},
        "together": float((np.abs(dates - middle) <= ONCE).mean()),
        "sudden": _sudden(cube, mask, stable, dates),
    }


def _sudden(cube: xr.Dataset, mask: Mask, stable: Mask, dates: npt.NDArray[np.float32]) -> float:
    """Return the share of pixels for which a step at their own date fits better than a straight line."""
    values = tools.index_values(cube, "NDVI", mask | stable)
    days = values["time"].values.astype("datetime64[D]").astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a day without any stable observation
        series = values.values[:, mask].astype(float) - np.nanmedian(values.values[:, stable], axis=1)[:, None]
    seen = np.isfinite(series)

    def explained(course: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the squared correlation of each pixel's series with a model (t, pixel), over the observed dates."""
        n = np.maximum(seen.sum(axis=0), 1)
        x, y = (np.where(seen, v - np.where(seen, v, 0).sum(axis=0) / n, 0) for v in (course, series))
        both = (x * x).sum(axis=0) * (y * y).sum(axis=0)
        return np.asarray((x * y).sum(axis=0) ** 2 / np.maximum(both, 1e-12), np.float64)

    step = explained((days[:, None] >= dates[None]).astype(float))
    line = explained(np.repeat(days[:, None] - days[0], series.shape[1], axis=1))
    return float((step > line).mean())


def looks_like(transition: str, found: dict[str, Any]) -> str:
    """Return the kind of cause that fits the signs, by fixed rules.

    Examples
    --------
    >>> looks_like("field > built-up", {})
    'construction'
    """
    source, target = transition.split(" > ")
    if target == "built-up":
        return "construction"
    if "water" in (source, target):
        return "flooding" if target == "water" else "falling water"
    if source == "built-up":
        return "demolition"
    if target == "forest":
        return "regrowth"
    if source != "forest":
        return "farming"
    if found["together"] >= MOST:
        return "one event"
    return "felling in patches" if found["patches"] >= PATCHES and found["sudden"] >= SUDDEN else "gradual loss"
