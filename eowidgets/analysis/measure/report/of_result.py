"""Reports of what the functions of the package return."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import xarray as xr

from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.measure.report.content import Report
from eowidgets.analysis.measure.report.of_answer import answer_report
from eowidgets.analysis.measure.report.of_change import change_report
from eowidgets.analysis.measure.report.of_forecast import forecast_report
from eowidgets.analysis.measure.report.of_run import run_report
from eowidgets.analysis.measure.report.of_series import series_report
from eowidgets.analysis.measure.report.of_taught import taught_report
from eowidgets.analysis.record import MEASURES, Record
from eowidgets.arguments import checked
from eowidgets.contract.trainable import Trainable
from eowidgets.errors import InputError


@runtime_checkable
class Reported(Protocol):
    """A result with its own report."""

    def to_report(self, *, cube: xr.Dataset | None = None, title: str = "") -> Report:
        """Return the report; ``cube`` is drawn under maps and cited."""
        ...


@checked
def report(result: Any, *, cube: xr.Dataset | None = None, title: str = "", date: str = "") -> Report:
    """Return a result as a page to hand over: answer, map, chart, table, definitions, method, provenance and citation.

    Parameters
    ----------
    result : Dataset, DataFrame, Answer, taught model or object with ``to_report``
        What ``eow.run``, ``eow.change``, ``eow.forecast``, ``eow.ask``, ``eow.parcels``, ``eow.accuracy``,
        ``eow.stations``, ``eow.phenology`` or ``eow.trend`` returned.
    cube : Dataset, optional
        The images, drawn below maps, and cited.
    title : str
        By default that of the result.
    date : str
        ISO day of the image below maps.

    Returns
    -------
    Report

    Raises
    ------
    InputError
        For a result without provenance, or something else than a result.

    Examples
    --------
    >>> import eowidgets as eow
    >>> cube = eow.open("romania")
    >>> page = eow.report(eow.change(cube), cube=cube)
    >>> path = page.save("clear-cuts.html")
    """
    if isinstance(result, Answer):
        return answer_report(result, cube, title, date)
    if isinstance(result, Trainable):
        return taught_report(result, cube, title, date)
    if isinstance(result, Reported):
        return result.to_report(cube=cube, title=title)
    if not hasattr(result, "attrs") or "provenance" not in result.attrs:
        raise InputError(
            f"A report needs a result with provenance, not {type(result).__name__}: give what a function of eow returned."
        )
    call = Record.of(result).call
    if call == "change":
        return change_report(result, cube, title, date)
    if call in ("forecast", "hindcast"):
        return forecast_report(result, cube, title, date)
    if call in MEASURES:
        return series_report(result, cube, title, date)
    return run_report(result, cube, title, date)
