"""The parts of a report, and the report as a value object."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eowidgets.arguments import FilePath, checked
from eowidgets.cube.export.place import write_whole
from eowidgets.errors import InputError, shown
from eowidgets.render.result import Legend

if TYPE_CHECKING:
    import pandas as pd

#: Maximum number of table rows on a page; the file of the result holds all rows.
MOST_ROWS = 25


@dataclass(frozen=True)
class Figure:
    """A picture with its caption.

    Parameters
    ----------
    caption : str
        What the figure shows, with units and dates.
    png : bytes
        The picture; empty if ``svg`` is given.
    svg : str
        A chart as SVG.
    legend : Legend, optional
        Meaning of the colours.
    note : str
        A line under the legend, such as the scale and the coordinates of a map.
    width : float
        Width of the ground shown, in metres, from which a scale bar is drawn; 0 for a chart.
    """

    caption: str
    png: bytes = b""
    svg: str = ""
    legend: Legend | None = None
    note: str = ""
    width: float = 0.0

    @property
    def url(self) -> str:
        """The picture as a ``data:`` URL, which needs neither a file nor a network."""
        data, kind = (self.png, "png") if self.png else (self.svg.encode(), "svg+xml")
        return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


@dataclass(frozen=True)
class Table:
    """A table of text.

    Parameters
    ----------
    caption : str
    columns : sequence of str
        With units, such as ``"area (ha)"``.
    rows : sequence of sequence of str
    left_out : int
        Number of rows that are not shown.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    left_out: int = 0

    @classmethod
    def of(cls, frame: pd.DataFrame, caption: str, *, digits: int = 3) -> Table:
        """Convert a DataFrame to a table of at most 25 rows.

        Parameters
        ----------
        frame : DataFrame
            Its index and its geometry column are omitted.
        caption : str
        digits : int
            Significant digits of numbers that are not whole.
        """
        plain = frame.drop(columns=[c for c in frame.columns if str(frame[c].dtype) == "geometry"])
        rows = [[_cell(v, digits) for v in row] for row in plain.head(MOST_ROWS).itertuples(index=False)]
        return cls(caption, [str(c) for c in plain.columns], rows, max(0, len(plain) - MOST_ROWS))


@checked
@dataclass(frozen=True)
class Report:
    """A result with everything that a reader needs to judge it.

    Parameters
    ----------
    title : str
    answer : str
        One to four sentences with the numbers, their units and intervals.
    figures : sequence of Figure
    tables : sequence of Table
    definitions : mapping of str to str
        What each term of the answer means here.
    method : mapping of str to str
        What was done: data, dates, area, model, parameters.
    citations : sequence of str
        Sources of data, method and software.
    code : str
        A cell that computes the same.
    notes : mapping
        The provenance as plain values.

    Examples
    --------
    >>> import eowidgets as eow
    >>> report = eow.Report("Trees", "There are 12 ha of trees.", definitions={"trees": "NDVI above 0.6"})
    >>> report.text
    'There are 12 ha of trees. Trees: NDVI above 0.6.'
    """

    title: str
    answer: str
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    definitions: Mapping[str, str] = field(default_factory=dict)
    method: Mapping[str, str] = field(default_factory=dict)
    citations: Sequence[str] = ()
    code: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return the answer with its definitions and citations, to be pasted into a text."""
        meaning = " ".join(f"{term[:1].upper()}{term[1:]}: {_end(words)}" for term, words in self.definitions.items())
        sources = f" Sources: {'; '.join(c.rstrip('.') for c in self.citations)}." if self.citations else ""
        return f"{self.answer} {meaning}".strip() + sources

    def html(self) -> str:
        """Return the page: one HTML document without scripts or files from elsewhere.

        Returns
        -------
        str
            HTML.

        Examples
        --------
        >>> import eowidgets as eow
        >>> page = eow.Report("Forest", "There is forest.")
        >>> page.html().startswith("<!doctype html>")
        True
        """
        from eowidgets.analysis.measure.report.page import page

        return page(self)

    def save(self, path: FilePath) -> Path:
        """Write the page; print it from a browser to get a PDF.

        Parameters
        ----------
        path : str or Path
            Ends in ``.html``.

        Returns
        -------
        Path

        Raises
        ------
        InputError, SourceError
            For another ending, or a folder that cannot be written.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import tempfile
        >>> from pathlib import Path
        >>> eow.Report("Forest", "There is forest.").save(Path(tempfile.mkdtemp()) / "forest.html").name
        'forest.html'
        """
        target = Path(path).expanduser()
        if target.suffix.lower() not in (".html", ".htm"):
            raise InputError(
                f"A report is an HTML page: end the name {shown(target.name)} in .html, and print the page for a PDF."
            )
        text = self.html()
        return write_whole(target, lambda part: Path(part).write_text(text, encoding="utf-8"))

    def _repr_html_(self) -> str:
        """Show the page in a notebook, in a frame without scripts."""
        return (
            f'<iframe srcdoc="{escape(self.html())}" sandbox title="{escape(self.title)}" '
            'style="width:100%;height:640px;border:1px solid #8888"></iframe>'
        )

    def __repr__(self) -> str:
        """Return the title and the answer."""
        return f"Report: {self.title}. {self.answer}"


def _end(words: str) -> str:
    return words if words.endswith((".", "?", "!")) else f"{words}."


def _cell(value: Any, digits: int) -> str:
    if isinstance(value, float):
        if value != value:
            return "–"
        whole = value == round(value) or abs(value) >= 1000
        return f"{value:,.0f}" if whole and abs(value) < 1e15 else f"{float(f'{value:.{digits}g}')}"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())[:10]
    return str(value)
