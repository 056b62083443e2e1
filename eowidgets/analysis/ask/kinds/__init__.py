"""Kinds of questions outside the grammar of :mod:`.parser`: read before the parser, or refused by name.

The parser maps words to the programs of its training data, and would map similar questions to them as well: the height
of trees to the amount of forest. This package runs first. Each kind is one entry of a table: a pattern, and either the
name of a quantity that images do not show (a refusal that names it) or a reader that returns a program.
"""

from eowidgets.analysis.ask.kinds.composed import composed
from eowidgets.analysis.ask.kinds.events_read import cause_note
from eowidgets.analysis.ask.kinds.given import Given
from eowidgets.analysis.ask.kinds.plainly import plain, point_of
from eowidgets.analysis.ask.kinds.reading import asked_direction, read, refine
from eowidgets.analysis.ask.kinds.rephrased import rephrased

__all__ = ["Given", "asked_direction", "cause_note", "composed", "plain", "point_of", "read", "refine", "rephrased"]
