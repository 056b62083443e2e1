"""Answers about the cube itself: its dates, size, bands, satellite, place, and what an index is."""

from __future__ import annotations

from typing import Any

import xarray as xr

from eowidgets.analysis.ask import words
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.consistent import Claim
from eowidgets.analysis.ask.context import Context
from eowidgets.analysis.ask.language import FACTS, Fact
from eowidgets.analysis.ask.tools import pixel_hectares
from eowidgets.cube import globe
from eowidgets.cube.grid import geobox
from eowidgets.cube.indices import available
from eowidgets.cube.schema import bands
from eowidgets.errors import InputError, unknown


def fact(context: Context, program: Fact) -> Answer:
    """Say something about the cube."""
    of = program.of
    if of not in FACTS:
        table = context.trace("meaning", meaning, of)
        text = f"{of} is the {table['name']}: {table['formula']}, {table['reads']}."
        return context.answer(program, text, table["name"], 1.0, code=f"{context.trace.last}['name']")
    table = context.trace("about", about, context.cube)
    value: Any = table[of]
    code = f"{context.trace.last}[{of!r}]"
    if of == "satellite":
        if not value:
            raise InputError("The cube does not say which satellite or sensor its images are from.")
        text = f"The images are from {value}."
    elif of == "dates":
        text = f"The series has {table['count']} {'image' if table['count'] == 1 else 'images'}, from {value[0]} to {value[1]}."
    elif of == "size":
        text = f"The cube covers {words.hectares(value)}: {table['columns']} × {table['rows']} pixels of {table['resolution']:g} m, "
        text += f"{table['count']} dates."
    elif of == "resolution":
        text = f"A pixel is {value:g} m wide on the ground."
    elif of == "bands":
        text = f"The cube has {len(value)} bands: {', '.join(value)}."
    elif of == "indices":
        text = f"The bands allow {len(value)} indices of the spyndex catalogue, among them {', '.join(_known(value))}."
    else:
        text = f"The middle of the cube lies at {words.degrees(*value)}."
    unit = {"size": "ha", "resolution": "m"}.get(of, "")
    claim = Claim(value, shown=(words.hectares(value),)) if of == "size" else None
    return context.answer(program, text, value, 1.0, unit=unit, code=code, claim=claim)


def _known(names: tuple[str, ...]) -> list[str]:
    first = [n for n in ("NDVI", "NDMI", "NBR", "NDWI", "MNDWI", "NDSI", "NDBI", "EVI") if n in names]
    return first or list(names[:5])


def about(cube: xr.Dataset) -> dict[str, Any]:
    """Dates, count, size (ha), rows, columns, resolution (m), bands, indices, satellite, and place (lon, lat) of a cube."""
    box = geobox(cube)
    days = [str(t)[:10] for t in cube["time"].values]
    hectares = pixel_hectares(cube)
    lon, lat = globe.lonlat(box, box.width / 2, box.height / 2)
    return {
        "dates": (days[0], days[-1]),
        "count": len(days),
        "size": hectares * box.width * box.height,
        "rows": box.height,
        "columns": box.width,
        "resolution": float(f"{(hectares * 1e4) ** 0.5:.4g}"),
        "bands": tuple(bands(cube)),
        "indices": tuple(available(cube)),
        "satellite": str(cube.attrs.get("sensor") or cube.attrs.get("platform") or "").replace("sentinel", "Sentinel"),
        "place": (round(float(lon), 5), round(float(lat), 5)),
    }


def meaning(name: str) -> dict[str, str]:
    """Long name, formula and reading of a spectral index of the catalogue.

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
    return {"name": str(found.long_name), "formula": str(found.formula), "reads": f"with {letters}" if letters else "of the bands"}


_LETTERS = {
    "A": "coastal", "B": "blue", "G": "green", "R": "red", "RE1": "red edge 1", "RE2": "red edge 2", "RE3": "red edge 3",
    "N": "near infrared", "N2": "near infrared 2", "S1": "shortwave infrared 1", "S2": "shortwave infrared 2", "T": "thermal",
}  # fmt: skip
