"""Answers about the cube itself: dates, size, bands, satellite and place, and the meaning of an index."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.analysis.ask import words
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.bandwords import MEANS
from eowidgets.analysis.ask.consistent import Claim
from eowidgets.analysis.ask.context import Context, span
from eowidgets.analysis.ask.language import FACTS, Fact
from eowidgets.analysis.ask.small import scaled
from eowidgets.analysis.ask.tools import pixel_hectares
from eowidgets.cube import globe
from eowidgets.cube.grid import geobox
from eowidgets.cube.indices import available
from eowidgets.cube.schema import bands
from eowidgets.errors import InputError, unknown


def fact(context: Context, program: Fact) -> Answer:
    """Answer a question about the cube."""
    of = program.of
    if of in MEANS:
        return context.answer(program, f"{MEANS[of]}.", of, 1.0, code=repr(of))
    if of == "empty months":
        return _empty(context, program)
    if of not in FACTS:
        table = context.trace("meaning", meaning, of)
        text = f"{of} is the {table['name']}: {table['formula']}, {table['reads']}."
        return context.answer(program, text, table["name"], 1.0, code=f"{context.trace.last}['name']")
    table = context.trace("about", about, context.cube)
    value: Any = table[of]
    code: str | None = f"{context.trace.last}[{of!r}]"
    if of == "satellite":
        if not value:
            raise InputError("The cube does not record the satellite or sensor of its images.")
        text = f"The images are from {value}."
    elif of == "dates":
        text = f"The series has {table['count']} {'image' if table['count'] == 1 else 'images'}, from {value[0]} to {value[1]}."
    elif of == "acquisitions":
        text = f"The series has {table['count']} {'image' if table['count'] == 1 else 'images'}: {_listed(value)}."
    elif of == "crs":
        text = f"The coordinate reference system is {value}."
    elif of == "imaging":
        text = f"The images are {value}: the bands are {', '.join(table['bands'])}."
    elif of == "size":
        factor = {"km2": 0.01, "m2": 1e4}.get(program.unit, 1.0)
        value, code = context.trace("area", scaled, value, factor), None
        text = f"The cube covers {words.hectares(value, program.unit or 'ha')}: {table['columns']} × {table['rows']} pixels of "
        text += f"{table['resolution']:g} m, {table['count']} dates."
    elif of == "resolution":
        text = f"A pixel is {value:g} m wide on the ground."
    elif of == "bands":
        text = f"The cube has {len(value)} bands: {', '.join(value)}."
    elif of == "indices":
        text = f"The bands allow {len(value)} indices of the spyndex catalogue, among them {', '.join(_known(value))}."
    elif of in ("width", "height"):
        factor = 0.001 if program.unit == "km" else 1.0
        value, code = context.trace("length", scaled, value, factor), None
        axis = "from west to east" if of == "width" else "from north to south"
        text = f"The cube measures {value:,.10g} {program.unit or 'm'} {axis}."
    elif of in ("rows", "columns", "pixels"):
        text = f"The cube has {value} {of}: {table['columns']} columns and {table['rows']} rows."
    elif of in ("interval", "longest gap"):
        if value is None:
            raise InputError("The cube has one date, so there is no interval.")
        which = "usual (median) interval between two images" if of == "interval" else "longest time without an image"
        text = f"The {which} is {value:g} days; images are {table['mean interval']:.1f} days apart on average."
    elif of == "days":
        text = f"The first and the last image are {value} days apart: {table['dates'][0]} and {table['dates'][1]}."
    elif of == "images a year":
        text = f"There are {value:.1f} images a year on average: {table['count']} in {table['years']:.1f} years."
    elif of == "years":
        text = f"The series covers {value:.1f} years, from {table['dates'][0]} to {table['dates'][1]}."
    elif of in ("latitude", "longitude"):
        text = f"The {of} of the middle of the cube is {value:.5f}°."
    elif of in ("north", "south", "east", "west"):
        text = f"The {of}ern edge of the cube lies at {value:.5f}°."
    else:
        text = f"The middle of the cube lies at {words.degrees(*value)}."
    unit = {
        "size": program.unit or "ha",
        "resolution": "m",
        "width": program.unit or "m",
        "height": program.unit or "m",
    }.get(of, "")
    unit = {"interval": "days", "longest gap": "days", "years": "years", "days": "days"}.get(of, unit)
    claim = Claim(value, shown=(words.hectares(value, unit),)) if of == "size" else None
    return context.answer(program, text, value, 1.0, unit=unit, code=code, claim=claim)


def _empty(context: Context, program: Fact) -> Answer:
    """Count the months of a period without an image."""
    first, last = span(context.cube)
    start, end = program.scope.start or first, program.scope.end or last
    missing = context.trace("missing", empty_months, context.cube, start, end)
    number = len(missing)
    said = f": {', '.join(missing)}" if 0 < number <= 12 else ""
    text = f"{number} {'month has' if number == 1 else 'months have'} no image from {start[:7]} to {end[:7]}{said}."
    return context.answer(program, text, number, 1.0, code=f"len({context.trace.last})")


def empty_months(cube: xr.Dataset, start: str, end: str) -> list[str]:
    """Return the months, as ``"2019-01"``, of a period without a date in the cube."""
    held = {str(t)[:7] for t in cube["time"].values}
    months = np.arange(np.datetime64(start[:7], "M"), np.datetime64(end[:7], "M") + 1)
    return [str(m) for m in months if str(m) not in held]


#: Maximum number of dates that a sentence lists; of more dates it names the first and the last.
_LISTED = 20


def _listed(days: tuple[str, ...]) -> str:
    if len(days) <= _LISTED:
        return ", ".join(days)
    return f"{', '.join(days[:5])}, … to {days[-1]}; the value lists all of them"


def _system(crs: Any) -> str:
    """Return the EPSG code and the name of a coordinate reference system."""
    code, name = crs.to_epsg(), str(getattr(crs.proj, "name", "") or "")
    return f"EPSG:{code} ({name})" if code and name else f"EPSG:{code}" if code else name or str(crs)


def _known(names: tuple[str, ...]) -> list[str]:
    first: list[str] = [n for n in ("NDVI", "NDMI", "NBR", "NDWI", "MNDWI", "NDSI", "NDBI", "EVI") if n in names]
    return first or list(names[:5])


def about(cube: xr.Dataset) -> dict[str, Any]:
    """Describe a cube: dates, size (ha), rows, columns, resolution (m), bands, indices, satellite, place (lon, lat)."""
    box = geobox(cube)
    days = [str(t)[:10] for t in cube["time"].values]
    gaps = np.diff(cube["time"].values.astype("datetime64[D]")).astype(float)
    west, south, east, north = (float(v) for v in globe.extent(box))
    hectares = pixel_hectares(cube)
    lon, lat = globe.lonlat(box, box.width / 2, box.height / 2)
    return {
        "dates": (days[0], days[-1]),
        "acquisitions": tuple(days),
        "crs": _system(box.crs),
        "imaging": "radar images" if set(map(str.lower, bands(cube))) & _RADAR else "optical images",
        "count": len(days),
        "size": hectares * box.width * box.height,
        "rows": box.height,
        "columns": box.width,
        "pixels": box.height * box.width,
        "width": round(box.width * (hectares * 1e4) ** 0.5, 1),
        "height": round(box.height * (hectares * 1e4) ** 0.5, 1),
        "interval": float(np.median(gaps)) if len(gaps) else None,
        "mean interval": float(np.mean(gaps)) if len(gaps) else float("nan"),
        "longest gap": float(np.max(gaps)) if len(gaps) else None,
        "years": float((np.datetime64(days[-1]) - np.datetime64(days[0])).astype(int) / 365.25),
        "days": int((np.datetime64(days[-1]) - np.datetime64(days[0])).astype(int)),
        "images a year": len(days)
        / max(float((np.datetime64(days[-1]) - np.datetime64(days[0])).astype(int) / 365.25), 1.0),
        "west": round(west, 5),
        "south": round(south, 5),
        "east": round(east, 5),
        "north": round(north, 5),
        "resolution": float(f"{(hectares * 1e4) ** 0.5:.4g}"),
        "bands": tuple(bands(cube)),
        "indices": tuple(available(cube)),
        "satellite": _satellite(cube),
        "latitude": round(float(lat), 5),
        "longitude": round(float(lon), 5),
        "place": (round(float(lon), 5), round(float(lat), 5)),
    }


_RADAR = {"vv", "vh", "hh", "hv"}
_INSTRUMENTS = {
    "landsat-oli": "Landsat 8 or 9 (OLI)", "landsat-tm": "Landsat 4 or 5 (TM)", "landsat-etm": "Landsat 7 (ETM+)",
    "sentinel1": "Sentinel-1", "modis-vi": "MODIS (vegetation indices)", "modis": "MODIS", "viirs": "VIIRS",
    "formosat2": "FORMOSAT-2",
}  # fmt: skip


def _satellite(cube: xr.Dataset) -> str:
    """Return the name of the satellite that the cube records, or an empty string."""
    noted = str(cube.attrs.get("sensor") or cube.attrs.get("platform") or cube.attrs.get("satellite") or "")
    if noted.lower() in _INSTRUMENTS:
        return _INSTRUMENTS[noted.lower()]
    found = re.match(r"(?i)(sentinel|landsat)-?(\d)\w?(?:-(l\w+))?$", noted)
    if not found:
        return noted
    level = f" (level {found[3][1:].upper()})" if found[3] else ""
    return (
        f"{found[1].capitalize()}-{found[2]}{level}" if found[1].lower() == "sentinel" else f"Landsat {found[2]}{level}"
    )


def meaning(name: str) -> dict[str, str]:
    """Return long name, formula and input bands of a spectral index of the catalogue.

    Raises
    ------
    InputError
        If there is no such index.
    """
    import spyndex

    found = spyndex.indices.get(name) if hasattr(spyndex.indices, "get") else None
    if found is None:
        raise unknown("index", name, ())
    letters = ", ".join(f"{b} {_LETTERS[b]}" for b in found.bands if b in _LETTERS)
    return {
        "name": str(found.long_name),
        "formula": str(found.formula),
        "reads": f"with {letters}" if letters else "of the bands",
    }


_LETTERS = {
    "A": "coastal", "B": "blue", "G": "green", "R": "red", "RE1": "red edge 1", "RE2": "red edge 2", "RE3": "red edge 3",
    "N": "near infrared", "N2": "near infrared 2", "S1": "shortwave infrared 1", "S2": "shortwave infrared 2", "T": "thermal",
}  # fmt: skip
