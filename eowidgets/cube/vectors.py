"""Cubes of vectors: an embedding per pixel and year, over ``(time, feature, y, x)``."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.opened import PRINT, print_of
from eowidgets.cube.schema import DIMS, FEATURE, MASKS
from eowidgets.errors import InputError, shown

#: Name of the variable of a cube from a reader.
EMBEDDING = "embedding"


def holds_vectors(cube: xr.Dataset) -> bool:
    """Return whether a Dataset has vectors over ``(feature, y, x)``.

    Examples
    --------
    >>> holds_vectors(xr.Dataset({"embedding": (("feature", "y", "x"), np.zeros((3, 2, 2)))}))
    True
    """
    return isinstance(cube, xr.Dataset) and any({FEATURE, "y", "x"} <= set(v.dims) for v in cube.data_vars.values())


def vectors_of(cube: xr.Dataset) -> xr.DataArray:
    """Return the variable that holds the vectors.

    Raises
    ------
    InputError
        If there is none, or several.
    """
    found = [str(n) for n, v in cube.data_vars.items() if {FEATURE, "y", "x"} <= set(v.dims)]
    if len(found) != 1:
        has = f"{len(found)} variables with vectors ({shown(found)})" if found else "no vectors (feature, y, x)"
        raise InputError(f"The cube has {has}: give what eow.embed(cube) returns, with one of them.")
    extra = set(cube[found[0]].dims) - {FEATURE, *DIMS}
    if extra:
        raise InputError(f"The vectors have a further dimension {shown(sorted(map(str, extra))[0])}: select one of it.")
    return cube[found[0]]


def vector_cube(raw: xr.Dataset) -> xr.Dataset:
    """Turn a Dataset with vectors into a cube of vectors; nothing is read.

    Parameters
    ----------
    raw : Dataset
        With one variable over ``([time,] feature, y, x)``; its axes are in order.

    Returns
    -------
    Dataset
        The vectors as float32, ``valid`` where a vector is complete, and ``clouds``, which is False
        everywhere; masks that ``raw`` holds are kept.
    """
    vectors = vectors_of(raw)
    axes = [d for d in DIMS if d in vectors.dims]
    name = str(vectors.name)
    noted = {"long_name": "Embedding", "units": "1", "quantity": EMBEDDING}
    cube = raw.assign({name: vectors.transpose(*axes[:-2], FEATURE, "y", "x").astype("float32", copy=False)})
    cube[name].attrs = {**noted, **vectors.attrs, "quantity": EMBEDDING}
    if FEATURE not in cube.coords:
        cube = cube.assign_coords({FEATURE: np.arange(vectors.sizes[FEATURE])})
    valid = raw["valid"] if "valid" in raw else cube[name].notnull().all(FEATURE)
    masks = {"valid": valid} | ({"clouds": raw.get("clouds", xr.zeros_like(valid))} if "time" in axes else {})
    words = {"valid": "Measured", "clouds": "Cloud or cloud shadow"}
    masks = {n: m.astype(bool).transpose(*axes).drop_attrs().assign_attrs(long_name=words[n]) for n, m in masks.items()}
    others = [n for n in cube.data_vars if n != name and n not in MASKS]
    cube = cube.assign(masks)[[name, *others, *masks]]
    cube.attrs.setdefault("title", "Untitled embeddings")
    return cube


def as_bands(cube: xr.Dataset) -> xr.Dataset:
    """Return a cube of vectors with one band per number of the vector; any other cube is returned as it is.

    Models, labels and runs use bands. The bands ``embedding_0``, ``embedding_1``, ... are views of the vectors: nothing is
    read or copied.

    Examples
    --------
    >>> vectors = xr.Dataset({"embedding": (("time", "feature", "y", "x"), np.zeros((1, 2, 2, 2)))})
    >>> list(as_bands(vectors).data_vars)
    ['embedding_0', 'embedding_1']
    """
    if not holds_vectors(cube):
        return cube
    vectors = vectors_of(cube)
    attrs = {k: v for k, v in vectors.attrs.items() if k not in ("long_name", "role")}
    found = {}
    for i in range(vectors.sizes[FEATURE]):
        found[f"{vectors.name}_{i}"] = vectors.isel({FEATURE: i}, drop=True).assign_attrs(
            attrs, long_name=f"Embedding, number {i}", quantity=EMBEDDING
        )
    rest = cube.drop_vars([vectors.name, FEATURE], errors="ignore")
    unfolded = rest.assign(found)[[*found, *rest.data_vars]]
    if PRINT in cube.encoding and cube.encoding[PRINT] == print_of(cube):  # the same call opens both
        unfolded.encoding |= {**cube.encoding, PRINT: print_of(unfolded)}
    return unfolded


def refuse_for_vectors(cube: xr.Dataset, **given: Any) -> None:
    """Refuse options of ``eow.open`` that do not apply to vectors.

    Raises
    ------
    InputError
        Naming the first option that is not None.
    """
    name = next((n for n, value in given.items() if value is not None), None)
    if name is not None and holds_vectors(cube):
        raise InputError(
            f"{name}= does not apply to embeddings, whose numbers belong together on their own grid: leave it out, and "
            "resample a map that was predicted from them."
        )
