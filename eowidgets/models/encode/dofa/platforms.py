"""The optical sensors that DOFA was trained on, with the statistics of the authors (8-bit images, 0 to 255)."""

from __future__ import annotations

from eowidgets.models.encode.platform import Platform

SIDE, PATCH = 224, 16

#: Reflectance that maps to 255 in the true-colour images and in the other bands of the training data (SatlasPretrain).
COLOUR_TOP, OTHER_TOP = 0.3558, 0.816

_MEAN = (
    114.1099739,
    114.81779093,
    126.63977424,
    84.33539309,
    97.84789168,
    103.94461911,
    101.435633,
    72.32804172,
    56.66528851,
)
_STD = (
    77.84352553,
    69.96844919,
    67.42465279,
    64.57022983,
    61.72545487,
    61.34187099,
    60.29744676,
    47.88519516,
    42.55886798,
)
_TOPS = (COLOUR_TOP,) * 3 + (OTHER_TOP,) * 6


def _reflectance(numbers: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(n / 255 * top for n, top in zip(numbers, _TOPS, strict=True))


PLATFORMS = {
    "sentinel-2": Platform(
        ("red", "green", "blue", "rededge1", "rededge2", "rededge3", "nir", "swir16", "swir22"),
        _reflectance(_MEAN),
        _reflectance(_STD),
        (0.665, 0.56, 0.49, 0.705, 0.74, 0.783, 0.842, 1.61, 2.19),
        10.0,
        scale=1.0,
        limits=_TOPS,
    ),
    "naip": Platform(
        ("red", "green", "blue"),
        (123.675, 116.28, 103.53),
        (58.395, 57.12, 57.375),
        (0.665, 0.56, 0.49),
        1.0,
        scale=255.0,
    ),
}
