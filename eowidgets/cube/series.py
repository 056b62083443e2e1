"""Time series of one pixel or of an area, and cubes cut to an area."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.area import Area
from eowidgets.cube.grid import bounds, geobox, georeference, pixel
from eowidgets.cube.indices import index
from eowidgets.cube.schema import bands, usable
from eowidgets.cube.window import window
from eowidgets.errors import InputError


def at(cube: xr.Dataset, lon: float, lat: float) -> xr.Dataset:
    """Return the series of the pixel that contains a point.

    Parameters
    ----------
    cube : Dataset
    lon, lat : float
        Degrees; the longitude may be written in any turn (-100 is 260).

    Returns
    -------
    Dataset, dims (time,)
        Every variable of the cube at that pixel; ``x`` and ``y`` are its centre.

    Raises
    ------
    InputError
        If the point is outside the cube; the message states where the cube is.
    """
    row, column = pixel(cube, lon, lat)
    return cube.isel(y=row, x=column)


def clip(cube: xr.Dataset, area: Any) -> xr.Dataset:
    """Cut a cube to an area; pixels outside it become nodata.

    Parameters
    ----------
    area : Area or what `Area.of` takes
        On a grid all round the globe an area on both sides of the seam gives continuous columns.

    Raises
    ------
    InputError
        If the area does not touch the cube; the message states where both are.
    """
    place = Area.of(area)
    cut = window(cube, place)
    inside = np.zeros((0, 0), bool) if cut is None else place.mask(geobox(cut))
    if cut is None or not inside.any():
        west, south, east, north = bounds(cube)
        a, b, c, d = place.bounds
        raise InputError(
            f"The area ({a:.4f} to {c:.4f}° E, {b:.4f} to {d:.4f}° N) does not touch the cube "
            f"({west:.4f} to {east:.4f}° E, {south:.4f} to {north:.4f}° N)."
        )
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    within = {"y": slice(rows[0], rows[-1] + 1), "x": slice(columns[0], columns[-1] + 1)}
    inside = inside[within["y"], within["x"]]
    cut = cut.isel(within)
    keep = xr.DataArray(inside, dims=("y", "x"), coords={"y": cut.y, "x": cut.x})
    for name, variable in cut.data_vars.items():
        if {"y", "x"} <= set(variable.dims):
            if variable.dtype == bool:
                cut[name] = (variable & keep).transpose(*variable.dims)
            elif variable.dtype.kind == "f":
                cut[name] = variable.where(keep).transpose(*variable.dims)
    return georeference(cut)


def area_series(cube: xr.Dataset, area: Any, indices: Iterable[str] = ()) -> xr.Dataset:
    """Return mean and standard deviation of every band over an area, date by date, without clouds.

    Parameters
    ----------
    area : Area or what `Area.of` takes
    indices : iterable of str
        Spectral indices to summarise in addition to the bands; the index is taken per pixel, then averaged.

    Returns
    -------
    Dataset, dims (time,)
        Per band ``b``: ``b`` (mean), ``b_std``, ``b_p10``, ``b_p90``; and ``usable`` (share of the area's
        pixels that was observed, 0..1). ``attrs["hectares"]`` is the size of the area.
    """
    place = Area.of(area)
    cut = clip(cube, place)
    inside = place.mask(geobox(cut))
    mask = xr.DataArray(inside, dims=("y", "x"), coords={"y": cut.y, "x": cut.x})
    seen = usable(cut) & mask
    out = xr.Dataset(attrs={"hectares": round(place.hectares, 4), "area": place.name})
    curves = {name: cut[name] for name in bands(cut)}
    curves |= {str(i.name): i for i in (index(cut, name) for name in indices)}
    for name, curve in curves.items():
        values = curve.where(seen)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=RuntimeWarning)  # all-NaN dates: no observation, NaN is right
            tails = values.quantile([0.1, 0.9], ("y", "x")).astype("float32")
            out[name] = values.mean(("y", "x"), keep_attrs=True)
            out[f"{name}_std"] = values.std(("y", "x"))
        out[f"{name}_p10"] = tails.isel(quantile=0, drop=True)
        out[f"{name}_p90"] = tails.isel(quantile=1, drop=True)
    out["usable"] = seen.sum(("y", "x")) / int(inside.sum())
    return out


def cloud_cover(cube: xr.Dataset) -> xr.DataArray:
    """Return the share of each date's pixels that were not observed (cloud, shadow or nothing measured), 0..1, dims (time,)."""
    cover = 1 - usable(cube).mean(("y", "x"))
    return cover.rename("cloud_cover").assign_attrs(long_name="Not seen", units="1")
