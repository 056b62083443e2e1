"""Objects: boxes, rotated boxes, polygons, points or lines with a class and a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from eowidgets.arguments import Fraction, NotNegative, checked
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.outputs.base import VariableName, numbers
from eowidgets.contract.outputs.gathered import Gathered, Row
from eowidgets.errors import InputError, ModelError, shown
from eowidgets.metrics import average_precision

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Shape = Literal["box", "rotated", "polygon", "point", "line"]
#: Key of the geometries in the result of a model, and the numbers per geometry (None: any number of points).
KEYS: dict[str, tuple[str, int | None]] = {
    "box": ("boxes", 4),
    "rotated": ("boxes", 5),
    "point": ("points", 2),
    "polygon": ("polygons", None),
    "line": ("lines", None),
}


@checked
@dataclass(frozen=True)
class Objects(Gathered):
    """Objects with a class and a score, found in windows and joined across their seams.

    ``Model.predict`` returns for every window a dict of the geometries in pixels of the window (0, 0 is the outer corner of
    the first pixel), ``"scores"`` (n,) and ``"labels"`` (n,), the index of the class. With ``dims="tyx"`` it returns a list
    of such dicts, one per date. The geometries are

    - ``"boxes"`` (n, 4): left, top, right, bottom, for ``shape="box"``;
    - ``"boxes"`` (n, 5): centre x, centre y, width, height, angle in radians (from x towards y), for ``shape="rotated"``;
    - ``"points"`` (n, 2): x, y;
    - ``"polygons"`` or ``"lines"``: a list of n arrays (m, 2).

    The result is a GeoDataFrame in the CRS of the cube with the columns ``class``, ``score``, ``geometry`` and, with
    ``dims="tyx"``, ``date``; sorted by score.

    Parameters
    ----------
    name : str
        Key in the dict that ``Model.predict`` returns.
    classes : tuple of ClassInfo
        One or more.
    shape : {"box", "rotated", "polygon", "point", "line"}
        Shape of an object.
    dims : {"yx", "tyx"}
        With or without dates.
    overlap : float
        Two objects of one class in different windows are one if their intersection is more than this share of the
        smaller one. Polygons are united; of boxes the one with the higher score is kept.
    distance : float
        The same for points and lines: pixels between them.

    Raises
    ------
    InputError
        Without classes, or with two of the same value.

    Examples
    --------
    >>> from eowidgets.contract.labels import ClassInfo
    >>> Objects("aircraft", classes=(ClassInfo(0, "aircraft", "#d55e00"),), shape="rotated").columns
    ('class', 'score')
    """

    name: VariableName = "objects"
    classes: tuple[ClassInfo, ...] = ()
    shape: Shape = "box"
    dims: Literal["yx", "tyx"] = "yx"
    overlap: Fraction = 0.5
    distance: NotNegative = 2.0

    def __post_init__(self) -> None:
        values = [c.value for c in self.classes]
        if not values or len(set(values)) < len(values):
            raise InputError(
                f"The objects {shown(self.name)} have the class values {shown(values)}: give one or more eow.ClassInfo with "
                "different values."
            )

    @property
    def over_time(self) -> bool:
        """Return whether each object has a date."""
        return self.dims == "tyx"

    metrics: ClassVar[tuple[str, ...]] = ("average_precision",)

    def score(self, found: GeoDataFrame, truth: GeoDataFrame) -> dict[str, float]:
        """Compare with true objects (columns ``geometry`` and ``class``): average precision at an overlap of one half.

        The mean over the classes that are in the truth. Points and lines have no overlap, and no score.

        Parameters
        ----------
        found : GeoDataFrame
            Objects that were found, with the columns ``class`` and ``score``.
        truth : GeoDataFrame
            True objects, with the column ``class``.

        Returns
        -------
        dict of str to float
            ``average_precision``, 0 to 1.

        Raises
        ------
        InputError
            For points and lines, or without geometries.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import geopandas as gpd
        >>> from shapely.geometry import box
        >>> output = eow.Objects("planes", classes=(eow.ClassInfo(0, "plane", "#d55e00"),))
        >>> true = gpd.GeoDataFrame({"class": ["plane"], "score": [0.9]}, geometry=[box(0, 0, 2, 2)])
        >>> output.score(true, true)
        {'average_precision': 1.0}
        """
        if self.shape in ("point", "line"):
            raise InputError(f"Objects of shape {self.shape!r} have no overlap: compare their distances.")
        names = sorted(set(truth["class"])) if "class" in truth else []
        if not names:
            return {"average_precision": average_precision(found, truth)}
        each = [average_precision(found[found["class"] == n], truth[truth["class"] == n]) for n in names]
        return {"average_precision": float(np.mean(each))}

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of class and score."""
        return ("class", "score")

    def records(self, item: Any, size: tuple[int, int], dates: int) -> list[Row]:
        """Read the objects of one window.

        Parameters
        ----------
        item : object
            What the model returned for the window.
        size : (int, int)
            Rows and columns of the window.
        dates : int
            Number of dates of the output.

        Returns
        -------
        list of Row
            One for each object, text or label of the window.

        Raises
        ------
        ModelError
            If the item has another form.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import torch
        >>> output = eow.Objects("planes", classes=(eow.ClassInfo(0, "plane", "#d55e00"),))
        >>> item = {"boxes": torch.tensor([[0.0, 0.0, 2.0, 2.0]]), "scores": torch.tensor([0.5]), "labels": torch.tensor([0])}
        >>> output.records(item, size=(4, 4), dates=1)[0].values
        {'class': 'plane', 'score': 0.5}
        """
        if not self.over_time:
            return self._one_date(item, None)
        if not isinstance(item, Sequence) or len(item) != dates:
            raise ModelError(f"{shown(self.name)} without one dict for each of the {dates} dates")
        return [record for date, found in enumerate(item) for record in self._one_date(found, date)]

    def _one_date(self, found: Any, date: int | None) -> list[Row]:
        key, width = KEYS[self.shape]
        lacking = [k for k in (key, "scores", "labels") if not isinstance(found, Mapping) or k not in found]
        if lacking:
            raise ModelError(f"{shown(self.name)} without {lacking[0]!r}: return a dict with {key}, scores and labels")
        scores, labels = (numbers(found[k]).reshape(-1) for k in ("scores", "labels"))
        shapes = found[key] if width is None else self._numbers(found[key], key, width)
        if not len(shapes) == len(scores) == len(labels):
            raise ModelError(
                f"{shown(self.name)} with {len(shapes)} {key}, {len(scores)} scores and {len(labels)} labels: return one of "
                "each per object"
            )
        known = set(range(len(self.classes)))
        odd = next((int(v) for v in labels if int(v) not in known), None)
        if odd is not None:
            raise ModelError(f"{shown(self.name)} with the label {odd}: labels are 0 to {len(known) - 1}")
        if not np.isfinite(scores).all():
            raise ModelError(f"{shown(self.name)} with a score that is not a number")
        records = []
        for shape, score, label in zip(shapes, scores, labels, strict=True):
            geometry = _geometry(self.shape, numbers(shape))
            if geometry is not None:
                values = {"class": self.classes[int(label)].name, "score": round(float(score), 6)}
                records.append(Row(geometry, values, date))
        return records

    def _numbers(self, item: Any, key: str, width: int) -> npt.NDArray[np.float64]:
        """Read geometries of ``width`` numbers each; without objects the array has the same number of columns."""
        values = numbers(item)
        if values.ndim == 2 and values.shape[1] not in (0, width):
            raise ModelError(
                f"{shown(self.name)} with {key} of {values.shape[1]} numbers: {self.shape!r} takes {width} each"
            )
        return values.reshape(-1, width)

    def join(self, records: Sequence[Row]) -> list[Row]:
        """Unite, or drop, objects that two windows both found; the best score first.

        Parameters
        ----------
        records : sequence of Row
            Objects of all windows.

        Returns
        -------
        list of Row
            Each object once, the best score first.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import torch
        >>> output = eow.Objects("planes", classes=(eow.ClassInfo(0, "plane", "#d55e00"),))
        >>> item = {"boxes": torch.tensor([[0.0, 0.0, 2.0, 2.0]]), "scores": torch.tensor([0.5]), "labels": torch.tensor([0])}
        >>> len(output.join(output.records(item, size=(4, 4), dates=1)))
        1
        """
        import shapely

        order = sorted(records, key=lambda r: (-r.values["score"], r.geometry.bounds, r.date or 0))
        tree = shapely.STRtree([r.geometry for r in order])
        kept: dict[int, Row] = {}
        into: dict[int, int] = {}
        reach = self.distance if self.shape in ("point", "line") else 0.0
        for i, record in enumerate(order):
            near = tree.query(record.geometry.buffer(reach) if reach else record.geometry)
            same = next(
                (into.get(int(j), int(j)) for j in sorted(near) if j < i and self._same(order[int(j)], record)), None
            )
            if same is None:
                kept[i] = record
                continue
            into[i] = same
            if self.shape == "polygon":
                best = kept[same]
                kept[same] = replace(best, geometry=shapely.union(best.geometry, record.geometry))
        return list(kept.values())

    def _same(self, one: Row, other: Row) -> bool:
        """Return whether two records of different windows describe the same object."""
        if one.window == other.window or one.date != other.date or one.values["class"] != other.values["class"]:
            return False
        if self.shape in ("point", "line"):
            return bool(one.geometry.distance(other.geometry) <= self.distance)
        smaller = min(one.geometry.area, other.geometry.area)
        return smaller > 0 and bool(one.geometry.intersection(other.geometry).area > self.overlap * smaller)


def _geometry(shape: Shape, values: npt.NDArray[np.float64]) -> Any:
    """Return a shapely geometry; None for one that is not finite or has no extent."""
    import shapely

    if not np.isfinite(values).all():
        return None
    if shape == "point":
        return shapely.Point(values)
    if shape == "box":
        left, top, right, bottom = values
        return shapely.box(left, top, right, bottom) if right > left and bottom > top else None
    if shape == "line":
        return shapely.LineString(values) if len(values) > 1 else None
    if shape == "polygon":
        found = shapely.make_valid(shapely.Polygon(values)) if len(values) > 2 else None
        return found if found is not None and found.area > 0 else None
    x, y, width, height, angle = values
    if not (width > 0 and height > 0):
        return None
    along = np.array([np.cos(angle), np.sin(angle)]) * width / 2
    across = np.array([-np.sin(angle), np.cos(angle)]) * height / 2
    centre = np.array([x, y])
    return shapely.Polygon(
        [centre - along - across, centre + along - across, centre + along + across, centre - along + across]
    )
