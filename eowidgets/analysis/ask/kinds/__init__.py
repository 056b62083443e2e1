"""Kinds of questions that the grammar of :mod:`.parser` does not cover: they are read before it, or refused by name.

The parser turns words into the programs that it was taught, and takes what is near for the same: how tall a tree is for
how much forest there is. This module comes before it. Each kind is one entry of a table: a pattern, and either the name
of a quantity that images like these do not show (a refusal that says so) or a reader that makes a program.
"""

from eowidgets.analysis.ask.kinds.composed import composed
from eowidgets.analysis.ask.kinds.events_read import cause_note
from eowidgets.analysis.ask.kinds.given import Given
from eowidgets.analysis.ask.kinds.plainly import plain, point_of
from eowidgets.analysis.ask.kinds.reading import asked_direction, read, refine
from eowidgets.analysis.ask.kinds.rephrased import rephrased

__all__ = ["Given", "asked_direction", "cause_note", "composed", "plain", "point_of", "read", "refine", "rephrased"]
