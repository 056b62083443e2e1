"""The true seasons of a simulated scene: the definitions used for observed seasons, on daily values without noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.simulate.events import Event
from eowidgets.simulate.land import BANDS, Land

#: Smaller amplitudes of NDVI are not a season.
SMALLEST = 0.1
#: Days on either side of a peak in which its lowest values are searched.
REACH = 183
METRICS = ("start", "peak", "end", "amplitude", "base")


@dataclass(frozen=True, slots=True)
class Growth:
    """Growth of the parcels of a scene, and its events.

    Attributes
    ----------
    land : Land
    shift, level : mapping of int to float
        For each calendar year: delay in days, and factor of the summer greenness.
    events : sequence of (Event, int)
        Each with the resulting parcel.
    """

    land: Land
    shift: Mapping[int, float]
    level: Mapping[int, float]
    events: Sequence[tuple[Event, int]]

    def ndvi(self, days: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the NDVI of every parcel without events, clouds and noise, shape (days, parcels).

        Texture changes all bands of a pixel by the same factor, so NDVI is that of its parcel.
        """
        red, nir = (BANDS.index(b) for b in ("red", "nir"))
        low, high = self.land.low, self.land.high
        out = np.empty((len(days), len(self.land.cover)))
        for i, day in enumerate(days):
            date = np.datetime64(int(day), "D")
            year = int(str(date)[:4])
            of_year = float((date - np.datetime64(f"{year}-01-01")) / np.timedelta64(1, "D")) + 1
            green = self.land.greenness(of_year, self.shift[year], self.level[year])
            a, b = (low[:, k] + green * (high[:, k] - low[:, k]) for k in (nir, red))
            out[i] = (a - b) / (a + b)
        return out

    def seasons(self, years: Sequence[int], threshold: float = 0.5) -> dict[str, npt.NDArray[np.float32]]:
        """Return the true seasons of calendar years.

        The season of a year is that of its highest NDVI; it starts on the day on which NDVI reaches ``threshold`` of the rise
        from the lowest value in the previous half year, and ends when it falls below that share of the fall.

        Parameters
        ----------
        years : sequence of int
        threshold : float

        Returns
        -------
        dict of str to array (years, h, w)
            ``start``, ``peak`` and ``end`` (day of the year), ``amplitude`` and ``base``. NaN where NDVI has no season, or
            an event changed the pixel from half a year before to half a year after.
        """
        shape = self.land.parcel.shape
        out = {name: np.full((len(years), *shape), np.nan, np.float32) for name in METRICS}
        for i, year in enumerate(years):
            first, last = (np.datetime64(f"{y}-01-01", "D").astype(int) for y in (year, year + 1))
            days = np.arange(first - REACH, last + REACH)
            curves = self.ndvi(days)
            found = np.array([_season(curve, days, first, last, threshold) for curve in curves.T], np.float32)
            parcel = np.minimum(self.land.parcel, len(found) - 1)
            touched = np.zeros(shape, bool)
            for event, _ in self.events:
                begins = event.start.astype("datetime64[D]").astype(int)
                ends = days[-1] if event.end is None else event.end.astype("datetime64[D]").astype(int)
                if begins <= days[-1] and ends >= days[0]:
                    touched |= event.mask
            for k, name in enumerate(METRICS):
                out[name][i] = np.where(touched, np.nan, found[parcel, k])
        return out


def seasons_dataset(
    grid: xr.Dataset, values: Mapping[str, npt.NDArray[np.float32]], years: Sequence[int]
) -> xr.Dataset:
    """Put true seasons on the grid of a scene; ``year`` is a dimension."""
    kept = grid.drop_dims("time").assign_coords(year=list(years))
    return kept.assign({name: (("year", "y", "x"), array, {"role": "result"}) for name, array in values.items()})


def _season(
    curve: npt.NDArray[np.float64], days: npt.NDArray[np.int64], first: int, last: int, threshold: float
) -> tuple[float, ...]:
    """Return start, peak, end (day of the year, from 1), amplitude and base of one daily curve."""
    inside = (days >= first) & (days < last)
    peak = int(np.flatnonzero(inside)[curve[inside].argmax()])
    left = max(0, peak - REACH) + int(curve[max(0, peak - REACH) : peak + 1].argmin())
    right = peak + int(curve[peak : peak + REACH].argmin())
    top, low, high = curve[peak], curve[left], curve[right]
    base = (low + high) / 2
    if top - base < SMALLEST:
        return (np.nan,) * len(METRICS)
    start = left + int(np.argmax(curve[left : peak + 1] >= low + threshold * (top - low)))
    end = peak + int(np.flatnonzero(curve[peak : right + 1] >= high + threshold * (top - high))[-1])
    return (*(float(days[k] - first + 1) for k in (start, peak, end)), float(top - base), float(base))
