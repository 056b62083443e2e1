"""Repeat a run from its provenance and compare the results."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.contract.model import Model
from eowidgets.cube import schema
from eowidgets.cube.open import open as open_cube
from eowidgets.cube.opened import here, noted, source_of
from eowidgets.engine.plan import Plan
from eowidgets.engine.provenance import read
from eowidgets.engine.run import make_job
from eowidgets.engine.writers.disk import open_result
from eowidgets.errors import InputError


@dataclass(frozen=True)
class Rerun:
    """Outcome of repeating a run.

    Attributes
    ----------
    identical : bool
        Every variable has the same values, bit for bit.
    differences : dict
        Per variable that differs: the largest difference, or ``"missing"`` or ``"shape"``.
    changed : dict
        Versions and settings that have changed: ``{"torch": ("2.12.0", "2.13.0")}``.
    dataset : Dataset
        The new result.
    """

    identical: bool
    differences: Mapping[str, float | str]
    changed: Mapping[str, tuple[Any, Any]]
    dataset: xr.Dataset = dataclasses.field(repr=False)

    def __str__(self) -> str:
        if self.identical:
            return "Made again: identical."
        parts = [f"{k} by {v:.3g}" if isinstance(v, float) else f"{k} ({v})" for k, v in self.differences.items()]
        what = ", ".join(parts)
        why = ", ".join(f"{k} {a} -> {b}" for k, (a, b) in self.changed.items())
        return f"Made again, with differences: {what}." + (f" Changed since: {why}." if why else "")


def rerun(
    result: Any,
    cube: xr.Dataset | Mapping[str, xr.Dataset] | None = None,
    model: Model | type[Model] | None = None,
    **options: Any,
) -> Rerun:
    """Repeat a run from the provenance of its result, and report whether the result is identical.

    :func:`eowidgets.analysis.rerun.rerun`, which is ``eow.rerun``, does so for all results.

    Parameters
    ----------
    result : path, Dataset or GeoDataFrame
        Result of :func:`~eowidgets.engine.run.run`, in memory or on disk.
    cube : Dataset or dict of Datasets, optional
        The input; needed if the provenance does not record how it was opened.
    model : Model or Model class, optional
        Needed where the model is not registered.
    **options
        Engine settings or parameters of the model to use instead of the recorded ones, such as ``device="cpu"``, or the
        path of a file, of which only the name is recorded.

    Returns
    -------
    Rerun
        Print it for one sentence.

    Raises
    ------
    InputError
        When there is no provenance, or the input can't be found from it.
    """
    old = open_result(result) if isinstance(result, str | Path) else result
    notes = read(old)
    source = cube if cube is not None else reopened(notes)
    others = notes.get("sources", {})
    try:
        if others:
            source = _same_inputs(source if cube is not None else {"main": source}, notes, others)
        else:
            source = same_input(source, notes)
        engine = notes["engine"]
        fixed = {name: engine[name] for name in ("device", "memory", "compile")}
        plan = None if set(options) - {"device", "out", "client", "progress"} else Plan.from_json(engine)
        own = {k: options.pop(k) for k in notes["parameters"] if k in options}
        params = {k: source_of(v) if isinstance(v, str) else v for k, v in notes["parameters"].items()} | own
        asked = {"seed": notes["seed"], "params": params}
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise InputError("The provenance is damaged: run the model again by hand.") from error
    job = make_job(model or notes["model"], source, notes.get("area"), plan=plan, **asked, **{**fixed, **options})
    job.execute()
    new = job.result()
    differences = compare(old, new)
    return Rerun(not differences, differences, changes(notes, read(new)), new)


def rerun_items(
    old: Any,
    notes: Mapping[str, Any],
    source: Any,
    places: Any,
    model: Model | type[Model] | None,
    options: dict[str, Any],
) -> Rerun:
    """Repeat a run over chips, series or places.

    Parameters
    ----------
    old : DataFrame
    notes : mapping
        Its provenance.
    source : Dataset, DataFrame or path
        Input of the run.
    places : GeoDataFrame, optional
    model : Model or Model class, optional
    options : dict
        Engine settings and parameters of the model.

    Raises
    ------
    InputError
    """
    try:
        engine = {name: notes["engine"][name] for name in ("device", "batch")}
        # Tables of earlier releases have no other notes.
        engine |= {
            name: notes["engine"][name] for name in ("memory", "precision", "compile") if name in notes["engine"]
        }
        own = {k: options.pop(k) for k in notes["parameters"] if k in options}
        params = {k: source_of(v) if isinstance(v, str) else v for k, v in notes["parameters"].items()} | own
        seed = notes["seed"]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError("The provenance is damaged: run the model again by hand.") from error
    given = {**engine, **options}
    job = make_job(model or notes["model"], source, places=places, seed=seed, params=params, **given)
    job.execute()
    new = job.result()
    differences = compare(old, new)
    return Rerun(not differences, differences, changes(notes, read(new)), new)


def compare(old: Any, new: Any, rows: int = 256) -> dict[str, float | str]:
    """Find the variables or columns that differ; rasters are compared strip by strip. NaN equals NaN."""
    if not isinstance(old, xr.Dataset):
        return _compare_tables(old, new)
    found: dict[str, float | str] = {}
    for name in old.data_vars:
        if name not in new:
            found[str(name)] = "missing"
            continue
        a, b = old[name], new[name]
        if a.shape != b.shape:
            found[str(name)] = "shape"
            continue
        for start in range(0, a.sizes["y"], rows) if "y" in a.dims else (None,):
            part = {"y": slice(start, start + rows)} if start is not None else {}
            one, two = a.isel(part).values, b.isel(part).values
            if _same_values(one, two):
                continue
            found[str(name)] = max(_apart(one, two), float(found.get(str(name), 0.0)))
    return found


def _compare_tables(old: Any, new: Any) -> dict[str, float | str]:
    if len(old) != len(new):
        return {"rows": float(abs(len(old) - len(new)))}
    lacking: dict[str, float | str] = {str(c): "missing" for c in old.columns if c not in new.columns}
    same = [c for c in old.columns if c not in lacking]
    # Missing values are equal, in whatever form a file stores them.
    return lacking | {str(c): float("inf") for c in same if not _same_column(old[c], new[c])}


def _same_column(one: Any, two: Any) -> bool:
    missing = one.isna().to_numpy()
    return bool((missing == two.isna().to_numpy()).all() and (one.to_numpy() == two.to_numpy())[~missing].all())


def _same_values(one: Any, two: Any) -> bool:
    return one.dtype.kind == two.dtype.kind and np.array_equal(one, two, equal_nan=one.dtype.kind in "fcmM")


def _apart(one: Any, two: Any) -> float:
    """Return the largest difference, in days for dates; infinite without common values or numbers."""
    if one.dtype.kind in "mM" and two.dtype.kind in "mM":
        apart = np.abs(one - two) / np.timedelta64(1, "D")
    elif one.dtype.kind in "fiub" and two.dtype.kind in "fiub":
        apart = np.abs(one.astype("float64") - two.astype("float64"))
    else:
        return float("inf")
    return float(np.nanmax(apart)) if np.isfinite(apart).any() else float("inf")


def reopened(notes: Mapping[str, Any]) -> xr.Dataset:
    """Open the sample or local file that is recorded as an input.

    Raises
    ------
    InputError
        When it is not recorded, or an address.
    """
    told = notes["input"].get("opened_with")
    opened, options = noted({**notes["input"], "opened_with": json.dumps(told or {})})
    # Results may come from untrusted sources: addresses in them are never opened, only samples and local files.
    source = None if opened is None else source_of(opened)
    if source is None or not here(source):
        raise InputError(
            "The provenance does not record which sample or file to open: give it as rerun(result, cube=...)."
        )
    return open_cube(source, **options)


def same_input(cube: xr.Dataset | Mapping[str, xr.Dataset], notes: Mapping[str, Any]) -> xr.Dataset:
    """Select the recorded bands, dates and grid of a cube.

    Raises
    ------
    InputError
        When the cube lacks them, or is a dict.
    """
    if not isinstance(cube, xr.Dataset):
        raise InputError("The result was computed from one cube: give a Dataset, without a dict.")
    bands = notes["input"]["bands"]
    others = set(schema.bands(cube))
    lacking = [b for b in bands if b not in others]
    if lacking:
        raise InputError(f"The cube given has no band {lacking[0]!r}, an input of the result: give the same cube.")
    rest = [name for name in cube.data_vars if name not in others]
    cube = cube[[*bands, *rest]]
    dates = np.array(notes["dates"], "datetime64[ns]")
    there = cube["time"].values.astype("datetime64[s]").astype("datetime64[ns]")
    missing = dates[~np.isin(dates, there)]
    if len(missing):
        raise InputError(f"The cube given has no {str(missing[0])[:10]}, an input of the result: give the same cube.")
    return _same_grid(cube.isel(time=np.isin(there, dates)), notes["input"])


def _same_inputs(
    cubes: Any, notes: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]
) -> dict[str, xr.Dataset]:
    """Take the recorded main cube and sources out of a dict of cubes; open again what is not in it."""
    rest = [name for name in cubes if name not in others] if not isinstance(cubes, xr.Dataset) else []
    if len(rest) != 1:
        raise InputError(
            f"The result was computed from several cubes: give a dict of one main cube and {', '.join(others)}."
        )
    found = {name: same_input(cubes[name] if name in cubes else reopened(of), of) for name, of in others.items()}
    return {rest[0]: same_input(cubes[rest[0]], notes), **found}


def _same_grid(cube: xr.Dataset, source: Mapping[str, Any]) -> xr.Dataset:
    """Cut the cube to the grid that was run, if that lies within it."""
    box = cube.odc.geobox
    wanted = tuple(source["transform"])
    height, width = source["shape"]
    column, row = box.wld2pix(wanted[2], wanted[5])
    y, x = round(row), round(column)
    fits = min(y, x) >= 0 and y + height <= box.shape[0] and x + width <= box.shape[1]
    if not fits or max(abs(row - y), abs(column - x)) > 1e-3 or str(box.crs) != source["crs"]:
        raise InputError("The cube given does not cover the grid of the result: give the same cube.")
    return cube.isel(y=slice(y, y + height), x=slice(x, x + width))


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Find the versions, weights, code and settings in which two provenances differ, each with both values."""
    found = {k: (v, new["versions"].get(k)) for k, v in old["versions"].items() if new["versions"].get(k) != v}
    for key in ("state_sha256", "code_sha256", "settings", "parameters"):
        if key in old and old[key] != new.get(key):
            found[key] = (old[key], new.get(key))
    return found
