"""Read the kinds of questions outside the grammar of the parser, and complete the programs of the parser."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from eowidgets.analysis.ask.kinds.amounts import (
    absence,
    alone,
    at_point,
    band,
    became,
    complement,
    extreme_value,
    how_much,
    mean,
)
from eowidgets.analysis.ask.kinds.compared import compared_covers, compared_times, difference, rank
from eowidgets.analysis.ask.kinds.cube_facts import fact
from eowidgets.analysis.ask.kinds.dated import image_day, moved, sky_on
from eowidgets.analysis.ask.kinds.events_read import event
from eowidgets.analysis.ask.kinds.given import Given
from eowidgets.analysis.ask.kinds.growing_season import growing_season
from eowidgets.analysis.ask.kinds.limited import extent, threshold
from eowidgets.analysis.ask.kinds.patterns import DOWN, LOST, NEGATED, NONE, UP, YES_NO
from eowidgets.analysis.ask.kinds.refused import named_elsewhere, refusal
from eowidgets.analysis.ask.language import (
    COVERS,
    IMAGES,
    AreaOf,
    Change,
    Compare,
    Count,
    Describe,
    Presence,
    QuestionProgram,
    Share,
    When,
)
from eowidgets.analysis.ask.slots import Slots

_CLIMATE_SEASON = re.compile(r"\b(?:dry|wet|rainy|growing) season\b", re.IGNORECASE)
#: Comparison of the future with another time: "Will it be greener in December than it was in August?"
_AHEAD_OF_ANOTHER = re.compile(
    r"\bwill\b.*\bthan (?:it |they )?(?:was |were )?(?:in |during )?(?:the )?(?:last |this )?(?:spring|summer|autumn|winter"
    r"|jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)",
    re.IGNORECASE,
)
_METHOD = re.compile(r"\b(?P<name>(?:break|change)-[a-z]+|ccdc|bfast|landtrendr|cusum|ewma|sccd)\b")


def read(text: str, slots: Slots, given: Given) -> QuestionProgram | str | None:
    """Return the program of a question of these kinds, a sentence that refuses it, or None for the parser.

    Parameters
    ----------
    text : str
        The question, cleaned and plain, without coordinates.
    slots : Slots
        Parts that the question names.
    given : Given
    """
    elsewhere = named_elsewhere(text, slots, given)
    if elsewhere:
        return elsewhere
    if _AHEAD_OF_ANOTHER.search(text):
        return "A forecast is compared with the same days of the last observed year: leave the other time out."
    growing = growing_season(text.lower().rstrip(" ?.!"), slots, given)
    if growing is not None:
        return growing
    if _CLIMATE_SEASON.search(text):
        return "The months of the dry, wet or growing season are not known for this place: name the months."
    for reader in _READERS:
        found = reader(text.lower().rstrip(" ?.!"), slots, given)
        if found is not None:
            return found
    sentence = refusal(text, slots, given)
    return sentence or None


def refine(text: str, program: QuestionProgram, given: Given, *, counted: bool = True) -> QuestionProgram | str:
    """Add what its reader omits to a program: a negation, a direction or a method; or return a refusal.

    With ``counted``, only words for images count as images, because the grammar accepts any word.
    """
    low = text.lower()
    if isinstance(program, Presence) and not program.negated and NONE.search(low):
        return replace(program, negated=True)
    if NEGATED.search(low) and not isinstance(program, Presence) and YES_NO.search(low):
        return "The question contains a negation: ask it without, so that yes and no are unambiguous."
    counts = isinstance(program, Count) and program.of in IMAGES
    if counted and counts and re.match(rf"^(?:and )?how many (?!{_COUNTED})", low):
        return "Only images, dates and patches are counted: ask how many of these there are."
    if isinstance(program, Describe) and re.search(
        r"\b(?:increas\w+|decreas\w+|gr[eo]w\w*|shr[iau]nk\w*|chang\w+|lost|gained)\b", low
    ):
        return Change(program.scope)
    if (
        isinstance(program, Presence)
        and program.of in COVERS
        and re.search(r"\b(?:grow(?:n|ing)? back|regrow\w*|recover\w*)\b", low)
    ):
        return Change(program.scope, program.of, "whether", "gain")
    if isinstance(program, AreaOf | Share) and program.of in COVERS and re.search(_GONE, low):
        unit = "%" if isinstance(program, Share) else program.unit
        program = Change(program.scope, program.of, "amount", "loss", unit=unit)
    if (
        isinstance(program, When)
        and program.which == "change"
        and not program.of
        and re.search(r"\b(?:constructi\w+|built|building)\b", low)
    ):
        return replace(program, of="built-up", direction="gain")
    if isinstance(program, When) and program.which == "change" and program.of in COVERS and re.search(_CAME, low):
        return replace(program, direction="gain")
    moved = UP.search(low) or DOWN.search(low) or LOST.search(low) or re.search(_CAME, low)
    changed = re.search(r"\bchang(?:e|ed|es)\b", low) and not moved
    if isinstance(program, Change) and program.ask == "whether" and program.direction and changed:
        program = replace(program, direction="")  # a change is neither loss nor gain
    if isinstance(program, Change):
        net = _net(low, program)
        if net is not None:
            return net
        program = _directed(low, program)
        method = _METHOD.search(low)
        if method and program.ask in ("amount", "whether", "what"):
            name = method["name"] if "-" in method["name"] else f"break-{method['name']}"
            program = replace(program, method=name, ask="amount" if program.ask == "what" else program.ask)
    return program


#: Verbs of loss and of gain, which the grammar does not distinguish.
_GONE = (
    r"\b(?:lost|built (?:over|upon)|paved|sealed|converted|turned into|replaced|vanish\w*|disappear\w*|cleared|felled"
    r"|(?:was|were|been) cut|cut down|gone|removed|deforested)\b"
)

_CAME = r"\b(?:appear\w*|built(?![- ]up)|constructed|emerg\w*|c[ao]me(?: up| into being)?|planted|gained|new)\b"


#: Words that may follow "how many" in a question for images.
_COUNTED = (
    r"(?:of |the |these |those |single |different |separate |such |good |clear |clean |usable |available |satellite |cloud-?free "
    r"|cloudless |cloudy |free |total |in |do |are |did |were |unclouded |sentinel-2 |sentinel |landsat |modis |raw |valid )*"
    r"(?:images?|dates?|days?|pictures?|scenes?|photos?|acquisitions?|observations?|frames?|records?|recordings?|overpass\w*"
    r"|time ?steps?|snapshots?|composites?|shots?|views?|times|data|series|imagery|there|we|you|it)\b"
)
_NET_UP = re.compile(r"\b(?:increas\w+|grow|grown|grew|expand\w*|spread|larger|bigger)\b")
_NET_DOWN = re.compile(r"\b(?:decreas\w+|shr[iau]nk|declin\w+|smaller|reced\w+)\b")


def _net(low: str, program: Change) -> Compare | None:
    """Convert "did the forest grow?" to a comparison of two years, because losses and gains both count."""
    scope = program.scope
    up, down = bool(_NET_UP.search(low)), bool(_NET_DOWN.search(low))
    if program.ask != "whether" or program.of not in COVERS or up == down or not (scope.start and scope.end):
        return None
    first, last = scope.start[:4], scope.end[:4]
    if first == last or scope.start[5:] != "01-01" or scope.end[5:] != "12-31":
        return None
    years = [replace(scope, start=f"{y}-01-01", end=f"{y}-12-31") for y in (last, first)]
    return Compare(years[0], program.of, relation="more" if up else "less", other=years[1])


def _directed(low: str, program: Change) -> Change:
    """Add the direction in the words of a question: "did it get greener" asks for an increase."""
    if not program.of or program.ask not in ("whether", "amount"):
        return program
    if program.of in COVERS and (program.direction or program.ask == "amount"):
        return program
    reduced = bool(re.search(r"\bless (?:green|lush|healthy|wet|moist)\b", low))
    up, down = bool(UP.search(low)) and not reduced, bool(DOWN.search(low)) or reduced
    return program if up == down else replace(program, direction="gain" if up else "loss")


def asked_direction(question: str) -> str:
    """Return ``"rising"`` or ``"falling"`` for a yes-no question about a trend, else an empty string.

    Examples
    --------
    >>> asked_direction("Is the forest shrinking?"), asked_direction("What is the trend of NDVI?")
    ('falling', '')
    """
    low = question.lower()
    if not YES_NO.search(low) or NEGATED.search(low):
        return ""
    reduced = bool(re.search(r"\bless (?:green|lush|healthy|wet|moist|cloudy|snowy)\b", low))
    up, down = bool(UP.search(low)) and not reduced, bool(DOWN.search(low)) or reduced
    if "trend" in low:
        up, down = up or bool(re.search(r"\b(?:positive|upward)\b", low)), down or bool(re.search(r"\bnegative\b", low))
    return "" if up == down else "rising" if up else "falling"


_READERS: tuple[Callable[[str, Slots, Given], QuestionProgram | str | None], ...] = (
    fact, event, compared_covers, compared_times, difference, moved, sky_on, became, how_much, extreme_value, extent,
    complement, band, absence, at_point, image_day, rank, threshold, mean, alone,
)  # fmt: skip
