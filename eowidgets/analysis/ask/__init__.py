"""Questions in words about a cube, answered with the pixels, numbers and code that support the answer."""

from eowidgets.analysis.ask.answer import Answer, Evidence, Step
from eowidgets.analysis.ask.asking import ask, run

__all__ = ["Answer", "Evidence", "Step", "ask", "run"]
