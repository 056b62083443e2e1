"""Change by a named method of ``eow.change``: the same hectares, by the same functions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.errors import InputError

Mask = npt.NDArray[np.bool_]
#: Kinds of land in questions -> classes of ground of ``eow.change``.
_GROUND = {"forest": "forest", "field": "green", "bare": "bare", "water": "water"}


def find_breaks(cube: xr.Dataset, method: str, start: str = "", end: str = "") -> xr.Dataset:
    """Run ``eow.change(cube, method)`` for the requested dates; without dates, after the first two years.

    Parameters
    ----------
    cube : Dataset
    method : str
        One of :func:`eowidgets.analysis.change.methods.methods`.
    start, end : str
        ISO days.
    """
    from eowidgets.analysis.change.detect import change

    last = str(cube["time"].values[-1])[:10]
    return change(cube, method, dates=(start, min(end or last, last)) if start else None)


def broken_mask(found: xr.Dataset, where: Mask, of: str = "", direction: str = "") -> Mask:
    """Return the changed pixels in a place; if a kind of land is named, only those that left it, or became it."""
    mask: Mask = (found["change"].values == 1) & where
    if not of:
        return mask
    if of not in _GROUND or "kind" not in found:
        raise InputError(f"eow.change has no class {of[:40]} for breaks: ask without a method.")
    from eowidgets.analysis.change.kind import kinds

    side = 1 if direction == "gain" else 0
    chosen = [k.value for k in kinds() if k.name.split(" to ")[side : side + 1] == [_GROUND[of]] and " to " in k.name]
    out: Mask = mask & np.isin(found["kind"].values, chosen)
    return out


def broken_hectares(found: xr.Dataset, where: Mask, of: str = "", direction: str = "") -> float:
    """Return the hectares of those pixels: the sum over the patches of ``changed_places``, on the ellipsoid."""
    from eowidgets.analysis.change.report import changed_places

    mask = broken_mask(found, where, of, direction)
    part = found.assign(change=found["change"].copy(data=np.where(mask, found["change"].values, 0).astype(np.uint8)))
    return float(changed_places(part)["hectares"].sum())


def broken_dates(found: xr.Dataset, where: Mask, of: str = "", direction: str = "") -> dict[str, str]:
    """Return the median and the quartiles, as ISO days, of the dates of those breaks.

    Raises
    ------
    InputError
        If there is no such break.
    """
    days = found["date"].values[broken_mask(found, where, of, direction)]
    days = days[~np.isnat(days)].astype("datetime64[D]").astype(np.int64)
    if not len(days):
        raise InputError("There is no break of the series there.")
    early, middle, late = (str(np.datetime64(int(d), "D")) for d in np.quantile(days, (0.25, 0.5, 0.75)))
    return {"date": middle, "early": early, "late": late}
