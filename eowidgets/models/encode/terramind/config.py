"""Sizes of the published networks, and the images that they were trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from eowidgets.models.encode.platform import Limited
from eowidgets.models.encode.terramind.network import Config

SIDE, PATCH = 224, 16

SIZES = {
    "v1-tiny": Config(192, 12, 3, 768, gated=False),
    "v1-small": Config(384, 12, 6, 1536, gated=False),
    "v1-base": Config(768, 12, 12, 3072, gated=True),
    "v1-large": Config(1024, 24, 16, 4096, gated=True),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One modality of images.

    Attributes
    ----------
    key : str
        Its name in the published weights.
    bands : tuple of str
        Common names in the order of the training data.
    mean, std : tuple of float
        In the units of the training data.
    scale : float
        Factor from the unit of the cube to that of the training data.
    low, high : float
        Limits of the values in the units of the cube.
    """

    key: str
    bands: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    scale: float = 1.0
    low: float = -math.inf
    high: float = math.inf


_L2A = (
    "coastal",
    "blue",
    "green",
    "red",
    "rededge1",
    "rededge2",
    "rededge3",
    "nir",
    "nir08",
    "nir09",
    "swir16",
    "swir22",
)
_L1C = (*_L2A[:10], "cirrus", *_L2A[10:])
REFLECTANCE = 10_000.0
#: Reflectance that maps to 255 in a true-colour image of Sentinel-2 at level 2A.
COLOUR_TOP = 0.2

#: ``v1_pretraining_mean`` and ``v1_pretraining_std`` of the authors.
KINDS = {
    "S2L2A": Kind(
        "untok_sen2l2a@224",
        _L2A,
        (
            1390.458,
            1503.317,
            1718.197,
            1853.91,
            2199.1,
            2779.975,
            2987.011,
            3083.234,
            3132.22,
            3162.988,
            2424.884,
            1857.648,
        ),
        (
            2106.761,
            2141.107,
            2038.973,
            2134.138,
            2085.321,
            1889.926,
            1820.257,
            1871.918,
            1753.829,
            1797.379,
            1434.261,
            1334.311,
        ),
        REFLECTANCE,
    ),
    "S2L1C": Kind(
        "untok_sen2l1c@224",
        _L1C,
        (
            2357.089,
            2137.385,
            2018.788,
            2082.986,
            2295.651,
            2854.537,
            3122.849,
            3040.56,
            3306.481,
            1473.847,
            506.07,
            2472.825,
            1838.929,
        ),
        (
            1624.683,
            1675.806,
            1557.708,
            1833.702,
            1823.738,
            1733.977,
            1732.131,
            1679.732,
            1727.26,
            1024.687,
            442.165,
            1331.411,
            1160.419,
        ),
        REFLECTANCE,
    ),
    "RGB": Kind(
        "untok_sen2rgb@224",
        ("red", "green", "blue"),
        (87.271, 80.931, 66.667),
        (58.767, 47.663, 42.631),
        255 / COLOUR_TOP,
        0.0,
        COLOUR_TOP,
    ),
    "S1GRD": Kind("untok_sen1grd@224", ("vv", "vh"), (-12.599, -20.293), (5.195, 5.890)),
    "S1RTC": Kind("untok_sen1rtc@224", ("vv", "vh"), (-10.93, -17.329), (4.391, 4.459)),
    "DEM": Kind("untok_dem@224", ("dem",), (670.665,), (951.272,)),
}
#: Names of the elevation variable.
ELEVATION = ("dem", "elevation")


def imagery(optical: str, radar: str) -> Limited:
    """Describe images of one optical modality, one radar modality, and the elevation, in the units of a cube."""
    kinds = [KINDS[optical], KINDS[radar], KINDS["DEM"], KINDS["DEM"]]
    bands = (*kinds[0].bands, *kinds[1].bands, *ELEVATION)
    rows = [(m / k.scale, s / k.scale, k.low, k.high) for k in kinds for m, s in zip(k.mean, k.std, strict=True)]
    mean, std, low, high = (tuple(column) for column in zip(*rows, strict=True))
    return Limited(
        bands, mean=mean, std=std, side=SIDE, patch=PATCH, resolution=10.0, optional=bands, low=low, high=high
    )
