"""A map for a report: a result over an image of the ground, with legend, scale bar, date and coordinates."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import xarray as xr
from PIL import Image

from eowidgets.analysis.measure.report.content import Figure
from eowidgets.cube.grid import geobox
from eowidgets.cube.schema import bands, usable
from eowidgets.render.classes import classes_of
from eowidgets.render.place import Place
from eowidgets.render.result import Rgba, frame_picture, result_picture, thin
from eowidgets.render.source import FrameSource
from eowidgets.render.style import default_bands

#: Opacity of a result over a picture.
OVER = 0.9
#: Lightening of the image under a result, 0..1.
LIGHT = 0.65


def map_of(values: xr.DataArray, caption: str, *, cube: xr.Dataset | None = None, date: str = "") -> Figure:
    """Draw one variable of a result.

    Parameters
    ----------
    values : DataArray (y, x)
        Classes or numbers with the attributes of a result.
    caption : str
    cube : Dataset, optional
        The images under it; omitted if they are on another grid.
    date : str
        ISO day of the image under it; by default the clearest image.
    """
    small = thin(values.to_dataset(name=str(values.name or "result")))
    shown = small[str(values.name or "result")].transpose("y", "x")
    colour, legend = result_picture(shown)
    rows = classes_of(shown)
    if rows:  # only classes that occur
        occurring = set(np.unique(shown.values).astype(int).tolist())
        legend = replace(legend, entries=[(r["name"], r["color"]) for r in rows if r["value"] in occurring])
    ground = _ground(cube, small, date)
    note, width = _where(values.to_dataset(name="values"))
    if ground is None:
        return Figure(caption, png=_png(colour), legend=legend, note=note, width=width)
    picture, day = ground
    return Figure(
        caption,
        png=_png(_over(colour, picture)),
        legend=legend,
        note=f"{note}; background: image of {day}" if note else f"Background: image of {day}",
        width=width,
    )


def picture_of(cube: xr.Dataset, date: str, caption: str) -> Figure:
    """Draw one date of a cube in natural colours."""
    small = thin(cube)
    found = _image(small, date)
    picture, day = found if found is not None else (np.zeros((1, 1, 4), np.uint8), "")
    note, width = _where(cube)
    return Figure(f"{caption} {day}".strip(), png=_png(picture), note=note, width=width)


def _ground(cube: xr.Dataset | None, like: xr.Dataset, date: str) -> tuple[Rgba, str] | None:
    if cube is None or not {"y", "x"} <= set(cube.dims) or not default_bands(bands(cube)):
        return None
    try:
        part = cube.sel(y=like["y"], x=like["x"])
    except KeyError:  # another grid
        return None
    return _image(part, date)


def _image(cube: xr.Dataset, date: str) -> tuple[Rgba, str] | None:
    names = default_bands(bands(cube))
    if not names:
        return None
    number = 0
    if "time" in cube.dims and date:
        number = int(np.abs(cube["time"].values - np.datetime64(date[:19])).argmin())
    elif "time" in cube.dims:
        clear = usable(cube[[*names, *(m for m in ("valid", "clouds") if m in cube)]]).mean(("y", "x")).values
        number = len(clear) - 1 - int(np.argmax(clear[::-1] >= clear.max() - 0.01))  # the last of the clearest
    picture = frame_picture(FrameSource(cube), number, names)
    return picture, str(cube["time"].values[number])[:10] if "time" in cube.dims else ""


def _over(colour: Rgba, picture: Rgba) -> Rgba:
    """Draw a result over the ground, which is grey and light so that the colours match the legend."""
    strength = colour[..., 3:].astype(np.float32) / 255 * OVER
    grey = picture[..., :3].mean(-1, keepdims=True) * (1 - LIGHT) + 255 * LIGHT
    mixed = colour[..., :3] * strength + grey * (1 - strength)
    alpha = np.maximum(colour[..., 3], picture[..., 3])
    return np.dstack([np.rint(mixed), alpha]).astype(np.uint8)


def _where(data: xr.Dataset) -> tuple[str, float]:
    """Return a line with projection, centre and pixel size, and the width in metres; empty without a CRS."""
    place = Place.of(data)
    metres = place.metres
    if not place.crs or metres is None:
        return "", 0.0
    west, south, east, north = place.bounds
    centre = place.to_lonlat((west + east) / 2, (south + north) / 2)
    assert centre is not None  # noqa: S101  (there is a CRS)
    lon, lat = (float(v) for v in centre)
    crs = geobox(data).crs
    code = f"EPSG:{crs.epsg}" if crs.epsg else "projection of the data"
    around = f"centre {abs(lat):.4f}° {'N' if lat >= 0 else 'S'}, {abs(lon):.4f}° {'E' if lon >= 0 else 'W'}"
    return f"{code}; {around}; pixel {metres:.3g} m", metres * place.width


def _png(picture: Rgba) -> bytes:
    """Encode a picture as PNG; small ones are enlarged by whole factors, so that pixels stay sharp."""
    factor = max(1, 512 // max(picture.shape[:2]))
    buffer = BytesIO()
    Image.fromarray(np.repeat(np.repeat(picture, factor, 0), factor, 1)).save(buffer, "PNG")
    return buffer.getvalue()
