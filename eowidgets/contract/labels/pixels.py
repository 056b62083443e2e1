"""Pixels of a grid that geometries cover, for many geometries at a time, by the rule of `Area.mask`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from eowidgets.contract.labels.ground import Shapes, all_finite, around
from eowidgets.cube import globe
from eowidgets.cube.area import _SEGMENT, _SEGMENTS, Area
from eowidgets.cube.area_source import reproject

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

Ints = npt.NDArray[np.int64]

#: Pixels of a sheet on which geometries are drawn; larger ones are drawn strip by strip.
_SHEET = 1 << 22
#: Share of the extent of a grid around it within which labels are projected at once.
_MARGIN = 0.09
_POINT, _LINE, _POLYGON = 0, 1, 2


@dataclass(frozen=True)
class Covered:
    """The pixels of labels: one row per pixel of a label.

    Attributes
    ----------
    label, row, column : ndarray of int64
    slivers : ndarray of int64
        Labels whose polygons hold no pixel centre, so that the pixels that they touch are taken.
    """

    label: Ints
    row: Ints
    column: Ints
    slivers: Ints


def cover(shapes: Shapes, box: GeoBox) -> Covered:
    """Return the pixels of a grid that each geometry covers.

    A polygon covers the pixels whose centre lies inside, or, where there is none, those that it touches
    (:meth:`eowidgets.cube.area.Area.mask`); a line those that it touches; a point the one that contains it.

    Parameters
    ----------
    shapes : ndarray of shapely geometries
        In degrees, longitudes from -180 to 180.
    box : GeoBox
    """
    import shapely

    parts, owner = _parts(shapes)
    size = shapely.get_dimensions(parts)
    found = [_points(parts[size == _POINT], owner[size == _POINT], box)]
    at, of, _ = _projected(parts[size == _LINE], owner[size == _LINE], box, _LINE)
    found += [_drawn(at, of, box, touched=True)]
    at, of, lost = _projected(parts[size == _POLYGON], owner[size == _POLYGON], box, _POLYGON)
    inside = _drawn(at, of, box, touched=False)
    unseen = _centres(lost, box)
    empty = np.bincount(inside[0], minlength=len(shapes))[of] == 0
    touched = _drawn(at[empty], of[empty], box, touched=True)
    label, row, column = np.concatenate([*found, inside, unseen, touched], axis=1)
    again = np.bincount(owner, minlength=len(shapes))[label] > 1  # parts of one label may share pixels
    if again.any():
        part = np.stack([label, row, column])[:, again]
        part = part[:, np.lexsort(part)]
        fresh = np.append(True, (np.diff(part, axis=1) != 0).any(axis=0))
        label, row, column = np.concatenate([np.stack([label, row, column])[:, ~again], part[:, fresh]], axis=1)
    return Covered(label, row, column, np.flatnonzero(np.bincount(touched[0], minlength=len(shapes))))


def _parts(shapes: Shapes) -> tuple[Shapes, Ints]:
    """Return points, lines and polygons, and the geometry that each is a part of."""
    import shapely

    parts, owner = np.asarray(shapes, dtype=object), np.arange(len(shapes))
    while (shapely.get_type_id(parts) > 3).any():
        parts, of = shapely.get_parts(parts, return_index=True)
        owner = owner[of]
    return parts, owner


def _points(parts: Shapes, owner: Ints, box: GeoBox) -> Ints:
    import shapely

    if not len(parts):
        return np.zeros((3, 0), np.int64)
    column, row = globe.locate(box, shapely.get_x(parts), shapely.get_y(parts))
    with np.errstate(invalid="ignore"):
        here = (column >= 0) & (column < box.width) & (row >= 0) & (row < box.height)
    return np.stack([owner[here], row[here].astype(np.int64), column[here].astype(np.int64)])


def _projected(parts: Shapes, owner: Ints, box: GeoBox, kind: int) -> tuple[Shapes, Ints, dict[int, Any]]:
    """Return lines or polygons in pixels of the grid, and those by label that its CRS cannot represent.

    Geometries near the grid, which are most, are projected at once, the others one by one as in `Area.on_grid`.
    Geometries that cannot touch the grid are left out.
    """
    import shapely

    if not len(parts):
        return parts, owner, {}
    labels, first = np.unique(owner, return_index=True)
    whole = parts[first] if len(labels) == len(parts) else _joined(parts, owner, kind)
    west, south, east, north = globe.extent(box)
    # A little less than the margin of Area.on_grid, which cuts areas there.
    reach = around(west, south, east, north, _MARGIN * max(east - west, north - south))
    shapely.prepare(reach)
    near, within = shapely.intersects(reach, whole), shapely.covers(reach, whole)
    left, _, right, _ = box.extent.boundingbox
    if globe.in_degrees(box) and (left < -180 or right > 180):
        within[:] = False
    inner, outer = np.flatnonzero(near & within), np.flatnonzero(near & ~within)
    moved = _moved(whole[inner], box)
    finite = all_finite(moved)
    shapes, of = [*moved[finite]], [*labels[inner[finite]]]
    lost = {int(labels[at]): whole[at] for at in inner[~finite]}
    for at in outer:
        copies = Area(whole[at]).on_grid(box) if kind == _POLYGON else _line_on_grid(whole[at], reach, box)
        if copies is None:
            lost[int(labels[at])] = whole[at]
        shapes, of = shapes + (copies or []), of + [labels[at]] * len(copies or [])
    found, part_of = _parts(np.array([*shapes, None], dtype=object)[:-1])
    return *_in_pixels(found, np.array(of, np.int64)[part_of], box), lost


def _moved(shapes: Shapes, box: GeoBox) -> Shapes:
    import shapely

    extent = shapely.bounds(shapes).reshape(-1, 4)
    piece = np.maximum(_SEGMENT, np.max(extent[:, 2:] - extent[:, :2], axis=1, initial=0) / _SEGMENTS)
    moved: Any = reproject(shapely.segmentize(shapes, piece), "EPSG:4326", str(box.crs))
    return np.asarray(moved, dtype=object)


def _joined(parts: Shapes, owner: Ints, kind: int) -> Shapes:
    import shapely

    make = shapely.multipolygons if kind == _POLYGON else shapely.multilinestrings
    labels, number = np.unique(owner, return_inverse=True)
    order = np.argsort(number, kind="stable")
    made = make(parts[order], indices=number[order])
    return np.asarray(made, dtype=object)[: len(labels)]


def _line_on_grid(line: Any, reach: Any, box: GeoBox) -> list[Any]:
    """Return the parts of a line around a grid, in its CRS, on a grid of longitudes in every turn."""
    from shapely.affinity import translate

    near, _ = _parts(np.array([line.intersection(reach), None], dtype=object)[:1])
    moved = [one for one in _moved(near, box) if one.length > 0]
    turns = range(-1, 2) if globe.in_degrees(box) else (0,)
    return [translate(one, 360 * turn) for one in moved for turn in turns]


def _in_pixels(parts: Shapes, owner: Ints, box: GeoBox) -> tuple[Shapes, Ints]:
    import shapely

    inverse = ~box.affine
    moved: Any = shapely.transform(
        parts,
        lambda x, y: (inverse.a * x + inverse.b * y + inverse.c, inverse.d * x + inverse.e * y + inverse.f),
        interleaved=False,
    )
    finite = all_finite(moved)
    west, south, east, north = shapely.bounds(moved).T
    with np.errstate(invalid="ignore"):
        here = finite & (east >= 0) & (west <= box.width) & (north >= 0) & (south <= box.height)
    return np.asarray(moved, dtype=object)[here], owner[here]


def _centres(lost: dict[int, Any], box: GeoBox) -> Ints:
    """Return the pixels of polygons that the CRS of the grid cannot represent, tested one by one."""
    found = [np.zeros((3, 0), np.int64)]
    for label, shape in lost.items():
        row, column = np.nonzero(Area(shape).mask(box))
        found.append(np.stack([np.full(len(row), label), row, column]))
    return np.concatenate(found, axis=1)


def _drawn(shapes: Shapes, owner: Ints, box: GeoBox, touched: bool) -> Ints:
    """Return label, row and column of the pixels of lines or polygons in pixels of the grid."""
    import shapely

    found = [np.zeros((3, 0), np.int64)]
    if len(shapes):
        ends = shapely.bounds(shapes)
        first = np.floor(ends[:, :2]).astype(np.int64) - 1
        size = np.ceil(ends[:, 2:]).astype(np.int64) + 1 - first
        large = size.prod(axis=1) > _SHEET
        for shape, label in zip(shapes[large], owner[large].tolist(), strict=True):
            for row, column in _strips(shape, box, touched):
                found.append(np.stack([np.full(len(row), label), row, column]))
        small = np.flatnonzero(~large)
        order = small[np.argsort(size[small, 1], kind="stable")]
        for chosen, corner in _sheets(order, size):
            at, row, column = _on_sheet(shapes[chosen], corner - first[chosen], touched)
            found.append(np.stack([owner[chosen][at], row, column]))
    of, row, column = np.concatenate(found, axis=1)
    here = (row >= 0) & (row < box.height) & (column >= 0) & (column < box.width)
    return np.stack([of[here], row[here], column[here]])


def _sheets(order: Ints, size: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Arrange windows side by side in rows of a sheet; yield the windows of each sheet and their corners (x, y)."""
    side = int(np.sqrt(_SHEET))
    chosen: list[int] = []
    corners: list[tuple[int, int]] = []
    x = y = tall = 0
    for at in order.tolist():
        width, height = int(size[at, 0]), int(size[at, 1])
        if x and x + width > side:
            x, y, tall = 0, y + tall, 0
        if chosen and y + height > side:
            yield np.array(chosen), np.array(corners)
            chosen, corners, x, y, tall = [], [], 0, 0, 0
        chosen.append(at)
        corners.append((x, y))
        x, tall = x + width, max(tall, height)
    if chosen:
        yield np.array(chosen), np.array(corners)


def _on_sheet(shapes: Shapes, shift: Ints, touched: bool) -> tuple[Ints, Ints, Ints]:
    """Draw shapes next to each other, each moved by whole pixels, and return the number, row and column of each pixel."""
    import shapely
    from rasterio.features import rasterize

    counts = shapely.get_num_coordinates(shapes)
    moved = shapely.set_coordinates(shapes.copy(), shapely.get_coordinates(shapes) + np.repeat(shift, counts, axis=0))
    width, height = (np.ceil(shapely.bounds(moved)[:, 2:].max(axis=0)).astype(int) + 1).tolist()
    numbers = zip(_mappings(moved), range(1, len(moved) + 1), strict=True)
    sheet = rasterize(list(numbers), out_shape=(height, width), dtype="int32", all_touched=touched)
    row, column = np.nonzero(sheet)
    at = sheet[row, column].astype(np.int64) - 1
    return at, row - shift[at, 1], column - shift[at, 0]


def _mappings(shapes: Shapes) -> list[Any]:
    """Return GeoJSON of polygons without holes, faster than shapely does one by one, and all other geometries unchanged."""
    import shapely

    points, owner = shapely.get_coordinates(shapes, return_index=True)
    ends = np.searchsorted(owner, np.arange(len(shapes) + 1)).tolist()
    plain = (shapely.get_type_id(shapes) == 3) & (shapely.get_num_interior_rings(shapes) == 0)
    corners = points.tolist()
    return [
        {"type": "Polygon", "coordinates": [corners[start:stop]]} if simple else shape
        for shape, simple, start, stop in zip(shapes, plain.tolist(), ends[:-1], ends[1:], strict=True)
    ]


def _strips(shape: Any, box: GeoBox, touched: bool) -> Iterator[tuple[Ints, Ints]]:
    """Draw a large shape on the grid itself, some rows at a time."""
    from affine import Affine
    from rasterio.features import rasterize

    west, south, east, north = shape.bounds
    left, right = max(0, int(np.floor(west)) - 1), min(box.width, int(np.ceil(east)) + 1)
    top, bottom = max(0, int(np.floor(south)) - 1), min(box.height, int(np.ceil(north)) + 1)
    step = max(1, _SHEET // max(1, right - left))
    for start in range(top, bottom, step):
        rows = min(step, bottom - start)
        place = Affine.translation(left, start)
        sheet = rasterize(
            [(shape, 1)], out_shape=(rows, right - left), dtype="uint8", all_touched=touched, transform=place
        )
        row, column = np.nonzero(sheet)
        yield row + start, column + left
