"""Questions about time: when, trends, change, and the values of indices."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.analysis.ask import small, timetools, tools, words
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.context import Context, span
from eowidgets.analysis.ask.happened import caused
from eowidgets.analysis.ask.landcover import CLASSES, CODE, COLOR
from eowidgets.analysis.ask.language import COVERS, SKIES, Change, Extreme, Scope, Statistic, Trend, When
from eowidgets.analysis.ask.outlook import broken
from eowidgets.errors import InputError


def when(context: Context, program: When) -> Answer:
    """On which date it was."""
    scope, of, which = program.scope, program.of, program.which
    if of in ("image", "clear image"):
        return _image_date(context, program)
    if which == "change":
        return _change_date(context, program)
    cut = context.dates(scope)
    if of in SKIES:
        where = context.where(scope)
        series = context.trace("shares", tools.sky_share, cut, of, where)
    elif words.is_index(of):
        where, series, _ = _course(context, scope, of, cut)
        if which in ("first", "last"):
            raise InputError(f"{of} is there on every date: ask when it is highest or lowest.")
    else:
        raise InputError(
            f"Land cover is told by the year, so I cannot date {words.name(of)}: ask when it changed, or for its trend."
        )
    found = context.trace("moment", timetools.moment, series, which)
    date, value = found["date"], found["value"]
    said = words.percent(100 * value) if of in SKIES else f"{value:.2f}"
    verb = {"peak": "was highest", "low": "was lowest", "first": "was first seen", "last": "was last seen"}[which]
    text = f"{words.name(of).capitalize() if of in SKIES else of} {verb}{words.where(scope)} on {date} ({said})"
    text += f", of {series.dropna('time').sizes['time']} dates{words.when(*span(cut))}{words.months(scope.months)}."
    masks = {}
    if of in SKIES:
        day = cut.sel(time=date) if cut.sel(time=date).sizes.get("time", 0) else cut
        masks = context.picture(tools.sky_mask(day, of, where), of)
    return context.answer(
        program,
        text,
        date,
        0.95,
        unit="date",
        code=f"{context.trace.last}['date']",
        masks=masks,
        dates=cut.sel(time=[date], method="nearest"),
        series=series,
    )


def _course(context: Context, scope: Scope, of: str, cut: xr.Dataset) -> tuple[Any, xr.DataArray, xr.DataArray]:
    where = context.where(scope)
    values = context.trace("values", tools.index_values, cut, of, where)
    return where, context.trace("course", tools.course, values, where), values


def _image_date(context: Context, program: When) -> Answer:
    cut = context.dates(program.scope)
    if program.of == "image":
        days = context.trace("days", small.all_dates, cut)
    else:
        days = context.trace("days", timetools.clear_dates, cut, context.where(program.scope))
    if not days:
        raise InputError("There is no date in that time on which 95 % of the place was seen.")
    last = program.which in ("last", "low")
    date = context.trace("date", small.end_of, days, "last" if last else "first")
    kind = "image" if program.of == "image" else "image without clouds"
    text = f"The {'last' if last else 'first'} {kind}{words.where(program.scope)} is of {date}, of {len(days)} in all."
    return context.answer(program, text, date, 1.0, unit="date", dates=cut.sel(time=[date], method="nearest"))


def _change_date(context: Context, program: When) -> Answer:
    scope, of = program.scope, program.of
    if words.is_index(of) and of:
        return broken(context, program)
    if of in SKIES:
        raise InputError(f"{of.capitalize()} comes and goes: ask when it was first or last seen.")
    found = context.change(scope, source=of)
    if not found.mask.any():
        raise InputError(
            f"No {words.name(of) or 'land'} changed{words.where(scope)} between the two years compared.{found.note}"
        )
    between = context.trace("span", tools.between, context.cube, *found.span)
    stable = context.trace("stable", timetools.unchanged, found.before, found.after, of)
    moment = context.trace("moment", timetools.break_date, between, found.mask, stable)
    series = tools.course(tools.index_values(between, "NDVI", found.mask), found.mask)
    size = words.hectares(tools.area(found.mask, context.cube))
    what = f"{words.name(of)} was lost" if of else "land cover changed"
    spread = f"half of the {size} between {moment['early']} and {moment['late']}"
    text = f"Most {what}{words.where(scope)} around {moment['date']} ({spread})."
    sure = found.sure * _closeness(moment)
    return context.answer(
        program,
        text + found.note,
        moment["date"],
        sure,
        unit="date",
        code=f"{context.trace.last}['date']",
        masks=context.picture(found.mask, f"{of} loss" if of else "change"),
        polygons=context.polygons(found.mask, f"{of} loss" if of else "change"),
        dates=between,
        series=series,
    )


def _closeness(moment: dict[str, Any]) -> float:
    """Less sure where the dates of the pixels lie far apart."""
    days = int((np.datetime64(moment["late"]) - np.datetime64(moment["early"])) / np.timedelta64(1, "D"))
    return float(np.exp(-max(days - 60, 0) / 730))


def trend(context: Context, program: Trend) -> Answer:
    """Rising, falling, or neither."""
    scope, of = program.scope, program.of
    cut = context.dates(scope)
    if of in SKIES:
        where = context.where(scope)
        series = context.trace("shares", tools.sky_share, cut, of, where)
        unit, factor = "% a year", 100.0
    elif words.is_index(of):
        where, series, _ = _course(context, scope, of, cut)
        unit, factor = f"{of} a year", 1.0
    else:
        where = context.where(scope)
        series = context.trace("by_year", timetools.cover_by_year, cut, of, where)
        unit, factor = "% of the place a year", 1.0
    found = context.trace("trend", timetools.trend, series)
    low, high = factor * found["low"], factor * found["high"]
    slope = context.trace("slope", small.scaled, found["slope"], factor)
    first, last = (str(t)[:10] for t in series["time"].values[[0, -1]])
    title = words.name(of) if of in SKIES or not words.is_index(of) else of
    text = f"{title[0].upper()}{title[1:]} is {found['word']}{words.where(scope)}: {slope:+.2g} {unit}"
    steps = f"{series.dropna('time').sizes['time']} {'years' if unit.startswith('% of') else 'dates'}"
    text += f" (95 % interval {low:+.2g} to {high:+.2g}), {steps}"
    text += f" from {first} to {last}{words.months(scope.months)}."
    decided = min(abs(low), abs(high)) > 0 and (low > 0) == (high > 0)
    return context.answer(program, text, slope, 0.9 if decided else 0.6, unit=unit, dates=cut, series=series)


def change(context: Context, program: Change) -> Answer:
    """What changed, whether, and how much."""
    of = program.of
    if of and words.is_index(of):
        return _index_change(context, program)
    if of in SKIES:
        raise InputError(f"{of.capitalize()} comes and goes: ask for its share in two years, or for its trend.")
    if program.ask == "what" or (not of and program.ask == "whether"):
        return _all_change(context, program)
    if program.ask == "from-to":
        return _from_to(context, program)
    if program.ask == "cause":
        return caused(context, program)
    direction = program.direction
    if not direction and program.ask == "amount":
        return _net_change(context, program)
    gain = direction == "gain"
    found = context.change(program.scope, *(("", of) if gain else (of, "")))
    size = context.trace("size", tools.area, found.mask, context.cube)
    topic = f"{of} {'gain' if gain else 'loss'}"
    spread = tools.grid_shares(found.mask, found.where)
    verb = "was gained" if gain else "was lost"
    if program.ask == "whether":
        value: Any = context.trace("changed_at_all", small.positive, size)
        begin = "Yes" if value else "No"
    else:
        value, begin = size, ""
    text = (
        f"{words.hectares(size)} of {words.name(of)} {verb}{words.where(program.scope)}, {words.cells(spread, program.scope)}."
        if size
        else f"no {words.name(of)} {verb}{words.where(program.scope)}."
    )
    text = f"{begin}: {text}" if begin else text[0].upper() + text[1:]
    return context.answer(
        program,
        text + found.note,
        value,
        found.sure,
        unit="" if program.ask == "whether" else "ha",
        masks=context.picture(found.mask, topic),
        polygons=context.polygons(found.mask, topic),
        dates=found.cube,
    )


def _net_change(context: Context, program: Change) -> Answer:
    """How much more or less of a kind of land there is."""
    of = program.of
    found = context.change(program.scope, of)
    a = context.trace("was", tools.kind_mask, found.before, of, found.known)
    b = context.trace("is_now", tools.kind_mask, found.after, of, found.known)
    first = context.trace("size_before", tools.area, a, context.cube)
    second = context.trace("size_after", tools.area, b, context.cube)
    value = context.trace("difference", timetools.difference, second, first)
    title = words.name(of)
    text = f"{title[0].upper()}{title[1:]} went from {words.hectares(first)} to {words.hectares(second)}"
    text += words.where(program.scope)
    text += f" ({'+' if value >= 0 else '-'}{words.hectares(abs(value))})."
    return context.answer(
        program,
        text + found.note,
        value,
        found.sure,
        unit="ha",
        masks=context.picture(found.mask, f"{of} loss"),
        polygons=context.polygons(found.mask, f"{of} loss"),
        dates=found.cube,
    )


def _all_change(context: Context, program: Change) -> Answer:
    found = context.change(program.scope, program.of)
    table = context.trace("table", timetools.transitions, found.before, found.after, found.where, context.cube)
    if program.of:
        table = {k: v for k, v in table.items() if program.of in k.split(" > ")}
    total = tools.area(found.mask, context.cube)
    shares = tools.grid_shares(found.mask, found.where)
    parts = [
        f"{words.name(k.split(' > ')[0])} to {words.name(k.split(' > ')[1])} {words.hectares(v)}"
        for k, v in table.items()
    ]
    if program.ask == "whether":
        value: Any = context.trace("changed_at_all", small.has, table)
        begin = "Yes: " if value else "No: "
    else:
        value, begin = table, ""
    place = words.where(program.scope)
    text = (
        f"{words.hectares(total)} changed{place}, {words.cells(shares, program.scope)}: {'; '.join(parts[:4])}."
        if parts
        else f"nothing changed{place}."
    )
    text = begin + (text if begin else text[0].upper() + text[1:])
    goal = np.where(found.mask, found.after["cover"].values, 255)  # type: ignore[index]
    legend = [(CODE[n], f"now {words.name(n)}", c) for _, n, c in CLASSES]
    return context.answer(
        program,
        text + found.note,
        value,
        found.sure,
        unit="" if program.ask == "whether" else "ha",
        code=None if program.ask == "whether" or not program.of else _filtered(context, program.of),
        masks={"change": context.classes(goal, legend, "What changed")},
        polygons=context.polygons(found.mask, "change"),
        dates=found.cube,
    )


def _filtered(context: Context, of: str) -> str:
    return f"{{k: v for k, v in {context.trace.last}.items() if {of!r} in k.split(' > ')}}"


def _from_to(context: Context, program: Change) -> Answer:
    of, to = program.of, program.to
    found = context.change(program.scope, of, to)
    table = context.trace("table", timetools.transitions, found.before, found.after, found.where, context.cube)
    chosen = {k.split(" > ")[1]: v for k, v in table.items() if k.startswith(f"{of} > ")}
    place = words.where(program.scope)
    if to:
        value: Any = context.trace("size", timetools.table_value, table, of, to)
        text = f"{words.hectares(value)} of {words.name(of)} became {words.name(to)}{place}."
    else:
        value = context.trace("target", timetools.main_target, table, of)
        listed = ", ".join(f"{words.name(k)} ({words.hectares(v)})" for k, v in chosen.items())
        text = (
            f"The {words.name(of)} that is gone{place} became {listed}."
            if chosen
            else f"No {words.name(of)} was lost{place}."
        )
    goal = np.where(found.mask, found.after["cover"].values, 255)  # type: ignore[index]
    legend = [(CODE[n], f"now {words.name(n)}", c) for _, n, c in CLASSES if n in COVERS]
    return context.answer(
        program,
        text + found.note,
        value,
        found.sure,
        unit="ha" if to else "",
        masks={f"{of} became": context.classes(goal, legend, f"{words.name(of)} became")},
        polygons=context.polygons(found.mask, f"{of} change"),
        dates=found.cube,
    )


def _index_change(context: Context, program: Change) -> Answer:
    of, scope = program.of, program.scope
    years = context.trace("years", timetools.two_years, context.cube, scope.start, scope.end)
    pair = context.trace("same_months", timetools.same_months, *years)
    where = context.where(scope)
    means = []
    for name, part in zip(("before", "after"), pair, strict=True):
        values = context.trace(f"values_{name}", tools.index_values, part, of, where)
        means.append(context.trace(f"mean_{name}", timetools.summary, values, "mean"))
    value: Any = context.trace("difference", timetools.difference, means[1], means[0])
    if program.direction == "loss" and program.ask == "amount":
        value = context.trace("loss", small.scaled, value, -1.0)
    if program.ask == "whether":
        limit = 0.02  # what two clear years of unchanged forest differ by
        changed = context.trace("changed_at_all", timetools.moved, value, program.direction, limit)
        text = (
            f"{'Yes' if changed else 'No'}: mean {of} went from {means[0]:.2f} to {means[1]:.2f}{words.where(scope)}."
        )
        value = changed
    else:
        text = f"Mean {of} went from {means[0]:.2f} to {means[1]:.2f}{words.where(scope)} ({means[1] - means[0]:+.2f})."
    text += f" Compared are the same months of {span(pair[0])[0][:7]} to {span(pair[0])[1][:7]}"
    text += f" and {span(pair[1])[0][:7]} to {span(pair[1])[1][:7]}."
    return context.answer(program, text, value, 0.85, unit="" if program.ask == "whether" else of, dates=pair[1])


def extreme(context: Context, program: Extreme) -> Answer:
    """Highest or lowest."""
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
        spread = context.trace("cell", small.cell_of, found, where)
        return context.answer(
            program, text, spread, 0.9, dates=cut, points=((lon, lat),), masks=_ramp(context, values),
            series=values.isel(y=found["row"], x=found["column"]).dropna("time"),
        )  # fmt: skip
    found = context.trace("extreme", timetools.value_extreme, values, which)
    lon, lat = tools.lonlat(context.cube, found["row"], found["column"])
    text = f"The {which} {of}{words.where(scope)} is {found['value']:.2f}, on {found['date']}"
    text += f" at {lon:.5f}° E, {lat:.5f}° N, of all pixels seen{time}."
    return context.answer(
        program, text, found["value"], 0.85, unit=of, code=f"{context.trace.last}['value']", points=((lon, lat),),
        dates=cut.sel(time=[found["date"]], method="nearest"),
        series=values.isel(y=found["row"], x=found["column"]).dropna("time"),
    )  # fmt: skip


def _ramp(context: Context, values: xr.DataArray) -> dict[str, xr.DataArray]:
    """The tenth of the pixels with the highest and with the lowest median, as evidence for an extreme."""
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
    """Mean, median or spread."""
    scope, of = program.scope, program.of
    cut = context.dates(scope)
    where = context.where(scope)
    values = context.trace("values", tools.index_values, cut, of, where)
    value = context.trace("value", timetools.summary, values, program.stat)
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
