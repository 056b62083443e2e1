"""Outputs that are rows of a table, gathered from all windows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from eowidgets.arguments import checked
from eowidgets.contract.outputs.base import Needs, Output, VariableName

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True)
class Row:
    """One row of a gathered output.

    Attributes
    ----------
    geometry : shapely geometry
        In pixels, x to the right and y down: of the window as the model returns it, of the cube afterwards.
    values : mapping
        Columns: texts, numbers and booleans.
    date : int, optional
        Index of the date; None for a record of all dates.
    window : int
        Number of the window that it comes from.
    """

    geometry: BaseGeometry
    values: Mapping[str, Any] = field(default_factory=dict)
    date: int | None = None
    window: int = -1


@checked
@dataclass(frozen=True)
class Gathered(Output):
    """An output of rows rather than pixels: objects, labels or texts, each with a place.

    ``Model.predict`` returns a list with one item per window of the batch; :meth:`records` reads them, and :meth:`join`
    removes what two overlapping windows have both found. The result is a GeoDataFrame.
    """

    name: VariableName

    #: Same meaning as for outputs of pixels: one cell per pixel.
    stride: ClassVar[int] = 1
    needs: ClassVar[Needs] = "measured"
    #: File formats.
    suffixes: ClassVar[tuple[str, ...]] = (".gpkg", ".parquet")

    def axes(self, dates: int, bands: int) -> tuple[int, ...]:
        """Return no axes: nothing is blended.

        Parameters
        ----------
        dates : int
            Number of dates of the output.
        bands : int
            Number of bands of the input.

        Returns
        -------
        tuple of int
            Lengths, without the batch, rows and columns.

        Examples
        --------
        >>> import eowidgets as eow
        >>> eow.Text().axes(dates=12, bands=4)
        ()
        """
        return ()

    @property
    def over_time(self) -> bool:
        """Return whether its records have dates."""
        return False

    @abstractmethod
    def records(self, item: Any, size: tuple[int, int], dates: int) -> list[Row]:
        """Read what the model returned for one window.

        Parameters
        ----------
        item : object
            One item of the list that ``Model.predict`` returned.
        size : (int, int)
            Rows and columns of the window.
        dates : int
            Dates of the output.

        Raises
        ------
        ModelError
            Without the name of the model, which the engine adds.

        Examples
        --------
        >>> import eowidgets as eow
        >>> eow.Text().records("A lake.", size=(4, 4), dates=1)[0].values
        {'text': 'A lake.'}
        """

    def join(self, records: Sequence[Row]) -> list[Row]:
        """Return all records of a result, without duplicates of overlapping windows.

        Parameters
        ----------
        records : sequence of Row
            What :meth:`records` returned for all windows.

        Returns
        -------
        list of Row
            The records of the result.

        Examples
        --------
        >>> import eowidgets as eow
        >>> eow.Text().join([])
        []
        """
        return list(records)

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """Return the columns of the table besides date and geometry."""
