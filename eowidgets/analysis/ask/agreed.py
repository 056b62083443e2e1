"""Choose between two interpretations of a question: that of the rules, and that of the sentence encoder.

A wrong answer costs as much as ten refusals. The limit minimises this cost when each set of questions is left out in
turn and interpreted by the rules as they were before that set was used for development (``benchmarks/RESULTS.md``).
"""

from __future__ import annotations

from dataclasses import dataclass

from eowidgets.analysis.ask.language import AreaOf, Change, Compare, Fact, QuestionProgram, Share
from eowidgets.analysis.ask.plan import plan_of

#: Probability from which the encoder is used where the rules find no program, or another one.
SURE = 0.6
#: Kinds of programs without training data for the encoder: their patterns are narrow, and the encoder is not used.
RULES_ALONE = ("season",)
Decision = tuple[QuestionProgram | None, float, str]


@dataclass(frozen=True, slots=True)
class Read:
    """The interpretation of a question by one reader.

    Attributes
    ----------
    program : QuestionProgram or None
    sure : float
        Probability that the program is the intended one.
    reason : str
        Reason for a missing program.
    kind : str
        The kind of question where no program could be built, including ``"unanswerable"``.
    named : bool
        Whether the reason names the unsupported quantity.
    """

    program: QuestionProgram | None
    sure: float
    reason: str = ""
    kind: str = ""
    named: bool = False


def decided(rules: Read, encoder: Read) -> Decision:
    """Return the program to run, its probability, and the reason if there is none.

    Examples
    --------
    >>> from eowidgets.analysis.ask.language import Presence, Share
    >>> decided(Read(Presence(), 0.95), Read(Share(), 0.5))[2]
    'This can be meant in two ways: to check whether there is any forest, or to measure the share of forest. Ask for one
    of them.'
    """
    if rules.program is None:
        if encoder.program is not None and encoder.sure >= SURE:
            return encoder.program, encoder.sure, ""
        return None, 0.0, rules.reason or encoder.reason
    if encoder.program is None:
        if encoder.kind == rules.program.kind or {encoder.kind, rules.program.kind} == {"area", "share"}:
            return rules.program, rules.sure, ""
        return (
            None,
            0.0,
            encoder.reason
            or f"The question is ambiguous. One meaning is to {_plan(rules.program)}: ask for that in plain words.",
        )
    if encoder.program == rules.program or _alike(rules.program, encoder.program):
        return rules.program, max(rules.sure, encoder.sure), ""
    if encoder.sure >= SURE:
        return encoder.program, encoder.sure, ""
    both = f"to {_plan(rules.program)}, or to {_plan(encoder.program)}"
    return None, 0.0, f"This can be meant in two ways: {both}. Ask for one of them."


def _alike(one: QuestionProgram, other: QuestionProgram) -> bool:
    """Return whether two programs have equivalent answers: an amount in hectares or percent, a fact in another unit."""
    if isinstance(one, Fact) and isinstance(other, Fact):
        return one.of == other.of
    if isinstance(one, Compare) and isinstance(
        other, Change
    ):  # "the difference of NDVI between" is how much it changed
        return one.of == other.of and (one.relation, other.ask) == ("difference", "amount")
    plain = all(isinstance(p, AreaOf | Share) and not getattr(p, "negated", False) for p in (one, other))
    return plain and one.scope == other.scope and one.of == other.of  # type: ignore[attr-defined]


def _plan(program: QuestionProgram) -> str:
    return plan_of(program).removeprefix("Plan: ").removesuffix(".")
