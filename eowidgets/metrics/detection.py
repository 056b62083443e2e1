"""How well objects are found: average precision from boxes of any direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from eowidgets.errors import InputError

if TYPE_CHECKING:
    import geopandas as gpd

#: Columns of which rows of two tables must agree before they are compared.
SAME = ("class", "date", "scene")


def average_precision(found: gpd.GeoDataFrame, truth: gpd.GeoDataFrame, iou: float = 0.5) -> float:
    """Return the area under the curve of precision over recall, all recalls counted (as in VOC since 2010).

    Found objects are taken from the highest score down. Each is right if its intersection over union with the true object
    that it overlaps most is at least ``iou`` and no better one took that object before; a second find of one object is wrong.
    Both tables may have the columns ``class``, ``date`` and ``scene``: those that both have must agree. Classes are not
    averaged: give one at a time for their mean.

    Parameters
    ----------
    found : GeoDataFrame
        Polygons with the column ``score``.
    truth : GeoDataFrame
        Polygons, in the same CRS.
    iou : float
        Intersection over union from which an object counts as found, above 0 and at most 1.

    Returns
    -------
    float
        0 to 1; NaN if there is no true object.

    Raises
    ------
    InputError
        Without scores, for different CRS, or for an ``iou`` out of range.

    Examples
    --------
    >>> import geopandas, shapely
    >>> truth = geopandas.GeoDataFrame(geometry=[shapely.box(0, 0, 2, 1), shapely.box(5, 5, 6, 6)])
    >>> found = geopandas.GeoDataFrame({"score": [0.9]}, geometry=[shapely.box(0, 0, 2, 1.2)])
    >>> average_precision(found, truth)
    0.5
    """
    if not 0 < iou <= 1:
        raise InputError(f"iou is {iou:g}: give a share above 0 and at most 1.")
    if "score" not in found.columns:
        raise InputError("The objects found have no column 'score': average precision needs one.")
    if found.crs != truth.crs:
        raise InputError(
            f"The objects found have the CRS {found.crs} and the true ones {truth.crs}: bring them to one."
        )
    if not len(truth):
        return float("nan")
    right = matches(found, truth, iou)[np.argsort(-found["score"].to_numpy(float), kind="stable")] >= 0
    hits = np.cumsum(right)
    recall, precision = hits / len(truth), hits / np.arange(1, len(right) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]  # the highest precision at this recall or a higher one
    return float(np.sum(np.diff(recall, prepend=0.0) * best))


def matches(found: gpd.GeoDataFrame, truth: gpd.GeoDataFrame, iou: float = 0.5) -> npt.NDArray[np.int64]:
    """Return for every object found which true one it is, by position, or -1; see :func:`average_precision`."""
    import shapely

    keys = [name for name in SAME if name in found.columns and name in truth.columns]
    marks, true_marks = _marks(found, keys), _marks(truth, keys)
    shapes, true_shapes = found.geometry.to_numpy(), truth.geometry.to_numpy()
    tree = shapely.STRtree(true_shapes)
    taken: set[int] = set()
    match = np.full(len(found), -1, np.int64)
    for i in np.argsort(-found["score"].to_numpy(float), kind="stable"):
        near = [j for j in sorted(tree.query(shapes[i])) if marks[i] == true_marks[j]]
        shares = [_overlap(shapes[i], true_shapes[j]) for j in near]
        if not shares or max(shares) < iou:
            continue
        best = int(near[int(np.argmax(shares))])
        if best not in taken:
            taken.add(best)
            match[i] = best
    return match


def _marks(table: gpd.GeoDataFrame, keys: list[str]) -> list[tuple[Any, ...]]:
    return list(zip(*(table[k] for k in keys), strict=True)) if keys else [()] * len(table)


def _overlap(one: Any, other: Any) -> float:
    """Return intersection over union of two polygons."""
    common = one.intersection(other).area
    whole = one.area + other.area - common
    return float(common / whole) if whole > 0 else 0.0
