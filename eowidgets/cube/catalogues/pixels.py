"""Catalogues as a source of ``eow.open``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import xarray as xr

from eowidgets.cube.catalogues.catalogue import Catalogue
from eowidgets.cube.catalogues.credentials import access_to, need_credentials
from eowidgets.cube.catalogues.listed import find_catalogue
from eowidgets.cube.catalogues.query import Query
from eowidgets.cube.catalogues.reading import usual_bands
from eowidgets.cube.catalogues.selection import Selection, select
from eowidgets.cube.sources.request import Request
from eowidgets.cube.sources.stac.access import access_of
from eowidgets.cube.sources.stac.find import is_stac
from eowidgets.cube.sources.stac.load import open_items
from eowidgets.errors import InputError, warn_user


def selection_of(source: Any, request: Request, cloud: float | None) -> Selection | None:
    """Return a catalogue's selection of the area; None for a source that is not a catalogue.

    An address of STAC is treated as a catalogue where ``cloud`` is given, else its scenes are grouped by pass.
    """
    if isinstance(source, Selection):
        return source
    named = source if isinstance(source, Catalogue) else None
    if isinstance(source, str) and _is_name(source) and not Path(source).exists():
        named = find_catalogue(source)
    if named is None and (cloud is None or not is_stac(source)):
        return None
    query = Query.of(
        named or source,
        area=request.bbox,
        dates=request.dates,
        cloud=cloud,
        bands=request.bands,
        resolution=request.resolution,
        remote=request.remote,
    )
    if request.signer is None:
        need_credentials(query.catalogue)
    found = select(query, timeout=request.timeout)
    if found.limited:
        raise InputError(
            f"{query.catalogue.label} has more than {query.limit} images of this area: narrow area= or dates=, or select days "
            "with eow.find."
        )
    for problem in found.problems[:3]:
        warn_user(problem)
    return found


def _is_name(text: str) -> bool:
    return re.fullmatch(r"[\w .-]{1,80}", text) is not None


def options_of(selection: Selection) -> dict[str, Any]:
    """Return the options that select these days again, as they are recorded in the cube's attributes."""
    query = selection.query
    # An address without cloud= would be grouped by pass.
    cloud = query.cloud if query.cloud is not None or query.catalogue.name else 100.0
    days = list(dict.fromkeys(d.date for d in selection.days))
    # A list of two days would be a range.
    dates = (days if len(days) > 2 else [*days, *days[-1:], *days[-1:]]) if selection.chosen else query.dates
    return {"area": query.area, "dates": dates, "cloud": cloud, "remote": query.remote}


def read(selection: Selection, request: Request) -> xr.Dataset:
    """Return the images of a selection as a lazy Dataset."""
    query = selection.query
    if request.signer is None:
        need_credentials(query.catalogue)
    found = open_items(
        selection.pairs,
        area=query.area,
        bands=usual_bands(selection) if request.bands is None else request.bands,
        resolution=request.resolution,
        crs=request.crs,
        sensor=request.sensor,
        access=access_of(request.signer) if request.signer is not None else access_to(query.catalogue),
        chunks=request.chunks,
        timeout=request.timeout,
        solar=selection.longitude,
    )
    if query.catalogue.attribution:
        found.attrs["attribution"] = query.catalogue.attribution
    if query.catalogue.title:
        found.attrs["title"] = query.catalogue.title
    return found
