"""Quality bands of the products, and what they say about clouds.

Classes and bits as published: Sentinel-2 L2A scene classification, Landsat Collection 2 QA_PIXEL, HLS v2.0
Fmask, MOD09 ``state_1km``. Cloud shadow counts as cloud: the ground was not seen as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Quality:
    """A quality band: its common name, the names it has in files, and how to read it.

    ``clouds`` and ``missing`` take the band's integers and give booleans of the same shape.
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    clouds: Callable[[NDArray], NDArray[np.bool_]]
    missing: Callable[[NDArray], NDArray[np.bool_]]
    dtype: str
    fill: int


def _classes(*classes: int) -> Callable[[NDArray], NDArray[np.bool_]]:
    # A table of 256 answers is faster than isin, which sorts.
    table = np.zeros(256, bool)
    table[list(classes)] = True
    return lambda values: table[values.astype("uint8", copy=False)]


def _any_bit(*bits: int) -> Callable[[NDArray], NDArray[np.bool_]]:
    mask = sum(1 << b for b in bits)
    return lambda values: (values.astype("uint32") & mask) != 0


def _modis_clouds(values: NDArray) -> NDArray[np.bool_]:
    state = values.astype("uint32")
    cloudy = np.isin(state & 0b11, (1, 2))  # cloudy or mixed; 3 means "not set, assumed clear"
    shadow = (state >> 2) & 1 == 1
    high_cirrus = (state >> 8) & 0b11 == 3
    internal = (state >> 10) & 1 == 1
    result: NDArray[np.bool_] = cloudy | shadow | high_cirrus | internal
    return result


#: Quality bands by common name.
QUALITY: dict[str, Quality] = {
    q.name: q
    for q in (
        # 3 shadow, 8 and 9 cloud, 10 cirrus; 0 nothing measured.
        Quality("scl", "Scene classification", ("scl",), _classes(3, 8, 9, 10), lambda v: v == 0, "uint8", 0),
        # 10 opaque, 11 cirrus.
        Quality("qa60", "Sentinel-2 cloud mask QA60", ("qa60",), _any_bit(10, 11), lambda v: v < 0, "uint16", 0),
        # 1 dilated cloud, 2 cirrus, 3 cloud, 4 shadow; 0 fill.
        Quality(
            "qa_pixel", "Landsat pixel quality", ("qapixel", "pixelqa"), _any_bit(1, 2, 3, 4), _any_bit(0), "uint16", 1
        ),
        # 0 cirrus, 1 cloud, 2 next to cloud or shadow, 3 shadow; 255 fill.
        Quality("fmask", "HLS Fmask", ("fmask",), _any_bit(0, 1, 2, 3), lambda v: v == 255, "uint8", 255),
        Quality(
            "modis_state",
            "MODIS state",
            ("modisstate", "state1km", "sur refl state 500m", "surreflstate500m", "sur reflstate"),
            _modis_clouds,
            lambda v: v == 65535,
            "uint16",
            65535,
        ),
    )
}


def quality_name(name: str) -> str | None:
    """Common name of a quality band, or None where the name is not one.

    Examples
    --------
    >>> quality_name("QA_PIXEL"), quality_name("red")
    ('qa_pixel', None)
    """
    token = re.sub(r"[^a-z0-9]", "", re.sub(r"[-_](10|20|60)m$", "", str(name).lower()))
    token = re.sub(r"^(state1km|surreflstate500m)1$", r"\1", token)
    return next((q.name for q in QUALITY.values() if token in q.aliases), None)


def read_quality(band: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Read a quality band.

    Parameters
    ----------
    band
        Integers ``(time, y, x)``; its name is a key of `QUALITY`.

    Returns
    -------
    clouds, measured
        Booleans of the same shape, lazy where the band is.
    """
    quality = QUALITY[str(band.name)]

    def apply(function: Callable[[NDArray], NDArray[np.bool_]]) -> xr.DataArray:
        data = band.variable.data
        if not isinstance(data, np.ndarray):  # dask: the same function, block by block
            return xr.DataArray(data.map_blocks(function, dtype=bool), dims=band.dims, coords=band.coords)
        return xr.DataArray(function(data), dims=band.dims, coords=band.coords)

    return apply(quality.clouds), ~apply(quality.missing)
