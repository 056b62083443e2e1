"""A call of a public function with plain values, written as the code of a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eowidgets.contract.plain import plain

#: The function of the package -> names of its arguments by position; the others are written as keywords.
POSITIONS: Mapping[str, tuple[str, ...]] = {
    "run": ("model", "cube"),
    "change": ("cube", "method"),
    "forecast": ("cube",),
    "hindcast": ("cube", "from_date"),
    "ask": ("cube", "question"),
    **dict.fromkeys(("phenology", "trend", "anomalies", "step_or_line", "recovery"), ("cube", "index")),
    "parcels": ("cube", "polygons"),
    "stations": ("cube", "table"),
}


@dataclass(frozen=True)
class Given:
    """Something that a cell cannot create, such as a network in memory: a variable that the reader sets.

    Attributes
    ----------
    name : str
        Name of the variable.
    comment : str
        Description of the variable, written after ``#``.
    """

    name: str
    comment: str

    @property
    def line(self) -> str:
        """The line that the reader completes."""
        return f"{self.name} = ...  # {self.comment}"


@dataclass(frozen=True)
class Call:
    """A call of a function of ``eow`` that returns a result.

    Attributes
    ----------
    function : str
        One of :data:`POSITIONS`.
    arguments : mapping
        By name, without the cube unless it is more than the variable ``cube``; a value is a plain one, an area as GeoJSON,
        a :class:`Given`, or a :class:`Code`.
    target : str
        Name of the variable that holds the result.

    Examples
    --------
    >>> print(Call("run", {"model": "fill-linear"}).code("eow.open('romania')"))
    import eowidgets as eow
    <BLANKLINE>
    cube = eow.open('romania')
    result = eow.run('fill-linear', cube)
    """

    function: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    target: str = "result"

    def code(self, opened: str | Given | None, *imports: str) -> str:
        """Write the cell.

        Parameters
        ----------
        opened : str, Given or None
            The expression that opens the cube; None leaves that line out.
        *imports : str
            Import lines in addition to that of the package.
        """
        lines = ["import eowidgets as eow", *imports, ""]
        if opened is not None:
            lines.append(opened.line if isinstance(opened, Given) else f"cube = {opened}")
        return "\n".join([*lines, *self.lines()])

    def lines(self) -> Sequence[str]:
        """Write the call alone, with the variables that it needs in addition to the cube."""
        before: list[str] = []
        given = {name: self._written(name, value, before) for name, value in self.arguments.items()}
        positions = POSITIONS[self.function]
        words = [given.pop(name) if name in given else name for name in positions if name in given or name == "cube"]
        words += [f"{name}={text}" for name, text in given.items()]
        return [*before, f"{self.target} = eow.{self.function}({', '.join(words)})"]

    def _written(self, name: str, value: Any, before: list[str]) -> str:
        """Return the text of an argument; add the lines that it needs to ``before``."""
        if isinstance(value, Given):
            before.append(value.line)
            return value.name
        if isinstance(value, Code):
            return value.text
        if isinstance(value, Mapping):
            before.append(f"{name} = {plain(value)!r}")
            return name
        return repr(plain(value))


@dataclass(frozen=True)
class Code:
    """An expression, written as it is.

    Attributes
    ----------
    text : str
    """

    text: str
