"""The interval of a figure of an answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """The interval of a figure of an answer.

    Attributes
    ----------
    figure : str
        The figure as the sentence writes it.
    low, high : float or str
        Ends, in ``unit``; ISO days of a date.
    unit : str
    code : str
        Expression of ``{"low": low, "high": high}`` at the end of the cell of the answer.
    """

    figure: str
    low: float | str
    high: float | str
    unit: str
    code: str
