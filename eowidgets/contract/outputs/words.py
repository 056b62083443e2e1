"""A label or a text for each window, chip or series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eowidgets.arguments import checked
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.outputs.base import VariableName
from eowidgets.contract.outputs.classes import most_likely
from eowidgets.contract.outputs.gathered import Gathered, Record
from eowidgets.errors import InputError, ModelError, shown


def _whole(size: tuple[int, int]) -> Any:
    import shapely

    return shapely.box(0, 0, size[1], size[0])


@checked
@dataclass(frozen=True)
class Label(Gathered):
    """One class per window, chip or series.

    ``Model.predict`` returns probabilities, a tensor ``(b, k)`` with the classes in the order of ``classes``. The result is
    a table with the columns ``name`` (the name of the most likely class) and ``name + "_probability"``.

    Parameters
    ----------
    classes : tuple of ClassInfo
        Two or more, with different values.

    Examples
    --------
    >>> from eowidgets.contract.labels import ClassInfo
    >>> Label(classes=(ClassInfo(0, "forest", "#1b7837"), ClassInfo(1, "water", "#3b78b5"))).columns
    ('label', 'label_probability')
    """

    name: VariableName = "label"
    classes: tuple[ClassInfo, ...] = ()

    def __post_init__(self) -> None:
        values = [c.value for c in self.classes]
        if len(values) < 2 or len(set(values)) < len(values):
            raise InputError(
                f"The label {shown(self.name)} has the class values {shown(values)}: give two or more eow.ClassInfo with "
                "different values."
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """The class and its probability."""
        return (self.name, f"{self.name}_probability")

    def row(self, item: Any, bands: tuple[str, ...] = ()) -> dict[str, Any]:
        """Choose the most likely class; None where a probability is NaN."""
        return most_likely(self.name, self.classes, item)

    def records(self, item: Any, size: tuple[int, int], dates: int) -> list[Record]:
        """Return the label of the window; no record where there is none."""
        values = self.row(item)
        return [Record(_whole(size), values)] if values[self.name] is not None else []


@checked
@dataclass(frozen=True)
class Text(Gathered):
    """One text per window, chip or series: a caption or an answer.

    ``Model.predict`` returns a list of texts, one per window. The result is a table with the column ``name``.

    Examples
    --------
    >>> Text("caption").columns
    ('caption',)
    """

    name: VariableName = "text"

    @property
    def columns(self) -> tuple[str, ...]:
        """The text."""
        return (self.name,)

    def row(self, item: Any, bands: tuple[str, ...] = ()) -> dict[str, Any]:
        """Take the text."""
        if not isinstance(item, str):
            raise ModelError(f"{shown(self.name)} with {type(item).__name__} in place of a text")
        return {self.name: item}

    def records(self, item: Any, size: tuple[int, int], dates: int) -> list[Record]:
        """Return the text of the window."""
        return [Record(_whole(size), self.row(item))]
