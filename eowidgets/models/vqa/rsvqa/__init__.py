"""RSVQA (Lobry et al., 2020): answers about one image; see README.md in this folder."""

from eowidgets.models.vqa.rsvqa.config import RSVQA_PAPER, RSVQAConfig
from eowidgets.models.vqa.rsvqa.network import RSVQA, QuestionEncoder, picture_values

__all__ = [
    "RSVQA",
    "RSVQA_PAPER",
    "QuestionEncoder",
    "RSVQAConfig",
    "picture_values",
]
