"""Outputs: what a model returns for every pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Predicate, doc

from eowidgets.arguments import Name, checked
from eowidgets.contract.labels import ClassInfo
from eowidgets.errors import InputError, shown


def is_variable_name(name: str) -> bool:
    """Return whether files of every format take a name for a variable."""
    return name.isprintable() and "/" not in name


VariableName = Annotated[Name, Predicate(is_variable_name), doc("a name for a variable, without '/'")]


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

    name: VariableName
    kind: Literal["bands", "value", "class"] = "value"
    dims: Literal["tyx", "yx"] = "yx"
    unit: str = ""
    long_name: str = ""
    classes: tuple[ClassInfo, ...] = ()
    needs: Literal["any", "same", "measured"] = "any"
    vmin: float | None = None
    vmax: float | None = None

    def __post_init__(self) -> None:
        values = [c.value for c in self.classes]
        if self.kind == "class" and (len(values) < 2 or len(set(values)) < len(values)):
            raise InputError(
                f"The class output {shown(self.name)} has the class values {shown(values)}: give two or more "
                "eow.ClassInfo with different values."
            )
