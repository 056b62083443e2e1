"""Remove statements of users about themselves from the question that follows."""

from __future__ import annotations

import re

from eowidgets.analysis.ask.dates import find_dates
from eowidgets.analysis.ask.lexicon import DRAWN, PLACE

_ASKS = r"(?:what|which|when|where|how|who|why|on|in|at|by|from|is|are|was|were|did|does|do|has|have|can|could)"
#: Beginning of a sentence about the user.
_OF_ME = re.compile(r"^\W*(?:i|we|my|our|i'm|we're|i've|we've|i'd|we'd|as an?|for (?:an?|my|our|the))\b", re.IGNORECASE)
#: Clause that leads from the user to the question: "for a school project I need to know".
_LEADS = re.compile(
    r"^\W*(?:i|we|my|our|i'm|we're|i've|we've|i'd|we'd|as an?|for (?:an?|my|our|the))\b[^.?!]{0,90}?"
    r"\b(?:know|wondering|wonder|find out|understand|learn|work out|asks?|asked|tell (?:me|us)|curious|determine)\b"
    rf"(?: about)?(?: me| us)?[,:]? (?=(?:whether|if|{_ASKS})\b)",
    re.IGNORECASE,
)
#: Words that narrow the question; a sentence that contains one is kept.
_NARROWS = re.compile(
    r"\d|\b(?:only|just|except\w*|without|not|no|never|ignor\w+|exclud\w+|outside|inside|within|interested|care|focus\w*|mean"
    r"|limit|instead|drew|drawn|selected|marked|parcels?|layers?|standing at|than)\b",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"\b(?:about|of|on) (?:the |an? )?(?P<n>[\w-]+(?: [\w-]+)?)\W*$", re.IGNORECASE)
_BACK = re.compile(r"\b(?:that|this|it)\b", re.IGNORECASE)


def without_introduction(text: str) -> str:
    """Return the question without sentences and clauses about the user.

    Sentences that narrow the question (numbers, places, "only", a time that the question itself does not name) are
    kept.

    Examples
    --------
    >>> without_introduction("We are writing an article about lakes. How much water is there?")
    'How much water is there?'
    >>> without_introduction("I only need 2019. How much forest is there?")
    'I only need 2019. How much forest is there?'
    """
    parts = re.split(r"(?<=[.!;])\s+(?=[A-Z])", text.strip())
    while len(parts) > 1 and _OF_ME.match(parts[0]) and not _needed(parts[0], " ".join(parts[1:])):
        head, parts = parts[0], parts[1:]
        named = _ABOUT.search(head)
        if named and re.match(r"^\W*(?:what|how)\b[^?]*\b(?:that|this|it)\b", parts[0], re.IGNORECASE):
            parts[0] = _BACK.sub(lambda _, name=named["n"]: name, parts[0], count=1)
    text = " ".join(parts)
    lead = _LEADS.match(text)
    return text[lead.end() :] if lead and not _needed(lead.group(), text[lead.end() :]) else text


def _needed(said: str, rest: str) -> bool:
    """Return whether an introduction contains information that the question lacks."""
    low = said.lower()
    if _NARROWS.search(low) or PLACE.search(low) or DRAWN.search(low):
        return True
    return bool(find_dates(low, "", "2000-01-01")) and not find_dates(rest.lower(), "", "2000-01-01")
