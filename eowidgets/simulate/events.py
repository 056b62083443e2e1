"""Events that change the land cover on a known day, at known places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eowidgets.simulate.land import BARE, BUILT, FIELD, FOREST, WATER, Land
from eowidgets.simulate.texture import anywhere, fractal

#: Kind: class before, class after, spectra after, days until it is over (0: permanent).
EVENTS: dict[str, tuple[int, int, tuple[str, str], int]] = {
    "clear-cut": (FOREST, BARE, ("stubble", "bare trees"), 0),
    "burn": (FOREST, BARE, ("char", "char"), 0),
    "construction": (FIELD, BUILT, ("built", "built"), 0),
    "flood": (FIELD, WATER, ("floodwater", "floodwater"), 35),
    "harvest": (FIELD, FIELD, ("stubble", "soil"), 60),
}


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """One event.

    Attributes
    ----------
    kind : str
        Key of :data:`EVENTS`.
    start : numpy.datetime64
        First changed day.
    end : numpy.datetime64 or None
        First day without the change; None if it is permanent.
    mask : ndarray, shape (h, w), bool
        Affected pixels.
    """

    kind: str
    start: np.datetime64
    end: np.datetime64 | None
    mask: npt.NDArray[np.bool_]


def draw_event(
    kind: str, land: Land, taken: npt.NDArray[np.bool_], days: tuple[int, int], rng: np.random.Generator
) -> tuple[Event, int] | None:
    """Draw one event on land without other events.

    Parameters
    ----------
    taken : ndarray, shape (h, w), bool
        Pixels of existing events; the new event is added to it.
    days : (int, int)
        First and last day (since 1970) on which it may start.

    Returns
    -------
    (Event, int) or None
        The event and the index of the resulting parcel; None if there is no room.
    """
    before, after, spectra, lasts = EVENTS[kind]
    free = (land.cover[land.parcel] == before) & ~taken
    if free.sum() < 40:
        return None
    places = np.argwhere(free)
    row, column = places[rng.integers(len(places))]
    if kind in ("construction", "harvest"):  # whole parcels
        mask = (land.parcel == land.parcel[row, column]) & free
    else:  # a patch with an irregular edge
        y, x = np.indices(free.shape)
        radius = rng.uniform(4, max(5, min(free.shape) / 8))
        ragged = 1 + 0.25 * anywhere(fractal(1.2, 41), (free.shape[0], free.shape[1]), rng)
        mask = (np.hypot(y - row, x - column) < radius * ragged) & free
    if mask.sum() < 12:
        return None
    taken |= mask
    start = np.datetime64(int(rng.integers(days[0], days[1] + 1)), "D")
    end = start + np.timedelta64(lasts, "D") if lasts else None
    return Event(kind, start, end, mask), land.add(after, *spectra, rng)
