"""Check that a program accounts for every content word of its question.

A reader that ignores a word would answer another question. Therefore an answer is given only if each name, time, place,
number and content word of the question is represented in the program, by the table of :mod:`.meanings`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterator

from eowidgets.analysis.ask import words
from eowidgets.analysis.ask.dates import Found
from eowidgets.analysis.ask.language import COVERS, FACTS, IMAGES, SKIES, UNIONS, Change, QuestionProgram, Scope
from eowidgets.analysis.ask.lexicon import INDICES, WORD_OF
from eowidgets.analysis.ask.meanings import HARMLESS, MEANINGS
from eowidgets.analysis.ask.plan import plan_of
from eowidgets.analysis.ask.slots import Slots

#: Topics of programs about vegetation, for which the name of an index counts as the same topic.
_PLANTS = ("vegetation", "forest", "field")
#: Facts of programs whose answer is yes, no or a name.
_YES_NO = frozenset(
    """kind:presence relation:more relation:less relation:which relation:which-less relation:earlier relation:later
    relation:longer relation:shorter kind:threshold ask:whether kind:trend
    kind:event kind:fact kind:settlement ask:more ask:less kind:rank kind:change""".split()  # noqa: SIM905
)
_NAMES = frozenset(("kind:rank", "kind:when", "kind:season", "relation:which", "relation:which-less", "kind:fact"))
#: Openings of questions, and the facts of the programs that answer them.
_ANSWERS: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = (
    (re.compile(r"^(?:and )?(?:is|are|was|were|did|does|has|have|had)\b(?! (?:you|we|one|i)\b)"), _YES_NO),
    (re.compile(r"\b(?:which|what) (?:calendar )?(?:month|year|season)\b"), _NAMES),
    (re.compile(r"^(?:and )?on (?:which|what) (?:date|day)\b"), frozenset((*_NAMES, "of:place"))),
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?$")


def facts(program: QuestionProgram, bands: Collection[str] = ()) -> frozenset[str]:
    """Return the facts of a program, for comparison with the words of a question.

    Examples
    --------
    >>> from eowidgets.analysis.ask.language import Share
    >>> sorted(facts(Share(of="forest")))
    ['kind:share', 'negated:False', 'of:forest']
    """
    out = {f"kind:{program.kind}"}
    for entry in dataclasses.fields(program):
        value = getattr(program, entry.name)
        if entry.name not in ("scope", "other") and (value or value is False):
            out.add(f"{entry.name}:{str(value).replace(' ', '-')}")
    of = str(getattr(program, "of", ""))
    land, _, suffix = of.partition(" ")
    out |= {f"of:{land}"} if suffix else set()
    out |= {f"suffix:{suffix}"} if suffix in ("loss", "gain", "change") else set()
    out |= {"band"} if of in bands else {"index"} if _is_index(of) and of not in FACTS else set()
    out |= {"undirected"} if getattr(program, "direction", None) == "" and (of_change(program)) else set()
    out |= {"limit"} if hasattr(program, "limit") else set()
    out |= {"min"} if getattr(program, "min_hectares", 0) else set()
    for scope in _scopes(program):
        dated = scope.start or scope.end or scope.months
        named = (
            ("dated", dated),
            ("place", scope.place != "all"),
            ("point", scope.point),
            ("scope:layer", scope.layer),
        )
        out |= {name for name, there in named if there}
    return frozenset(out)


def of_change(program: QuestionProgram) -> bool:
    """Return whether a program is about a change of land cover or of an index."""
    return program.kind == "change" or getattr(program, "which", "") == "change"


def unaccounted(
    slots: Slots, program: QuestionProgram, bands: Collection[str] = (), own: Collection[str] = ()
) -> list[str]:
    """Return the words, names and times of a question that its program does not represent, as the question writes them.

    Parameters
    ----------
    slots : Slots
        Parts that the question names.
    program : QuestionProgram
    bands : collection of str
        Names of the bands of the cube.
    own : collection of str
        Words from the title of the cube, which identify it.
    """
    said = facts(program, bands)
    found = [*_names(slots, program, said), *_times(slots, program), *_places(slots, program, said)]
    tokens = slots.tokens
    if tokens and tokens[0].endswith("n't"):  # "Isn't it greener?" asks whether it is
        tokens = tokens[1:]
    for i, word in enumerate(tokens):
        if _NUMBER.match(word):
            if not _number(word, tokens[i - 1] if i else "", program, said):
                found.append(word)
        elif word in WORD_OF and i and tokens[i - 1].startswith("‹") and word not in MEANINGS:
            continue  # its topic is checked above
        elif word not in own and not _known(word, said):
            found.append(word)
    if slots.unit and hasattr(program, "unit") and not _same_unit(slots.unit, program, said):
        found.append(slots.unit)
    found += [word for pattern, answers in _ANSWERS if (word := _asks(slots, pattern)) and not answers & said]
    return list(dict.fromkeys(found))


def _asks(slots: Slots, pattern: re.Pattern[str]) -> str:
    found = pattern.search(slots.text.lower())
    return found.group() if found else ""


def sentence(left: Collection[str], program: QuestionProgram) -> str:
    """Return a sentence that names the unrepresented words and states what would be computed without them."""
    named = ", ".join(repr(w[:30]) for w in list(left)[:3])
    plan = plan_of(program).removeprefix("Plan: ")
    return f"The meaning of {named} in this question is not clear. Without it, the program would {plan}"


def _known(word: str, said: frozenset[str]) -> bool:
    if word.startswith("‹") or len(word) == 1:
        return True
    forms = (word, word.removesuffix("'s"), word.removesuffix("'"))
    for form in (*forms, word.removesuffix("s"), f"{word}s") if len(word) > 3 else forms:
        named = {f"of:{form}", f"than:{form}", f"method:{form}", f"method:break-{form}"}
        if form in HARMLESS or named & said or MEANINGS.get(form, frozenset()) & said:
            return True
    parts = word.split("-")
    return len(parts) > 1 and all(_known(p, said) for p in parts)


def _number(word: str, before: str, program: QuestionProgram, said: frozenset[str]) -> bool:
    limit = getattr(program, "limit", None)
    if limit is not None and abs(float(word) - abs(limit)) < 1e-6:
        return True
    if before in ("km", "m") and word == "2":
        return True
    of = str(getattr(program, "of", ""))
    return ("band" in said and word in (*re.findall(r"\d", of), "1", "2.2", "1.6")) or "of:satellite" in said


def _names(slots: Slots, program: QuestionProgram, said: frozenset[str]) -> Iterator[str]:
    """Yield the topics of a question that the program is not about."""
    asked = {str(getattr(program, n, "")) for n in ("of", "than", "to")} | {s.cover for s in _scopes(program)}
    asked |= {a.partition(" ")[0] for a in asked}
    for topic in slots.topics:
        name, (land, _, suffix) = topic.name, topic.name.partition(" ")
        if name in asked or name in IMAGES or program.kind in ("describe", "settlement"):
            continue
        if suffix in ("loss", "gain") and (land in asked or program.kind in ("change", "event")):
            continue
        if land in UNIONS and ("index" in said or asked & set(_PLANTS)):
            continue
        if name in INDICES and asked & set(_PLANTS) and (not topic.noun or program.kind in ("presence", "change")):
            continue
        if name == "cloud" and "clear image" in asked:
            continue
        if program.kind in ("fact", "event") or (isinstance(program, Change) and not program.of and land in COVERS):
            continue
        if name == "NDVI" and not topic.noun and "of:green" in said:
            continue
        if name == "NDMI" and "water" in asked:
            continue
        yield name


def _times(slots: Slots, program: QuestionProgram) -> Iterator[str]:
    """Yield the periods of a question that no scope of the program contains."""
    if program.kind == "outlook":
        return
    scopes = _scopes(program)
    for date in slots.dates:
        if not any(_holds(scope, date) for scope in scopes) and not _spans(scopes, date):
            yield words.when(date.start, date.end).strip() if date.start and date.end else (date.start or "the time")


def _spans(scopes: list[Scope], date: Found) -> bool:
    """Return whether the two compared times are the ends of the named one."""
    if len(scopes) == 2 and date.months and not date.start:
        return {date.months[0], date.months[-1]} <= {m for scope in scopes for m in scope.months}
    years = {scope.start[:4] for scope in scopes} | {scope.end[:4] for scope in scopes}
    return len(scopes) == 2 and bool(date.start) and {date.start[:4], date.end[:4] or max(years)} <= years


def _holds(scope: Scope, date: Found) -> bool:
    if date.months and not date.start:
        return set(date.months) <= set(scope.months) or _month_of(scope) in date.months
    low, high = scope.start or "0000", scope.end or "9999"
    if not (scope.start or scope.end):
        return False
    # Comparing the same part of two years shifts the days of one of them, but not its year.
    start, end = date.start or low, date.end or high
    return low[:4] <= start[:4] and end[:4] <= high[:4]


def _month_of(scope: Scope) -> int:
    return int(scope.start[5:7]) if scope.start and scope.start[:7] <= scope.end[:7] else 0


def _places(slots: Slots, program: QuestionProgram, said: frozenset[str]) -> Iterator[str]:
    used = {scope.place for scope in _scopes(program)}
    free = said & {"by:half", "by:quarter", "how:nearest", "of:place"}
    free |= said & {"kind:fact"} if "index" not in said else frozenset()
    for place in slots.places:
        if place not in used and not free:
            yield place


def _same_unit(unit: str, program: QuestionProgram, said: frozenset[str]) -> bool:
    return getattr(program, "unit", "") == unit or "min" in said or program.kind in ("fact", "threshold")


def _scopes(program: QuestionProgram) -> list[Scope]:
    other = getattr(program, "other", None)
    return [program.scope] if other is None else [program.scope, other]


def _is_index(of: str) -> bool:
    return bool(of) and of.partition(" ")[0] not in (*COVERS, *UNIONS, *SKIES, *IMAGES, "change", "image", "clear")
