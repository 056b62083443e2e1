"""Describe the change between two pictures in a sentence: the caption of the MCI model, checked against its map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.analysis.change.pair import pair_of
from eowidgets.contract.prepare import resolution_of
from eowidgets.cube.admission import admit
from eowidgets.cube.labels import NO_CHANGE
from eowidgets.cube.schema import bands, usable
from eowidgets.cube.series import clip
from eowidgets.errors import InputError
from eowidgets.models.change.mci import tools

BANDS = ("red", "green", "blue")
#: Pixel size (metres) of the training data of the captions, and the coarsest at which a house is still recognisable.
METRES, COARSEST = 0.5, 1.5
#: Changed ground (m²) below which the map counts as unchanged: less is noise along edges.
LEAST = 40.0


@dataclass(frozen=True, slots=True, eq=False)
class ChangeWords:
    """A sentence about two pictures, with the map and the numbers that it is based on.

    Attributes
    ----------
    text : str
        English; of a large pair, about the part with the most change.
    score : float
        Mean log-probability of a word; closer to 0 is more certain.
    changed : bool
        Whether the sentence reports a change.
    agrees : bool
        Whether map and sentence agree on that. If not, inspect the pictures.
    buildings : int
        Number of separate new and removed buildings on the map.
    building_m2, road_m2 : float
    where : str
        ``"top left"``, ... of the buildings, or of the roads if there are none; ``"nowhere"``.
    kind : DataArray (y, x), uint8
        0 nothing, 1 road, 2 building.
    dates : (str, str)
    notes : tuple of str
        Corrections and remarks.
    """

    text: str
    score: float
    changed: bool
    agrees: bool
    buildings: int
    building_m2: float
    road_m2: float
    where: str
    kind: xr.DataArray
    dates: tuple[str, str]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the sentence, with a warning where the map contradicts it."""
        return self.text if self.agrees else f"{self.text} (the map does not agree: look at both)"


def can_describe(cube: xr.Dataset) -> bool:
    """Return whether :func:`describe_change` accepts a cube: pixels of about half a metre, in red, green and blue."""
    size = resolution_of(cube)
    return size is not None and size <= COARSEST and set(BANDS) <= set(bands(cube))


def describe_change(
    cube: xr.Dataset,
    *,
    after: xr.Dataset | None = None,
    dates: Any = None,
    area: Any = None,
    interpreter: tools.Interpreter | None = None,
) -> ChangeWords:
    """Describe in a sentence what was built or removed between two pictures of about half a metre.

    Parameters
    ----------
    cube : Dataset (time, y, x)
        With red, green and blue; pixels of at most 1.5 m.
    after : Dataset, optional
        A second raster; it is resampled to the grid of ``cube``.
    dates : (str, str), optional
        As for :func:`~eowidgets.analysis.change.detect.change`; not needed for a cube of two dates.
    area : optional
        What ``eow.Area.of`` takes.
    interpreter : Interpreter, optional
        By default the shipped network.

    Returns
    -------
    ChangeWords

    Raises
    ------
    InputError
        For pixels that are too coarse, bands that are missing, or pictures that cannot be compared.
    ModelError
        If the network is not in this installation.

    Examples
    --------
    >>> import eowidgets as eow
    >>> from eowidgets.analysis.change.words import describe_change
    >>> print(describe_change(eow.open("pair.tif")))  # doctest: +SKIP
    """
    cube = admit(cube)
    after = None if after is None else admit(after, name="The second raster")
    missing = [b for b in BANDS if b not in bands(cube)]
    if missing:
        raise InputError(f"A sentence needs red, green and blue, but this cube has no {' and no '.join(missing)}.")
    size = resolution_of(cube)
    if size is not None and size > COARSEST:
        raise InputError(
            f"A sentence about buildings needs pixels of about half a metre, but these have {size:g} m: use "
            "eow.change(...) and eowidgets.analysis.sentence(...) instead."
        )
    if dates is None and after is None and cube.sizes.get("time", 0) == 2:
        dates = tuple(str(t)[:10] for t in cube.time.values)
    notes: list[str] = []
    pair = pair_of(cube, after, dates, notes)
    if area is not None:
        pair = clip(pair, area)
    seen = usable(pair).transpose("time", "y", "x").values[:, None]
    values = np.stack([pair[b].transpose("time", "y", "x").values for b in BANDS], axis=1).astype(np.float32)
    values = np.where(seen, values, np.nan)
    metres = size or METRES
    if size is None:
        notes.append("The pictures have no CRS: pixels of half a metre are assumed.")
    found = tools.detect(values[0], values[1], interpreter, resolution=size)
    classes = np.where(seen[:, 0].all(axis=0), found.classes, 0).astype(np.uint8)
    rows, columns = _busiest(classes, max(round(tools.SIDE * METRES / metres), 8))
    caption = tools.describe(values[0][:, rows, columns], values[1][:, rows, columns], interpreter)
    if (rows.stop - rows.start, columns.stop - columns.start) != classes.shape:
        notes.append(f"The sentence is about the square of {tools.SIDE * METRES:g} m with the most change.")
    building, road = (tools.area(classes, kind, metres) for kind in ("building", "road"))
    changed = caption.text not in NO_CHANGE
    kind = xr.DataArray(classes, dims=("y", "x"), coords={"y": pair.y, "x": pair.x}, name="kind")
    return ChangeWords(
        text=caption.text,
        score=caption.score,
        changed=changed,
        agrees=changed == (building + road > LEAST),
        buildings=tools.count(classes, least=max(round(10 / metres**2), 1)),
        building_m2=building,
        road_m2=road,
        where=tools.where(classes, "building" if building else "road"),
        kind=kind,
        dates=(str(pair.time.values[0])[:10], str(pair.time.values[1])[:10]),
        notes=tuple(notes),
    )


def _busiest(classes: np.ndarray[Any, Any], side: int) -> tuple[slice, slice]:
    """Return rows and columns of the square with the most change, the central one where nothing changed."""
    from scipy.ndimage import uniform_filter

    h, w = classes.shape
    tall, wide = min(side, h), min(side, w)
    share = uniform_filter((classes > 0).astype(np.float32), (tall, wide), mode="constant")
    inside = share[tall // 2 : h - (tall - 1) // 2, wide // 2 : w - (wide - 1) // 2]
    r, c = np.unravel_index(int(inside.argmax()), inside.shape) if inside.max() > 0 else [s // 2 for s in inside.shape]
    return slice(int(r), int(r) + tall), slice(int(c), int(c) + wide)
