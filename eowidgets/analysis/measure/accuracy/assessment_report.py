"""The report of an accuracy assessment: areas with intervals, accuracies, error matrix, method and sources."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from eowidgets.analysis.measure.accuracy.assessment_words import UNIT_WORDS
from eowidgets.analysis.measure.accuracy.class_map import MapLike, class_layer
from eowidgets.analysis.measure.report.charts import COLORS, blank, chart
from eowidgets.analysis.measure.report.content import Figure, Report, Table
from eowidgets.analysis.measure.report.maps import map_of
from eowidgets.analysis.measure.report.origin import citations
from eowidgets.errors import MissingExtraError

if TYPE_CHECKING:
    from eowidgets.analysis.measure.accuracy.assessment import Accuracy

SOURCES = (
    "Olofsson, P. et al. (2014): Good practices for estimating area and assessing accuracy of land change. Remote Sensing of "
    "Environment 148, 42-57, doi:10.1016/j.rse.2014.02.015",
    "Stehman, S. V. (2014): Estimating area and map accuracy for stratified random sampling when the strata are different from "
    "the map classes. International Journal of Remote Sensing 35, 4923-4939, doi:10.1080/01431161.2014.930207",
)
INTERVALS = (
    "Zou, G. Y. and Donner, A. (2008): Construction of confidence limits about effect measures. Statistics in Medicine 27, "
    "1693-1702, doi:10.1002/sim.3095"
)


def accuracy_report(
    found: Accuracy, cube: xr.Dataset | None = None, title: str = "", code: str = "", *, map: MapLike | None = None
) -> Report:
    """Return the report of an assessment.

    Parameters
    ----------
    found : Accuracy
    cube : Dataset, optional
        Cited.
    title : str
    code : str
        Code of the cell that computes the same.
    map : Dataset or DataArray, optional
        The assessed map, to be drawn.
    """
    notes = json.loads(found.provenance)
    unit = UNIT_WORDS[found.unit]
    level = f"{found.confidence:.4g}"
    figures: list[Figure] = [] if map is None else [map_of(*class_layer(map), cube=cube)]
    with suppress(MissingExtraError):
        figures.append(_bars(found, unit))
    matrix = found.error_matrix().reset_index().rename(columns={"map": "map \\ ground"})
    tables = [
        Table.of(_areas(found, unit), f"Areas by class, in {unit}, with intervals of confidence {level}"),
        Table.of(_accuracies(found), f"Accuracies by class, 0..1, with intervals of confidence {level}"),
        Table.of(matrix, "Error matrix in samples: rows are classes of the map, columns those on the ground"),
    ]
    if found.by_tolerance is not None:
        tables.append(Table.of(found.by_tolerance, "Change by tolerance of its date, in days"))
    strata = ", ".join(f"{s.name} ({s.weight:.3g} of the area)" for s in found.strata)
    return Report(
        title=title or "Accuracy and area of a map",
        answer=found.sentence(),
        figures=figures,
        tables=tables,
        definitions={
            "area": "of a class on the ground, estimated from the labelled sample and the sizes of its strata",
            "overall accuracy": "share of the area whose class in the map is the one on the ground",
            "user's accuracy": "share of the area of a class in the map that is this class on the ground",
            "producer's accuracy": "share of the area of a class on the ground that the map shows",
            "interval": f"holds the true value in {100 * found.confidence:.4g} % of repeated samples",
        },
        method={
            "Estimators": found.method,
            "Sample": f'{found.n} labelled points used, {found.unsure} "can\'t tell"',
            "Strata": strata,
            **({"Assumptions": " ".join(found.notes)} if found.notes else {}),
        },
        citations=(
            *SOURCES,
            *((INTERVALS,) if found.interval == "score" else ()),
            *citations(notes, cube.attrs if cube is not None else {}),
        ),
        code=code,
        notes=notes,
    )


def _areas(found: Accuracy, unit: str) -> Any:
    table = found.table()[["mapped", "area", "area_se", "area_low", "area_high"]].reset_index()
    names = {"mapped": f"in the map ({unit})", "area": f"area ({unit})", "area_se": "standard error"}
    return table.rename(columns={**names, "area_low": "low", "area_high": "high"})


def _accuracies(found: Accuracy) -> Any:
    columns = [f"{n}{e}" for n in ("users", "producers") for e in ("", "_low", "_high")]
    table = found.table()[[*columns, "samples"]].reset_index()
    return table.rename(
        columns={c: c.replace("users", "user's").replace("producers", "producer's").replace("_", " ") for c in columns}
    )


def _bars(found: Accuracy, unit: str) -> Figure:
    canvas, axes = blank(max(2.2, 0.5 * len(found.classes) + 1.2))
    axes.grid(axis="x", color="#dddddd", linewidth=0.8)
    rows = np.arange(len(found.classes))
    values = np.array([a.value for a in found.areas])
    errors = np.array([[a.value - a.low, a.high - a.value] for a in found.areas]).T.clip(0)
    axes.barh(rows - 0.2, found.mapped_areas, 0.35, color="#bbbbbb", label="in the map")
    axes.barh(rows + 0.2, values, 0.35, xerr=errors, color=COLORS[0], capsize=4, label="estimated, with interval")
    axes.set_yticks(rows, found.classes)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.legend(frameon=False)
    return chart(canvas, f"Area of each class ({unit}): pixels of the map, and estimated from the sample")
