"""Classes of a class map: number, name and colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Interval, Predicate, doc

from eowidgets.arguments import checked
from eowidgets.cube.colormaps import hex_color
from eowidgets.errors import InputError


def is_color(value: object) -> bool:
    """Return whether a value is a colour that `hex_color` reads."""
    return hex_color(value) is not None


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
        ``#rrggbb``, or what :func:`~eowidgets.cube.colormaps.hex_color` turns into it.

    Raises
    ------
    InputError
        If ``color`` is no colour.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.ClassInfo(1, "forest", "#1b7837").name
    'forest'
    """

    value: Annotated[int, Interval(ge=0, le=254)]
    name: str
    color: Annotated[Any, Predicate(is_color), doc("a colour such as '#0072b2'")]

    def __post_init__(self) -> None:
        color = hex_color(self.color)
        if color is None:  # the check takes None for a value that was not given
            raise InputError("color of ClassInfo is None: give a colour such as '#0072b2'.")
        object.__setattr__(self, "color", color)
