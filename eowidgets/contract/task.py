"""Tasks: what a model is for."""

from __future__ import annotations

from enum import StrEnum

from eowidgets.errors import unknown


class Task(StrEnum):
    """What a model is for; the panel groups models by it and peers of one task share a metric."""

    RECONSTRUCT = "reconstruct"
    REMOVE_CLOUDS = "remove-clouds"
    COMPOSITE = "composite"
    FORECAST = "forecast"
    DETECT_CHANGE = "detect-change"
    SEGMENT = "segment"
    REGRESS = "regress"
    EMBED = "embed"
    ANSWER = "answer"
    CAPTION = "caption"

    @classmethod
    def _missing_(cls, value: object) -> Task:
        raise unknown("task", value, [task.value for task in cls])
