"""Style of an exported GeoTIFF for QGIS, chosen from its layout and a thinned read of its pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from eowidgets.cube.colormaps import CATEGORIES
from eowidgets.cube.export import qml
from eowidgets.cube.export.color_table import colors
from eowidgets.cube.export.layers import Layout, Part, Raster, decode
from eowidgets.errors import InputError

#: Bands that are shown as red, green and blue: the first mix that the file holds.
MIXES = (("red", "green", "blue"), ("nir", "red", "green"))
#: Rows and columns that are read to find the limits of a stretch.
LOOK = 512


def write_style(layout: Layout, main: Path) -> Path:
    """Write ``.qml`` next to a GeoTIFF: class colours, true or false colour, or a colour ramp of the first layer."""
    path = main.with_suffix(".qml")
    path.write_text(_style(layout.parts[0], main), encoding="utf-8")
    return path


def _style(part: Part, main: Path) -> str:
    first = part.rasters[0]
    attrs = {k: decode(v) for k, v in first.attrs.items()}
    if first.dtype == "bool":
        name = "_".join(str(attrs.get("long_name", first.name)).split())
        return qml.class_style({"flag_values": [1], "flag_meanings": name, "colors": CATEGORIES[0]})
    if "flag_values" in attrs:
        return qml.class_style(attrs if colors(attrs) else {k: v for k, v in attrs.items() if k != "colors"})
    by_name = {r.name: r for r in part.rasters}
    mix = next((m for m in MIXES if set(m) <= set(by_name) and attrs.get("role") != "result"), None)
    if mix is not None:
        chosen = [by_name[name] for name in mix]
        return qml.rgb_style([r.layers[0] for r in chosen], [_limits(main, part, r)[1:3] for r in chosen])
    low, _, _, high = _limits(main, part, first)
    bounds = [float(attrs.get(key, value)) for key, value in (("vmin", low), ("vmax", high))]
    try:
        return qml.ramp_style(str(attrs.get("cmap", "viridis")), *bounds)
    except InputError:  # a colour map of a library that is not installed
        return qml.ramp_style("viridis", *bounds)


def _limits(main: Path, part: Part, raster: Raster) -> tuple[float, float, float, float]:
    """Return minimum, 2 %, 98 % and maximum of the first layer of a variable; (0, 0, 1, 1) without values."""
    import rasterio

    with rasterio.open(main) as file:
        shape = (min(LOOK, file.height), min(LOOK, file.width))
        values: Any = file.read(raster.layers[0], out_shape=shape, masked=True).astype("float64").filled(np.nan)
    seen = values[np.isfinite(values)] * raster.scale
    if not seen.size:
        return (0.0, 0.0, 1.0, 1.0)
    low, dark, bright, high = np.quantile(seen, [0.0, 0.02, 0.98, 1.0])
    return float(low), float(dark), float(bright), float(high)
