"""Answers to questions what there is, how much of it, and where."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from eowidgets.analysis.ask import small, timetools, tools, words
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.consistent import Claim
from eowidgets.analysis.ask.context import Context, Found, span
from eowidgets.analysis.ask.landcover import CLASSES, CODE, class_mask
from eowidgets.analysis.ask.language import (
    SKIES,
    AreaOf,
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
    """Answer whether something is present or absent."""
    scope, of = program.scope, program.of
    if of in SKIES:
        return _sky_presence(context, program)
    found = context.topic(scope, of)
    if scope.point:  # a pixel is smaller than the smallest patch that counts
        mask = found.mask
        size = context.trace("size", tools.area, mask, context.cube)
        parts, least = "1 pixel", "the pixel there"
    else:
        patches = context.trace("patches", tools.objects, found.mask, context.cube)
        mask = patches["mask"]
        size = context.trace("size", tools.area, mask, context.cube)
        parts, least = many(patches["count"], "patch"), f"no patch of {tools.SMALLEST} ha or more"
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
        raise InputError("The place was not observed on any date in that time.")
    claim = Claim(number, 0, ">", negated=program.negated)
    most = f"{words.percent(100 * float(np.nanmax(shares.values)))} of the place" + (" at most" if seen > 1 else "")
    text = (
        f"{claim.opening}: {program.of}{place} on {number} of {many(seen, 'date')}{words.when(first, last)}, first on "
        f"{dates[0]} ({most})."
        if dates
        else f"{claim.opening}: no {program.of}{place} on any of {many(seen, 'date')}{words.when(first, last)}."
    )
    mask = tools.sky_mask(cut, program.of, where)
    return context.answer(
        program, text, value, 0.9, masks=context.picture(mask, program.of), dates=cut, series=shares, claim=claim
    )


def count(context: Context, program: Count) -> Answer:
    """Answer with the number of images, dates, features or patches."""
    scope, of = program.scope, program.of
    if of in ("image", "clear image"):
        cut = context.dates(scope, of)
        days = (
            context.trace("days", timetools.clear_dates, cut, context.where(scope))
            if of != "image"
            else (context.trace("days", small.all_dates, cut))
        )
        value = context.trace("count", small.length, days)
        what = "images that show at least 95 % of the place" if of != "image" else "images"
        first, last = span(cut)
        text = f"There are {value} {what}{words.where(scope)}{words.when(first, last)}."
        return context.answer(program, text, value, 1.0, unit="images", dates=cut.sel(time=days) if days else None)
    if of.endswith(" dates"):
        sky = of.removesuffix(" dates")
        cut, where = context.dates(scope, sky), context.where(scope)
        shares = context.trace("shares", tools.sky_share, cut, sky, where)
        value = context.trace("count", small.length, context.trace("days", small.dates_above, shares))
        seen = int(np.isfinite(shares.values).sum())
        text = f"There was {sky}{words.where(scope)} on {value} of {many(seen, 'date')} with an image{words.when(*span(cut))}."
        return context.answer(program, text, value, 0.9, unit="images", dates=cut, series=shares)
    if of == scope.layer:
        value = context.trace("count", small.feature_count, context.layer(of))
        return context.answer(
            program, f"The layer {of[:40]!r} has {many(value, 'feature')}.", value, 1.0, unit="features"
        )
    found = context.topic(scope, of)
    given = {"min_hectares": program.min_hectares} if program.min_hectares else {}
    patches = context.trace("patches", tools.objects, found.mask, context.cube, **given)
    value = patches["count"]
    least = max(program.min_hectares, tools.SMALLEST)
    text = f"There {'is' if value == 1 else 'are'} {many(value, 'patch')} of {words.name(of)}"
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
    """Answer with an area."""
    scope, of, unit = program.scope, program.of, program.unit
    if of in SKIES:
        percent, where, cut, shares = sky_percent(context, scope, of)
        value = context.trace("size", small.part_of, where, context.cube, percent, unit)
        text = f"On average {words.hectares(value, unit)} {'of the observed ground ' if of == 'snow' else ''}was under {of}"
        text += f"{words.where(scope)}{words.when(*span(cut))}{words.months(scope.months)} ({words.percent(percent)})."
        masks = context.picture(tools.sky_mask(cut, of, where), of)
        return context.answer(program, text, value, 0.9, unit=unit, masks=masks, dates=cut, series=shares)
    found = context.topic(scope, of)
    value = context.trace("size", tools.area, found.mask, context.cube, unit)
    of_seen = tools.share(found.mask, found.known)
    text = f"{title(of)} covers {words.hectares(value, unit)}{words.where(scope)}{words.when(*found.span)}"
    text += f", {words.percent(of_seen)} of the observed area."
    return _with_mask(context, program, text, value, found, of, unit)


def share(context: Context, program: Share) -> Answer:
    """Answer with the share of the place."""
    scope, of = program.scope, program.of
    if of in SKIES:
        percent, where, cut, shares = sky_percent(context, scope, of)
        ground = "the observed ground" if of == "snow" else "the place"
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
    text = f"{title(of)} covers {words.percent(value)}{words.where(scope)}{words.when(*found.span)} ({words.hectares(size)})."
    if program.negated:
        value = context.trace("rest", timetools.difference, 100.0, value)
        text = (
            f"{words.percent(value)} is not {words.name(of)}{words.where(scope)}{words.when(*found.span)}, of the "
            "observed area."
        )
    return _with_mask(context, program, text, value, found, of, "%")


def sky_percent(context: Context, scope: Scope, of: str) -> Any:
    """Return the mean percent under cloud or snow, with the place, the dates and their shares."""
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


def settlement(context: Context, program: Settlement) -> Answer:
    """Answer whether the place is rural or urban."""
    found = context.topic(program.scope, "built-up")
    percent = context.trace("percent", tools.share, found.mask, found.known)
    value = context.trace("setting", small.rural_or_urban, percent)
    place = f"{words.where(program.scope)}{words.when(*found.span)}"
    text = f"It is {value}: {words.percent(percent)} of the place is built up{place} (urban from {tools.URBAN:.0f} %)."
    return _with_mask(context, program, text, value, found, "built-up", "")


def locate(context: Context, program: Locate) -> Answer:
    """Answer with a location."""
    scope, of = program.scope, program.of
    if words.is_index(of) and of != "change":
        raise InputError(f"Ask where {of} is highest or lowest: an index has a value everywhere.")
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
        text = (
            f"{title(of)}{words.where(scope)} lies in {many(value, 'polygon')} with a total of "
            f"{size}{words.when(*found.span)}."
        )
    else:
        fields = context.trace("fields", tools.grid_shares, patches["mask"], found.where)
        value = context.trace("cell", tools.main_cell, fields)
        text = (
            f"{title(of)}{words.where(scope)} is {words.cells(fields, scope)} ({size} in all{words.when(*found.span)})."
        )
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
    """Answer with a description of the land cover."""
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


def title(of: str) -> str:
    """Return the name of a topic with a capital letter, for the beginning of a sentence."""
    name = words.name(of)
    return name[0].upper() + name[1:]


def many(number: int, word: str) -> str:
    """Return a number with its noun in singular or plural."""
    plural = word + ("es" if word.endswith("ch") else "s")
    return f"{number} {word if number == 1 else plural}"
