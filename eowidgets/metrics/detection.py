"""Scores of object detection: average precision of oriented boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from eowidgets.errors import InputError

if TYPE_CHECKING:
    import geopandas as gpd

#: Columns that must agree for two objects to be compared.
SAME = ("class", "date", "scene")


def average_precision(predicted: gpd.GeoDataFrame, target: gpd.GeoDataFrame, iou: float = 0.5) -> float:
    """Return the area under the precision-recall curve over all recalls (as in VOC since 2010).

    Predicted objects are processed by decreasing score. Each is a true positive if its intersection over union with the true
    object of largest overlap is at least ``iou`` and no better prediction matched that object; further matches of the same
    object are false positives. Both tables may have the columns ``class``, ``date`` and ``scene``: columns in both must
    agree. Classes are not averaged: score one at a time and average the results.

    Parameters
    ----------
    predicted : GeoDataFrame
        Polygons with the column ``score``.
    target : GeoDataFrame
        Polygons, in the same CRS.
    iou : float
        Minimum intersection over union of a true positive, above 0 and at most 1.

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
    >>> target = geopandas.GeoDataFrame(geometry=[shapely.box(0, 0, 2, 1), shapely.box(5, 5, 6, 6)])
    >>> predicted = geopandas.GeoDataFrame({"score": [0.9]}, geometry=[shapely.box(0, 0, 2, 1.2)])
    >>> average_precision(predicted, target)
    0.5
    """
    if not 0 < iou <= 1:
        raise InputError(f"iou is {iou:g}: give a number above 0 and at most 1.")
    if "score" not in predicted.columns:
        raise InputError("The predicted objects have no column 'score': add the scores of the objects.")
    if predicted.crs != target.crs:
        raise InputError(
            f"The predicted objects have the CRS {predicted.crs}, but the true ones {target.crs}: reproject them to one CRS."
        )
    if not len(target):
        return float("nan")
    right = matches(predicted, target, iou)[np.argsort(-predicted["score"].to_numpy(float), kind="stable")] >= 0
    hits = np.cumsum(right)
    recall, precision = hits / len(target), hits / np.arange(1, len(right) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]  # the highest precision at this recall or a higher one
    return float(np.sum(np.diff(recall, prepend=0.0) * best))


def matches(predicted: gpd.GeoDataFrame, target: gpd.GeoDataFrame, iou: float = 0.5) -> npt.NDArray[np.int64]:
    """Return the position of the matched true object of every predicted object, or -1; see :func:`average_precision`."""
    import shapely

    keys = [name for name in SAME if name in predicted.columns and name in target.columns]
    marks, true_marks = _marks(predicted, keys), _marks(target, keys)
    shapes, true_shapes = predicted.geometry.to_numpy(), target.geometry.to_numpy()
    tree = shapely.STRtree(true_shapes)
    taken: set[int] = set()
    match = np.full(len(predicted), -1, np.int64)
    for i in np.argsort(-predicted["score"].to_numpy(float), kind="stable"):
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
