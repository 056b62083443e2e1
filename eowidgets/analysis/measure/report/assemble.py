"""Assemble a report whose method, sources and code come from the provenance of the result."""

from __future__ import annotations

from typing import Any

import xarray as xr

from eowidgets.analysis.measure.report.content import Report
from eowidgets.analysis.measure.report.origin import citations, method
from eowidgets.analysis.record import Record
from eowidgets.errors import EowidgetsError

#: Definitions of the areas on a map.
HECTARES = "area on the ellipsoid, from the number of pixels; 1 ha is 10 000 m²"
PIXELS = "pixels counted in the map: errors of the map are not corrected (eow.accuracy does, from a checked sample)"


def assemble(result: Any, cube: xr.Dataset | None, title: str, **parts: Any) -> Report:
    """Return a report with method, sources, code and notes from the provenance of the result.

    Parameters
    ----------
    result : Dataset or DataFrame
        A result with provenance.
    cube : Dataset or None
        Cited if given.
    title : str
        By default the title of the result.
    **parts
        The other fields of a :class:`~eowidgets.analysis.measure.report.content.Report`.
    """
    record = Record.of(result)
    attrs = {**result.attrs, **(cube.attrs if cube is not None else {})}
    return Report(
        title=title or str(result.attrs.get("title") or "Result"),
        method=method(record.notes) | parts.pop("method", {}),
        citations=citations(record.notes, attrs),
        code=code_of(record),
        notes=record.notes,
        **parts,
    )


def code_of(record: Record) -> str:
    """Return the cell that computes a result again; empty if its record is not sufficient."""
    try:
        return record.code()
    except EowidgetsError:
        return ""
