"""``eow.rerun``: a result of ``run``, ``change`` or ``forecast`` made again from its provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from eowidgets.arguments import FilePath, checked
from eowidgets.contract.model import Model
from eowidgets.engine import rerun as runs
from eowidgets.engine.provenance import read
from eowidgets.engine.rerun import Rerun
from eowidgets.errors import InputError

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


@checked
def rerun(
    result: FilePath | xr.Dataset | GeoDataFrame,
    cube: xr.Dataset | None = None,
    model: Model | type[Model] | None = None,
    *,
    after: xr.Dataset | None = None,
    **options: Any,
) -> Rerun:
    """Make a result again from its provenance, and report whether it is identical.

    Parameters
    ----------
    result : path, Dataset or GeoDataFrame
        What ``eow.run``, ``eow.change`` or ``eow.forecast`` gave or wrote.
    cube : Dataset, optional
        The input; needed where the provenance does not note how it was opened.
    model : Model or Model class, optional
        Needed where the model is not registered.
    after : Dataset, optional
        The second raster of a comparison of two rasters.
    **options
        Engine settings to use in place of the recorded ones, such as ``device="cpu"``; for change only ``device``, for
        forecasts none.

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

    old = open_result(result) if isinstance(result, str | Path) else result
    notes = read(old)
    call = notes.get("call", "run")
    if call == "run":
        if "change_method" in old.attrs or "forecast_from" in notes:
            raise InputError("This was made by an older release, which noted less: make it again by hand.")
        return runs.rerun(old, cube, model, **options)
    if call not in CALLS:
        raise InputError(
            f"Results of {str(call)[:80]!r} cannot be made again by themselves: make the one they come from."
        )
    source = cube if cube is not None else runs.reopened(notes.get("whole", notes))
    try:
        source = runs.same_input(source, notes["whole"])
        arguments = {**notes["arguments"], "area": notes["area"]}
        again = CALLS[call](source, notes, arguments, model, after, options)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise InputError("The provenance is damaged: make the result again by hand.") from error
    new = again()
    differences = runs.compare(old, new)
    return Rerun(not differences, differences, runs.changes(notes, read(new)), new)


def _change(
    cube: xr.Dataset,
    notes: Mapping[str, Any],
    arguments: dict[str, Any],
    model: Any,
    after: xr.Dataset | None,
    options: Mapping[str, Any],
) -> Callable[[], xr.Dataset]:
    from eowidgets.analysis.change.detect import change

    _only(options, {"device"})
    if model is not None:
        raise InputError("Change is found by a method, which the provenance names: leave model out.")
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
) -> Callable[[], xr.Dataset]:
    from eowidgets.analysis.forecast.forecast import forecast, hindcast
    from eowidgets.analysis.forecast.strategies import make_forecaster
    from eowidgets.models.forecast.dates import DATES

    _only(options, set())
    if after is not None:
        raise InputError("A forecast is made from one cube: leave after out.")
    if isinstance(arguments["area"], list):  # a point
        arguments["area"] = tuple(arguments["area"])
    own = dict(notes["parameters"])
    if "dates" in own:  # of older results by models of images, which also noted what applies to runs only
        own = {k: v for k, v in own.items() if k not in DATES}
    given = {**arguments, "model": make_forecaster(notes["model"] if model is None else model, own)}
    if notes["call"] == "forecast":
        return partial(forecast, cube, **given)
    return partial(hindcast, cube, given.pop("from_date"), **given)


def _only(options: Mapping[str, Any], known: set[str]) -> None:
    for name in options:
        if name not in known:
            raise InputError(f"The option {name[:80]!r} does not apply to this result: leave it out.")


CALLS = {"change": _change, "forecast": _forecast, "hindcast": _forecast}
