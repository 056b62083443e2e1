"""The result of an accuracy assessment: tables, sentences, HTML and files."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from eowidgets.analysis.measure.accuracy.assessment_words import (
    UNIT_WORDS,
    digits,
    method,
    nested,
    number,
    percent,
    unsure_words,
)
from eowidgets.analysis.measure.accuracy.class_map import ClassMap, MapLike
from eowidgets.analysis.measure.accuracy.estimators import Estimated, Estimator
from eowidgets.analysis.measure.accuracy.labelled import Labelled
from eowidgets.analysis.measure.accuracy.stratum import Stratum
from eowidgets.arguments import FilePath, checked
from eowidgets.cube.export.place import target, write_whole
from eowidgets.errors import unknown

if TYPE_CHECKING:
    import xarray as xr
    from pandas import DataFrame

    from eowidgets.analysis.measure.report.content import Report

Array = npt.NDArray[Any]
Units = Literal["ha", "km2", "m2", "pixels"]
#: Number of units in a hectare.
PER_HECTARE = {"ha": 1.0, "km2": 0.01, "m2": 10_000.0}
#: With fewer samples of a class, its estimates are marked as uncertain.
FEW = 20


@dataclass(frozen=True, eq=False, repr=False)
class Accuracy:
    """Error matrix, accuracies and error-adjusted areas of a class map.

    Attributes
    ----------
    classes : tuple of str
        Classes of the map, then reference classes that the map lacks.
    matrix : array of int, shape (map class, reference class)
        Counts of samples.
    proportions : array, shape (map class, reference class)
        Estimated area shares.
    overall : Estimated
        Overall accuracy, with ``value``, ``se``, ``low`` and ``high``.
    users, producers : tuple of Estimated
        By class; NaN without a sample.
    areas : tuple of Estimated
        Error-adjusted areas in ``unit``.
    mapped_areas : array, shape (classes,)
        Areas of the classes in the map, from pixel counts, in ``unit``.
    kappa : float or None
        Cohen's kappa, if requested.
    unit : {"ha", "km2", "m2", "pixels"}
    confidence : float
    interval : {"score", "normal"}
    n, unsure : int
        Samples used; samples labelled "can't tell", which are left out.
    strata : tuple of Stratum
        Strata with samples.
    covered : float
        Area share of these strata.
    tolerance : float or None
        Tolerance of dates in days.
    by_tolerance : DataFrame or None
        User's accuracy ("precision") and producer's accuracy ("recall") of change by tolerance in days.
    notes : tuple of str
        Assumptions, and the samples that were not used.
    method : str
        Estimators and intervals in one sentence.
    provenance : str
        Provenance as JSON.
    """

    classes: tuple[str, ...]
    matrix: Array
    proportions: Array
    overall: Estimated
    users: tuple[Estimated, ...]
    producers: tuple[Estimated, ...]
    areas: tuple[Estimated, ...]
    mapped_areas: Array
    kappa: float | None
    unit: str
    confidence: float
    interval: str
    n: int
    unsure: int
    strata: tuple[Stratum, ...]
    covered: float
    tolerance: float | None
    by_tolerance: Any
    notes: tuple[str, ...]
    method: str
    provenance: str

    @classmethod
    def of(
        cls,
        estimator: Estimator,
        found: ClassMap,
        placed: Labelled,
        *,
        strata: tuple[Stratum, ...],
        covered: float,
        assumptions: Sequence[str],
        kappa: bool,
        unit: str,
        tolerance: float | None,
        by_tolerance: Any,
        provenance: str,
    ) -> Accuracy:
        """Compute all figures of an assessment."""
        names, k = placed.names, len(placed.names)
        pixels, hectares = found.sizes(count=k)
        sizes = pixels.astype(float) if unit == "pixels" else hectares * PER_HECTARE[unit]
        whole = float(sizes.sum()) * covered
        cells = np.array([[estimator.cell(i, j).value for j in range(k)] for i in range(k)])
        matrix = estimator.counts.sum(axis=0).astype(int)
        notes = [*placed.notes, *assumptions]
        if placed.unsure:
            notes.insert(0, unsure_words(placed.unsure, len(placed.mapped)))
        few = [
            n
            for n, count in zip(names, matrix.sum(axis=0) + matrix.sum(axis=1) - np.diag(matrix), strict=True)
            if count < FEW
        ]
        if few:
            listed = ", ".join(repr(n[:30]) for n in few)
            notes.append(f"Fewer than {FEW} samples are of {listed}: the intervals are wide and uncertain.")
        return cls(
            names,
            matrix,
            cells,
            estimator.overall(),
            tuple(estimator.users(i) for i in range(k)),
            tuple(estimator.producers(i) for i in range(k)),
            tuple(estimator.area(i).times(whole) for i in range(k)),
            sizes,
            _kappa(cells) if kappa else None,
            unit,
            estimator.confidence,
            estimator.method,
            int(matrix.sum()),
            placed.unsure,
            strata,
            covered,
            tolerance,
            by_tolerance,
            tuple(notes),
            method(estimator, nested(estimator) and len(strata) == len(found.classes)),
            provenance,
        )

    def table(self) -> DataFrame:
        """Return the table for a report, one row per class.

        Returns
        -------
        DataFrame
            ``mapped`` and ``area`` with ``area_se``, ``area_low``, ``area_high`` in the unit; ``users`` and ``producers``
            (0..1) with the same suffixes; ``samples``, the number of reference labels of the class.
        """
        import pandas as pd

        rows = []
        for i in range(len(self.classes)):
            row: dict[str, Any] = {"mapped": float(self.mapped_areas[i])}
            parts = (("area", self.areas[i]), ("users", self.users[i]), ("producers", self.producers[i]))
            for name, one in parts:
                row |= {name: one.value, f"{name}_se": one.se, f"{name}_low": one.low, f"{name}_high": one.high}
            rows.append({**row, "samples": int(self.matrix[:, i].sum())})
        return pd.DataFrame(rows, index=pd.Index(self.classes, name="class"))

    def error_matrix(self, kind: Literal["samples", "area"] = "samples") -> DataFrame:
        """Return the error matrix: rows are classes in the map, columns classes on the ground.

        Parameters
        ----------
        kind : {"samples", "area"}
            Counts, or estimated shares of the area.
        """
        import pandas as pd

        values = self.matrix if kind == "samples" else self.proportions
        return pd.DataFrame(values, pd.Index(self.classes, name="map"), pd.Index(self.classes, name="reference"))

    def sentence(self, name: str | None = None) -> str:
        """Return the results in sentences for a report.

        Parameters
        ----------
        name : str, optional
            A class; by default those of the map.

        Raises
        ------
        InputError
            If there is no such class.
        """
        if name is not None and name not in self.classes:
            raise unknown("class", name, self.classes)
        chosen = (
            [name] if name is not None else [c for c, size in zip(self.classes, self.mapped_areas, strict=True) if size]
        )
        level = (
            f"{self.confidence:.0%}"
            if round(100 * self.confidence) == 100 * self.confidence
            else f"{self.confidence:.1%}"
        )
        days = f", with dates within {self.tolerance:g} days" if self.tolerance is not None else ""
        many = "1 sample" if self.n == 1 else f"{self.n} samples"
        parts = [f"The overall accuracy is {percent(self.overall)} ({level} confidence interval; {many}{days})."]
        for one in chosen[:6]:
            i = self.classes.index(one)
            area = self.areas[i]
            places = digits(area.high - area.low)
            low, high, value = (number(v, places) for v in (area.low, area.high, area.value))
            parts.append(
                f"The area of {one} is {value} {UNIT_WORDS[self.unit]} ({level} confidence interval {low} to {high}); the map "
                f"shows {number(float(self.mapped_areas[i]), places)}."
            )
        if self.covered < 1 - 1e-9:
            parts.append(f"These figures are for {self.covered:.1%} of the area.")
        return " ".join(parts)

    @checked
    def save(self, path: FilePath) -> Path:
        """Write the assessment: ``.csv`` the table, ``.json`` all values, ``.html`` a page. No partial file is left.

        Raises
        ------
        InputError, SourceError
            For another ending, or a folder that cannot be written.
        """
        found = target(path, (".csv", ".json", ".html"))
        writers = {".csv": self._csv, ".json": self._json, ".html": self._html}
        return write_whole(found, partial(_write_text, writers[found.suffix.lower()]()))

    def to_report(self, *, cube: xr.Dataset | None = None, title: str = "", map: MapLike | None = None) -> Report:
        """Return the report of the assessment; ``eow.report`` calls this without ``map``.

        Parameters
        ----------
        cube : Dataset, optional
            Cited, and drawn under the map.
        title : str
        map : Dataset or DataArray, optional
            The assessed map, to be drawn: an assessment holds figures only.
        """
        from eowidgets.analysis.measure.accuracy.assessment_report import accuracy_report

        return accuracy_report(self, cube, title, map=map)

    def plain(self) -> dict[str, Any]:
        """Return all values as plain types for JSON."""
        out: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            out[field.name] = _plain(getattr(self, field.name))
        out["provenance"] = json.loads(self.provenance)
        return out

    def _csv(self) -> str:
        return str(self.table().to_csv(float_format="%.8g"))

    def _json(self) -> str:
        return json.dumps(self.plain(), ensure_ascii=False, indent=1)

    def _html(self) -> str:
        return f"<!doctype html><meta charset='utf-8'><title>Accuracy</title>{self._repr_html_()}"

    def __str__(self) -> str:
        return " ".join((self.sentence(), *self.notes))

    def __repr__(self) -> str:
        return f"<Accuracy: {self.sentence()}>"

    def _repr_html_(self) -> str:
        from eowidgets.analysis.measure.accuracy.assessment_html import page

        return page(self)


def _kappa(shares: Array) -> float:
    """Return Cohen's kappa of a matrix of area shares."""
    observed, expected = float(np.trace(shares)), float(shares.sum(axis=0) @ shares.sum(axis=1))
    return (observed - expected) / (1 - expected) if expected < 1 else float("nan")


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {k: _plain(v) for k, v in dataclasses.asdict(value).items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if hasattr(value, "to_dict"):
        return _plain(value.to_dict("records"))
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")
