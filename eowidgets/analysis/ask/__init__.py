"""Asking the image: questions in words, answers with the pixels, the numbers and the code they rest on."""

from eowidgets.analysis.ask.answer import Answer, Evidence, Step
from eowidgets.analysis.ask.asking import ask, run

__all__ = ["Answer", "Evidence", "Step", "ask", "run"]
