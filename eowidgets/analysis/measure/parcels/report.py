"""The outcome for each polygon: measured, cut, small, overlapping, outside, or never observed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from eowidgets.errors import shown

#: Number of names that a sentence lists.
LISTED = 3


@dataclass(frozen=True)
class ParcelReport:
    """Ids of parcels by outcome; every parcel is either measured or outside.

    Attributes
    ----------
    given, measured : int
        Number of polygons, and of those with rows in the table.
    outside : tuple of str
        Ids of parcels without a pixel in the cube (or the area); they have no rows.
    cut : tuple of str
        Ids of parcels that extend beyond the cube (or the area); their rows cover the part inside.
    small : tuple of str
        Ids of parcels without a pixel centre; the pixels that they touch are used instead.
    overlapping : tuple of str
        Ids of parcels that share pixels with another one.
    unseen : tuple of str
        Ids of parcels that are cloudy or not measured on all dates; their statistics are empty.
    notes : tuple of str
        Corrections made while the polygons were read.
    """

    given: int
    measured: int
    outside: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    small: tuple[str, ...] = ()
    overlapping: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def sentences(self) -> tuple[str, ...]:
        """One sentence for each group of parcels with a limitation."""
        kinds = (
            (self.outside, "outside the cube or the area, and without rows"),
            (self.cut, "cut by the edge of the cube or the area: their rows cover the part inside"),
            (self.small, "too small to contain a pixel centre: the pixels that they touch are used instead"),
            (self.overlapping, "overlapping others: each keeps all of its pixels, so areas do not add up"),
            (self.unseen, "cloudy or not measured on every date: their statistics are empty"),
        )
        return (*self.notes, *(f"{self._some(ids)} {words}." for ids, words in kinds if ids))

    def _some(self, ids: Sequence[str]) -> str:
        more = ", ..." if len(ids) > LISTED else ""
        listed = ", ".join(shown(one)[1:-1] for one in ids[:LISTED]) + more
        return f"{len(ids)} of {self.given} parcels ({listed}) {'is' if len(ids) == 1 else 'are'}"

    def __str__(self) -> str:
        was = "was" if self.measured == 1 else "were"
        return " ".join((f"{self.measured} of {self.given} parcels {was} measured.", *self.sentences))
