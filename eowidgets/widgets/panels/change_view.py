"""The display of a change panel: hectares along time, and one place before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np
import traitlets
import xarray as xr

from eowidgets.analysis.change.kind import growing
from eowidgets.analysis.change.report import ground
from eowidgets.cube.grid import geobox
from eowidgets.cube.indices import index as spectral_index
from eowidgets.cube.schema import bands, usable
from eowidgets.render.style import default_bands, quantiles, stretch
from eowidgets.widgets.base import css, esm
from eowidgets.widgets.map.overlay import png_url

if TYPE_CHECKING:
    import pandas as pd

#: Pixels around a place on its chips, and the least that a chip shows.
_MARGIN, _LEAST = 6, 32
#: Least share of clear pixels of a chip.
_CLEAR = 0.9
#: Chips before the change and after it.
_EACH = 2


class ChangeView(anywidget.AnyWidget):
    """Timeline of hectares, and the place that was picked.

    Attributes
    ----------
    rows : list of dict
        ``{"date", "hectares", "total"}``.
    place : dict
        Result of :func:`portrait`; empty if no place is picked.
    picked_date : str
        Date of the bar that was clicked, empty for all.
    """

    _esm = esm("panels/change_panel")
    _css = css("viewer/time_viewer", "panels/change_panel")
    rows: Any = traitlets.List().tag(sync=True)
    place: Any = traitlets.Dict().tag(sync=True)
    picked_date: Any = traitlets.Unicode().tag(sync=True)

    def show_timeline(self, table: pd.DataFrame) -> None:
        """Show a table with the columns date, hectares and total."""
        self.rows = [
            {"date": str(date), "hectares": float(hectares), "total": float(total)}
            for date, hectares, total in table[["date", "hectares", "total"]].to_numpy()
        ]


def portrait(cube: xr.Dataset, found: xr.Dataset, place: Any) -> dict[str, Any]:
    """Draw one place in pictures and numbers.

    Parameters
    ----------
    cube : Dataset
        The series, or the two frames, that were compared.
    found : Dataset
        The result.
    place : namedtuple
        A row of :func:`~eowidgets.analysis.change.report.changed_places`.

    Returns
    -------
    dict
        ``title``, ``facts`` (pairs of text), ``chips`` (``date``, ``url``, ``late``), ``size`` of a chip in pixels,
        ``outline`` (rings in pixels of the chip), ``series`` (``stamps`` in ms, ``values``, ``hollow``), ``what``,
        ``first`` and ``confirmed`` in ms.
    """
    box = geobox(cube)
    to_pixel = ~box.affine
    left, bottom, right, top = place.geometry.bounds
    (c0, r0), (c1, r1) = to_pixel * (left, top), to_pixel * (right, bottom)
    rows, columns = _window(r0, r1, box.height), _window(c0, c1, box.width)
    part = cube.isel(y=rows, x=columns)
    pixel = _clearest(found, place)
    # A result of a drawn area is smaller than the cube.
    series = _series(cube.sel(y=found["y"].values[[pixel[0]]], x=found["x"].values[[pixel[1]]]))
    facts = [
        ("First seen", place.first if place.first == place.date else f"{place.date} (from {place.first})"),
        ("Confirmed", place.confirmed),
        ("Area", ground(place.hectares, 2)),
        ("Kind", place.kind or "not known"),
        ("Confidence", f"{place.confidence:.2f}"),
        ("Magnitude", f"{place.magnitude:.3f}" if np.isfinite(place.magnitude) else "not known"),
    ]
    return {
        "title": f"Place {place.id}",
        "facts": [list(f) for f in facts],
        "chips": _chips(part, np.datetime64(place.first), np.datetime64(place.confirmed), _growing(cube)),
        "size": [columns.stop - columns.start, rows.stop - rows.start],
        "outline": [_ring(ring, to_pixel, columns.start, rows.start) for ring in _rings(place.geometry)],
        # The date of the place, as in the table and the facts: its pixels may differ by an acquisition or two.
        "first": _stamp(place.date),
        "confirmed": _stamp(place.confirmed),
        **series,
    }


def _window(low: float, high: float, size: int) -> slice:
    middle, half = (low + high) / 2, max(_LEAST / 2, (high - low) / 2 + _MARGIN)
    start = int(max(0, min(np.floor(middle - half), size - 2 * half)))
    return slice(start, int(min(size, np.ceil(start + 2 * half))))


def _chips(part: xr.Dataset, first: np.datetime64, confirmed: np.datetime64, grows: Any) -> list[dict[str, Any]]:
    """Return pictures of the last clear dates before a change and the first after its confirmation, stretched alike."""
    days = part.time.values.astype("datetime64[D]")
    share = usable(part).mean(("y", "x")).values
    # In the growing season if possible: bare ground and leafless trees look alike.
    share = np.where(grows, share, share / 2)

    def clearest(where: Any, last: bool) -> list[int]:
        candidates = np.flatnonzero(where & (share >= _CLEAR))
        if not len(candidates):
            candidates = np.flatnonzero(where)[np.argsort(-share[where], kind="stable")[:_EACH]]
        return sorted((candidates[-_EACH:] if last else candidates[:_EACH]).tolist())

    before = clearest(days < first, last=True)
    after = clearest(days >= confirmed, last=False) or clearest(days >= first, last=True)
    dates = [*before, *after]
    names = default_bands(bands(part))
    shown = part.isel(time=dates)
    seen = usable(shown).values
    channels = []
    for name in names:
        values = shown[name].transpose("time", "y", "x").values
        _, low, high, _ = quantiles(values[seen] if seen.any() else values)
        channels.append(stretch(values, low, max(high, low + 1e-6)))
    rgb = np.rint(np.nan_to_num(np.stack(channels * (3 // len(channels)), axis=-1)) * 255).astype(np.uint8)
    opaque = np.full((*rgb.shape[:-1], 1), 255, np.uint8)
    return [
        {
            "date": str(days[i]),
            "url": png_url(np.concatenate([rgb[k], opaque[k]], axis=-1)),
            "late": bool(days[i] >= first),
        }
        for k, i in enumerate(dates)
    ]


def _clearest(found: xr.Dataset, place: Any) -> tuple[int, int]:
    """Return row and column of the pixel with the largest certain change on the date of the place."""
    from rasterio.features import geometry_mask

    box = geobox(found)
    inside = geometry_mask([place.geometry], tuple(box.shape), box.affine, invert=True)
    inside &= found["date"].values.astype("datetime64[D]") == np.datetime64(place.date)
    chance = np.nan_to_num(found["probability"].values)
    if "magnitude" in found:
        # Probability alone often selects a pixel with little variation and a change too small to see.
        chance = chance * np.abs(np.nan_to_num(found["magnitude"].values))
    chance = np.where(inside, chance, -1.0)
    row, column = np.unravel_index(int(np.nanargmax(chance)), chance.shape)
    return int(row), int(column)


def _growing(cube: xr.Dataset) -> Any:
    return growing(cube) if {"red", "nir"} <= set(bands(cube)) else np.ones(cube.sizes["time"], bool)


def _series(small: xr.Dataset) -> dict[str, Any]:
    """Draw the series of one pixel."""
    names = bands(small)
    what = "NDVI" if {"red", "nir"} <= set(names) else names[0]
    values = spectral_index(small, what) if what == "NDVI" else small[what]
    numbers, seen = values.values[:, 0, 0], usable(small).values[:, 0, 0]
    return {
        "what": what,
        "series": {
            "stamps": [_stamp(t) for t in small.time.values],
            "values": [float(v) if np.isfinite(v) else None for v in numbers],
            "hollow": [int(not s) for s in seen],
        },
    }


def _stamp(time: Any) -> int | None:
    when = np.datetime64(time, "ms")
    return None if np.isnat(when) else int(when.astype("int64"))


def _rings(geometry: Any) -> list[Any]:
    return [p.exterior for p in getattr(geometry, "geoms", [geometry])]


def _ring(ring: Any, to_pixel: Any, left: int, top: int) -> list[list[float]]:
    points = (to_pixel * (x, y) for x, y in ring.coords)
    return [[round(c - left, 3), round(r - top, 3)] for c, r in points]
