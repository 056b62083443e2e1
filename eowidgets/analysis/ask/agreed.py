"""Decide between two readings of a question: that of the rules, and that of the encoder of sentences.

A wrong answer costs as much as ten refusals. The limits are those that cost least on questions of four authors whom neither
reader had seen (``benchmarks/RESULTS.md``).
"""

from __future__ import annotations

from dataclasses import dataclass

from eowidgets.analysis.ask.language import Program
from eowidgets.analysis.ask.plan import plan_of

#: Probability from which the encoder is followed where the rules read nothing, and where they read something else.
ALONE, AGAINST = 0.4, 0.6
#: Probability of the encoder, for another kind or for a question that images cannot answer, from which the rules are not followed.
DOUBT = 0.6
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
        if encoder.program is not None and encoder.sure >= ALONE:
            return encoder.program, encoder.sure, ""
        return None, 0.0, rules.reason or encoder.reason
    if encoder.program is None:
        if encoder.sure < DOUBT or encoder.kind == rules.program.kind:
            return rules.program, rules.sure, ""
        return None, 0.0, encoder.reason or f"I am not sure what is asked. I could {_plan(rules.program)}: ask for that in other words."
    if encoder.program == rules.program:
        return rules.program, max(rules.sure, encoder.sure), ""
    if encoder.sure >= AGAINST:
        return encoder.program, encoder.sure, ""
    both = f"to {_plan(rules.program)}, or to {_plan(encoder.program)}"
    return None, 0.0, f"This can be meant in two ways: {both}. Ask for one of them."


def _plan(program: Program) -> str:
    return plan_of(program).removeprefix("Plan: ").removesuffix(".")
