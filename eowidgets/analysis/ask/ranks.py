"""Answers to questions which month, year, season, half or quarter is highest or lowest."""

from __future__ import annotations

import calendar
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.analysis.ask import doubt, season, small, timetools, tools, words
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.consistent import Claim
from eowidgets.analysis.ask.context import Context, Found, span
from eowidgets.analysis.ask.dates import SEASONS
from eowidgets.analysis.ask.language import COVERS, IMAGES, PLACES, SKIES, UNIONS, Rank
from eowidgets.errors import InputError

#: Parts of the place for each division.
PARTS = {"half": ("north", "south", "west", "east"), "quarter": tuple(p for p in PLACES if "-" in p)}
#: Minimum number of common months for ranking years by an index.
COMMON = 3


def rank(context: Context, program: Rank) -> Answer:
    """Answer which part of the year, or of the place, has the highest or lowest value."""
    table, unit, cut = _places(context, program) if program.by in PARTS else _times(context, program)
    if len(table) < 2:
        raise InputError(f"There is only one {program.by} with images, so there is nothing to compare.")
    order = sorted(table, key=lambda k: table[k], reverse=program.which == "highest")
    first, second = (table[k] for k in order[:2])
    noise = {"": words.TIE, "%": 0.2, "ha": 0.05 * max(abs(first), abs(second))}.get(unit, 0.0)
    if abs(first - second) < noise:
        both = f"{order[0]} {_written(first, unit)} and {order[1]} {_written(second, unit)}"
        raise InputError(f"The difference is too small to decide: {both}.")
    value = context.trace("which", tools.best, table, program.which)
    _firm(context, program, value, table)
    said = [f"{k} {_written(table[k], unit)}" for k in order[:4]]
    of = program.of if words.is_index(program.of) else words.name(program.of)
    begin = f"the {value} half" if program.by == "half" else f"the {value}" if program.by == "quarter" else value
    verb = f"{of[0].upper()}{of[1:]} is {program.which} in"
    if unit == "images":
        verb = f"There are the {'most' if program.which == 'highest' else 'fewest'} {of}s in"
    text = f"{verb} {begin}{words.where(program.scope)}: {', '.join(said)}"
    text += f"{words.when(*span(cut))}{words.months(program.scope.months)}."
    apart = abs(first - second) / max(abs(first), abs(second), 1e-9)
    if unit == "ha":
        text += " Each year is compared with the year before, on the same days."
    sure = 0.9 * (0.6 + 0.4 * min(1.0, apart / 0.02))
    if unseen := _unseen(program, table, cut):
        text += f" Not compared, because they have no clear image: {', '.join(unseen)}."
        sure *= 0.7
    claim = Claim(first, shown=(_written(first, unit), _written(second, unit)))
    return context.answer(program, text, value, sure, dates=cut, claim=claim)


def _unseen(program: Rank, table: dict[str, float], cut: xr.Dataset) -> list[str]:
    """Return months with images but without a value, because clouds cover the place in all of them."""
    if program.by != "month":
        return []
    there = (calendar.month_name[m] for m in np.unique(cut["time"].dt.month.values))
    return [name for name in there if name not in table]


def _firm(context: Context, program: Rank, value: str, table: dict[str, float]) -> None:
    """Raise if the winner depends on the cloud mask, or on the choice of mean or median."""
    if not words.is_index(program.of) or program.of.endswith((" loss", " gain")) or program.of in IMAGES:
        return
    scope = program.scope
    if program.by in PARTS:
        order = sorted(table, key=lambda k: table[k], reverse=program.which == "highest")[:2]
        one, two = (replace(scope, place=place) for place in order)  # type: ignore[arg-type]
        doubt.require_sign(context, program.of, (one, two), table[order[0]] - table[order[1]])
        return
    where = doubt.quiet(context).where(scope)
    tool = {"month": by_month, "season": by_season, "year": by_year_of_months}[program.by]
    doubt.require_winner(value, program.which, table, doubt.courses(context, scope, program.of, where), tool)


def _written(value: float, unit: str) -> str:
    if unit == "ha":
        return words.hectares(value)
    return words.percent(value) if unit == "%" else f"{value:g} images" if unit else f"{value:.3f}"


def _places(context: Context, program: Rank) -> tuple[dict[str, float], str, xr.Dataset]:
    table, unit = {}, "%"
    cut = context.cube
    for place in PARTS[program.by]:
        scope = replace(program.scope, place=place)  # type: ignore[arg-type]
        if words.is_index(program.of):
            cut = context.dates(scope)
            values = context.trace("values", tools.index_values, cut, program.of, context.where(scope))
            table[place] = context.trace("mean", timetools.summary, values, "mean")
            unit = ""
        elif program.of in SKIES:
            cut = context.dates(scope, program.of)
            shares = context.trace("shares", tools.sky_share, cut, program.of, context.where(scope))
            table[place] = context.trace("percent", tools.mean_percent, shares)
        else:
            found: Found = context.topic(scope, program.of)
            table[place] = context.trace("percent", tools.share, found.mask, found.known)
            cut = found.cube if found.cube is not None else cut
    return context.trace("table", listed, list(table), list(table.values())), unit, cut


def _times(context: Context, program: Rank) -> tuple[dict[str, float], str, xr.Dataset]:
    scope, of = program.scope, program.of
    cut = context.dates(scope, of)
    where = context.where(scope)
    if of.endswith((" loss", " gain")):
        table = context.trace("table", changed_by_year, context.cube, of, where, scope.start, scope.end)
        return table, "ha", cut
    if of in (*COVERS, *UNIONS):
        if program.by != "year":
            raise InputError(f"Land cover is mapped per year: ask in which year there was the most {words.name(of)}.")
        series = context.trace("by_year", season.cover_by_year, cut, of, where)
        return context.trace("table", by_year, series), "%", cut
    if of in IMAGES:
        days = (
            context.trace("days", timetools.clear_dates, cut, where)
            if of != "image"
            else context.trace("days", small.all_dates, cut)
        )
        return context.trace("table", counted, days, program.by), "images", cut
    if of in SKIES:
        series = context.trace("shares", tools.sky_share, cut, of, where)
        factor, unit = 100.0, "%"
    else:
        values = context.trace("values", tools.index_values, cut, of, where)
        series = context.trace("course", tools.course, values, where)
        factor, unit = 1.0, ""
    tool = {"month": by_month, "season": by_season, "year": by_year_of_months}[program.by]
    return context.trace("table", tool, series, factor), unit, cut


def changed_by_year(cube: xr.Dataset, of: str, where: tools.Mask, start: str = "", end: str = "") -> dict[str, float]:
    """Return the hectares of a kind of land lost (gained) in each year, for pairs of years with enough data."""
    land, _, suffix = of.partition(" ")
    source, target = (land, "") if suffix == "loss" else ("", land)
    years = season.whole_years(cube, where)
    found = {}
    for before, after in pairwise(years):
        if after != before + 1 or (start and str(after) < start[:4]) or (end and str(after) > end[:4]):
            continue
        one, two = (cube.isel(time=cube["time"].dt.year.values == y) for y in (before, after))
        try:
            states = season.compare_years(cube, one, two, where)
        except InputError:
            continue
        mask = timetools.changed_mask(states["before"], states["after"], source, target)
        found[str(after)] = tools.area(timetools.patches_only(mask, cube, where), cube)
    if not found:
        raise InputError("No two years in a row have enough dates of the growing season to be compared.")
    return found


# --- tools --------------------------------------------------------------------------------------------------------


def listed(names: list[str], values: list[float]) -> dict[str, float]:
    """Return values by name."""
    return dict(zip(names, values, strict=True))


def by_month(series: xr.DataArray, factor: float = 1.0) -> dict[str, float]:
    """Return the mean of a time series in each month of the year, over all years."""
    return {calendar.month_name[m]: v for m, v in _monthly(series, factor).items()}


def by_season(series: xr.DataArray, factor: float = 1.0) -> dict[str, float]:
    """Return the mean of the monthly means of each season of three months, named as in the northern hemisphere."""
    months = _monthly(series, factor)
    found = {}
    for name in ("spring", "summer", "autumn", "winter"):
        first, _ = SEASONS[name]
        chosen = [months[m] for m in ((first - 1 + k) % 12 + 1 for k in range(3)) if m in months]
        if chosen:
            found[name] = float(np.mean(chosen))
    return found


def counted(days: list[str], by: str) -> dict[str, float]:
    """Count the days in each year, month or season."""
    found: dict[str, float] = {}
    seasons = {(SEASONS[n][0] - 1 + k) % 12 + 1: n for n in ("spring", "summer", "autumn", "winter") for k in range(3)}
    for day in days:
        month = int(day[5:7])
        key = {"year": day[:4], "month": calendar.month_name[month], "season": seasons[month]}[by]
        found[key] = found.get(key, 0.0) + 1.0
    return found


def by_year(series: xr.DataArray) -> dict[str, float]:
    """Return the values of a yearly series by year."""
    return {str(t)[:4]: float(v) for t, v in zip(series["time"].values, series.values, strict=True)}


def by_year_of_months(series: xr.DataArray, factor: float = 1.0) -> dict[str, float]:
    """Return the mean of a time series in each year, over the months that all compared years have.

    Years with fewer than half as many months as the best one are excluded.

    Raises
    ------
    InputError
        If the years have fewer than three months in common.
    """
    series = series.dropna("time")
    years = series["time"].dt.year.values
    table = {int(y): _monthly(series.isel(time=years == y), factor) for y in np.unique(years)}
    most = max((len(t) for t in table.values()), default=0)
    table = {y: t for y, t in table.items() if len(t) >= most / 2}
    common = set.intersection(*(set(t) for t in table.values())) if table else set()
    if len(common) < min(COMMON, max(most - 1, 1)) or not common:
        raise InputError("The years have too few months in common to be compared.")
    return {str(y): float(np.mean([t[m] for m in sorted(common)])) for y, t in table.items()}


def _monthly(series: xr.DataArray, factor: float) -> dict[int, float]:
    series = series.dropna("time")
    months: Any = series["time"].dt.month.values
    return {int(m): float(factor * series.values[months == m].mean()) for m in np.unique(months)}
