"""The report of a taught model: its test on held-out blocks."""

from __future__ import annotations

import xarray as xr

from eowidgets.analysis.measure.report.content import Figure, Report, Table
from eowidgets.analysis.measure.report.maps import map_of
from eowidgets.analysis.measure.report.origin import citations, method
from eowidgets.contract.trainable import Trainable
from eowidgets.engine.provenance import about
from eowidgets.errors import InputError
from eowidgets.learn.teach import evaluation_of


def taught_report(
    model: Trainable,
    cube: xr.Dataset | None = None,
    title: str = "",
    date: str = "",
    *,
    mapped: xr.DataArray | None = None,
    code: str = "",
) -> Report:
    """Return the report of a model that ``eow.teach`` returned.

    Parameters
    ----------
    model : Trainable
    cube : Dataset, optional
    title, date : str
        As for :func:`~eowidgets.analysis.measure.report.of_result.report`.
    mapped : DataArray (y, x), optional
        The map of the model.
    code : str
        Code of the cell that teaches it.

    Raises
    ------
    InputError
        For a model that was not taught or not tested.
    """
    found = evaluation_of(model)
    if found is None:
        raise InputError("This model was not tested: teach it with labels of at least two places of each class.")
    notes = {"call": "teach", **about(model)}
    figures: list[Figure] = [] if mapped is None else [map_of(mapped, "Map of the model", cube=cube, date=date)]
    tables = []
    if found.counts is not None:
        caption = "Held-out examples: rows are labels, columns are predictions"
        tables.append(Table.of(found.table().reset_index(), caption))
    blocks = f"{found.blocks} blocks" + (f" of {found.block_metres:.0f} m" if found.block_metres else "")
    return Report(
        title=title or "A map from labels: test on held-out blocks",
        answer=" ".join((found.sentence, *found.notes)),
        figures=figures,
        tables=tables,
        definitions={
            "held-out": f"each of {blocks} was predicted by a model that was not taught with its labels ({found.folds} folds)",
            "interval": "90 % interval over blocks, from 400 resamples",
            "balanced accuracy": "the mean of the shares of each class that were predicted correctly",
        },
        method=method(notes),
        citations=citations(notes, cube.attrs if cube is not None else {}),
        code=code,
        notes=notes,
    )
