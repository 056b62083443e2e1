"""Assess a class map with a labelled sample: error matrix, accuracies and error-adjusted areas with intervals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr
from annotated_types import Interval

from eowidgets.analysis.measure.accuracy.assessment import Accuracy, Units
from eowidgets.analysis.measure.accuracy.by_year import labels_by_year, map_by_year
from eowidgets.analysis.measure.accuracy.class_map import ClassMap, MapLike
from eowidgets.analysis.measure.accuracy.estimators import Estimator
from eowidgets.analysis.measure.accuracy.intervals import Method
from eowidgets.analysis.measure.accuracy.labelled import DateColumns, Labelled, place
from eowidgets.analysis.measure.accuracy.sample import DIGEST, Sample, with_record
from eowidgets.analysis.measure.accuracy.stratum import Stratum, from_sizes
from eowidgets.arguments import NotNegative, checked
from eowidgets.cube.area import Area, AreaLike
from eowidgets.engine.provenance import versions
from eowidgets.errors import InputError, shown

Array = npt.NDArray[Any]
AreaEstimator = Literal["sample", "difference"]
#: Tolerances, in days, of the table of a map of change.
TOLERANCES = (0, 15, 30, 60, 90, 180, 365)


@checked
def accuracy(
    map: MapLike,
    samples: Any,
    *,
    truth: str = "label",
    date: DateColumns = "date",
    strata: Mapping[str, float] | MapLike | None = None,
    design: Literal["stratified", "random"] | None = None,
    tolerance: NotNegative | None = None,
    by_year: bool = False,
    area: AreaLike | None = None,
    kappa: bool = False,
    confidence: Annotated[float, Interval(ge=0.5, lt=1)] = 0.95,
    interval: Method = "score",
    area_estimator: AreaEstimator = "sample",
    area_unit: Units = "ha",
) -> Accuracy:
    """Estimate the accuracy of a map, and the area of each class corrected for the errors of the map.

    Estimators of Olofsson et al. 2014 (doi:10.1016/j.rse.2014.02.015) where the strata are the classes of the map, of Stehman
    2014 (doi:10.1080/01431161.2014.930207) for other strata.

    Parameters
    ----------
    map : Dataset or DataArray
        A result with classes of ``eow.run``, a result of ``eow.change``, or a raster of whole numbers.
    samples : Sample, path, GeoDataFrame, DataFrame or Labels
        Labelled points. A sample of :func:`eowidgets.sample` carries its design; for other points give ``strata`` or
        ``design``. Empty labels and "can't tell" are left out and counted.
    truth : str
        Column with the class on the ground: names of classes, or their values in the map.
    date : str or pair of str
        Column with the date on the ground, or (last day without, first day with change), for a map of change.
    strata : mapping, Dataset or DataArray, optional
        The strata that the points were drawn from. A mapping from the names in the column ``stratum`` to pixels, areas or
        shares of the area; or a raster of strata on the pixels of the map.
    design : {"random"}, optional
        The points were drawn at random over the whole map, each pixel with the same chance: the classes of the map become
        strata afterwards.
    tolerance : float, optional
        Days by which the date in the map may differ; a change on another date counts as wrong in user's, producer's and
        overall accuracy. Areas do not depend on it.
    by_year : bool
        Divide the change of a map with dates, and the labels, by year: areas with intervals for each year.
    area : optional
        Where the map is assessed, as it was sampled: whatever ``eow.Area.of`` takes.
    kappa : bool
        Compute Cohen's kappa too, which good practice advises against.
    confidence : float
        Of the intervals.
    interval : {"score", "normal"}
        ``"score"``: intervals that hold for rare classes and have a width where no error was found. ``"normal"``: the
        estimate plus and minus z standard errors, as published examples have it.
    area_estimator : {"sample", "difference"}
        Matters only where the strata are not the classes of the map. ``"sample"``: areas from the labels alone, as Stehman
        2014 has it. ``"difference"``: the area in the map, corrected by the errors that the sample shows (Särndal et al. 1992,
        section 6.3), whose interval is narrower where the map is good.
    area_unit : {"ha", "km2", "m2", "pixels"}

    Returns
    -------
    Accuracy
        Print it for a sentence; :meth:`~Accuracy.table` is the table for a report.

    Raises
    ------
    InputError
        For points without a design, strata that do not fit, or no sample that can be used.

    Examples
    --------
    >>> import eowidgets as eow
    >>> dark = (eow.open("romania")["nir"].isel(time=0) < 0.2).rename("dark")
    >>> drawn = eow.sample(dark, 60, allocation="equal")
    >>> labelled = drawn.with_labels({i: "dark" if i % 3 else "no dark" for i in range(60)})
    >>> eow.accuracy(dark, labelled).n
    60
    """
    found = ClassMap.of(map, area)
    points = Sample.of(samples)
    if tolerance is not None and found.dates is None:
        raise InputError("tolerance is for maps of change with dates, as eow.change gives them: leave it out.")
    if by_year:
        if tolerance is not None:
            raise InputError("by_year and tolerance are both given: a year is the tolerance, leave one of them out.")
        found, points = map_by_year(found), labels_by_year(points, truth, date)
    placed = place(found, points, truth, date)
    if tolerance is not None and placed.days is None:
        raise InputError(f"tolerance needs the date on the ground: give its column as date= (now {shown(date)}).")
    parts = _Parts(found, points, placed, strata, design)
    options: dict[str, Any] = {"confidence": confidence, "method": interval}
    if area_estimator == "difference":
        options["mapped"] = parts.mapped(found)
    estimator = parts.estimator(tolerance, options)
    notes = {
        "call": "accuracy",
        "arguments": {
            "truth": truth,
            "date": date,
            "design": design,
            "tolerance": tolerance,
            "by_year": by_year,
            "area": Area.of(area).geojson if area is not None else None,
            "confidence": confidence,
            "interval": interval,
            "area_estimator": area_estimator,
            "area_unit": area_unit,
        },
        "map_sha256": (found.parent or found).sha256,
        "map": json.loads(found.provenance) if found.provenance else None,
        "sample": json.loads(points.provenance) if points.provenance else None,
        "versions": versions(),
    }
    return Accuracy.of(
        estimator,
        found,
        placed,
        strata=parts.used,
        covered=parts.covered,
        assumptions=parts.notes,
        kappa=kappa,
        unit=area_unit,
        tolerance=tolerance,
        by_tolerance=_by_tolerance(parts, options) if placed.days is not None else None,
        provenance=with_record(notes),
    )


class _Parts:
    """Strata of an assessment, and the samples counted in them."""

    def __init__(self, found: ClassMap, points: Sample, placed: Labelled, strata: Any, design: str | None) -> None:
        self.placed, self.notes = placed, []  # type: tuple[Labelled, list[str]]
        self._pixels_by_class: dict[str, Array] = {}
        self.names = placed.names
        stratum = placed.stratum
        same_map = bool(points.map_sha256) and points.map_sha256 == (found.parent or found).sha256[:DIGEST]
        if isinstance(strata, xr.Dataset | xr.DataArray):
            every, stratum = self._from_raster(found, points, placed, strata)
        elif strata is not None:
            every = from_sizes(dict(strata))
            if "stratum" not in points.table:
                raise InputError("strata are given by name, but the samples have no column stratum: add it.")
            _check_size(found, every, self.notes)
        elif design == "random":
            every, stratum = self._from_map(found), np.array(found.names, dtype=object)[placed.mapped]
            self.notes.append(
                "The points are treated as a simple random sample of the map, and its classes as strata (post-stratification)."
            )
        elif points.strata:
            every = points.strata
            if not same_map:
                self.notes.append(
                    "The sample was drawn from another map or area: its strata are kept, and the areas are those of this map."
                    if points.map_sha256
                    else "The strata are those in the file of the sample."
                )
        else:
            raise InputError(
                "The samples have no design, which is needed to estimate shares of the area: give strata= with the "
                "size of each stratum, or design='random' if they were drawn at random over the whole map."
            )
        self._count(every, stratum, found, (points.nested and same_map) or design == "random")

    def _from_map(self, found: ClassMap) -> tuple[Stratum, ...]:
        pixels, hectares = found.sizes()
        shares = hectares / hectares.sum()
        return tuple(Stratum(*row) for row in zip(found.names, pixels.tolist(), shares.tolist(), strict=True))

    def _from_raster(
        self, found: ClassMap, points: Sample, placed: Labelled, strata: Any
    ) -> tuple[tuple[Stratum, ...], Array]:
        other = found.on_grid(strata)
        index = np.where(found.index >= 0, other.index, -1)
        if (index[found.index >= 0] < 0).any():
            raise InputError("The strata leave out pixels of the map: give each pixel with a class a stratum.")
        pixels, hectares = found.sizes(index, len(other.classes))
        there = np.flatnonzero(pixels)
        for k in there:
            inside = found.index[index == k]
            self._pixels_by_class[other.names[k]] = np.bincount(inside, minlength=len(placed.names))
        every = tuple(Stratum(other.names[k], int(pixels[k]), float(hectares[k] / hectares.sum())) for k in there)
        return every, np.array(other.names, dtype=object)[index.ravel()[placed.pixel]]

    def _count(self, every: tuple[Stratum, ...], stratum: Array, found: ClassMap, nested: bool) -> None:
        """Count the samples, and remove strata without samples."""
        placed, classes = self.placed, len(self.names)
        known = {s.name: i for i, s in enumerate(every)}
        where = np.array([known.get(str(s), -1) for s in stratum])
        if (where < 0).any():
            lost = shown(str(stratum[where < 0][0]))
            raise InputError(
                f"{int((where < 0).sum())} samples lie in strata without a size, such as {lost}: give its size as well."
            )
        numbers = np.bincount(where, minlength=len(every))
        empty = numbers == 0
        self.used = tuple(s for s, none in zip(every, empty, strict=True) if not none)
        self.covered = float(sum(s.weight for s in self.used))
        if empty.any():
            listed = ", ".join(repr(s.name[:30]) for s, none in zip(every, empty, strict=True) if none)
            self.notes.append(
                f"No labelled sample lies in {listed} ({1 - self.covered:.1%} of the area): all figures are for the rest, "
                "label points there as well."
            )
        single = [s.name for s, count in zip(every, numbers, strict=True) if count == 1]
        if single:
            self.notes.append(
                f"{', '.join(repr(s[:30]) for s in single)} {'has' if len(single) == 1 else 'have'} only one sample, which gives "
                "no variance: its standard error is taken from a binomial interval."
            )
        position = np.cumsum(~empty) - 1
        self.where = position[where]
        shape = (len(self.used), classes, classes)
        self.counts = np.zeros(shape)
        np.add.at(self.counts, (self.where, placed.mapped, placed.truth), 1)
        self.weights = np.array([s.weight for s in self.used]) / self.covered
        sizes = np.array([float(s.pixels) for s in self.used])
        self.pixels = sizes if (sizes >= self.counts.sum(axis=(1, 2))).all() else None
        self.present = self._present(nested, found)

    def _present(self, nested: bool, found: ClassMap) -> Any:
        """Return which map classes occur in each stratum; None if unknown."""
        if self._pixels_by_class:
            return np.array([self._pixels_by_class[s.name] > 0 for s in self.used])
        if not nested:
            return None
        seen = self.counts.sum(axis=2) > 0
        if found.parent is None or set(found.names) == {s.name for s in self.used}:
            return seen
        # A stratum of one class of the parent may contain every class that this class was divided into.
        groups = np.array(found.groups)
        out = np.zeros_like(seen)
        for k, group in enumerate(groups):
            out[:, k] = seen[:, np.flatnonzero(groups == group)].any(axis=1)
        return out

    def mapped(self, found: ClassMap) -> Array:
        """Return the area shares of the classes in the map.

        Raises
        ------
        InputError
            Where a stratum has no sample.
        """
        if self.covered < 1 - 1e-9:
            raise InputError(
                "A stratum has no labelled sample, so the area in the map cannot be corrected: label points there."
            )
        hectares = found.sizes(count=len(self.names))[1]
        return np.asarray(hectares / hectares.sum())

    def estimator(self, tolerance: float | None, options: Mapping[str, Any]) -> Estimator:
        """Return the estimator for a tolerance in days."""
        right = None
        if tolerance is not None and self.placed.days is not None:
            placed = self.placed
            agree = (placed.mapped == placed.truth) & ~(np.asarray(placed.days) > tolerance)
            right = np.zeros(self.counts.shape[:2])
            np.add.at(right, (self.where[agree], placed.truth[agree]), 1)
        return Estimator(self.counts, self.weights, self.pixels, right, self.present, **options)


def _check_size(found: ClassMap, strata: tuple[Stratum, ...], notes: list[str]) -> None:
    """Add a note if the number of pixels in the strata differs from that of the map."""
    given, own = sum(s.pixels for s in strata), int((found.index >= 0).sum())
    if given and abs(given - own) > 0.01 * own:
        notes.append(f"The strata have {given:,} pixels and the map {own:,}: check that both are of the same area.")


def _by_tolerance(parts: _Parts, options: Mapping[str, Any]) -> Any:
    """Return user's and producer's accuracy of change by tolerance in days."""
    import pandas as pd

    change = parts.names.index("change") if "change" in parts.names else None
    if change is None:
        return None
    rows = []
    for days in (*TOLERANCES, None):
        estimator = parts.estimator(days, options)
        precision, recall = estimator.users(change), estimator.producers(change)
        rows.append(
            {
                "tolerance": "any" if days is None else days,
                "precision": precision.value,
                "precision_low": precision.low,
                "precision_high": precision.high,
                "recall": recall.value,
                "recall_low": recall.low,
                "recall_high": recall.high,
            }
        )
    return pd.DataFrame(rows)
