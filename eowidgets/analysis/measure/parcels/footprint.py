"""The pixels of each parcel on a grid, with the facts needed for a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from eowidgets.contract.labels.pixels import cover

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

    from eowidgets.cube.area import Area

Ints = npt.NDArray[np.int64]
#: Position of a parcel on the grid: fully inside, cut by the edge (of cube or area), without a pixel centre, or
#: outside.
Size = Literal["inside", "cut", "small", "outside"]
SIZES: tuple[Size, ...] = ("inside", "cut", "small", "outside")


@dataclass(frozen=True)
class Footprint:
    """Pixels by parcel, one entry per pixel of a parcel.

    Attributes
    ----------
    parcel, row, column : ndarray of int64
        Sorted by parcel. Pixels are those of :meth:`eow.Area.mask`: centres inside or, in a parcel without centres,
        touched.
    pixels : ndarray of int64, shape (parcels,)
        Number of pixels of each parcel.
    size : ndarray of str, shape (parcels,)
        One of :data:`SIZES`.
    overlap : ndarray of int64, shape (parcels,)
        Number of pixels shared with other parcels; 0 for parcels without a pixel centre.
    """

    parcel: Ints
    row: Ints
    column: Ints
    pixels: Ints
    size: npt.NDArray[np.str_]
    overlap: Ints


def footprint(shapes: npt.NDArray[np.object_], box: GeoBox, area: Area | None = None) -> Footprint:
    """Return the pixels of polygons on a grid.

    Parameters
    ----------
    shapes : ndarray of shapely polygons
        In degrees.
    box : GeoBox
    area : Area, optional
        Only pixels of this area are used.
    """
    found = cover(shapes, box)
    order = np.argsort(found.label, kind="stable")
    parcel, row, column = (np.asarray(a)[order] for a in (found.label, found.row, found.column))
    total = np.bincount(parcel, minlength=len(shapes))
    if area is not None:
        kept = area.mask(box)[row, column]
        parcel, row, column = parcel[kept], row[kept], column[kept]
    pixels = np.bincount(parcel, minlength=len(shapes))
    size = np.full(len(shapes), "inside", "U8")
    size[_reaching_over(shapes, parcel, row, column, box) | (pixels < total)] = "cut"
    size[found.slivers] = "small"
    size[pixels == 0] = "outside"
    return Footprint(parcel, row, column, pixels, size, _overlap(parcel, row * box.width + column, size))


def _reaching_over(shapes: Any, parcel: Ints, row: Ints, column: Ints, box: GeoBox) -> npt.NDArray[np.bool_]:
    """Return a mask of the parcels with pixels beyond the edge of the grid."""
    at_edge = (row == 0) | (column == 0) | (row == box.height - 1) | (column == box.width - 1)
    near = np.unique(parcel[at_edge])
    over = np.zeros(len(shapes), bool)
    if len(near):
        wide = cover(shapes[near], box.pad(1))
        beyond = (wide.row == 0) | (wide.column == 0) | (wide.row > box.height) | (wide.column > box.width)
        over[near[np.unique(wide.label[beyond])]] = True
    return over


def _overlap(parcel: Ints, pixel: Ints, size: npt.NDArray[np.str_]) -> Ints:
    """Count the pixels of each parcel that also belong to another parcel."""
    # Parcels without a pixel centre touch pixels of their neighbours without overlapping them.
    counted = size[parcel] != "small"
    own, at = parcel[counted], pixel[counted]
    order = np.argsort(at, kind="stable")
    same = at[order][1:] == at[order][:-1]
    shared = np.zeros(len(at), bool)
    shared[1:] |= same
    shared[:-1] |= same
    return np.bincount(own[order][shared], minlength=len(size))
