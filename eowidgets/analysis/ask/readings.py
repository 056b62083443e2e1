"""Answers with the value of an index: highest, lowest, mean, median or spread."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.analysis.ask import doubt, small, timetools, tools, words
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.context import Context, span
from eowidgets.analysis.ask.landcover import COLOR
from eowidgets.analysis.ask.language import Extreme, Statistic
from eowidgets.analysis.ask.lexicon import INDICES


def extreme(context: Context, program: Extreme) -> Answer:
    """Answer with the highest or lowest value, or with its place."""
    scope, of, which = program.scope, program.of, program.which
    cut = context.dates(scope)
    where = context.where(scope)
    values = context.trace("values", tools.index_values, cut, of, where)
    time = f"{words.when(*span(cut))}{words.months(scope.months)}"
    if program.ask == "place" and scope.layer:
        table = context.trace("table", tools.zonal, values, context.layer(scope.layer), context.cube)
        value: Any = context.trace("which", tools.best, table, which)
        text = f"{value} has the {which} {of}: {table[value]:.2f}, of {len(table)} in the layer{time}."
        return context.answer(program, text, value, 0.9, dates=cut, masks=_ramp(context, values))
    if program.ask == "place":
        found = context.trace("pixel", timetools.pixel_extreme, values, which, context.cube)
        lon, lat = found["lonlat"]
        mask = np.zeros(where.shape, bool)
        mask[found["row"], found["column"]] = True
        cell = tools.main_cell(tools.grid_shares(mask, where))
        at = f"at {lon:.5f}° E, {lat:.5f}° N"
        text = f"{of} is {which} in the {cell}{words.where(scope)}, {at}: {found['value']:.2f} (median{time})."
        cell_name = context.trace("cell", small.cell_of, found, where)
        return context.answer(
            program, text, cell_name, 0.9, dates=cut, points=((lon, lat),), masks=_ramp(context, values),
            series=values.isel(y=found["row"], x=found["column"]).dropna("time"),
        )  # fmt: skip
    found = context.trace("extreme", timetools.value_extreme, values, which)
    lon, lat = tools.lonlat(context.cube, found["row"], found["column"])
    text = f"The {which} {of}{words.where(scope)} is {found['value']:.2f}, on {found['date']}"
    text += f" at {lon:.5f}° E, {lat:.5f}° N, of all observed pixels{time}."
    return context.answer(
        program, text, found["value"], 0.85, unit=of, code=f"{context.trace.last}['value']", points=((lon, lat),),
        dates=cut.sel(time=[found["date"]], method="nearest"),
        series=values.isel(y=found["row"], x=found["column"]).dropna("time"),
    )  # fmt: skip


def _ramp(context: Context, values: xr.DataArray) -> dict[str, xr.DataArray]:
    """Return the tenths of the pixels with the highest and with the lowest median, as evidence for an extreme."""
    from eowidgets.analysis.ask.landcover import quantile

    middle = quantile(values.values, 0.5)
    if not np.isfinite(middle).any():
        return {}
    low, high = np.nanquantile(middle, (0.1, 0.9))
    classes = np.where(middle >= high, 1, np.where(middle <= low, 0, 255))
    legend = [(0, "lowest tenth", "#0072b2"), (1, "highest tenth", "#d55e00")]
    return {
        "extremes": context.classes(np.where(np.isfinite(middle), classes, 255), legend, "Lowest and highest tenth")
    }


def statistic(context: Context, program: Statistic) -> Answer:
    """Answer with the mean, the median or the spread."""
    scope, of = program.scope, program.of
    cut = context.dates(scope)
    where = context.where(scope)
    values = context.trace("values", tools.index_values, cut, of, where)
    value = context.trace("value", timetools.summary, values, program.stat)
    if program.stat != "spread" and words.is_index(of) and of in INDICES:
        doubt.require_level(context, of, scope, value)
    known = values.notnull().any("time").values
    word = {"mean": "mean", "median": "median", "spread": "spread (standard deviation over the place)"}[program.stat]
    kind = f" of {words.name(scope.cover)}" if scope.cover else ""
    dates = int(values.notnull().any(("y", "x")).sum())
    text = (
        f"The {word} of {of}{kind}{words.where(scope)} is {value:.2f}, over {dates} {'date' if dates == 1 else 'dates'}"
    )
    text += f"{words.when(*span(cut))}{words.months(scope.months)}."
    series = values.mean(("y", "x")).dropna("time")
    masks = context.picture(known & where, scope.cover or "vegetation", COLOR.get(scope.cover, "#56b4e9"))
    name = next(iter(masks))
    return context.answer(
        program, text, value, float(known.sum() / where.sum()), unit=of, dates=cut, series=series,
        masks={"the pixels used": masks[name].assign_attrs(flag_meanings="pixels_used", long_name="Pixels used")},
    )  # fmt: skip
