"""RSVQA (Lobry et al., 2020): answers about one picture; README.md beside this file describes it."""

from eowidgets.models.vqa.rsvqa.network import RSVQA, QuestionEncoder, picture_values

__all__ = ["RSVQA", "QuestionEncoder", "picture_values"]
