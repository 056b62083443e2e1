"""A cube in a few lines of text."""

from __future__ import annotations

import xarray as xr

from eowidgets.cube.grid import geobox
from eowidgets.cube.schema import bands
from eowidgets.cube.series import cloud_cover


def summary(cube: xr.Dataset) -> str:
    """Return title, dates, size, bands and observed share of a cube as text; the same in every run.

    Examples
    --------
    >>> import eowidgets as eow
    >>> print(summary(eow.open("bouconne")))
    Forest and fields at Bouconne near Toulouse, Sentinel-2 monthly syntheses, 2018
    7 dates, 2018-04-29 to 2018-11-15
    246 × 227 pixels of 10 m (EPSG:32631), 558 ha
    blue, green, red, nir, rededge1, rededge2, rededge3, nir08, swir16, swir22
    100 % of the pixels seen without cloud
    """
    box = geobox(cube)
    first, last = (str(t)[:10] for t in cube.time.values[[0, -1]])
    dates = f"{cube.sizes['time']} dates, {first} to {last}" if first != last else f"1 date, {first}"
    size = abs(box.resolution.x)
    metric = box.crs.projected and box.crs.units[0] in ("metre", "m")
    pixel = f"{size:g} m" if metric else f"{size:.3g}{'°' if box.crs.geographic else ' units'}"
    where = f"EPSG:{box.crs.epsg}" if box.crs.epsg else "own projection"
    extent = f", {box.width * box.height * size**2 / 1e4:.0f} ha" if metric else ""
    lines = [
        str(cube.attrs.get("title", "Untitled cube")),
        dates,
        f"{box.height} × {box.width} pixels of {pixel} ({where}){extent}",
        ", ".join(bands(cube)),
    ]
    if not any(v.chunks for v in cube.data_vars.values()):  # a lazy cube is not read for a line of text
        lines.append(f"{100 * (1 - float(cloud_cover(cube).mean())):.0f} % of the pixels seen without cloud")
    return "\n".join(lines)
