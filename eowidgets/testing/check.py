"""Check that a model satisfies the contract."""

from __future__ import annotations

import dataclasses
import pickle
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.arguments import checked
from eowidgets.contract.catalogue import OWN, read_index, registered
from eowidgets.contract.feeds import Chips, Series, Windows
from eowidgets.contract.loading import load
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Gathered
from eowidgets.contract.registry import get_model
from eowidgets.contract.saving import save
from eowidgets.cube.schema import bands as bands_of
from eowidgets.engine.fitted import Fitted
from eowidgets.engine.run import run
from eowidgets.errors import EowidgetsError, ModelError, shown, words
from eowidgets.testing.compare import apart
from eowidgets.testing.cubes import SERIES, cube_of_source, series_table, some_places, suited_cube
from eowidgets.testing.report import Finding, Report

#: Two results are equal if no value differs by more than this, relative to values of about 1.
SAME = 1e-5
#: Pixels of the unobserved corner in the check of nodata.
CORNER = 4


@checked
def check_model(model: str | Model | type[Model], cube: xr.Dataset | None = None, *, strict: bool = True) -> Report:
    """Check that a model satisfies the contract: outputs, repeatability, windows, nodata, parameters, copies and its card.

    Parameters
    ----------
    model : str, Model or Model class
    cube : Dataset, optional
        A small cube that suits the model; by default one is created from its feed. A detector needs a cube with
        detections: the check fails without any.
    strict : bool
        Whether to raise if a check fails; False returns the report in any case.

    Returns
    -------
    Report

    Raises
    ------
    ModelError
        With one line per failed check.

    Examples
    --------
    >>> print(check_model("fill-linear"))
    ok     card
    ok     parameters
    ok     runs
    ok     repeatable
    ok     batches
    ok     windows
    ok     nodata
    ok     pickle
    ok     save and load
    """
    made = get_model(model)
    report = Report(_findings(made, cube if cube is not None else suited_cube(made)))
    if strict and report.problems:
        lines = "\n".join(f"{f.check}: {f.problem}" for f in report.problems)
        raise ModelError(f"The model {shown(made.name)} fails {len(report.problems)} checks:\n{lines}")
    return report


def _data(model: Model, cube: xr.Dataset) -> Any:
    """Return the input of the model: the cube, or a table if its results do not fit on the grid of a cube."""
    if not isinstance(model.feed, Series):
        return cube
    copy = model.with_params()
    copy.adapt(bands_of(cube))
    return series_table(cube) if copy.feed.problem(tuple(copy.outputs(copy.feed.bands or bands_of(cube)))) else cube


@dataclass(frozen=True)
class _Tried:
    """A model, its input (cube or table), and the result, with which other runs are compared."""

    model: Model
    cube: Any
    result: Any

    def again(self, most: float, what: str, *, model: Model | None = None, **options: Any) -> str:
        """Run again, and return a sentence if the result differs by more than ``most``."""
        return apart(self.result, _run(model or self.model, self.cube, **options), most, what)


def _findings(model: Model, cube: xr.Dataset) -> Iterator[Finding]:
    yield Finding("card", _card(model))
    yield Finding("parameters", _problem(_parameters, model))
    try:
        data = _data(model, cube)
        tried = _Tried(model, data, _run(model, data))
    except EowidgetsError as error:
        yield Finding("runs", str(error))
        return
    yield Finding("runs", _empty(tried.result))
    if output := _gathered(model, data):
        yield Finding("columns", _problem(_columns, tried, output))
    yield Finding("repeatable", _problem(tried.again, 0.0, "two runs with one seed"))
    for name, check in CHECKS.items():
        yield Finding(name, _problem(check, tried))
    if isinstance(model.feed, Series):
        yield Finding("tables", _problem(_tables, model, series_table(cube)))


def _problem(check: Callable[..., str], *arguments: Any) -> str:
    try:
        return check(*arguments)
    except EowidgetsError as error:
        return str(error)


def _card(model: Model) -> str:
    lacking = [name for name in ("title", "summary", "licence") if not getattr(model.card, name).strip()]
    return f"the card has no {' and no '.join(lacking)}" if lacking else ""


def _parameters(model: Model) -> str:
    for spec in dataclasses.fields(model.Params):
        value = getattr(model.params, spec.name)
        if getattr(model.with_params(**{spec.name: value}).params, spec.name) != value:
            return f"the parameter {spec.name} changes when it is set to its own value {shown(value)}"
        if not spec.metadata.get("help"):
            return f"the parameter {spec.name} has no help: declare it with eow.param(..., help=...)"
    return ""


def _run(model: Model, cube: Any, **options: Any) -> Any:
    if not isinstance(cube, xr.Dataset):
        return run(model, cube, device="cpu", **{k: v for k, v in options.items() if k != "window"})
    if isinstance(model.feed, Chips):
        return run(model, cube, places=some_places(cube), **{k: v for k, v in options.items() if k != "window"})
    if model.feed.sources:
        cube = {"main": cube, **{s.name: cube_of_source(cube, s) for s in model.feed.sources}}
    return run(model, cube, device="cpu", precision="fp32", **options)


def _empty(found: Any) -> str:
    rasters = [v for v in found.data_vars.values() if v.dtype != bool] if isinstance(found, xr.Dataset) else []
    if rasters and not any(bool(v.notnull().any()) for v in rasters):
        return "the result has no valid value"
    if not isinstance(found, xr.Dataset) and not len(found):
        return "nothing was detected, so the other checks compare empty tables: give a cube with objects to detect"
    return ""


def _gathered(model: Model, data: Any) -> Gathered | None:
    """Return the output whose rows are gathered from the windows of a cube; None if the model has none."""
    if not isinstance(data, xr.Dataset) or not isinstance(model.feed, Windows):
        return None
    outputs = model.outputs(model.feed.bands or bands_of(data))
    return next((one for one in outputs if isinstance(one, Gathered)), None)


def _columns(tried: _Tried, output: Gathered) -> str:
    """Return a sentence if the columns or the CRS of a table differ from those declared by its output."""
    stated = {*output.columns, "geometry", *(("date",) if output.over_time else ())}
    if different := sorted(stated ^ {str(name) for name in tried.result.columns}):
        return f"the table and the output {shown(output.name)} do not have the same columns: {', '.join(different)}"
    if tried.result.crs != tried.cube.rio.crs:
        return f"the table has the CRS {shown(str(tried.result.crs))} but the cube {shown(str(tried.cube.rio.crs))}"
    return ""


def _batches(tried: _Tried) -> str:
    side = None if tried.model.feed.size else 2 * _least(tried)
    return tried.again(SAME, "batches of other sizes", batch=1, window=side)


def _windows(tried: _Tried) -> str:
    model = tried.model
    if isinstance(model.feed, Chips) or not isinstance(tried.cube, xr.Dataset):
        return ""
    if model.feed.size is None:
        return tried.again(SAME, "windows of other sizes", window=_least(tried))
    try:
        _run(model, tried.cube, window=2 * model.feed.size)
    except EowidgetsError:
        return ""
    return f"it declares windows of {model.feed.size} pixels but also runs in windows of {2 * model.feed.size}"


def _least(tried: _Tried) -> int:
    """Return a small window with room for the halo."""
    cube = tried.cube
    feed = Fitted.of(tried.model, cube).feed if isinstance(cube, xr.Dataset) else tried.model.feed
    return -(-max(16, 2 * feed.halo + 1) // feed.multiple) * feed.multiple


def _nodata(tried: _Tried) -> str:
    if isinstance(tried.model.feed, Chips) or not isinstance(tried.cube, xr.Dataset):
        return ""
    rows = not isinstance(tried.result, xr.Dataset)
    corner = len(tried.cube["y"]) // 2 if rows else CORNER * len(tried.cube["y"]) // len(tried.result["y"])
    hidden = tried.cube.copy(deep=True)
    for band in bands_of(hidden):
        hidden[band][:, :corner, :corner] = np.nan
    found = _run(tried.model, hidden)
    if rows:
        return "it detects objects where nothing was measured" if _any_in(found, hidden, corner) else ""
    part = found.isel(y=slice(0, CORNER), x=slice(0, CORNER))
    if bool(part["valid"].any()):
        return "the result is valid where nothing was measured"
    given = [str(v) for v in part.data_vars if part[v].dtype.kind == "f" and bool(part[v].notnull().any())]
    return f"{given[0]} has values where nothing was measured" if given else ""


def _any_in(found: Any, cube: xr.Dataset, corner: int) -> bool:
    """Return whether the centre of a row lies in the first rows and columns of a cube."""
    centres = found.geometry.bounds
    inside = np.ones(len(found), dtype=bool)
    for axis in ("x", "y"):
        places = cube[axis].values
        middle = (centres[f"min{axis}"] + centres[f"max{axis}"]).to_numpy() / 2
        inside &= (middle - places[0]) / (places[1] - places[0]) + 0.5 < corner
    return bool(inside.any())


def _tables(model: Model, table: Any) -> str:
    """Return a sentence if the result of a series depends on the others in its table (except for trained forecasters)."""
    whole = _run(model, table)
    for i in () if getattr(model, "trained", False) else (0, SERIES - 1):
        alone, among = _run(model, table[table["id"] == i]), _rows_of(whole, [i])
        if problem := apart(among, alone, SAME, f"the series {i} among others and alone"):
            return problem
    return ""


def _rows_of(found: Any, names: list[int]) -> Any:
    """Return the rows of some series."""
    if "id" in found:
        return found[found["id"].isin(names)].reset_index(drop=True)
    return found.loc[names]


def _pickle(tried: _Tried) -> str:
    try:
        copy = pickle.loads(_dumps(tried.model))  # noqa: S301  (written above)
    except Exception as error:  # noqa: BLE001  (whatever a class raises)
        return f"it cannot be sent to another process ({words(error)})"
    return tried.again(0.0, "the model and its copy in another process", model=copy)


def _dumps(model: Model) -> bytes:
    """Pickle a model as Dask does, which also supports classes of a notebook."""
    try:
        from cloudpickle import dumps
    except ImportError:
        dumps = pickle.dumps
    data: bytes = dumps(model)
    return data


def _wrapped(model: Model) -> bool:
    """Return whether the network was passed to the model, and is not created by its class."""
    return type(model).__module__ == "eowidgets.models.wrap.adapter"


def _saved(tried: _Tried) -> str:
    """Check saving and loading; only a registered class or a wrapped network can be found again."""
    if not _wrapped(tried.model) and tried.model.name not in {*read_index(OWN), *registered()}:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        save(tried.model, Path(folder) / "model.safetensors")
        copy = load(Path(folder) / "model.safetensors", tried.model.module() if _wrapped(tried.model) else None)
    return tried.again(0.0, "the model and what was loaded from its file", model=copy)


CHECKS: dict[str, Callable[[_Tried], str]] = {
    "batches": _batches,
    "windows": _windows,
    "nodata": _nodata,
    "pickle": _pickle,
    "save and load": _saved,
}
