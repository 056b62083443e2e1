"""Questions about the uncertainty of an answer: its interval, and the errors that the interval covers.

"How sure is that area?" refers to the last answer, so it has no program.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from eowidgets.analysis.ask import words
from eowidgets.analysis.ask.answer import Answer, refuse
from eowidgets.analysis.ask.interval import Interval
from eowidgets.analysis.ask.language import COVERS, UNIONS

_FIGURE = r"(?:area|figure|number|value|estimate|result|answer|size|amount|slope|trend|date|forecast|interval|loss|hectares|one)"
_THAT = rf"(?:that|this|it|(?:that|this|the|your|these|those) (?:last )?{_FIGURE})"
_HOW = r"(?:sure|certain|accurate|reliable|exact|precise|trustworthy|good|confident|uncertain)"
_ERROR = (
    r"(?:standard error|margin of error|error margin|errors?|uncertainty|uncertainties|accuracy|precision|confidence interval"
    r"|confidence|interval|error bars?)"
)
_ASKS = re.compile(
    rf"^(?:and |but |so |ok |okay |now )?(?:"
    rf"how {_HOW} (?:is|are|was) {_THAT}|how {_HOW} (?:are|can) (?:you|we|i) (?:be )?(?:of|about) {_THAT}"
    rf"|how (?:large|big|wide|high) is (?:the|its) {_ERROR}(?: (?:of|on|for) {_THAT})?"
    rf"|(?:what|which) (?:is|are) (?:the|its) {_ERROR}(?: (?:of|on|for|in) {_THAT})?"
    rf"|(?:can|how far can) (?:i|we) (?:trust|rely on) {_THAT}"
    rf")$"
)
#: How to obtain a confidence interval of an area.
SAMPLE = (
    "A labelled random sample gives the accuracy of the map, and an error-adjusted area with a 95 % confidence "
    "interval: eow.sample, then eow.accuracy."
)
#: Kind of answer -> the errors that its interval covers, and those that it does not.
_COVERS = {
    "change": (
        "It ranges from the pixels that moved twice as far as needed to all pixels whose class differs: it covers the distance "
        "that a pixel must move to count as changed. It is not a confidence interval, and does not cover pixels whose land cover "
        f"is wrong in both years, or changes too small to be mapped. {SAMPLE}"
    ),
    "trend": (
        "It is the 95 % interval of the Theil–Sen slope, and covers the scatter of the yearly values. It does "
        "not cover errors that all "
        "images of some years share, such as another calibration or missed clouds, or autocorrelation between years "
        "(eow.trend(..., autocorrelation=...) allows for that)."
    ),
    "season": (
        "It is 1.96 standard deviations of a typical pixel on each side, and covers the noise of the observations around the "
        "curve, if their errors are independent. It does not cover gaps without images, the differences between pixels, or "
        "another choice of curve or threshold "
        "(eow.phenology(..., method=..., threshold=...))."
    ),
    "outlook": (
        "It is an 80 % interval, and covers the errors of forecasts of past years. It does not cover events without a "
        "precedent, such as felling or a new crop."
    ),
}
#: Kinds of answers based on a land cover map.
_MAPPED = ("area", "share", "count", "presence", "compare", "threshold", "describe", "locate", "change")


def asks(question: str) -> bool:
    """Return whether a question is about the uncertainty of the last answer.

    Examples
    --------
    >>> asks("How sure is that area?"), asks("What is the error of that figure?"), asks("How accurate is the forest map?")
    (True, True, False)
    """
    plain = re.sub(r"\b(what|how)'s\b", r"\1 is", question.lower().replace("’", "'"))
    return bool(_ASKS.match(re.sub(r"[^a-z0-9' ]+", "", plain).strip()))


def stated(question: str, history: Sequence[Answer]) -> Answer:
    """Answer from the interval of the last answer; the program stays the last one, so that a dialogue can continue."""
    before = history[-1] if history else None
    if before is None or before.abstained:
        return refuse(question, "There is no previous answer: ask for an area first, then for its uncertainty.")
    kind = before.program.kind if before.program is not None else ""
    held = before.interval
    if held is None:
        return refuse(question, _without(kind, before), before.program)
    text = f"{held.figure}, {_ends(held)}. {_COVERS[kind]}"
    code = "\n".join([*before.code.splitlines()[:-1], f"answer = {held.code}"])
    value = {"low": held.low, "high": held.high}
    return replace(before, question=question, text=text, value=value, unit=held.unit, code=code)


def _ends(held: Interval) -> str:
    unit = {"km2": "km²", "m2": "m²"}.get(held.unit, held.unit)
    if isinstance(held.low, str) or isinstance(held.high, str):
        return f"and its interval goes from {held.low} to {held.high}"
    if held.unit in words.UNITS:
        return f"and its interval goes from {words.number(held.low)} to {words.number(held.high)} {unit}"
    return f"and its interval goes from {held.low:.3g} to {held.high:.3g} {unit}".rstrip()


def _without(kind: str, before: Answer) -> str:
    """Return a sentence for an answer without interval, with a way to obtain one."""
    said = "That answer has no interval"
    of = getattr(before.program, "of", "")
    if kind in _MAPPED and of in ("", "change", *COVERS, *UNIONS):
        return f"{said}: it counts pixels of a class map, and inherits the errors of that map. {SAMPLE}"
    return f"{said}: it is computed directly from the images."
