"""Pixels that carry a label, and the report on how labels became pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

import numpy as np
import numpy.typing as npt

from eowidgets.contract.labels.class_info import ClassInfo

#: Rows of a table that is shown.
_SHOWN = 12


@dataclass(frozen=True)
class LabelReport:
    """Numbers of labels and pixels that were placed or left out.

    Attributes
    ----------
    labels : int
        Labels that were placed; of a raster its patches.
    pixels : int
        Pixels that carry a label.
    outside, other_dates : int
        Labels outside the grid, and from other dates than the cube.
    slivers : int
        Labels without a pixel centre inside; the pixels that they touch are taken.
    cloudy, conflicts : int
        Pixels left out: never observed while the label holds, or with labels of different classes.
    counts : mapping of str to int
        Pixels of each class.
    notes : tuple of str
        Labels that were left out when reading.
    """

    labels: int
    pixels: int
    outside: int = 0
    other_dates: int = 0
    slivers: int = 0
    cloudy: int = 0
    conflicts: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """The report in sentences; counts of zero are left out."""
        said = (
            (self.outside, "label", "lies outside the cube.", "lie outside the cube."),
            (self.other_dates, "label", "is from other dates than the cube.", "are from other dates than the cube."),
            (
                self.slivers,
                "label",
                "holds no pixel centre: the pixels that it touches are labelled.",
                "hold no pixel centre: the pixels that they touch are labelled.",
            ),
            (
                self.conflicts,
                "pixel",
                "has labels of different classes and was left out.",
                "have labels of different classes and were left out.",
            ),
            (
                self.cloudy,
                "pixel",
                "was not observed on any date of its label and was left out.",
                "were not observed on any date of their labels and were left out.",
            ),
        )
        happened = (
            f"{n:,} {what}{'' if n == 1 else 's'} {one if n == 1 else more}" for n, what, one, more in said if n
        )
        return (*self.notes, *happened)

    @property
    def _head(self) -> str:
        labels, pixels = ("" if n == 1 else "s" for n in (self.labels, self.pixels))
        return f"{self.pixels:,} pixel{pixels} of {self.labels:,} label{labels}"

    def __str__(self) -> str:
        counts = [f"{name[:40]} {count:,}" for name, count in list(self.counts.items())[:_SHOWN]]
        more = ", ..." if len(self.counts) > _SHOWN else ""
        return "\n".join([f"{self._head}{': ' if counts else ''}{', '.join(counts)}{more}.", *self.sentences])

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><td>{escape(n[:80])}</td><td>{c:,}</td></tr>" for n, c in self.counts.items())
        table = (
            f"<table><thead><tr><th>class</th><th>pixels</th></tr></thead><tbody>{rows}</tbody></table>" if rows else ""
        )
        notes = "".join(f"<li>{escape(sentence)}</li>" for sentence in self.sentences)
        return f"<p>{self._head}.</p>{table}{f'<ul>{notes}</ul>' if notes else ''}"


@dataclass(frozen=True, eq=False)
class PlacedLabels:
    """Pixels of a cube's grid that carry a label; one entry for each pixel and period.

    Attributes
    ----------
    rows, columns : ndarray of int64, shape (n,)
    target : ndarray, shape (n,)
        Index into ``classes`` (int64), or numbers (float32).
    label : ndarray of int64, shape (n,)
        Row of the table that the pixel comes from. For a raster: number of the connected patch of one class.
    start, end : ndarray of datetime64[ns], shape (n,)
        NaT where the label always holds.
    classes : tuple of ClassInfo
        Empty for numbers.
    report : LabelReport
    """

    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    target: npt.NDArray[np.int64] | npt.NDArray[np.float32]
    label: npt.NDArray[np.int64]
    start: npt.NDArray[np.datetime64]
    end: npt.NDArray[np.datetime64]
    classes: tuple[ClassInfo, ...]
    report: LabelReport

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"PlacedLabels({self.report._head})"

    def _repr_html_(self) -> str:
        return self.report._repr_html_()
