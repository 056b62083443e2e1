"""Robustness checks: an answer that depends on the way of measuring is withheld.

The mean of an index over a place depends on which pixels count as cloud, and a rank may differ by medians. The winner
of a rank and the sign of a comparison must be the same with the cloud mask of the scenes and with medians.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import xarray as xr

from eowidgets.analysis.ask import tools
from eowidgets.analysis.ask.answer import Trace
from eowidgets.analysis.ask.context import Context
from eowidgets.analysis.ask.language import Scope
from eowidgets.errors import InputError

#: Maximum difference of the winner from the best by another way, the size of cloud effects.
BEHIND = 0.01
#: Maximum difference of a mean from mean and median by the other mask.
FAR = 0.05
#: Minimum share of a place that a date must show in the other ways.
SHOWN = 0.5
Table = Mapping[str, float]


def quiet(context: Context) -> Context:
    """Return a context of the same question whose tool calls are not recorded, as they are not part of the answer."""
    return replace(context, trace=Trace(context.cube, context.layers, context.given))


def courses(
    context: Context, scope: Scope, of: str, where: tools.Mask, *, medians: bool = True
) -> Iterator[tuple[str, xr.DataArray]]:
    """Yield the time series of an index by the cloud mask of the scenes, and by medians over the place.

    Yields
    ------
    str, DataArray (time,)
        Name of the way, and the time series.
    """
    ways = [("medians", context.cube, True)] if medians else []
    if context.given is not None and context.given is not context.cube:
        ways.append(("the cloud mask of the scenes", context.given, False))
    for name, cube, middle in ways:
        cut = tools.between(cube, scope.start, scope.end, scope.months)
        values = tools.index_values(cut, of, where)
        try:
            yield name, _middle(values, where) if middle else _shown(tools.course(values, where), values, where)
        except InputError:
            continue  # not observed with that mask


def _shown(course: xr.DataArray, values: xr.DataArray, where: tools.Mask) -> xr.DataArray:
    count = values.notnull().sum(("y", "x")).sel(time=course["time"])
    chosen = course.where(count >= SHOWN * where.sum()).dropna("time")
    return chosen if chosen.sizes["time"] else course


def _middle(values: xr.DataArray, where: tools.Mask) -> xr.DataArray:
    count = values.notnull().sum(("y", "x"))
    array = values.values[:, where]
    with np.errstate(all="ignore"):
        level = np.array([np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else np.nan for row in array])
    return xr.DataArray(level, {"time": values["time"]}, ("time",)).where(count >= 0.2 * where.sum()).dropna("time")


def require_winner(
    value: str,
    which: str,
    main: Table,
    others: Iterator[tuple[str, xr.DataArray]],
    table: Callable[[xr.DataArray], Table],
) -> None:
    """Raise if another way gives another winner, by more than the effect of clouds.

    Parameters
    ----------
    value : str
        The winner.
    which : {"highest", "lowest"}
    main : mapping of str to float
        Its table.
    others : iterator of (str, DataArray)
        Time series by other ways.
    table : callable
        Function that computes a table from a time series.

    Raises
    ------
    InputError
    """
    sign = 1.0 if which == "highest" else -1.0
    for name, series in others:
        try:
            found = table(series)
        except InputError:
            continue
        known = {k: v for k, v in found.items() if k in main or len(main) == 0}
        if not known:
            continue
        best = max(known, key=lambda k: sign * known[k])
        if value not in found or sign * (known[best] - found[value]) > BEHIND:
            raise InputError(f"That depends on how it is measured: the answer is {value}, but {best} by {name}.")


def require_sign(context: Context, of: str, scopes: tuple[Scope, Scope], step: float) -> None:
    """Raise if the difference of two means has the opposite sign with the cloud mask of the scenes.

    Raises
    ------
    InputError
    """
    if context.given is None or context.given is context.cube:
        return
    means, silent = [], quiet(context)
    for scope in scopes:
        cut = tools.between(context.given, scope.start, scope.end, scope.months)
        values = tools.index_values(cut, of, silent.where(scope)).values
        means.append(float(np.nanmean(values)) if np.isfinite(values).any() else np.nan)
    other = means[0] - means[1]
    if np.isfinite(other) and np.sign(other) != np.sign(step):
        raise InputError(
            f"That depends on how it is measured: the means differ by {step:+.3f}, but by {other:+.3f} with the cloud mask of "
            "the scenes and all their dates."
        )


def require_level(context: Context, of: str, scope: Scope, value: float) -> None:
    """Raise if mean and median with the cloud mask of the scenes both differ much from a value.

    Raises
    ------
    InputError
    """
    if context.given is None or context.given is context.cube:
        return
    cut = tools.between(context.given, scope.start, scope.end, scope.months)
    values = tools.index_values(cut, of, quiet(context).where(scope)).values
    known = values[np.isfinite(values)]
    if known.size and min(abs(value - known.mean()), abs(value - np.median(known))) > FAR:
        raise InputError(
            f"That depends on what counts as cloud: {of} is {value:.2f} by the robust mask, but {known.mean():.2f} (mean) or "
            f"{np.median(known):.2f} (median) by the mask of the scenes."
        )
