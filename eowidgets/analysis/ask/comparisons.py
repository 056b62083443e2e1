"""Comparisons: more or less of one thing than of another, elsewhere, or at another time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eowidgets.analysis.ask import doubt, levels, season, small, timetools, tools, words
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.consistent import Claim
from eowidgets.analysis.ask.context import Context, Found, span
from eowidgets.analysis.ask.language import COVERS, IMAGES, SKIES, UNIONS, Compare, Scope
from eowidgets.analysis.ask.space import many, sky_percent, title
from eowidgets.errors import InputError

#: Minimum difference in hectares of a kind of land between two times: maps of unchanged land differ by as much.
CLOSE = 0.5


def compare(context: Context, program: Compare) -> Answer:
    """Compare two amounts."""
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
        raise InputError(f"The difference is too small to decide: {program.of} {a:.3f} {names[0]}, {b:.3f} {names[1]}.")
    if timed and program.of in (*COVERS, *UNIONS) and program.relation != "difference":
        hectares = abs(a - b) / 100 * tools.area(first.known, context.cube)
        if hectares < CLOSE:
            raise InputError(
                f"The difference is too small to decide: {words.name(program.of)} covers {a:.2f} % {names[0]}, "
                f"{b:.2f} % {names[1]}."
            )
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
        said = f"{title(program.of)} {shown(a)} {names[0]}, {shown(b)} {names[1]}"
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
    sure = min(first.sure, second.sure) * (0.5 + 0.5 * min(1.0, apart / 0.1))  # nearly equal
    masks = context.picture(first.mask, program.of) if unit else {}
    if other is None and unit:
        masks |= context.picture(second.mask, second_of)
    points = "percentage points" if unit and program.relation == "difference" else ""
    return context.answer(
        program, text + first.note, value, sure, unit=points, masks=masks, dates=first.cube, claim=claim
    )


def _writer(a: float, b: float, *, share: bool, whole: bool) -> Callable[[float], str]:
    """Return the number format of two values, with more digits where they would look equal and are not."""

    def usual(value: float) -> str:
        return words.percent(value) if share else f"{value:g}" if whole else f"{value:.2f}"

    if usual(a) != usual(b) or a == b:
        return usual
    return lambda value: f"{value:.2f} %" if share else f"{value:.4f}"


def _alike(one: Scope, two: Scope) -> bool:
    """Return whether two times are the same part of the year, which are compared on the same days."""
    return one.months == two.months and (one.start[5:], one.end[5:]) == (two.start[5:], two.end[5:])


def _same_days(context: Context, one: Scope, two: Scope, of: str) -> tuple[tuple[float, Found], tuple[float, Found]]:
    """Return the mean of an index in two times, on the same days of the year and the same pixels."""
    cuts = [context.dates(s) for s in (one, two)]
    pair = context.trace("pair", season.paired, *cuts, fewest=1)
    out = []
    for scope, part in zip((one, two), pair, strict=True):
        where = context.where(scope)
        values = context.trace("values", tools.index_values, part, of, where)
        mean = context.trace("mean", timetools.summary, values, "mean")
        note = f" The comparison uses {many(part.sizes['time'], 'pair')} of dates at most {levels.APART} days of the year apart."
        out.append((mean, Found(where, where, where, 0.9, span(part), note, cube=part)))
    return out[0], out[1]


def _two_years(context: Context, one: Scope, two: Scope, of: str) -> tuple[tuple[float, Found], tuple[float, Found]]:
    """Return the share of a kind of land in two years, derived from the same days."""
    where = context.where(one)
    earlier, later = (one, two) if (one.start or one.end) <= (two.start or two.end) else (two, one)
    years = [
        context.trace(f"year_{n}", tools.year_around, context.cube, s.start, s.end)
        for n, s in (("before", earlier), ("after", later))
    ]
    states = context.trace("states", season.compare_years, context.cube, *years, where)
    known = context.trace("known", timetools.seen_twice, states["before"], states["after"], where)
    if known.sum() < 0.3 * where.sum():
        raise InputError("Less than a third of the place was observed often enough in both years.")
    found = {}
    for name, scope, year in (("before", earlier, years[0]), ("after", later, years[1])):
        mask = context.trace(f"mask_{name}", tools.kind_mask, states[name], of, known)
        share = context.trace(f"percent_{name}", tools.share, mask, known)
        sure = float(np.nanmean(states[name]["sure"].values[known])) * float(known.sum() / where.sum())
        note = f" Both years are mapped from the same days ({states['before'].attrs['pairs']} pairs of dates)."
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
        percent, where, cut, _ = sky_percent(context, scope, of)
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
    """Return a label for what distinguishes one side of a comparison."""
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
