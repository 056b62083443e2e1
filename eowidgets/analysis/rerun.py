"""``eow.rerun``: compute a result again from its provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.record import MEASURES
from eowidgets.arguments import FilePath, checked
from eowidgets.contract.model import Model
from eowidgets.engine import rerun as runs
from eowidgets.engine.provenance import read
from eowidgets.engine.rerun import Rerun
from eowidgets.errors import InputError

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame, Series

    from eowidgets.analysis.measure.parcels.parcels import Parcels
    from eowidgets.analysis.measure.stations.comparison import StationComparison


@checked
def rerun(
    result: FilePath | xr.Dataset | GeoDataFrame | DataFrame | Answer | Parcels | StationComparison,
    cube: xr.Dataset | Mapping[str, xr.Dataset] | DataFrame | Series[Any] | FilePath | None = None,
    model: Model | type[Model] | None = None,
    *,
    after: xr.Dataset | None = None,
    places: GeoDataFrame | None = None,
    **options: Any,
) -> Rerun:
    """Make a result again from its provenance, and report whether it is identical.

    Parameters
    ----------
    result : path, Dataset, GeoDataFrame, DataFrame, Answer, Parcels or StationComparison
        What ``eow.run``, ``eow.change``, ``eow.forecast``, ``eow.ask``, ``eow.parcels`` or ``eow.stations`` gave or wrote.
    cube : Dataset, dict of Datasets, DataFrame, Series or path, optional
        The input; needed where the provenance does not note how it was opened. A dict for a model of several sources, a
        table for one of series or for a forecast of a table, a folder for one of chips.
    model : Model or Model class, optional
        Needed where the model is not registered.
    after : Dataset, optional
        The second raster of a comparison of two rasters.
    places : GeoDataFrame, optional
        For results at places: the places.
    **options
        Engine settings or parameters of the model to use in place of the recorded ones: ``device="cpu"``, or the path of a
        file, of which only the name is recorded. For change only ``device``, for questions only ``layers``, for forecasts
        none.

    Returns
    -------
    Rerun
        Print it for one sentence.

    Raises
    ------
    InputError
        When there is no provenance, or the input cannot be found from it.

    Examples
    --------
    >>> import eowidgets as eow
    >>> cube = eow.open("bouconne").isel(time=slice(3))
    >>> print(eow.rerun(eow.run("fill-linear", cube), cube))
    Made again: identical.
    """
    from eowidgets.engine.writers.disk import open_result

    old: Any = open_result(result) if isinstance(result, str | Path) else result
    notes = read(old)
    call, source = notes.get("call", "run"), cube  # type: str, Any
    if call == "run":
        if "change_method" in old.attrs or "forecast_from" in notes:
            raise InputError("This result is of an older release that recorded less: compute it again by hand.")
        return runs.rerun(old, source, model, **options)
    if call in ITEMS:
        if source is None and (call == "table" or "input" not in notes):
            raise InputError(
                "The provenance does not hold the table or the images: give them as rerun(result, source)."
            )
        source = source if source is not None else runs.reopened(notes)
        if isinstance(source, xr.Dataset):
            source = runs.same_input(source, notes)
        return runs.rerun_items(old, notes, source, places, model, options)
    if call in MEASURED:
        source = runs.same_input(source if source is not None else runs.reopened(notes["whole"]), notes["whole"])
        return MEASURED[call](result, source, notes)
    if call not in CALLS:
        raise InputError(f"Results of {str(call)[:80]!r} cannot be computed again by themselves: rerun their input.")
    table = notes.get("input", {}).get("kind") == "table"
    if table and source is None:
        raise InputError("The provenance does not hold the table: give it as rerun(result, table).")
    source = source if source is not None else runs.reopened(notes.get("whole", notes))
    try:
        source = source if table else runs.same_input(source, notes["whole"])
        arguments = {**notes["arguments"], **({"area": notes["area"]} if "area" in notes else {})}
        again = CALLS[call](source, notes, arguments, model, after, options)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise InputError("The provenance is damaged: compute the result again by hand.") from error
    new = again()
    differences = _compare_answers(old, new) if call == "ask" else runs.compare(old, new)
    return Rerun(not differences, differences, runs.changes(notes, read(new)), new)


def _compare_answers(old: Answer, new: Answer) -> dict[str, float | str]:
    names = [name for name in ("text", "value", "abstained") if getattr(old, name) != getattr(new, name)]
    return dict.fromkeys(names, "other")


def _change(
    cube: xr.Dataset,
    notes: Mapping[str, Any],
    arguments: dict[str, Any],
    model: Any,
    after: xr.Dataset | None,
    options: Mapping[str, Any],
) -> Callable[[], Any]:
    from eowidgets.analysis.change.detect import change

    _only(options, {"device"})
    if model is not None:
        raise InputError("The provenance names the method of change detection: leave model out.")
    if arguments["after"] is not None and after is None:
        raise InputError("Two rasters were compared: give the second one as rerun(result, cube, after=...).")
    second = runs.same_input(after, arguments["after"]) if after is not None and arguments["after"] else None
    device = {"device": notes["engine"]["device"], **options}
    return partial(
        change,
        cube,
        arguments["method"],
        after=second,
        dates=arguments["dates"],
        area=arguments["area"],
        **device,
        **arguments["params"],
    )


def _forecast(
    cube: xr.Dataset,
    notes: Mapping[str, Any],
    arguments: dict[str, Any],
    model: Any,
    after: xr.Dataset | None,
    options: Mapping[str, Any],
) -> Callable[[], Any]:
    from eowidgets.analysis.forecast.forecast import forecast, hindcast
    from eowidgets.analysis.forecast.strategies import make_forecaster
    from eowidgets.models.forecast.series.dates import DATES

    _only(options, set())
    if after is not None:
        raise InputError("A forecast uses one cube: leave after out.")
    if isinstance(arguments["area"], list):  # a point
        arguments["area"] = tuple(arguments["area"])
    own = dict(notes["parameters"])
    if "dates" in own:  # older results of models of images also recorded the arguments of runs
        own = {k: v for k, v in own.items() if k not in DATES}
    if model is not None or arguments.get("model") != "auto":  # "auto" selects again, with the same outcome
        arguments["model"] = make_forecaster(notes["model"] if model is None else model, own)
    given = arguments
    if notes["call"] == "forecast":
        return partial(forecast, cube, **given)
    return partial(hindcast, cube, given.pop("from_date"), **given)


def _measure(
    cube: Any,
    notes: Mapping[str, Any],
    arguments: dict[str, Any],
    model: Any,
    after: xr.Dataset | None,
    options: Mapping[str, Any],
) -> Callable[[], Any]:
    import eowidgets

    _only(options, {"device", "memory"})
    if model is not None or after is not None:
        raise InputError("The provenance names the method for seasons and trends: leave model and after out.")
    given = {name: notes["engine"][name] for name in ("device", "memory") if name in notes["engine"]}
    return partial(getattr(eowidgets, str(notes["call"])), cube, **{**arguments, **given, **options})


def _only(options: Mapping[str, Any], known: set[str]) -> None:
    for name in options:
        if name not in known:
            raise InputError(f"The option {name[:80]!r} does not apply to this result: leave it out.")


def _ask(
    cube: xr.Dataset,
    notes: Mapping[str, Any],
    arguments: dict[str, Any],
    model: Any,
    after: xr.Dataset | None,
    options: Mapping[str, Any],
) -> Callable[[], Answer]:
    from eowidgets.analysis.ask import ask

    _only(options, {"layers"})
    if model is not None or after is not None:
        raise InputError("A question is asked about one cube: leave model and after out.")
    before, question = list(arguments.pop("history")), arguments.pop("question")
    if arguments.pop("layers") and "layers" not in options:
        raise InputError("The question was asked with layers: give them as rerun(answer, cube, layers=...).")
    given = {**arguments, "dates": tuple(d) if (d := arguments["dates"]) else None, **options}

    def again() -> Answer:
        history: list[Answer] = []
        for earlier in before:
            history.append(ask(cube, earlier, history=history, **given))
        return ask(cube, question, history=history, **given)

    return again


def _parcels(old: Any, cube: xr.Dataset, notes: Mapping[str, Any]) -> Rerun:
    """Measure the outlines of a result again."""
    from eowidgets.analysis.measure.parcels.measure import remeasure
    from eowidgets.analysis.measure.parcels.parcels import Parcels

    old = Parcels.open(old) if isinstance(old, str | Path) else old
    if not isinstance(old, Parcels):
        raise InputError(
            "A table of parcels does not hold all outlines: give the result of eow.parcels itself, or its file."
        )
    new = remeasure(old, cube)
    return _compared(old.table, new.table, new, notes)


def _stations(old: Any, cube: xr.Dataset, notes: Mapping[str, Any]) -> Rerun:
    """Match the measurements of a result again."""
    from eowidgets.analysis.measure.stations.comparison import StationComparison
    from eowidgets.analysis.measure.stations.match import rematch

    if not isinstance(old, StationComparison):
        raise InputError("A table of pairs does not hold all measurements: give the result of eow.stations itself.")
    new = rematch(old, cube)
    return _compared(old.pairs.drop(columns="row"), new.pairs.drop(columns="row"), new, notes)


def _compared(old: Any, new: Any, result: Any, notes: Mapping[str, Any]) -> Rerun:
    differences = runs.compare(old, new)
    return Rerun(not differences, differences, runs.changes(notes, read(result)), result)


#: Calls of ``eow.run`` whose result is a table with one row per item.
ITEMS = ("chips", "series", "table")
#: Calls whose result contains its own input: outlines or measurements.
MEASURED = {"parcels": _parcels, "stations": _stations}
CALLS = {
    "change": _change,
    "forecast": _forecast,
    "hindcast": _forecast,
    "ask": _ask,
    **dict.fromkeys(MEASURES, _measure),
}
