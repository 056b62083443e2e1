"""Decide between two readings of a question: that of the rules, and that of the encoder of sentences.

A wrong answer costs as much as ten refusals. The limit is among those that cost least where each set of questions is left out in
turn, and read by the rules as they were before somebody had looked at it (``benchmarks/RESULTS.md``).
"""

from __future__ import annotations

from dataclasses import dataclass

from eowidgets.analysis.ask.language import AreaOf, Change, Compare, Fact, Program, Share
from eowidgets.analysis.ask.plan import plan_of

#: Probability from which the encoder is followed where the rules read nothing, or something else.
SURE = 0.6
#: Kinds of programs that the encoder was not trained on: their patterns are narrow, and it has no veto.
RULES_ALONE = ("season",)
Decision = tuple[Program | None, float, str]


@dataclass(frozen=True, slots=True)
class Read:
    """What one reader makes of a question.

    Attributes
    ----------
    program : Program or None
    sure : float
        Probability that the program is what was meant.
    reason : str
        Why there is no program.
    kind : str
        What is asked, where no program could be made of it; ``"unanswerable"`` among it.
    named : bool
        Whether what cannot be told is named in the reason.
    """

    program: Program | None
    sure: float
    reason: str = ""
    kind: str = ""
    named: bool = False


def decided(rules: Read, encoder: Read) -> Decision:
    """Return the program to run, its probability, and where there is none the reason.

    Examples
    --------
    >>> from eowidgets.analysis.ask.language import Presence, Share
    >>> decided(Read(Presence(), 0.95), Read(Share(), 0.5))[2]
    'This can be meant in two ways: to look whether there is any forest, or to measure the share of forest. Ask for one of them.'
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
            or f"I am not sure what is asked. I could {_plan(rules.program)}: ask for that in plain words.",
        )
    if encoder.program == rules.program or _alike(rules.program, encoder.program):
        return rules.program, max(rules.sure, encoder.sure), ""
    if encoder.sure >= SURE:
        return encoder.program, encoder.sure, ""
    both = f"to {_plan(rules.program)}, or to {_plan(encoder.program)}"
    return None, 0.0, f"This can be meant in two ways: {both}. Ask for one of them."


def _alike(one: Program, other: Program) -> bool:
    """Whether two programs answer the same: "how much forest" in hectares or in percent, a fact in another unit."""
    if isinstance(one, Fact) and isinstance(other, Fact):
        return one.of == other.of
    if isinstance(one, Compare) and isinstance(
        other, Change
    ):  # "the difference of NDVI between" is how much it changed
        return one.of == other.of and (one.relation, other.ask) == ("difference", "amount")
    plain = all(isinstance(p, AreaOf | Share) and not getattr(p, "negated", False) for p in (one, other))
    return plain and one.scope == other.scope and one.of == other.of  # type: ignore[attr-defined]


def _plan(program: Program) -> str:
    return plan_of(program).removeprefix("Plan: ").removesuffix(".")
