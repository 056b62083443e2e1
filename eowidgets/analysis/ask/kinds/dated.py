"""Questions about images by date, about snow and cloud on dates, and about the change of an index between two years."""

from __future__ import annotations

import re
from dataclasses import replace

from eowidgets.analysis.ask.kinds.given import Given
from eowidgets.analysis.ask.kinds.patterns import CUBE, LIMIT, NEGATED, NONE, indices_in
from eowidgets.analysis.ask.language import COVERS, IMAGES, SKIES, Change, Count, Presence, QuestionProgram, When
from eowidgets.analysis.ask.scopes import scopes
from eowidgets.analysis.ask.slots import Slots


def image_day(low: str, slots: Slots, given: Given) -> QuestionProgram | None:
    """Read "First acquisition of the 1990s?", "What was the last day observed in 2019?"."""
    names = [t.name for t in slots.topics]
    if re.match(r"^when (?:was|were|did)\b.*\b(?:built|constructed|construction|construct)\b", low) and not names:
        return When(scopes(slots, "change")[0], "built-up", "change", "gain")
    edge = re.search(
        rf"^when (?:does|do|did) (?:the |this |our )?(?:{CUBE}|record|observations?)s? (?P<w>start"
        rf"|begin|end|stop)\w*$|\b(?P<v>start|beginning|end) of (?:the |this )?(?:{CUBE}"
        rf"|record)$",
        low,
    )
    if edge and all(n in IMAGES for n in names) and not slots.dates:
        return When(of="image", which="last" if (edge["w"] or edge["v"]) in ("end", "stop") else "first")
    if not all(n in IMAGES for n in names) or LIMIT.search(low) or slots.drawn:
        return None
    found = re.search(
        r"\b(?P<w>first|earliest|oldest|last|latest|newest|(?:most )?recent|final)\b(?: (?:available"
        r"|usable|clear|cloud-free|single|satellite|ever))* (?:day|date|‹m›|images?|pictures?"
        r"|scenes?|acquisitions?|observations?|photos?|overpass)\b",
        low,
    )
    asked = re.match(
        r"^(?:and )?(?:what|which|when|on what|on which|the |first|earliest|last|latest|most recent"
        r"|date of|day of|give|tell|show|name)\b",
        low,
    )
    if not found or not asked or re.search(r"\bhow\b", low):
        return None
    scope, _ = scopes(slots, "")
    of = (
        "clear image"
        if "clear image" in names or re.search(r"\b(?:clear|cloud[- ]?free|cloudless|usable)\b", low)
        else "image"
    )
    return When(scope, of, "first" if found["w"] in ("first", "earliest", "oldest") else "last")


_ROSE = re.compile(
    r"\b(?:rise[sn]?|rose|increased?|improved?|gr[eo]wn?|climb(?:ed)?|gone up|go up|went up|green(?:ed)? up"
    r"|get (?:greener|wetter|moister|higher)|become (?:greener|wetter|moister|higher)"
    r"|got(?:ten)? (?:greener|wetter|moister)|recover(?:ed)?)\b"
)

_FELL = re.compile(
    r"\b(?:falls?|fell|fallen|drop(?:ped|s)?|decreased?|declined?|shr[iau]nk|gone down"
    r"|go down|went down|sank|sunk|get (?:drier|dryer|browner|lower)|become (?:drier"
    r"|dryer|browner|lower)|got(?:ten)? (?:drier|dryer|browner)|deteriorated?|worsen(?:ed)?)\b"
)


def moved(low: str, slots: Slots, given: Given) -> QuestionProgram | None:
    """Read "Did NDVI rise between 2017 and 2020?": a change in one direction between two years."""
    if not re.search(r"(?:^|, )(?:and )?(?:did|has|have)\b", low) or LIMIT.search(low) or " than " in low:
        return None
    names = [t.name for t in slots.topics if t.name not in IMAGES]
    indices = indices_in(names, given)
    rose, fell = bool(_ROSE.search(low)), bool(_FELL.search(low))
    if len(indices) != 1 or rose == fell or NEGATED.search(low) or "ever" in low or any(n in SKIES for n in names):
        return None
    scope, _ = scopes(slots, "change")
    spans = scope.start and (not scope.end or scope.start[:4] != scope.end[:4])
    if not spans or not re.search(r"\b(?:between|from|since|after)\b", low):
        return None
    lands = [n for n in names if n in COVERS]
    return Change(replace(scope, cover=lands[0]) if lands else scope, indices[0], "whether", "gain" if rose else "loss")


def sky_on(low: str, slots: Slots, given: Given) -> QuestionProgram | None:
    """Read "Was the 30th of July 2020 cloudy?", "How many days had snow in 2018?"."""
    skies = [t.name for t in slots.topics if t.name in SKIES]
    if len(set(skies)) != 1 or LIMIT.search(low) or " than " in low:
        return None
    scope, _ = scopes(slots, "")
    if (
        re.match(
            r"^(?:and )?(?:on |in )?how many (?:of the )?(?:days|dates|images|pictures|scenes"
            r"|times|acquisitions|observations|‹m›)\b",
            low,
        )
        and not NONE.search(low)
        and not NEGATED.search(low)
    ):
        return Count(scope, f"{skies[0]} dates")
    day = scope.start and scope.start == scope.end
    if (
        day
        and re.match(r"^(?:and )?(?:is|are|was|were)\b", low)
        and re.search(r"\b(?:cloudy|overcast|snowy|snow-covered|hazy|clouded)$", low)
    ):
        return Presence(scope, skies[0])
    return None
