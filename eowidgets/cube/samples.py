"""The embedded samples: real Sentinel-2 series that open without a network."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.quality import QUALITY
from eowidgets.cube.schema import DIMS, bands
from eowidgets.errors import SourceError, unknown
from eowidgets.shipped import ADVICE, shipped

FOLDER = Path(str(files("eowidgets"))) / "samples"


@dataclass(frozen=True, slots=True)
class Sample:
    """Metadata of a sample before it is opened."""

    name: str
    title: str
    dates: int
    size: tuple[int, int]
    megabytes: float


#: Constants, because names of samples are also needed without the files.
_SAMPLES = {
    "romania": Sample(
        "romania",
        "Forest in Romania, Sentinel-2, 2015-08 to 2021-01: clouds, seasons, clear-cuts",
        140,
        (100, 100),
        8.6,
    ),
    "bouconne": Sample(
        "bouconne",
        "Forest and fields near Toulouse, Sentinel-2 monthly syntheses of 2018, ten bands",
        7,
        (246, 227),
        2.9,
    ),
}


def samples() -> dict[str, Sample]:
    """List the embedded samples by name.

    Returns
    -------
    dict of str to Sample
        Name of a sample to its description.

    Examples
    --------
    >>> sorted(samples())
    ['bouconne', 'romania']
    """
    return dict(_SAMPLES)


def open_sample(name: str) -> xr.Dataset:
    """Open a sample as a cube, with the raw masks of its scene classification.

    Raises
    ------
    InputError
        For an unknown name.
    SourceError
        If its file is not installed.
    """
    if name not in _SAMPLES:
        raise unknown("sample", name, _SAMPLES)
    # Loaded at once: a sample is small, and an open file cannot be copied or deleted safely.
    with xr.open_dataset(_file(name), engine="netcdf4", decode_coords="all") as ds:
        cube = ds.load()
    # Plain numpy, and no second look at it (fastpath): else xarray first imports dask.array and scipy, half the time here.
    measured = np.logical_and.reduce([np.isfinite(cube[b].values) for b in bands(cube)])
    cloudy = QUALITY["scl"].clouds(cube["scl"].values) if "scl" in cube else np.zeros_like(measured)
    cube["valid"] = xr.Variable(DIMS, measured, {"long_name": "Measured"}, fastpath=True)
    cube["clouds"] = xr.Variable(DIMS, cloudy & measured, {"long_name": "Cloud or cloud shadow"}, fastpath=True)
    return cube


def _file(name: str) -> Path:
    path = shipped(FOLDER / f"{name}.nc")
    if not path.is_file():
        raise SourceError(f"The sample {name!r} is not in this installation: {ADVICE}.")
    return path


def countries() -> dict[str, Any]:
    """Return Natural Earth land polygons with borders at 1:110 m, as a GeoJSON FeatureCollection (lon/lat)."""
    collection: dict[str, Any] = json.loads((FOLDER / "countries.geojson").read_text(encoding="utf-8"))
    return collection
