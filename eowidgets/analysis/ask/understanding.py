"""Interpretation of a question: several readers, and a check that no word is ignored."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.analysis.ask import agreed, dialogue, encoded, kinds, several, slots
from eowidgets.analysis.ask.accounted import sentence, unaccounted
from eowidgets.analysis.ask.context import span
from eowidgets.analysis.ask.dates import NO_DATE
from eowidgets.analysis.ask.language import QuestionProgram
from eowidgets.analysis.ask.parser import Parsed, parse
from eowidgets.analysis.ask.templates import vocabulary
from eowidgets.analysis.ask.tools import pixel_hectares
from eowidgets.cube import globe
from eowidgets.cube.grid import geobox
from eowidgets.cube.indices import available
from eowidgets.cube.schema import DIMS, bands
from eowidgets.errors import EowidgetsError

#: Confidence of a program by the narrow patterns of :mod:`.kinds`, and of one from the parts alone.
READ, COMPOSED = 0.95, 0.85
#: Confidence of the parser from which its program has precedence over that from the parts.
SURE = 0.75
#: A second question after the first; "and what does it measure" belongs to the first.
_TWO = re.compile(
    r"^.{8,},? and (?:what|when|where|which|who|how)\b(?! (?:does|is) it (?:measure|mean|used|good))[^?]{4,}\?*$",
    re.IGNORECASE,
)
_ONE_AT_A_TIME = "These are two questions: ask the first, then the second."
Reading = tuple[QuestionProgram | None, float, str]


@dataclass(frozen=True, slots=True)
class _Question:
    """A question in the forms that its readers need."""

    simple: str
    text: str
    found: slots.Slots
    parsed: Parsed
    point: tuple[float, float] | None
    given: kinds.Given

    def checked(self, program: QuestionProgram, sure: float, harmless: Collection[str] = ()) -> Reading:
        """Return the program if it represents every content word of the question, except known harmless ones."""
        if self.point is not None:
            program = replace(program, scope=replace(program.scope, point=self.point))
        own = (*self.given.title.lower().split(), *harmless)
        left = unaccounted(self.found, program, self.given.bands, own)
        return (None, 0.0, sentence(left, program)) if left else (program, sure, "")


def understood(cube: xr.Dataset, question: str, layers: Mapping[str, Any], before: QuestionProgram | None) -> Reading:
    """Return the program of a question, its probability, and the reason if there is none.

    Rules and the sentence encoder interpret it independently, and :mod:`.agreed` chooses. A program that ignores a
    content word of the question is rejected.
    """
    asked = _asked(cube, question, layers, before)
    if isinstance(asked, str):
        return None, 0.0, asked
    rules = _by_rules(asked, before)
    # Questions with coordinates, about causes or growing seasons, and parts of questions are for the rules alone.
    plain = rules.program is not None and (
        asked.point is not None
        or getattr(rules.program, "ask", "") == "cause"
        or rules.program.kind in agreed.RULES_ALONE
    )
    part = dialogue.follows(asked.found) or several.halves(asked.simple) is not None
    if plain or part or rules.named:
        return rules.program, rules.sure, rules.reason
    return agreed.decided(rules, _by_encoder(cube, asked, layers, before))


def _by_encoder(
    cube: xr.Dataset, asked: _Question, layers: Mapping[str, Any], before: QuestionProgram | None
) -> agreed.Read:
    """Interpret a question with the sentence encoder; references in a dialogue keep place and time."""
    first, last = span(cube)
    names = tuple(bands(cube))
    found = encoded.read(asked.text, first, last, indices_of(names), layers, asked.given)
    if found.program is None:
        return agreed.Read(None, found.sure, kind=found.kind)
    program = kinds.refine(asked.text, found.program, asked.given, counted=False)
    if isinstance(program, str):
        return agreed.Read(None, found.sure, program, kind=found.kind)
    if getattr(program, "ask", "") == "cause":
        return agreed.Read(None, found.sure, kind=found.kind)
    if before is not None:
        program = dialogue.remember(asked.found, program, before)
    checked, _, reason = asked.checked(program, found.sure, found.harmless)
    return agreed.Read(checked, found.sure, reason, kind=found.kind)


def both_understood(
    cube: xr.Dataset, halves: tuple[str, str], layers: Mapping[str, Any], before: QuestionProgram | None
) -> tuple[Reading, Reading]:
    """Interpret the two questions of a sentence; the second may omit parts that the first names."""
    first = understood(cube, halves[0], layers, before)
    asked, then = (_asked(cube, half, layers, None) for half in halves)
    if first[0] is None or isinstance(asked, str) or isinstance(then, str):
        return first, (None, 0.0, "")
    turned = several.turned(then.found, asked.found, first[0])
    if turned is not None:
        return first, (turned, first[1], "")
    return first, understood(cube, several.completed(halves[1], asked.found), layers, None)


def _asked(
    cube: xr.Dataset, question: str, layers: Mapping[str, Any], before: QuestionProgram | None
) -> _Question | str:
    """Return the question with its parts, or a sentence that refuses it."""
    first, last = span(cube)
    names = tuple(bands(cube))
    simple = kinds.rephrased(question, names, cube.sizes["time"])
    text, point = kinds.point_of(kinds.plain(simple, first, last), _bounds(cube))
    text = slots.clean(text)
    parsed = parse(text, first, last, indices=indices_of(names), layers=layers, before=before)
    if not text or len(text) > slots.LONGEST:
        return parsed.reason
    title = str(cube.attrs.get("title") or "")
    given = kinds.Given(names, _metres(cube), title, last, before is not None, point is not None)
    found = slots.read(text, first, last, indices_of(names), layers, vocabulary())
    if any(NO_DATE in (d.start, d.end) for d in found.dates):
        return parsed.reason
    return _Question(simple, text, found, parsed, point, given)


def _by_rules(asked: _Question, before: QuestionProgram | None) -> agreed.Read:
    """Interpret a question by rules; ``named`` if they refuse a named quantity or place."""
    program = kinds.read(asked.text, asked.found, asked.given)
    if isinstance(program, str):
        return agreed.Read(None, 0.0, program, named=True)
    return agreed.Read(*_by_grammar(asked, program, before))


def _by_grammar(asked: _Question, program: QuestionProgram | None, before: QuestionProgram | None) -> Reading:
    """Interpret a question by the kinds, else by the parser, else by its parts."""
    text, found, parsed, given = asked.text, asked.found, asked.parsed, asked.given
    readings = [] if program is None else [asked.checked(program, READ)]
    if program is None and parsed.program is not None:
        refined = kinds.refine(text, parsed.program, given)
        if isinstance(refined, str):
            return None, 0.0, refined
        readings.append(asked.checked(refined, parsed.confidence))
    if readings and readings[0][0] is not None and readings[0][1] >= SURE:
        return _alone(asked.simple, readings[0])
    if before is None or not dialogue.follows(found):
        composed = kinds.composed(text.lower().rstrip(" ?.!"), found, given)
        readings += [] if composed is None else [asked.checked(composed, COMPOSED)]
    good = [r for r in readings if r[0] is not None]
    if good:
        return _alone(asked.simple, max(good, key=lambda r: r[1]))
    return readings[0] if readings else (None, 0.0, parsed.reason)


def _alone(question: str, reading: Reading) -> Reading:
    """Return an interpretation unless the sentence contains a second question."""
    return (None, 0.0, _ONE_AT_A_TIME) if _TWO.search(question) else reading


def own_words(cube: xr.Dataset, layers: Mapping[str, Any]) -> frozenset[str]:
    """Return correct words in questions about this cube: from its title, bands, indices and layers."""
    named = [str(cube.attrs.get("title") or ""), *map(str, bands(cube)), *indices_of(tuple(bands(cube))), *layers]
    return vocabulary() | {w for n in named for w in re.findall(r"[^\W\d_]+", n.lower())}


def _metres(cube: xr.Dataset) -> float:
    """Return the side of a pixel in metres; that of Sentinel-2 if unknown."""
    try:
        return float(np.sqrt(pixel_hectares(cube) * 1e4))
    except EowidgetsError:
        return 10.0


def _bounds(cube: xr.Dataset) -> tuple[float, float, float, float] | None:
    try:
        west, south, east, north = globe.extent(geobox(cube))
    except (EowidgetsError, ValueError):
        return None
    return float(west), float(south), float(east), float(north)


@lru_cache(maxsize=32)
def indices_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the spectral indices that some bands allow, cached because the catalogue takes a tenth of a second."""
    empty = np.zeros((0, 0, 0), np.float32)
    found: tuple[str, ...] = available(xr.Dataset(dict.fromkeys(names, (DIMS, empty))))
    return found
