"""A variable of a result as a picture with its legend: colours of classes, or a colour map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.cube.schema import bands
from eowidgets.render.blocks import thinning
from eowidgets.render.classes import ClassRow, classes_of
from eowidgets.render.colormaps import colormap, hex_color, rgba
from eowidgets.render.source import FrameSource
from eowidgets.render.style import quantiles, stretch

Rgba = npt.NDArray[np.uint8]

#: Longest side of a picture, in pixels: more than a screen shows, small enough for one message.
LONGEST = 1024
#: Used in place of an invalid colour.
UNKNOWN = "#999999"


@dataclass(frozen=True)
class Legend:
    """Legend of a layer: classes with colours, or a colour map with limits.

    Parameters
    ----------
    title : str
    entries : sequence of (name, ``#rrggbb``)
        For classes.
    cmap, vmin, vmax, unit :
        For values.
    """

    title: str
    entries: Sequence[tuple[str, str]] = ()
    cmap: str = ""
    vmin: float = 0.0
    vmax: float = 1.0
    unit: str = ""

    def html(self) -> str:
        """Return the legend as HTML; names from data are escaped."""
        title = f"<b>{escape(self.title)}</b>"
        if self.entries:
            rows = (
                f'<div><i style="background:{hex_color(c) or UNKNOWN}"></i>{escape(str(n))}</div>'
                for n, c in self.entries
            )
            return title + "".join(rows)
        if not self.cmap:
            return title
        stops = ",".join("#{:02x}{:02x}{:02x}".format(*c) for c in colormap(self.cmap)[::15])
        unit = f" {escape(self.unit)}" if self.unit and self.unit != "1" else ""
        bar = f'<div class="eow-ramp" style="background:linear-gradient(to right,{stops})"></div>'
        ends = f"<div class='eow-ends'><span>{self.vmin:.3g}</span><span>{self.vmax:.3g}{unit}</span></div>"
        return title + bar + ends


def main_variable(result: xr.Dataset) -> str | None:
    """Return the name of the main variable of a result, None for a cube of bands."""
    names = [
        str(n) for n, v in result.data_vars.items() if v.attrs.get("role") == "result" and {"y", "x"} <= set(v.dims)
    ]
    if bands(result) and not any("flag_values" in result[n].attrs for n in names):
        return None
    return names[0] if names else None


def thin(cube: xr.Dataset, longest: int = LONGEST) -> xr.Dataset:
    """Return every n-th pixel, so that no side is longer than ``longest``; a cube with a correct grid.

    Of a lazy raster so large that this would read very many blocks, a coarser sample is read.
    """
    step = -(-max(cube.sizes["y"], cube.sizes["x"]) // longest)
    lazy = [v for v in cube.data_vars.values() if v.chunks and {"y", "x"} <= set(v.dims)]
    if lazy:
        whole = slice(step // 2, None, step)
        step *= max(thinning(v, whole, whole) for v in lazy)
    if step == 1:
        return cube
    return cube.isel(y=slice(step // 2, None, step), x=slice(step // 2, None, step))


def frame_picture(source: FrameSource, date: int, bands: Sequence[str]) -> Rgba:
    """Return one date of a cube as RGBA, stretched by its clear pixels; transparent where nothing was measured."""
    window, names, at = source.whole, list(bands), [min(date, source.dates - 1)]
    clear = ~source.clouds(at, window)[0]
    channels = []
    for band in names:
        values = source.floats(band, at, window)[0]
        # A map shows one date at a time: a stretch per date keeps winter scenes visible.
        seen = clear & np.isfinite(values)
        _, low, high, _ = quantiles(values[seen] if seen.mean() > 0.05 else values)
        channels.append(stretch(values, low, max(high, low + 1e-6)))
    unit = np.stack(channels * (3 // len(channels)), axis=-1)
    seen = np.isfinite(unit).all(axis=-1)
    return np.dstack([np.rint(np.nan_to_num(unit) * 255), seen * 255]).astype(np.uint8)


def result_picture(values: xr.DataArray, *, faint: xr.DataArray | None = None) -> tuple[Rgba, Legend]:
    """Return one variable ``(y, x)`` of a result as RGBA with its legend.

    Parameters
    ----------
    values : DataArray (y, x)
        A class map (``flag_values``, ``colors`` in its attributes) or numbers (``vmin``, ``vmax``, ``cmap``).
    faint : DataArray (y, x), optional
        Confidence 0..1: low confidence is drawn transparent.
    """
    attrs, array = values.attrs, np.asarray(values.values)
    title = str(attrs.get("long_name") or values.name or "result")
    rows = classes_of(values)
    if rows:
        rgba, legend = _classes(array, rows, title)
    else:
        rgba, legend = _numbers(array.astype("float32"), attrs, title)
    if faint is not None:
        sure = np.clip(np.nan_to_num(np.asarray(faint.values, dtype="float32")), 0.15, 1)
        rgba[..., 3] = np.rint(rgba[..., 3] * sure)
    return rgba, legend


def _classes(array: npt.NDArray[Any], rows: Sequence[ClassRow], title: str) -> tuple[Rgba, Legend]:
    table = np.zeros((256, 4), np.uint8)
    for row in rows:
        table[row["value"]] = rgba(row["color"])
    return table[array.astype(np.uint8)], Legend(title, entries=[(row["name"], row["color"]) for row in rows])


def _numbers(array: npt.NDArray[Any], attrs: Mapping[Any, Any], title: str) -> tuple[Rgba, Legend]:
    seen = np.isfinite(array)
    low, high = (float(v) for v in np.quantile(array[seen], (0.02, 0.98))) if seen.any() else (0.0, 1.0)
    low, high = _limit(attrs, "vmin", low), _limit(attrs, "vmax", high)
    cmap = str(attrs.get("cmap") or ("RdBu" if low < 0 < high and abs(low + high) < 1e-6 else "viridis"))
    level = np.rint(np.nan_to_num(stretch(array, low, max(high, low + 1e-6))) * 255).astype(np.uint8)
    legend = Legend(title, cmap=cmap, vmin=low, vmax=high, unit=str(attrs.get("units", "")))
    return np.dstack([colormap(cmap)[level], seen * np.uint8(255)]).astype(np.uint8), legend


def _limit(attrs: Mapping[Any, Any], name: str, default: float) -> float:
    try:
        value = float(attrs.get(name, default))
    except (TypeError, ValueError):
        return default
    return value if np.isfinite(value) else default
