"""The vocabulary of models: what a task takes, what it gives, and what a class is called and coloured."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from annotated_types import Interval

from eowidgets.arguments import Name, checked
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


@checked
@dataclass(frozen=True, slots=True)
class ClassInfo:
    """One class of a class map.

    Parameters
    ----------
    value : int
        The number stored in the map, 0..254 (255 is nodata).
    name : str
        What a person reads in the legend.
    color : str
        ``#rrggbb``.
    """

    value: Annotated[int, Interval(ge=0, le=254)]
    name: str
    color: str


@checked
@dataclass(frozen=True, slots=True)
class Output:
    """One thing that a model gives back for every pixel.

    Parameters
    ----------
    name : str
        Key in the dict that ``Model.predict`` returns and, unless ``kind == "bands"``, the name of
        the variable in the result.
    kind : {"bands", "value", "class"}
        ``"bands"``: a tensor ``(b, [t,] c, h, w)`` that becomes one variable per input band, under
        the band's own name. ``"value"``: one float ``(b, [t,] h, w)``. ``"class"``: probabilities
        ``(b, [t,] k, h, w)``; the engine blends the probabilities, and stores the winning class as
        uint8 under ``name`` and its probability under ``name + "_probability"``.
    dims : {"tyx", "yx"}
        With or without time.
    unit, long_name : str
        For legends. ``unit`` is a UDUNITS word or ``""``.
    classes : tuple of ClassInfo
        For ``kind="class"``; their order is the order of the probabilities.
    needs : {"any", "same", "measured"}
        Where the result is given. ``"any"``: at pixels whose ground was seen at least once in the
        dates given (gap filling, composites, change). ``"measured"``: at pixels measured at least
        once, cloud or not (models that see through clouds, or with another sensor). ``"same"``: only
        where that very date was measured. Everywhere else the result is nodata.
    vmin, vmax : float, optional
        Range for display.
    """

    name: Name
    kind: Literal["bands", "value", "class"] = "value"
    dims: Literal["tyx", "yx"] = "yx"
    unit: str = ""
    long_name: str = ""
    classes: tuple[ClassInfo, ...] = ()
    needs: Literal["any", "same", "measured"] = "any"
    vmin: float | None = None
    vmax: float | None = None
