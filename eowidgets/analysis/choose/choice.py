"""The outcome of a test: defined in :mod:`eowidgets.contract.choice`."""

from eowidgets.contract.choice import Choice, Score, digits, scored, select, short

__all__ = ["Choice", "Score", "digits", "scored", "select", "short"]
