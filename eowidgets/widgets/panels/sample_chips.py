"""Display of a sample point for its interpreter: pictures through time and the series of its pixel."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.globe import locate
from eowidgets.cube.grid import geobox
from eowidgets.cube.indices import index
from eowidgets.cube.schema import bands, usable
from eowidgets.render.picture import draw, png
from eowidgets.render.source import FrameSource
from eowidgets.render.style import COMPOSITES, Style, default_bands, mix_name
from eowidgets.render.window import Window

#: Pixels to each side of a point on its pictures, and most dates that are shown.
AROUND, MOST_DATES = 12, 24
#: Brightens dark forest on pictures that share one stretch.
GAMMA = 1.5
#: Indices that are offered as series, as far as the bands allow.
SERIES = ("NDVI", "NBR", "NDMI", "NDWI", "EVI")
#: Mixes that are shown below the usual one.
SECOND = ("short-wave infrared", "false colour (vegetation)")


@dataclass(frozen=True)
class PointView:
    """Pictures and series of a point.

    Attributes
    ----------
    days : list of str
        Of the pictures.
    cloudy : list of bool
        Whether the pixel was cloudy, or not measured, on them.
    mixes : list of str
        Names of the rows of pictures.
    pictures : list of bytes
        PNG, row by row.
    frame : list of float
        Left, top, width and height of the pixel in a picture, in percent.
    series : dict
        ``name``, ``days``, ``values`` (None where nothing was measured) and ``clear``.
    """

    days: list[str]
    cloudy: list[bool]
    mixes: list[str]
    pictures: list[bytes]
    frame: list[float]
    series: dict[str, Any]


class PointViews:
    """Draws points of a cube.

    Parameters
    ----------
    cube : Dataset
    """

    def __init__(self, cube: xr.Dataset) -> None:
        self.cube = cube
        self._frames = FrameSource(cube)
        self._box = geobox(cube)
        self.series = [n for n in SERIES if n in self._frames.programs] + list(bands(cube))
        first = default_bands(self._frames.main)
        second = next((COMPOSITES[n] for n in SECOND if set(COMPOSITES[n]) <= set(self._frames.bands)), None)
        self.mixes = [first, *([second] if second is not None and second != first else [])]

    def contains(self, lon: float, lat: float) -> bool:
        """Return whether a point lies on the cube."""
        column, row = locate(self._box, lon, lat)
        return bool(0 <= column < self._box.width and 0 <= row < self._box.height)

    def window(self, lon: float, lat: float, around: int = AROUND) -> tuple[Window, int, int]:
        """Return the pixels around a point, its row and its column."""
        height, width = self._box.shape
        column, row = (int(np.floor(float(v))) for v in locate(self._box, lon, lat))
        side = 2 * around + 1
        left, top = (max(0, min(at - around, n - side)) for at, n in ((column, width), (row, height)))
        return Window(left, top, min(width, left + side), min(height, top + side)), row, column

    def view(self, lon: float, lat: float, name: str) -> PointView:
        """Draw a point.

        Parameters
        ----------
        lon, lat : float
        name : str
            Index or band of the series.
        """
        window, row, column = self.window(lon, lat)
        pixel = self.cube.isel(y=[row], x=[column])
        clear = np.asarray(usable(pixel).values, bool).reshape(-1)
        chosen = self._dates(window, clear)
        pictures = [
            png(draw(self._frames, Style(bands=mix, gamma=GAMMA), int(date), window))
            for mix in self.mixes
            for date in chosen
        ]
        width, height = window.x1 - window.x0, window.y1 - window.y0
        frame = [100 * (column - window.x0) / width, 100 * (row - window.y0) / height, 100 / width, 100 / height]
        labels = self._frames.labels or [""]
        return PointView(
            [labels[i][:10] for i in chosen],
            [not bool(clear[i]) for i in chosen],
            [mix_name(m) for m in self.mixes],
            pictures,
            [float(v) for v in frame],
            self._series(pixel, clear, name),
        )

    def _dates(self, window: Window, clear: Any) -> list[int]:
        """Return dates spread over the series, the clearest of each stretch."""
        count = self._frames.dates
        if count <= MOST_DATES:
            return list(range(count))
        cloudy = self._frames.clouds(list(range(count)), window).mean(axis=(1, 2)) + ~clear
        days = self._frames.times.astype("datetime64[D]").astype(float)
        edges = np.linspace(days[0], days[-1] + 1, MOST_DATES + 1)
        chosen = []
        for low, high in pairwise(edges):
            here = np.flatnonzero((days >= low) & (days < high))
            if len(here):
                middle = np.abs(days[here] - (low + high) / 2) / (high - low)
                chosen.append(int(here[np.argmin(cloudy[here] + 0.1 * middle)]))
        return chosen

    def _series(self, pixel: xr.Dataset, clear: Any, name: str) -> dict[str, Any]:
        values = pixel[name] if name in pixel else index(pixel, name)
        numbers = np.asarray(values.values, float).reshape(-1)
        rounded = [round(float(v), 4) if np.isfinite(v) else None for v in numbers]
        days = [label[:10] for label in self._frames.labels]
        return {"name": name, "days": days, "values": rounded, "clear": [bool(c) for c in clear]}
