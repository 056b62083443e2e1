"""Answers to questions about time: dates and changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from eowidgets.analysis.ask import breaks, doubt, kinds, season, small, splits, timetools, tools, within, words
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.consistent import Claim
from eowidgets.analysis.ask.context import Context, Found, span
from eowidgets.analysis.ask.happened import caused
from eowidgets.analysis.ask.index_change import index_change
from eowidgets.analysis.ask.interval import Interval
from eowidgets.analysis.ask.landcover import CLASSES, CODE, class_mask
from eowidgets.analysis.ask.language import COVERS, SKIES, Change, When
from eowidgets.analysis.ask.outlook import broken
from eowidgets.analysis.ask.trends import course_of
from eowidgets.errors import EowidgetsError, InputError

#: Definition of the hectares of two land cover maps, because other methods count other pixels.
DEFINED = (
    " The figure counts patches of 0.05 ha or more whose land cover differs between the two years; eow.change "
    "counts breaks of the "
    "series instead."
)

#: Hectares of change within a year above which the answer is not that nothing changed.
WITHIN = 0.5
#: Method of ``eow.change`` that dates forest loss within a year, which maps of two years do not show.
FALLBACK = "break-ccdc"


def when(context: Context, program: When) -> Answer:
    """Return the date on which a value or an event occurred."""
    scope, of, which = program.scope, program.of, program.which
    if of in ("image", "clear image"):
        return _image_date(context, program)
    if which == "change":
        return _change_date(context, program)
    cut = context.dates(scope, of)
    if of in SKIES:
        where = context.where(scope)
        series = context.trace("shares", tools.sky_share, cut, of, where)
    elif words.is_index(of):
        where, series, _ = course_of(context, scope, of, cut)
        if which in ("first", "last"):
            raise InputError(f"{of} has a value on every date: ask when it is highest or lowest.")
    else:
        raise InputError(
            f"Land cover is mapped per year, so {words.name(of)} has no date: ask when it changed, or for its trend."
        )
    found = context.trace("moment", timetools.moment, series, which)
    date, value = found["date"], found["value"]
    if of not in SKIES:
        which_end = "highest" if which == "peak" else "lowest"
        doubt.require_winner(date, which_end, {}, doubt.courses(context, scope, of, where, medians=False), small.by_day)
    said = words.percent(100 * value) if of in SKIES else f"{value:.2f}"
    verb = {"peak": "was highest", "low": "was lowest", "first": "was first observed", "last": "was last observed"}[
        which
    ]
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


def _image_date(context: Context, program: When) -> Answer:
    cut = context.dates(program.scope, program.of)
    if program.of == "image":
        days = context.trace("days", small.all_dates, cut)
    else:
        days = context.trace("days", timetools.clear_dates, cut, context.where(program.scope))
    if not days:
        raise InputError("No date in that time shows 95 % of the place without cloud.")
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
        raise InputError(f"{of.capitalize()} changes from date to date: ask when it was first or last observed.")
    gain = program.direction == "gain" and bool(of)
    try:
        found = context.change(scope, target=of) if gain else context.change(scope, source=of)
    except InputError as error:  # too few dates of a growing season for maps of two years
        if of != "forest" or gain:
            raise
        return _break_date(context, program, str(error))
    if not found.mask.any() and of == "forest" and not gain:
        return _break_date(
            context, program, f"No forest was lost{words.where(scope)} between the two compared years.{found.note}"
        )
    if not found.mask.any():
        verb = "was gained" if gain else "was lost" if of else "changed"
        raise InputError(
            f"No {words.name(of) or 'land'} {verb}{words.where(scope)} between the two compared years.{found.note}"
        )
    between = context.trace("span", tools.between, context.cube, *found.span)
    stable = context.trace(
        "stable", timetools.unchanged, found.before, found.after, _source(found, of if not gain else "")
    )
    moment = context.trace("moment", splits.break_date, between, found.mask, stable)
    hectares = tools.area(found.mask, context.cube)
    if hectares < tools.SMALLEST:
        raise InputError(f"Only {words.hectares(hectares)} changed there, less than the smallest patch that counts.")
    if moment["clear"] < splits.CLEAR:
        raise InputError("The change has no clear date: the pixels changed slowly, or at different times.")
    series = tools.course(tools.index_values(between, "NDVI", found.mask), found.mask)
    size = words.hectares(tools.area(found.mask, context.cube))
    what = f"{words.name(of)} {'was gained' if gain else 'was lost'}" if of else "land cover changed"
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
        masks=context.picture(found.mask, f"{of} {'gain' if gain else 'loss'}" if of else "change"),
        polygons=context.polygons(found.mask, f"{of} {'gain' if gain else 'loss'}" if of else "change"),
        dates=between,
        series=series,
    )


def _break_date(context: Context, program: When, otherwise: str) -> Answer:
    """Date forest loss that maps of two years do not show, by the breaks of the series."""
    scope, where = program.scope, context.where(program.scope)
    try:
        found = context.trace("breaks", breaks.find_breaks, context.cube, FALLBACK, scope.start, scope.end)
        hectares = breaks.broken_hectares(found, where, "forest", "loss")
        moment = context.trace("moment", breaks.broken_dates, found, where, "forest", "loss")
    except EowidgetsError:
        raise InputError(otherwise) from None
    if hectares < WITHIN:
        raise InputError(otherwise)
    spread = f"half of the {words.hectares(hectares)} between {moment['early']} and {moment['late']}"
    mask = breaks.broken_mask(found, where, "forest", "loss")
    return context.answer(
        program,
        f"Most forest was lost{words.where(scope)} around {moment['date']} ({spread}), by breaks of the series ({FALLBACK}).",
        moment["date"],
        0.8 * _closeness(moment),
        unit="date",
        code=f"{context.trace.last}['date']",
        masks=context.picture(mask, "forest loss"),
        polygons=context.polygons(mask, "forest loss"),
        dates=tools.between(context.cube, *found.attrs["change_dates"]),
    )


def _source(found: Found, of: str) -> str:
    """Return the main previous class of the changed land, whose unchanged pixels give the seasonal reference."""
    if found.before is None or found.after is None:
        return of
    kinds_before = {n: int((class_mask(found.before, n) & found.mask).sum()) for n in COVERS}
    main = of or max(kinds_before, key=lambda n: kinds_before[n])
    steady = timetools.unchanged(found.before, found.after, main)
    return main if of or steady.sum() >= 10 else ""


def _closeness(moment: dict[str, Any]) -> float:
    """Return a factor of the confidence that decreases with the range of the dates of the pixels."""
    days = int((np.datetime64(moment["late"]) - np.datetime64(moment["early"])) / np.timedelta64(1, "D"))
    return float(np.exp(-max(days - 60, 0) / 730))


def change(context: Context, program: Change) -> Answer:
    """Answer whether, what and how much changed."""
    of = program.of
    if of and words.is_index(of):
        return index_change(context, program)
    if of in SKIES:
        raise InputError(
            f"{of.capitalize()} changes from date to date: ask for its share in two years, or for its trend."
        )
    if program.method:
        return _broken_by(context, program)
    if program.ask == "what" or (not program.direction and program.ask == "whether"):
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
    low, high = _interval(context, found)
    if program.unit == "%" and not gain:
        return _lost_share(context, program, found, (low, high))
    unit = "ha" if program.unit == "%" else program.unit
    per = tools.area(found.known, context.cube, unit), tools.area(found.known, context.cube)
    ends = _ends(unit, (low, high), per)
    low, high = (float(v) for v in (ends.low, ends.high))
    size = context.trace("size", tools.area, found.mask, context.cube, *(() if unit == "ha" else (unit,)))
    if _fell_within(context, program, found, size=size):
        return _broken_by(context, replace(program, method=FALLBACK))
    topic = f"{of} {'gain' if gain else 'loss'}"
    spread = tools.grid_shares(found.mask, found.where)
    verb = "was gained" if gain else "was lost"
    said, between = words.hectares(size, unit), f"({words.number(low)} to {words.hectares(high, unit)})"
    if program.ask == "whether" and not size and high >= WITHIN:
        raise InputError(
            f"The difference is too small to decide: {said} {between} of {words.name(of)} "
            f"{verb}{words.where(program.scope)}.{found.note}"
        )
    if program.ask == "whether":
        value: Any = context.trace("changed_at_all", small.positive, size)
        claim = Claim(size, 0.0, ">", shown=(said,) if size else (), interval=(low, high))
        begin = f"{claim.opening}: "
    else:
        value, begin = size, ""
        claim = Claim(size, shown=(said,), interval=(low, high))
    text = (
        f"{said} {between} of {words.name(of)} {verb}{words.where(program.scope)}, {words.cells(spread, program.scope)}."
        if size
        else f"{(begin and 'no') or 'No'} {words.name(of)} {verb}{words.where(program.scope)}: {said} {between}."
    )
    return context.answer(
        program,
        begin + text + found.note + DEFINED + kinds.cause_note(context.question),
        value,
        found.sure * _firmness(low, size, high),
        unit="" if program.ask == "whether" else unit,
        masks=context.picture(found.mask, topic),
        polygons=context.polygons(found.mask, topic),
        dates=found.cube,
        claim=claim,
        interval=replace(ends, figure=f"{said} of {words.name(of)} {verb}"),
    )


def _fell_within(context: Context, program: Change, found: Found, size: float) -> bool:
    """Return whether forest was lost within one of the two years, whose map shows both states; raise for other land."""
    if size or found.states is None:
        return False
    years = timetools.two_years(context.cube, program.scope.start, program.scope.end)
    hectares = within.moved_within(years, found.states, found.where, found.source, found.target)
    if hectares >= WITHIN and found.source != "forest":
        raise InputError(
            f"About {words.hectares(hectares)} changed within one of the two compared years, whose map shows both states: ask "
            f"for years that lie before and after the change.{found.note}"
        )
    return hectares >= WITHIN


def _lost_share(context: Context, program: Change, found: Found, interval: tuple[float, float]) -> Answer:
    """Answer with the loss in percent of the previous area."""
    of = program.of
    had = context.trace("had", tools.kind_mask, found.before, of, found.known)
    whole = context.trace("whole", tools.area, had, context.cube)
    part = context.trace("part", tools.area, found.mask, context.cube)
    value = context.trace("percent", small.part_in_percent, part, whole)
    said = words.percent(value)
    text = f"{said} of the {words.name(of)} was lost{words.where(program.scope)}: {words.hectares(part)} "
    text += f"({words.number(interval[0])} to "
    text += f"{words.hectares(interval[1])}) of {words.hectares(whole)}."
    return context.answer(
        program, text + found.note + DEFINED, value, found.sure * _firmness(interval[0], part, interval[1]), unit="%",
        masks=context.picture(found.mask, f"{of} loss"), polygons=context.polygons(found.mask, f"{of} loss"), dates=found.cube,
        claim=Claim(part, shown=(said, words.hectares(part)), interval=interval),
        interval=replace(_ends("ha", interval), figure=f"{words.hectares(part)} of {words.name(of)} was lost"),
    )  # fmt: skip


def _interval(context: Context, found: Found) -> tuple[float, float]:
    return context.trace(  # type: ignore[no-any-return]
        "interval", season.change_interval, found.states, found.source, found.target, found.where, context.cube
    )


def _ends(unit: str, hectares: tuple[float, float], per: tuple[float, float] = (1.0, 1.0)) -> Interval:
    """Return the traced interval in another unit, of which ``per[0]`` are as much as ``per[1]`` hectares."""
    low, high = (v * per[0] / per[1] for v in hectares)
    scale = "" if unit == "ha" else f" * {per[0]!r} / {per[1]!r}"
    code = f"{{'low': interval[0]{scale}, 'high': interval[1]{scale}}}"
    return Interval("", low, high, unit, code)


def _firmness(low: float, size: float, high: float) -> float:
    """Return a factor of the confidence: 1 if no change is uncertain, one half if all of it is."""
    if not size:
        return 1.0 if high < 0.5 else 0.7
    return 0.5 + 0.5 * low / size


def _broken_by(context: Context, program: Change) -> Answer:
    """Answer with the hectares of ``eow.change`` by the named method."""
    scope, of, direction = program.scope, program.of, program.direction or ("loss" if program.of else "")
    where = context.where(scope)
    found = context.trace("breaks", breaks.find_breaks, context.cube, program.method, scope.start, scope.end)
    value: Any = context.trace("size", breaks.broken_hectares, found, where, of, direction)
    said = words.hectares(value)
    what = f"of {words.name(of)} was {'gained' if direction == 'gain' else 'lost'}" if of else "changed"
    first, last = found.attrs["change_dates"]
    claim = Claim(value, 0.0, ">" if program.ask == "whether" else "", shown=(said,))
    begin = f"{claim.opening}: " if claim.relation else ""
    if claim.relation:
        value = context.trace("changed_at_all", small.positive, value)
    mask = breaks.broken_mask(found, where, of, direction)
    text = f"{begin}{said} {what}{words.where(scope)} from {first} to {last}, by {program.method}: patches of breaks of the "
    text += "series, as eow.change reports them."
    topic = f"{of} {direction}" if of else "change"
    return context.answer(
        program, text, value, 0.8, unit="" if claim.relation else "ha", masks=context.picture(mask, topic),
        polygons=context.polygons(mask, topic), dates=tools.between(context.cube, first, last), claim=claim,
    )  # fmt: skip


def _net_change(context: Context, program: Change) -> Answer:
    """Answer with the net change of a kind of land."""
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
        text + found.note + DEFINED,
        value,
        found.sure,
        unit="ha",
        claim=Claim(value, shown=(words.hectares(first), words.hectares(second), words.hectares(abs(value)))),
        masks=context.picture(found.mask, f"{of} loss"),
        polygons=context.polygons(found.mask, f"{of} loss"),
        dates=found.cube,
    )


def _all_change(context: Context, program: Change) -> Answer:
    found = context.change(program.scope, program.of, program.of)
    low, high = _interval(context, found)
    total = context.trace("total", tools.area, found.mask, context.cube)
    shares = tools.grid_shares(found.mask, found.where)
    table = context.trace("table", timetools.transitions, found.before, found.after, found.where, context.cube)
    if program.of:
        table = {k: v for k, v in table.items() if program.of in k.split(" > ")}
    parts = [
        f"{words.name(k.split(' > ')[0])} to {words.name(k.split(' > ')[1])} {words.hectares(v)}"
        for k, v in table.items()
    ]
    said = words.hectares(total)
    claim = Claim(total, shown=(said,), interval=(low, high))
    if program.ask == "whether":
        value: Any = context.trace("changed_at_all", small.positive, total)
        claim = replace(claim, relation=">")
        begin = f"{claim.opening}: "
    else:
        value, begin = table, ""
    place = words.where(program.scope)
    between = f"({words.number(low)} to {words.number(high)} ha)"
    text = (
        f"{said} {between} changed{place}, {words.cells(shares, program.scope)}: {'; '.join(parts[:4])}."
        if total and parts
        else f"{said} {between} changed{place}, {words.cells(shares, program.scope)}, in patches of several kinds."
        if total
        else f"nothing changed{place}: 0 ha {between}."
    )
    text = begin + (text if begin else text[0].upper() + text[1:])
    goal = np.where(found.mask, found.after["cover"].values, 255)  # type: ignore[index]
    legend = [(CODE[n], f"now {words.name(n)}", c) for _, n, c in CLASSES]
    return context.answer(
        program,
        text + found.note + DEFINED,
        value,
        found.sure * _firmness(low, total, high),
        unit="" if program.ask == "whether" else "ha",
        claim=claim,
        code=None if program.ask == "whether" or not program.of else _filtered(context, program.of),
        masks={"change": context.classes(goal, legend, "What changed")},
        polygons=context.polygons(found.mask, "change"),
        dates=found.cube,
        interval=replace(_ends("ha", (low, high)), figure=f"{said} changed"),
    )


def _filtered(context: Context, of: str) -> str:
    return f"{{k: v for k, v in {context.trace.last}.items() if {of!r} in k.split(' > ')}}"


def _from_to(context: Context, program: Change) -> Answer:
    of, to = program.of, program.to
    found = context.change(program.scope, of, to)
    table = context.trace("table", timetools.transitions, found.before, found.after, found.where, context.cube)
    chosen = {k.split(" > ")[1]: v for k, v in table.items() if k.startswith(f"{of} > ")}
    place = words.where(program.scope)
    claim = None
    if to:
        value: Any = context.trace("size", timetools.table_value, table, of, to)
        claim = Claim(value, shown=(words.hectares(value),))
        text = f"{words.hectares(value)} of {words.name(of)} became {words.name(to)}{place}."
    else:
        value = context.trace("target", timetools.main_target, table, of)
        listed = ", ".join(f"{words.name(k)} ({words.hectares(v)})" for k, v in chosen.items())
        text = (
            f"The {words.name(of)} that was lost{place} became {listed}."
            if chosen
            else f"No {words.name(of)} was lost{place}."
        )
    goal = np.where(found.mask, found.after["cover"].values, 255)  # type: ignore[index]
    legend = [(CODE[n], f"now {words.name(n)}", c) for _, n, c in CLASSES if n in COVERS]
    return context.answer(
        program,
        text + found.note + DEFINED,
        value,
        found.sure,
        unit="ha" if to else "",
        claim=claim,
        masks={f"{of} became": context.classes(goal, legend, f"{words.name(of)} became")},
        polygons=context.polygons(found.mask, f"{of} change"),
        dates=found.cube,
    )
