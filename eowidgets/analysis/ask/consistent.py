"""A check that every answer passes: its sentence must agree with its own numbers.

A program that answers yes or no, or gives a number with an interval, states a :class:`Claim`. The sentence is then
parsed independently: whether it begins as the numbers require, contains the numbers, uses words of direction and
differences with the right sign, and has matching units and intervals. A wrong yes or no is replaced by the right one;
any other contradiction turns the answer into an abstention.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from eowidgets.analysis.ask import words

if TYPE_CHECKING:
    from eowidgets.analysis.ask.answer import Answer

Relation = Literal[">", ">=", "<", "<="]
#: Below the first confidence an answer is marked as uncertain; below the second there is no answer.
UNCERTAIN, NONE = 0.5, 0.25
PREFIX = "Uncertain: "
_OPENING = re.compile(rf"^(?:{PREFIX})?(Yes|No)\b")
_N = r"[-+−]?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?"
_WENT = re.compile(rf"\bwent from ({_N})[^.;]*? to ({_N})(?:[^()]*?\(({_N}) ?(?:ha|km²|m²|%|[A-Za-z]*)\))?")
_INTERVAL = re.compile(rf"\((?:\d+ % )?(?:interval )?({_N}) to ({_N})(?: (?:ha|km²|m²|%))?[,)]")
_OF = re.compile(r"\bon (\d+) of (\d+) dates?\b")
_PERCENT = re.compile(rf"({_N}) %")
_WORD = re.compile(r"\bis (rising|falling|neither rising nor falling)\b")
_SIGNS = {"ha": "ha", "km2": "km²", "m2": "m²", "%": "%"}


@dataclass(frozen=True, slots=True)
class Claim:
    """The statement of a sentence: ``left`` is above or below ``right``, or a value lies in an interval.

    Parameters
    ----------
    left, right : float
        The numbers compared, in the unit of the sentence.
    relation : {">", ">=", "<", "<="} or ""
        The comparison of a yes-no question; empty for other questions.
    negated : bool
        Whether the question is negated ("free of cloud").
    shown : tuple of str
        Numbers as the sentence writes them; each must occur in it.
    interval : (float, float), optional
        Interval that contains ``left``.

    Examples
    --------
    >>> Claim(0.68, 0.76, ">").holds
    False
    """

    left: float
    right: float = 0.0
    relation: Relation | Literal[""] = ""
    negated: bool = False
    shown: tuple[str, ...] = ()
    interval: tuple[float, float] | None = None

    @property
    def holds(self) -> bool:
        """Whether the answer to the question is yes."""
        a, b = self.left, self.right
        found = {">": a > b, ">=": a >= b, "<": a < b, "<=": a <= b, "": True}[self.relation]
        return bool(found != self.negated)

    @property
    def opening(self) -> str:
        """``"Yes"`` or ``"No"``."""
        return "Yes" if self.holds else "No"


def contradictions(text: str, value: object, unit: str = "", claim: Claim | None = None) -> list[str]:
    """Return the contradictions between a sentence and its numbers; an empty list if they agree.

    Parameters
    ----------
    text : str
    value : object
        The value of the answer.
    unit : str
    claim : Claim, optional

    Examples
    --------
    >>> contradictions("Yes: mean NDVI went from 0.76 to 0.68.", True, "", Claim(0.68, 0.76, ">"))
    ['the sentence says Yes, but its numbers No']
    """
    found = []
    opening = _OPENING.match(text)
    if claim is not None:
        found += _against_claim(text, value, claim, opening.group(1) if opening else "")
    if isinstance(value, bool) and opening and (opening.group(1) == "Yes") != value:
        found.append(f"the sentence says {opening.group(1)}, but the value is {value}")
    for a, b, change in _WENT.findall(text):
        if change and _sign(_float(b) - _float(a)) * _sign(_float(change)) < 0:
            found.append(f"the sentence goes from {a} to {b}, but says {change}")
    if not isinstance(value, bool) and isinstance(value, int | float):
        found += _against_value(text, float(value), unit)
    for seen, of in _OF.findall(text):
        if int(seen) > int(of):
            found.append(f"{seen} of {of} dates")
    found += [f"{p} % is not a share" for p in _shares(text) if not 0 <= p <= 100]
    return found


def _against_claim(text: str, value: object, claim: Claim, opening: str) -> list[str]:
    found = []
    if claim.relation:
        if opening and opening != claim.opening:
            found.append(f"the sentence says {opening}, but its numbers {claim.opening}")
        if not opening:
            found.append("the sentence says neither Yes nor No")
        if isinstance(value, bool) and value != claim.holds:
            found.append(f"the value is {value}, but the numbers say {claim.opening}")
    found += [f"the sentence lacks the number {n}" for n in claim.shown if n not in text]
    if claim.interval is not None:
        low, high = claim.interval
        slack = 1e-6 * max(abs(low), abs(high), 1e-9)
        if not low - slack <= claim.left <= high + slack:
            found.append(f"{claim.left:g} lies outside its interval, {low:g} to {high:g}")
    return found


def _against_value(text: str, value: float, unit: str) -> list[str]:
    found = []
    sign = _SIGNS.get(unit)
    if sign is not None and f" {sign}" not in text:
        found.append(f"the value is in {sign}, which the sentence does not state")
    if unit in ("%", "ha", "km2", "m2"):
        written = words.percent(abs(value)) if unit == "%" else words.hectares(abs(value), unit)
        if written not in text:
            found.append(f"the sentence does not state {written}")
    word = _WORD.search(text)
    for low, high in _INTERVAL.findall(text)[:1]:
        a, b = _float(low), _float(high)
        if a > b or (word and not _about(a) <= value <= _about(b, up=True)):
            found.append(f"{value:g} lies outside {low} to {high}")
        if word and {"rising": a < 0, "falling": b > 0}.get(word.group(1), False):
            found.append(f"the sentence says {word.group(1)}, but the interval goes from {low} to {high}")
    if word and _sign(value) * {"rising": 1, "falling": -1}.get(word.group(1), 0) < 0:
        found.append(f"the sentence says {word.group(1)}, but the slope is {value:g}")
    return found


def checked(answer: Answer, claim: Claim | None = None) -> Answer:
    """Return the answer if its sentence agrees with its numbers, else the opposite answer, or an abstention.

    Parameters
    ----------
    answer : Answer
    claim : Claim, optional
        The statement that the numbers make.

    Returns
    -------
    Answer
        An answer whose sentence agrees with its numbers.
    """
    if answer.abstained or not contradictions(answer.text, answer.value, answer.unit, claim):
        return answer
    if claim is not None and claim.relation and isinstance(answer.value, bool):
        turned = _OPENING.sub(lambda m: m.group(0).replace(m.group(1), claim.opening), answer.text)
        if not contradictions(turned, claim.holds, answer.unit, claim):
            return replace(answer, text=turned, value=claim.holds)
    reason = "The answer is withheld, because its sentence does not agree with its numbers: please report the question."
    return replace(answer, text=reason, reason=reason, abstained=True, value=None, unit="", confidence=0.0)


def marked(answer: Answer) -> Answer:
    """Mark an answer of low confidence in its sentence; abstain if the confidence is very low.

    Below 0.5 the sentence begins with "Uncertain: "; below 0.25 there is no answer.
    """
    if answer.abstained or answer.confidence >= UNCERTAIN or answer.text.startswith(PREFIX):
        return answer
    if answer.confidence < NONE:
        reason = (
            f"The confidence of the answer is too low ({100 * answer.confidence:.0f} %): ask more exactly, or about "
            "a clearer time."
        )
        return replace(answer, text=reason, reason=reason, abstained=True, value=None, unit="")
    return replace(answer, text=PREFIX + answer.text)


def _float(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


def _about(value: float, *, up: bool = False) -> float:
    """Return a printed number with the tolerance of half of its second digit."""
    return value + abs(value) * 0.06 * (1 if up else -1) + (1e-9 if up else -1e-9)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _shares(text: str) -> Sequence[float]:
    """Return the percentages in a sentence that are shares, not slopes or their intervals."""
    plain = re.sub(r"[-+−]?[\d.e-]+ % (?:of the place )?a year[^.;]*", "", text)
    return [_float(p) for p in _PERCENT.findall(plain) if not p.startswith(("+", "-", "−"))]
