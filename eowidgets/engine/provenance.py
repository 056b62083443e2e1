"""The provenance of results: what they were computed from, written into them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.contract.model import Model
from eowidgets.contract.plain import plain
from eowidgets.cube import schema
from eowidgets.cube.grid import georeference
from eowidgets.cube.opened import noted, remember, sources_of
from eowidgets.cube.private import scrub
from eowidgets.engine.identity import code_hash, state_hash
from eowidgets.engine.reader import input_summary
from eowidgets.errors import InputError

#: Number of files of a folder that are checked for changes.
FILES = 20_000
PACKAGES = ("eowidgets", "torch", "numpy", "xarray")


def describe(
    model: Model, cube: xr.Dataset, bands: tuple[str, ...], area: Any, seed: int, engine: Mapping[str, Any]
) -> dict[str, Any]:
    """Return everything that a result of a run depends on, as plain JSON values, without private paths.

    It has no creation date: the same run gives the same bytes.
    """
    return {
        "call": "run",
        **about(model),
        "seed": seed,
        "input": input_summary(cube, bands),
        "area": area.geojson if area is not None else None,
        "dates": iso(cube),
        "engine": dict(engine),
    }


def about(model: Model) -> dict[str, Any]:
    """Return what a result depends on of its model, and the versions of the packages that ran it."""
    return {
        "model": model.name,
        "class": f"{type(model).__module__}.{type(model).__qualname__}",
        "card": scrub(dataclasses.asdict(model.card)),
        "weights_sha256": model.card.sha256,
        "state_sha256": state_hash(model),
        "code_sha256": code_hash(model),
        "settings": scrub(dict(model.settings())),
        "parameters": {k: _shown(plain(v)) for k, v in dataclasses.asdict(model.params).items()},
        "versions": versions(),
        **({"choice": dict(model.choice)} if model.choice else {}),
    }


def versions() -> dict[str, str | None]:
    """Return the versions of Python and of the packages that results depend on."""
    return {"python": platform.python_version(), **{p: _version(p) for p in PACKAGES}}


def answer_notes(cube: xr.Dataset, arguments: Mapping[str, Any]) -> str:
    """Return the provenance of an answer to a question about a cube, as JSON."""
    notes = {"call": "ask", "arguments": dict(arguments), "versions": versions()}
    return json.dumps({**notes, "whole": whole(cube)}, default=_plain)


def whole(cube: xr.Dataset) -> dict[str, Any]:
    """Describe the whole cube of a question of several steps, from which :func:`same_input` takes the input."""
    placed = georeference(cube)
    return {"input": input_summary(placed, schema.bands(placed)), "dates": iso(placed)}


def iso(cube: xr.Dataset) -> list[str]:
    """Return the dates of a cube as text, to the second."""
    return [str(d)[:19] for d in cube["time"].values.astype("datetime64[s]")]


def _shown(parameter: Any) -> Any:
    """Return a parameter in a form that may be published; paths are kept for a rerun in the same session."""
    return remember(parameter) if scrub(parameter) != parameter and isinstance(parameter, str) else scrub(parameter)


def content_hash(cube: xr.Dataset, bands: tuple[str, ...], limit: int = 1 << 24) -> str:
    """Return a fingerprint of the pixels in memory, thinned to about ``limit`` bytes per band.

    Lazy bands are not read: their grid and dates, and size and time of the files they come from, are used.
    """
    digest = hashlib.sha256()
    for name in (*bands, *(m for m in ("valid", "clouds") if m in cube)):
        variable = cube[name].variable
        digest.update(f"{name} {variable.dtype} {variable.shape}".encode())
        if not isinstance(variable._data, np.ndarray):
            digest.update(_stamp(cube, variable).encode())
            continue
        flat = variable.values.reshape(-1) if variable.values.flags.c_contiguous else variable.values.ravel()
        step = max(1, flat.nbytes // limit) | 1  # odd, so that the samples are not all from one column
        digest.update(np.ascontiguousarray(flat[::step]).tobytes())
    return digest.hexdigest()


def _stamp(cube: xr.Dataset, variable: xr.Variable) -> str:
    """Return size and time of the local files behind a lazy variable, as far as they are known."""
    opened, _ = noted(cube.attrs)
    # Of several files with one name, each counts: it may be this one.
    sources = {variable.encoding.get("source"), *(sources_of(opened) if opened else ())}
    found = []
    for source in sorted(str(s) for s in sources if s is not None and "://" not in str(s)):
        path = Path(source).expanduser()
        files = [path] if path.is_file() else sorted(islice((p for p in path.rglob("*") if p.is_file()), FILES))
        stats = [file.stat() for file in files]
        found.append(f"{len(files)} {sum(s.st_size for s in stats)} {max((s.st_mtime_ns for s in stats), default=0)}")
    return ";".join(found)


def fingerprint(notes: Mapping[str, Any]) -> str:
    """Return one hash for a run; the same call on the same input gives the same hash."""
    return hashlib.sha256(json.dumps(notes, sort_keys=True, default=str).encode()).hexdigest()


def read(result: Any) -> dict[str, Any]:
    """Read the provenance of a result in memory or on disk, or of an answer, as a dict.

    Raises
    ------
    InputError
        When there is none.
    """
    from eowidgets.engine.writers.disk import open_result

    found = open_result(result) if isinstance(result, str | Path) else result
    try:
        notes = json.loads(found.attrs["provenance"] if hasattr(found, "attrs") else found.provenance)
    except (AttributeError, KeyError, TypeError, ValueError):
        notes = None
    if not isinstance(notes, dict) or not {"model", "call"} & set(notes):
        raise InputError("This has no provenance: it was not computed by this package, or its attributes were lost.")
    return notes


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def with_call(
    provenance_of_run: str,
    call: str,
    arguments: Mapping[str, Any],
    cube: xr.Dataset,
    choice: Mapping[str, Any] | None = None,
) -> str:
    """Add the call that a run was a part of to its provenance, so that the call can be repeated.

    Parameters
    ----------
    provenance_of_run : str
        JSON.
    call : str
        ``"change"``, ``"forecast"`` or ``"hindcast"``.
    arguments : mapping
        Of the call, as plain values.
    cube : Dataset
        The whole cube that the question was asked about.
    choice : mapping, optional
        The test that selected the method.
    """
    notes = json.loads(provenance_of_run)
    added = {"call": call, "arguments": dict(arguments), "whole": whole(cube)}
    if choice is not None:
        added["choice"] = dict(choice)
    return json.dumps({**notes, **added}, default=_plain)


def _plain(value: Any) -> Any:
    found = plain(value)
    return found if isinstance(found, bool | int | float | str) else str(value)
