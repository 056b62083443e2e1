"""Quality bands of the products, and the cloud and data masks that they contain.

Classes and bits as published: Sentinel-2 L2A scene classification, Landsat QA_PIXEL, pixel_qa and BQA, HLS v2.0
Fmask, Digital Earth Australia fmask, MOD09 ``state_1km``, MOD13 reliability. Cloud shadow counts as
cloud, because its reflectance is not that of the ground.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Quality:
    """A quality band: its common name, its names in files, and how to read it.

    ``clouds`` and ``missing`` take the numbers of the band and return booleans of the same shape.
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    clouds: Callable[[NDArray], NDArray[np.bool_]]
    missing: Callable[[NDArray], NDArray[np.bool_]]
    dtype: str
    fill: int


def _classes(*classes: int) -> Callable[[NDArray], NDArray[np.bool_]]:
    # A table of 256 entries is faster than isin, which sorts.
    table = np.zeros(256, bool)
    table[list(classes)] = True
    return lambda values: table[values.astype("uint8", copy=False)]


def _any_bit(*bits: int) -> Callable[[NDArray], NDArray[np.bool_]]:
    mask = sum(1 << b for b in bits)
    return lambda values: (values.astype("uint32") & mask) != 0


def _none(values: NDArray) -> NDArray[np.bool_]:
    return np.zeros(values.shape, bool)


def _at_least(limit: float) -> Callable[[NDArray], NDArray[np.bool_]]:
    return lambda values: values >= limit


def _equal(*numbers: int) -> Callable[[NDArray], NDArray[np.bool_]]:
    return lambda values: np.isin(values, numbers)


def _bqa_clouds(values: NDArray) -> NDArray[np.bool_]:
    bits = values.astype("uint16")
    cloud = (bits >> 4) & 1 == 1
    shadow = (bits >> 7) & 0b11 == 3  # high confidence
    cirrus = (bits >> 11) & 0b11 == 3
    result: NDArray[np.bool_] = cloud | shadow | cirrus
    return result


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
            "qa_pixel",
            "Landsat pixel quality",
            ("qapixel", "pixelquality"),
            _any_bit(1, 2, 3, 4),
            _any_bit(0),
            "uint16",
            1,
        ),
        # Collection 1 Level 2: 3 shadow, 5 cloud; 0 fill.
        Quality("pixel_qa", "Landsat pixel quality", ("pixelqa",), _any_bit(3, 5), _any_bit(0), "uint16", 1),
        # Collection 1 Level 1.
        Quality("bqa", "Landsat pixel quality", ("bqa",), _bqa_clouds, _any_bit(0), "uint16", 1),
        # 2 cloud, 3 shadow; 0 nothing measured.
        Quality("oa_fmask", "Fmask", ("oafmask",), _classes(2, 3), _equal(0), "uint8", 0),
        Quality("s2cloudless", "Cloud mask s2cloudless", ("oas2cloudlessmask",), _equal(2), _equal(0), "uint8", 0),
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
        # 2 snow, 3 cloudy; -1 (255 as uint8) fill.
        Quality(
            "vi_reliability",
            "MODIS pixel reliability",
            ("pixelreliability", "16dayspixelreliability", "250m16dayspixelreliability", "500m16dayspixelreliability"),
            _equal(3),
            _equal(-1, 255),
            "int16",
            -1,
        ),
        # Masks of other software, with the meaning that their names state.
        Quality(
            "cloud_mask",
            "Cloud mask",
            ("clm", "cloudmask", "cloud", "cld", "cm", "iscloud", "maskcloud", "cloudsmask", "cloudshadowmask"),
            lambda v: (v > 0) & (v != 255),
            _equal(255),
            "uint8",
            0,
        ),
        Quality(
            "data_mask",
            "Data mask",
            ("datamask", "isdata", "validmask", "maskvalid", "validdata", "validpixels"),
            _none,
            _equal(0),
            "uint8",
            0,
        ),
        Quality("clear_mask", "Clear sky", ("clear", "clearmask", "isclear", "clearsky"), _equal(0), _none, "uint8", 1),
        # Per cent; 40 is the usual threshold of s2cloudless.
        Quality(
            "cloud_probability",
            "Cloud probability (%)",
            ("mskcldprb", "cldprb", "cloudprobability", "cloudprob", "cloudp", "probabilityofcloud"),
            _at_least(40),
            _none,
            "uint8",
            0,
        ),
        Quality("clp", "Cloud probability (0-255)", ("clp",), _at_least(0.4 * 255), _none, "uint8", 0),
        Quality("snow_probability", "Snow probability (%)", ("msksnwprb", "snwprb"), _none, _none, "uint8", 0),
    )
}


#: Names of other bands that hold flags rather than measurements.
_FLAGS = re.compile(
    r"(^|[_-])(mask|qa|qc|qf|quality|flags?|scl|state|reliability|classification|radsat|aerosol|view_angle|doy)([_-]|\d*$)",
    re.IGNORECASE,
)


def quality_name(name: str, preferred: Iterable[str] = ()) -> str | None:
    """Return the common name of a quality band, or None where the name is not one.

    Parameters
    ----------
    name : str
    preferred : iterable of str
        Quality bands of the product: where two products use one name, theirs is returned.

    Examples
    --------
    >>> quality_name("QA_PIXEL"), quality_name("red")
    ('qa_pixel', None)
    >>> quality_name("fmask", ["oa_fmask"])
    'oa_fmask'
    """
    token = re.sub(r"[^a-z0-9]", "", re.sub(r"[-_](10|20|60)m$", "", str(name).lower()))
    token = re.sub(r"^(state1km|surreflstate500m)1$", r"\1", token)
    for own in preferred:
        if token in (*QUALITY[own].aliases, re.sub("^oa", "", QUALITY[own].aliases[0])):
            return own
    return next((q.name for q in QUALITY.values() if token == q.name.replace("_", "") or token in q.aliases), None)


def is_flag_name(name: str) -> bool:
    """Return whether a name states that a band holds flags, although their coding is not known.

    Examples
    --------
    >>> is_flag_name("SR_QA_AEROSOL"), is_flag_name("snow_mask"), is_flag_name("swir1")
    (True, True, False)
    """
    return _FLAGS.search(str(name)) is not None


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
