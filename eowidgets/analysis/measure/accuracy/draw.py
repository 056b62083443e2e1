"""Draw a stratified random sample of a map, to be labelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from annotated_types import Ge, Interval, Lt

from eowidgets.analysis.measure.accuracy.allocation import GUESS, LEAST, Allocation, allocate, needed
from eowidgets.analysis.measure.accuracy.class_map import CHANGE, ClassMap, MapLike
from eowidgets.analysis.measure.accuracy.sample import DIGEST, LABELS, Sample, with_record
from eowidgets.analysis.measure.accuracy.stratum import Stratum
from eowidgets.arguments import Seed, checked
from eowidgets.cube.area import Area, AreaLike
from eowidgets.cube.globe import lonlat
from eowidgets.engine.provenance import versions
from eowidgets.errors import InputError, unknown

Array = npt.NDArray[Any]
Points = Annotated[int, Interval(ge=1, le=1_000_000)]


@dataclass(frozen=True, eq=False)
class _Strata:
    """Position of the stratum of each pixel, and names of the strata."""

    index: Array
    names: tuple[str, ...]
    nested: bool


@checked
def sample(
    map: MapLike,
    n: Points | None = None,
    *,
    allocation: Allocation = "olofsson",
    minimum: Annotated[int, Ge(2)] = 50,
    target_se: Annotated[float, Interval(gt=0, lt=0.5)] | None = None,
    user_accuracy: Mapping[str, Annotated[float, Ge(0), Lt(1)]] | None = None,
    strata: MapLike | None = None,
    buffer: Annotated[int, Interval(ge=0, le=1000)] = 0,
    around: str | None = None,
    area: AreaLike | None = None,
    seed: Seed = 0,
) -> Sample:
    """Draw a stratified random sample of the pixels of a map.

    Within a stratum every pixel has the same chance, without replacement; where pixels differ in size (degrees, Web
    Mercator) the chance is in proportion to their size. The points are in random order.

    Parameters
    ----------
    map : Dataset or DataArray
        A result with classes of ``eow.run``, a result of ``eow.change``, or a raster of whole numbers.
    n : int, optional
        Points. By default the number for ``target_se``; without it 100 for each stratum.
    allocation : {"olofsson", "proportional", "equal", "neyman"}
        ``"olofsson"``: by area, but at least ``minimum`` in each stratum, for rare classes (Olofsson et al. 2014, section
        5.1.2; fewer where n does not allow it). ``"neyman"``: by area times the standard deviation that follows from
        ``user_accuracy``.
    minimum : int
        Points of a rare stratum.
    target_se : float, optional
        Standard error of the overall accuracy that is wanted, such as 0.01 (Cochran 1977, eq. 5.25; Olofsson et al. 2014,
        eq. 13).
    user_accuracy : mapping, optional
        Expected user's accuracy by class, for ``target_se`` and ``"neyman"``; 0.8 where none is given.
    strata : Dataset or DataArray, optional
        Strata other than the classes of the map, on the same pixels.
    buffer : int
        Pixels around a class whose neighbours become strata of their own: change that was missed often lies next to
        change that was found.
    around : str, optional
        That class; by default "change" of a map of change.
    area : optional
        Only there: whatever ``eow.Area.of`` takes.
    seed : int

    Returns
    -------
    Sample

    Raises
    ------
    InputError
        For a map without classes, too few points for the strata, or a class that the map lacks.

    Examples
    --------
    >>> import eowidgets as eow
    >>> dark = (eow.open("romania")["nir"].isel(time=0) < 0.2).rename("dark")
    >>> eow.sample(dark, 60, allocation="equal")
    <Sample: 60 points, 2 strata, 0 labelled>
    """
    found = ClassMap.of(map, area)
    parts = _strata(found, strata, buffer, around)
    pixels, hectares = found.sizes(parts.index, len(parts.names))
    weights = hectares / hectares.sum()
    users = _guesses(parts, user_accuracy)
    if n is None:
        n = needed(target_se, weights, users, pixels) if target_se is not None else 100 * len(pixels)
        n = min(n, int(pixels.sum()))
    elif target_se is not None:
        raise InputError("n and target_se are both given: give only one of them.")
    if allocation == "olofsson":
        # A small sample cannot meet the minimum in every stratum and still cover the large ones.
        minimum = max(LEAST, min(minimum, n // (2 * len(pixels))))
    counts = allocate(n, allocation, weights, users, pixels, minimum)
    rng = np.random.default_rng(seed)
    drawn = [_draw(found, parts.index == k, int(count), rng) for k, count in enumerate(counts)]
    names = np.repeat(np.array(parts.names, dtype=object), [len(d) for d in drawn])
    at = np.concatenate(drawn)
    order = rng.permutation(len(at))
    rows, columns = np.unravel_index(at[order], found.index.shape)
    lon, lat = lonlat(found.box, columns + 0.5, rows + 0.5)
    table = pd.DataFrame({"id": np.arange(len(at)), "lon": lon, "lat": lat, "stratum": names[order]})
    for name in LABELS:
        table[name] = ""
    listed = tuple(Stratum(*row) for row in zip(parts.names, pixels.tolist(), weights.tolist(), strict=True))
    arguments = {
        "n": n,
        "allocation": allocation,
        "minimum": minimum,
        "buffer": buffer,
        "around": around,
        "area": Area.of(area).geojson if area is not None else None,
        "seed": seed,
    }
    notes = {"call": "sample", "arguments": arguments, "map_sha256": found.sha256, "versions": versions()}
    return Sample(table, listed, found.sha256[:DIGEST], parts.nested, with_record(notes))


def _strata(found: ClassMap, strata: Any, buffer: int, around: str | None) -> _Strata:
    """Return the classes of the map or other strata, with a buffer around a class if requested."""
    if strata is not None:
        if buffer:
            raise InputError("strata and buffer are both given: put the buffer into the strata, or leave one out.")
        other = found.on_grid(strata)
        index = np.where(found.index >= 0, other.index, -1)
        there = np.unique(index[index >= 0])
        position = np.full(len(other.classes) + 1, -1)
        position[there] = np.arange(len(there))
        if (index[found.index >= 0] < 0).any():
            raise InputError("The strata leave out pixels of the map: give each pixel with a class a stratum.")
        return _Strata(position[index], tuple(other.names[k] for k in there), False)
    if not buffer:
        if around is not None:
            raise InputError("around is given without a buffer: give buffer= in pixels as well.")
        return _Strata(found.index, found.names, True)
    name = around if around is not None else CHANGE
    if name not in found.names:
        raise unknown("class of the map to put a buffer around", name, found.names)
    return _with_buffer(found, found.names.index(name), buffer)


def _with_buffer(found: ClassMap, middle: int, buffer: int) -> _Strata:
    from scipy.ndimage import binary_dilation

    core = found.index == middle
    near = binary_dilation(core, np.ones((3, 3), bool), iterations=buffer) & ~core
    index, names = found.index.astype(int), list(found.names)
    for k, name in enumerate(found.names):
        here = near & (found.index == k)
        if here.any():
            index[here] = len(names)
            names.append(f"{name}, near {found.names[middle]}")
    there = np.unique(index[index >= 0])  # all pixels of a class may lie in the buffer
    position = np.full(len(names) + 1, -1)
    position[there] = np.arange(len(there))
    return _Strata(position[index], tuple(names[k] for k in there), True)


def _guesses(parts: _Strata, given: Mapping[str, float] | None) -> Array:
    """Return the expected user's accuracy of each stratum."""
    values = dict(given or {})
    plain = {name.split(", near ")[0] for name in parts.names} | set(parts.names)
    for name in values:
        if name not in plain:
            raise unknown("class for a user's accuracy", name, plain)
    return np.array([values.get(n, values.get(n.split(", near ")[0], GUESS)) for n in parts.names])


def _draw(found: ClassMap, where: Array, count: int, rng: np.random.Generator) -> Array:
    """Draw flat positions of pixels, with probabilities proportional to their area."""
    places = np.flatnonzero(where)
    if found.hectares_of_pixels.size == 1:
        return np.asarray(rng.choice(places, size=count, replace=False))
    size = np.broadcast_to(found.hectares_of_pixels, where.shape)[where]
    return np.asarray(rng.choice(places, size=count, replace=False, p=size / size.sum()))
