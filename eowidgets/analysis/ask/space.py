"""Questions about what there is, how much of it, and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from eowidgets.analysis.ask import doubt, season, small, timetools, tools, words
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.consistent import Claim
from eowidgets.analysis.ask.context import Context, Found, span
from eowidgets.analysis.ask.landcover import CLASSES, CODE, class_mask
from eowidgets.analysis.ask.language import (
    COVERS,
    IMAGES,
    SKIES,
    UNIONS,
    AreaOf,
    Compare,
    Count,
    Describe,
    Locate,
    Presence,
    Scope,
    Settlement,
    Share,
)
from eowidgets.errors import InputError


def presence(context: Context, program: Presence) -> Answer:
    """Whether there is any, or none."""
    scope, of = program.scope, program.of
    if of in SKIES:
        return _sky_presence(context, program)
    found = context.topic(scope, of)
    if scope.point:  # a pixel is smaller than any patch that counts
        mask = found.mask
        size = context.trace("size", tools.area, mask, context.cube)
        parts, least = "1 pixel", "the pixel there"
    else:
        patches = context.trace("patches", tools.objects, found.mask, context.cube)
        mask = patches["mask"]
        size = context.trace("size", tools.area, mask, context.cube)
        parts, least = _many(patches["count"], "patch"), f"no patch of {tools.SMALLEST} ha or more"
    claim = Claim(size, 0.0, ">", negated=program.negated, shown=(words.hectares(size),) if size else ())
    value = context.trace("present", small.there, size, program.negated)
    place, time = words.where(scope), words.when(*found.span)
    text = (
        f"{claim.opening}: there is {words.name(of)}{place}{time}, {words.hectares(size)} in {parts}."
        if size
        else f"{claim.opening}, there is no {words.name(of)}{place}{time} ({least})."
    )
    return context.answer(
        program,
        text + found.note,
        value,
        found.sure,
        masks=context.picture(mask, of),
        polygons=context.polygons(mask, of),
        dates=found.cube,
        claim=claim,
    )


def _sky_presence(context: Context, program: Presence) -> Answer:
    cut = context.dates(program.scope, program.of)
    where = context.where(program.scope)
    shares = context.trace("shares", tools.sky_share, cut, program.of, where)
    dates = context.trace("dates_with", small.dates_above, shares)
    number = context.trace("number", small.length, dates)
    value = context.trace("present", small.there, number, program.negated)
    first, last = span(cut)
    place = words.where(program.scope)
    seen = int(np.isfinite(shares.values).sum())
    if not seen:
        raise InputError("The place was not seen on any date in that time.")
    claim = Claim(number, 0, ">", negated=program.negated)
    most = f"{words.percent(100 * float(np.nanmax(shares.values)))} of the place" + (" at most" if seen > 1 else "")
    text = (
        f"{claim.opening}: {program.of}{place} on {number} of {_many(seen, 'date')}{words.when(first, last)}, first on "
        f"{dates[0]} ({most})."
        if dates
        else f"{claim.opening}: no {program.of}{place} on any of {_many(seen, 'date')}{words.when(first, last)}."
    )
    mask = tools.sky_mask(cut, program.of, where)
    return context.answer(
        program, text, value, 0.9, masks=context.picture(mask, program.of), dates=cut, series=shares, claim=claim
    )


def count(context: Context, program: Count) -> Answer:
    """How many there are."""
    scope, of = program.scope, program.of
    if of in ("image", "clear image"):
        cut = context.dates(scope, of)
        days = (
            context.trace("days", timetools.clear_dates, cut, context.where(scope))
            if of != "image"
            else (context.trace("days", small.all_dates, cut))
        )
        value = context.trace("count", small.length, days)
        what = "images with at least 95 % of the place seen" if of != "image" else "images"
        first, last = span(cut)
        text = f"There are {value} {what}{words.where(scope)}{words.when(first, last)}."
        return context.answer(program, text, value, 1.0, unit="images", dates=cut.sel(time=days) if days else None)
    if of.endswith(" dates"):
        sky = of.removesuffix(" dates")
        cut, where = context.dates(scope, sky), context.where(scope)
        shares = context.trace("shares", tools.sky_share, cut, sky, where)
        value = context.trace("count", small.length, context.trace("days", small.dates_above, shares))
        seen = int(np.isfinite(shares.values).sum())
        text = f"There was {sky}{words.where(scope)} on {value} of {_many(seen, 'date')} with an image{words.when(*span(cut))}."
        return context.answer(program, text, value, 0.9, unit="images", dates=cut, series=shares)
    if of == scope.layer:
        value = context.trace("count", small.feature_count, context.layer(of))
        return context.answer(
            program, f"The layer {of[:40]!r} has {_many(value, 'feature')}.", value, 1.0, unit="features"
        )
    found = context.topic(scope, of)
    given = {"min_hectares": program.min_hectares} if program.min_hectares else {}
    patches = context.trace("patches", tools.objects, found.mask, context.cube, **given)
    value = patches["count"]
    least = max(program.min_hectares, tools.SMALLEST)
    text = f"There {'is' if value == 1 else 'are'} {_many(value, 'patch')} of {words.name(of)}"
    text += f" of {words.number(least)} ha or more{words.where(scope)}{words.when(*found.span)}"
    text += f"; the largest has {words.hectares(patches['hectares'][0])}." if value else "."
    return context.answer(
        program,
        text + found.note,
        value,
        found.sure,
        unit="patches",
        code=f"{context.trace.last}['count']",
        masks=context.picture(patches["mask"], of),
        polygons=context.polygons(patches["mask"], of),
        dates=found.cube,
    )


def area(context: Context, program: AreaOf) -> Answer:
    """How large it is."""
    scope, of, unit = program.scope, program.of, program.unit
    if of in SKIES:
        percent, where, cut, shares = _sky_percent(context, scope, of)
        value = context.trace("size", small.part_of, where, context.cube, percent, unit)
        text = f"On average {words.hectares(value, unit)} {'of the ground seen ' if of == 'snow' else ''}lay under {of}"
        text += f"{words.where(scope)}{words.when(*span(cut))}{words.months(scope.months)} ({words.percent(percent)})."
        masks = context.picture(tools.sky_mask(cut, of, where), of)
        return context.answer(program, text, value, 0.9, unit=unit, masks=masks, dates=cut, series=shares)
    found = context.topic(scope, of)
    value = context.trace("size", tools.area, found.mask, context.cube, unit)
    of_seen = tools.share(found.mask, found.known)
    text = f"{_title(of)} covers {words.hectares(value, unit)}{words.where(scope)}{words.when(*found.span)}"
    text += f", {words.percent(of_seen)} of what was seen."
    return _with_mask(context, program, text, value, found, of, unit)


def share(context: Context, program: Share) -> Answer:
    """How much of the place it covers."""
    scope, of = program.scope, program.of
    if of in SKIES:
        percent, where, cut, shares = _sky_percent(context, scope, of)
        ground = "the ground seen" if of == "snow" else "the place"
        text = f"On average {words.percent(percent)} of {ground} was under {of}{words.where(scope)}"
        text += (
            f"{words.when(*span(cut))}{words.months(scope.months)}, over {int(np.isfinite(shares.values).sum())} dates."
        )
        masks = context.picture(tools.sky_mask(cut, of, where), of)
        if program.negated:
            percent = context.trace("rest", timetools.difference, 100.0, percent)
            text = f"On average {words.percent(percent)} of {ground} was free of {of}{words.where(scope)}"
            text += f"{words.when(*span(cut))}{words.months(scope.months)}, over {int(np.isfinite(shares.values).sum())} dates."
        return context.answer(program, text, percent, 0.9, unit="%", masks=masks, dates=cut, series=shares)
    found = context.topic(scope, of)
    value = context.trace("percent", tools.share, found.mask, found.known)
    size = tools.area(found.mask, context.cube)
    text = f"{_title(of)} covers {words.percent(value)}{words.where(scope)}{words.when(*found.span)} ({words.hectares(size)})."
    if program.negated:
        value = context.trace("rest", timetools.difference, 100.0, value)
        text = f"{words.percent(value)} is no {words.name(of)}{words.where(scope)}{words.when(*found.span)}, of what was seen."
    return _with_mask(context, program, text, value, found, of, "%")


def _sky_percent(context: Context, scope: Scope, of: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    cut = context.dates(scope, of)
    where = context.where(scope)
    shares = context.trace("shares", tools.sky_share, cut, of, where)
    return context.trace("percent", tools.mean_percent, shares), where, cut, shares


def _with_mask(context: Context, program, text: str, value, found: Found, of: str, unit: str) -> Answer:  # type: ignore[no-untyped-def]  # noqa: ANN001
    return context.answer(
        program,
        text + found.note,
        value,
        found.sure,
        unit=unit,
        masks=context.picture(found.mask, of),
        polygons=context.polygons(found.mask, of),
        dates=found.cube,
    )


def compare(context: Context, program: Compare) -> Answer:
    """Whether there is more of one than of the other."""
    scope, other = program.scope, program.other
    first_scope, second_scope = scope, other or scope
    second_of = program.than or program.of
    timed = other is not None and (scope.start, scope.end, scope.months) != (other.start, other.end, other.months)
    if timed and scope.place == second_scope.place and program.of in (*COVERS, *UNIONS):
        (a, first), (b, second) = _two_years(context, first_scope, second_scope, program.of)
    elif timed and words.is_index(program.of) and _alike(first_scope, second_scope):
        (a, first), (b, second) = _same_days(context, first_scope, second_scope, program.of)
    else:
        a, first = _amount(context, first_scope, program.of)
        b, second = _amount(context, second_scope, second_of)
    if other is None:
        names = (words.name(program.of), words.name(second_of))
    else:
        names = (_label(first_scope, second_scope), _label(second_scope, first_scope))
    if timed and words.is_index(program.of) and program.relation != "difference" and abs(a - b) < words.TIE:
        raise InputError(f"That is too close to tell: {program.of} {a:.3f} {names[0]}, {b:.3f} {names[1]}.")
    if words.is_index(program.of) and other is not None and program.of not in IMAGES:
        doubt.require_sign(context, program.of, (program.scope, other), a - b)
    value = context.trace("result", timetools.larger, a, b, program.relation, names)
    images = program.of in IMAGES
    unit = "" if words.is_index(program.of) or images else " %"
    shown = _writer(a, b, share=bool(unit), whole=images)
    if other is None:
        said = f"{words.name(program.of)} {shown(a)}, {words.name(second_of)} {shown(b)}"
        said += f"{words.where(scope)}{words.when(*first.span)}"
    else:
        said = f"{_title(program.of)} {shown(a)} {names[0]}, {shown(b)} {names[1]}"
    if program.relation in ("which", "which less"):
        claim = Claim(a, b, shown=(shown(a), shown(b)))
        word = "more" if program.relation == "which" else "less"
        word = {"more": "higher", "less": "lower"}[word] if words.is_index(program.of) else word
        verdict = (
            "they are equal" if value == "equal" else f"there is {word} {value}" if unit else f"it is {word} {value}"
        )
        text = f"{said[0].upper()}{said[1:]}: {verdict}."
    elif program.relation == "difference":
        written = shown(abs(a - b)).removesuffix(" %") + (" percentage points" if unit else "")
        claim = Claim(a - b, shown=(shown(a), shown(b), written))
        text = f"{said[0].upper()}{said[1:]}: a difference of {'-' if a < b else ''}{written}."
    else:
        claim = Claim(a, b, ">" if program.relation == "more" else "<", shown=(shown(a), shown(b)))
        text = f"{claim.opening}: {said}."
    apart = abs(a - b) / max(abs(a), abs(b), 1e-9)
    sure = min(first.sure, second.sure) * (0.5 + 0.5 * min(1.0, apart / 0.1))  # what is nearly equal can be either way
    masks = context.picture(first.mask, program.of) if unit else {}
    if other is None and unit:
        masks |= context.picture(second.mask, second_of)
    return context.answer(program, text + first.note, value, sure, masks=masks, dates=first.cube, claim=claim)


def _writer(a: float, b: float, *, share: bool, whole: bool) -> Callable[[float], str]:
    """How two numbers are written: with more digits where they would look the same and are not."""

    def usual(value: float) -> str:
        return words.percent(value) if share else f"{value:g}" if whole else f"{value:.2f}"

    if usual(a) != usual(b) or a == b:
        return usual
    return lambda value: f"{value:.2f} %" if share else f"{value:.4f}"


def _alike(one: Scope, two: Scope) -> bool:
    """Whether two times are the same part of the year: those are compared on the same days."""
    return one.months == two.months and (one.start[5:], one.end[5:]) == (two.start[5:], two.end[5:])


def _same_days(context: Context, one: Scope, two: Scope, of: str) -> tuple[tuple[float, Found], tuple[float, Found]]:
    """Mean of an index in two times, on the same days of the year and the same pixels."""
    cuts = [context.dates(s) for s in (one, two)]
    pair = context.trace("pair", season.paired, *cuts, fewest=1)
    out = []
    for scope, part in zip((one, two), pair, strict=True):
        where = context.where(scope)
        values = context.trace("values", tools.index_values, part, of, where)
        mean = context.trace("mean", timetools.summary, values, "mean")
        note = (
            f" Compared are {_many(part.sizes['time'], 'pair')} of dates at most {season.APART} days of the year apart."
        )
        out.append((mean, Found(where, where, where, 0.9, span(part), note, cube=part)))
    return out[0], out[1]


def _two_years(context: Context, one: Scope, two: Scope, of: str) -> tuple[tuple[float, Found], tuple[float, Found]]:
    """Share of a kind of land in two years, told from the same days."""
    where = context.where(one)
    earlier, later = (one, two) if (one.start or one.end) <= (two.start or two.end) else (two, one)
    years = [
        context.trace(f"year_{n}", tools.year_around, context.cube, s.start, s.end)
        for n, s in (("before", earlier), ("after", later))
    ]
    states = context.trace("states", season.compare_years, context.cube, *years, where)
    known = context.trace("known", timetools.seen_twice, states["before"], states["after"], where)
    if known.sum() < 0.3 * where.sum():
        raise InputError("Less than a third of the place was seen often enough in both years.")
    found = {}
    for name, scope, year in (("before", earlier, years[0]), ("after", later, years[1])):
        mask = context.trace(f"mask_{name}", tools.kind_mask, states[name], of, known)
        share = context.trace(f"percent_{name}", tools.share, mask, known)
        sure = float(np.nanmean(states[name]["sure"].values[known])) * float(known.sum() / where.sum())
        note = f" Both years are told from the same days ({states['before'].attrs['pairs']} pairs of dates)."
        found[scope] = (share, Found(mask, where, known, sure, span(year), note, cube=year))
    return found[one], found[two]


def _amount(context: Context, scope: Scope, of: str) -> tuple[float, Found]:
    if of in IMAGES:
        cut, where = context.dates(scope, of), context.where(scope)
        if of == "image":
            number = context.trace("number", timetools.images_in, cut)
        else:
            number = context.trace("number", small.number_of, context.trace("days", timetools.clear_dates, cut, where))
        return number, Found(where, where, where, 1.0, span(cut), cube=cut)
    if of in SKIES:
        percent, where, cut, _ = _sky_percent(context, scope, of)
        return percent, Found(tools.sky_mask(cut, of, where), where, where, 0.9, span(cut), cube=cut)
    if words.is_index(of):
        cut = context.dates(scope)
        where = context.where(scope)
        values = context.trace("values", tools.index_values, cut, of, where)
        mean = context.trace("mean", timetools.summary, values, "mean")
        return mean, Found(where, where, where, 0.9, span(cut), cube=cut)
    found = context.topic(scope, of)
    return context.trace("percent", tools.share, found.mask, found.known), found


def _label(scope: Scope, other: Scope) -> str:
    """What sets one side of a comparison apart."""
    label = words.where(scope) if scope.place != other.place or scope.area != other.area else ""
    if scope.cover != other.cover and scope.cover:
        label += f" on {words.name(scope.cover)}"
    if (scope.start, scope.end) != (other.start, other.end):
        label += (
            words.when(scope.start, scope.end)
            if scope.start and scope.end
            else (f" since {scope.start}" if scope.start else f" until {scope.end}" if scope.end else " in all years")
        )
    if scope.months != other.months and scope.months:
        label += f" in {words.months(scope.months).strip(', ').removesuffix(' only')}"
    return label.strip() or "there"


def settlement(context: Context, program: Settlement) -> Answer:
    """Rural or urban."""
    found = context.topic(program.scope, "built-up")
    percent = context.trace("percent", tools.share, found.mask, found.known)
    value = context.trace("setting", small.rural_or_urban, percent)
    place = f"{words.where(program.scope)}{words.when(*found.span)}"
    text = f"It is {value}: {words.percent(percent)} of the place is built up{place} (urban from {tools.URBAN:.0f} %)."
    return _with_mask(context, program, text, value, found, "built-up", "")


def locate(context: Context, program: Locate) -> Answer:
    """Where it is."""
    scope, of = program.scope, program.of
    if words.is_index(of) and of != "change":
        raise InputError(f"Ask where {of} is highest or lowest: an index is everywhere.")
    found = context.topic(scope, of)
    patches = context.trace("patches", tools.objects, found.mask, context.cube)
    if not patches["count"]:
        text = f"There is no {words.name(of)}{words.where(scope)}{words.when(*found.span)}."
        context.trace("nowhere", small.no_place, patches)
        return context.answer(program, text + found.note, "nowhere", found.sure, dates=found.cube)
    size = words.hectares(tools.area(patches["mask"], context.cube))
    points: tuple[tuple[float, float], ...] = ()
    code = None
    unit = ""
    if program.how == "nearest":
        near = context.trace("near", tools.nearest, patches["mask"], found.where, context.cube)
        value, code = near["metres"], f"{context.trace.last}['metres']"
        text = (
            f"The middle of the place lies in {words.name(of)}."
            if near["direction"] == "here"
            else f"The nearest {words.name(of)} is {words.number(value)} m to the {near['direction']} of the middle."
        )
        unit, points = "m", (near["lonlat"],)
    elif program.how == "polygon":
        shapes = context.trace("shapes", tools.polygons, patches["mask"], context.cube, words.name(of))
        value = context.trace("count", small.feature_count, shapes)
        unit = "polygons"
        text = f"{_title(of)}{words.where(scope)} lies in {_many(value, 'polygon')} of together {size}{words.when(*found.span)}."
    else:
        spread = context.trace("spread", tools.grid_shares, patches["mask"], found.where)
        value = context.trace("cell", tools.main_cell, spread)
        text = f"{_title(of)}{words.where(scope)} is {words.cells(spread, scope)} ({size} in all{words.when(*found.span)})."
    return context.answer(
        program,
        text + found.note,
        value,
        found.sure,
        unit=unit,
        code=code,
        masks=context.picture(patches["mask"], of),
        polygons=context.polygons(patches["mask"], of),
        dates=found.cube,
        points=points,
    )


def describe(context: Context, program: Describe) -> Answer:
    """What is there, in a sentence."""
    scope = program.scope
    found = context.topic(replace(scope, cover=""), "forest")
    table = context.trace("table", tools.dominant, found.after, found.where)
    named = [f"{words.name(k)} {words.percent(v)}" for k, v in table.items() if v >= 1] or [
        "nothing that covers one percent"
    ]
    main = next(iter(table))
    cell = words.cells(tools.grid_shares(class_mask(found.after, main) & found.where, found.where))  # type: ignore[arg-type]
    size = words.hectares(tools.area(found.where, context.cube))
    text = f"{size}{words.where(scope)}{words.when(*found.span)}: {', '.join(named)}."
    text += "" if scope.point else f" The {words.name(main)} is {cell}."
    value = {k: round(v, 1) for k, v in table.items()}
    context.trace("rounded", small.rounded, table)
    legend = [(CODE[n], words.name(n), c) for _, n, c in CLASSES]
    picture = context.classes(np.where(found.where, found.after["cover"].values, 255), legend, "Land cover")  # type: ignore[index]
    return context.answer(
        program, text + found.note, value, found.sure, unit="%", masks={"land cover": picture}, dates=found.cube
    )


def _title(of: str) -> str:
    name = words.name(of)
    return name[0].upper() + name[1:]


def _many(number: int, word: str) -> str:
    plural = word + ("es" if word.endswith("ch") else "s")
    return f"{number} {word if number == 1 else plural}"
