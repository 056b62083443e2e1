"""Questions about what happened and its cause: read by rules, answered with the signs in the images."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from eowidgets.analysis.ask import cause, timetools, tools, words
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.context import Context
from eowidgets.analysis.ask.dialogue import merge
from eowidgets.analysis.ask.language import COVERS, Change, Count, Locate, QuestionProgram, Scope
from eowidgets.analysis.ask.scopes import scopes
from eowidgets.errors import InputError

if TYPE_CHECKING:
    from eowidgets.analysis.ask.slots import Slots

_CAUSE = re.compile(
    r"\b(?:what|which \w+) (?:\w+ )?(?:caused?|led to|is behind|was behind)\b"
    r"|\b(?:causes?|reasons?|explanation) (?:of|for|behind)\b"
    r"|\bwhy (?:did|has|have)\b.*\b(?:disappear|disappeared|vanish|vanished|change|changed|shrink|shrunk|decline|declined)\b"
)
#: "Why was it cut?" asks for intentions, which no image shows.
_PEOPLE = re.compile(r"\b(?:they|people|somebody|someone|anybody|who|he|she|owners?|farmers?)\b")
_LOSS = re.compile(
    r"\b(?:loss|losses|lost|clear\w*|disappear\w*|vanish\w*|shr[iu]nk\w*|declin\w*|deforest\w*|felling)\b"
)
_GAIN = re.compile(r"\b(?:gain|gains|gained|grow\w*|regrow\w*|increase\w*|expan\w*|new)\b")
_CHANGED = re.compile(r"\bchang(?:e|es|ed|ing)\b")
_WHAT = re.compile(
    r"^(?:please |now )?(?:detect|find|show|map|list|describe|summari[sz]e|explain)(?: me)?(?: all| any| the| what| every)*"
    r"(?: [a-z-]+){0,2} chang(?:e|es|ed)\b"
)
_POINTS = re.compile(r"\b(?:it|this|that|these|them)\b")
_CLEARED = re.compile(r"\b(?:cleared|cut down|chopped down)\b")
_PLACES = re.compile(r"^how many (?:places|patches|spots|areas|sites|parts|pieces)\b")
_HOUSES = re.compile(
    r"^how many (?:new )?(?:buildings?|houses?|roads?)\b.*\b(?:(?P<new>built|constructed|new|appear\w*|added)"
    r"|(?P<gone>gone|removed|demolished|disappear\w*|vanish\w*|torn down))\b"
)
_SIZE = re.compile(
    r"\b(?:how (?:much|many (?:ha|hectares|km2|m2|square \w+))|(?:what|which) (?:area|size)|how large an area)\b"
)
_WHERE = re.compile(r"^(?:and )?(?:where|in which part|which part)\b")


def read(text: str, slots: Slots, before: QuestionProgram | None = None) -> QuestionProgram | None:
    """Return the program of a question about what happened or why; None for any other question.

    Parameters
    ----------
    text : str
        The question, cleaned.
    slots : Slots
        Parts that the question names.
    before : QuestionProgram, optional
        The last program of the dialogue: "what caused it?" refers to its change.
    """
    low = text.lower()
    named = [t.name for t in slots.topics]
    events = [n.partition(" ") for n in named if n.partition(" ")[0] in COVERS and " " in n]
    lands = [n for n in named if n in COVERS] + [e[0] for e in events]
    if slots.unknown or len(lands) < len(named):
        return None
    scope, _ = scopes(slots, "change")
    if _CAUSE.search(low) and not _PEOPLE.search(low):
        direction = events[0][2] if events else "loss" if _LOSS.search(low) else "gain" if _GAIN.search(low) else ""
        if lands or direction or _CHANGED.search(low):
            return _cause(scope, lands[0] if lands else "", direction)
        return _cause_of_that(scope, before) if before is not None and _POINTS.search(low) else None
    if _WHAT.search(low) and len(named) < 2 and not events:
        return Change(scope, lands[0] if lands else "")
    house = _HOUSES.search(low)
    if house is not None and set(lands) == {"built-up"}:
        return Count(scope, f"built-up {'gain' if house['new'] else 'loss'}")
    if named or not (_CLEARED.search(low) or (_PLACES.search(low) and _CHANGED.search(low))):
        return None
    return _cleared(low, scope)


def _cause(scope: Scope, of: str, direction: str) -> Change:
    return Change(scope, of, "cause", "loss" if direction == "loss" else "gain" if direction == "gain" else "")


def _cause_of_that(scope: Scope, before: QuestionProgram) -> Change | None:
    """Return a program for the cause of the change of the previous question."""
    of, _, suffix = str(getattr(before, "of", "")).partition(" ")
    if before.kind not in ("change", "locate", "count", "when") or of not in ("", "change", *COVERS):
        return None
    direction = suffix or str(getattr(before, "direction", ""))
    return _cause(merge(scope, before.scope), of if of in COVERS else "", direction)


def _cleared(low: str, scope: Scope) -> QuestionProgram | None:
    """Return the program of a question about cleared land or changed places; cleared land is former forest."""
    of = "forest loss" if _CLEARED.search(low) else "change"
    if _PLACES.search(low):
        return Count(scope, of)
    if _WHERE.search(low):
        return Locate(scope, of)
    return Change(scope, "forest", "amount", "loss") if _SIZE.search(low) else None


#: Kind of cause -> its explanation in the sentence.
_SAID = {
    "felling in patches": "This is typical of felling patch by patch; fire, storm and insects seldom affect many patches at "
    "different times.",
    "one event": "This is typical of one large felling, a fire, a storm or a landslide; the images do not show which.",
    "gradual loss": "The change was slow, which is typical of thinning, drought, insects or disease.",
    "construction": "This is typical of construction.",
    "demolition": "This is typical of the removal of buildings or roads.",
    "flooding": "This is typical of a flood or a filled reservoir.",
    "falling water": "This is typical of drought or a drained water body.",
    "regrowth": "This is typical of regrowth or planting.",
    "farming": "This is typical of ploughing, sowing and harvest.",
}


def caused(context: Context, program: Change) -> Answer:
    """Describe the largest change and the signs of its likely cause."""
    found = context.change(program.scope)
    place = words.where(program.scope)
    table = context.trace("table", timetools.transitions, found.before, found.after, found.where, context.cube)
    main = context.trace("main", cause.main_transition, table, program.of, program.direction)
    if not main:
        raise InputError(
            f"No {words.name(program.of) or 'land'} changed{place}, so there is no cause to look for.{found.note}"
        )
    mask = context.trace("of_that", cause.transition_mask, found.before, found.after, main, found.where, context.cube)
    between = context.trace("span", tools.between, context.cube, *found.span)
    stable = context.trace("stable", timetools.unchanged, found.before, found.after)
    found_signs: dict[str, Any] = context.trace("signs", cause.signs, between, mask, stable)
    value = context.trace("cause", cause.looks_like, main, found_signs)
    source, target = (words.name(n) for n in main.split(" > "))
    patches = "1 patch" if found_signs["patches"] == 1 else f"{found_signs['patches']} patches"
    text = f"Images show the change, not its reason. Most{place} changed from {source} to {target}: "
    text += f"{words.hectares(table[main])} in {patches} (median {words.hectares(found_signs['hectares'])}), half of it between "
    text += (
        f"{found_signs['early']} and {found_signs['late']}; {words.percent(100 * found_signs['sudden'])} of the "
        "pixels changed suddenly. "
    )
    text += _SAID[value]
    topic = f"{main.split(' > ')[0]} loss"
    series = tools.course(tools.index_values(between, "NDVI", mask), mask)
    return context.answer(
        program, text + found.note, value, 0.6 * found.sure, masks=context.picture(mask, topic),
        polygons=context.polygons(mask, topic), dates=between, series=series,
    )  # fmt: skip
