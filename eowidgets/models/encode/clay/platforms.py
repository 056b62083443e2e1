"""The sensors that Clay v1.5 was trained on: ``configs/metadata.yaml`` of the authors, with our names of bands."""

from __future__ import annotations

from eowidgets.models.encode.platform import Platform

SIDE, PATCH = 256, 8

_LANDSAT = ("red", "green", "blue", "nir", "swir16", "swir22")
_LANDSAT_WAVES = (0.65, 0.56, 0.48, 0.86, 1.6, 2.2)

PLATFORMS = {
    "sentinel-2-l2a": Platform(
        ("blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "swir16", "swir22"),
        (1105.0, 1355.0, 1552.0, 1887.0, 2422.0, 2630.0, 2743.0, 2785.0, 2388.0, 1835.0),
        (1809.0, 1757.0, 1888.0, 1870.0, 1732.0, 1697.0, 1742.0, 1648.0, 1470.0, 1379.0),
        (0.493, 0.56, 0.665, 0.704, 0.74, 0.783, 0.842, 0.865, 1.61, 2.19),
        10.0,
    ),
    "planetscope-sr": Platform(
        ("coastal", "blue", "green05", "green", "yellow", "red", "rededge1", "nir"),
        (1720.0, 1715.0, 1913.0, 2088.0, 2274.0, 2290.0, 2613.0, 3970.0),
        (747.0, 698.0, 739.0, 768.0, 849.0, 868.0, 849.0, 914.0),
        (0.443, 0.49, 0.531, 0.565, 0.61, 0.665, 0.705, 0.865),
        5.0,
    ),
    # Digital numbers of Collection 2: reflectance is number * 2e-5 - 0.1 (level 1) or number * 2.75e-5 - 0.2 (level 2).
    "landsat-c2l1": Platform(
        _LANDSAT,
        (10678.0, 10563.0, 11083.0, 14792.0, 12276.0, 10114.0),
        (6025.0, 5411.0, 5468.0, 6746.0, 5897.0, 4850.0),
        _LANDSAT_WAVES,
        30.0,
        scale=1 / 2e-5,
        offset=0.1 / 2e-5,
    ),
    "landsat-c2l2-sr": Platform(
        _LANDSAT,
        (13705.0, 13310.0, 12474.0, 17801.0, 14615.0, 12701.0),
        (9578.0, 9408.0, 10144.0, 8277.0, 5300.0, 4522.0),
        _LANDSAT_WAVES,
        30.0,
        scale=1 / 2.75e-5,
        offset=0.2 / 2.75e-5,
    ),
    "naip": Platform(
        ("red", "green", "blue", "nir"),
        (110.16, 115.41, 98.15, 139.04),
        (47.23, 39.82, 35.43, 49.86),
        (0.65, 0.56, 0.48, 0.842),
        1.0,
        scale=255.0,
    ),
    "linz": Platform(
        ("red", "green", "blue"),
        (89.96, 99.46, 89.51),
        (41.83, 36.96, 31.45),
        (0.635, 0.555, 0.465),
        0.5,
        scale=255.0,
    ),
    "sentinel-1-rtc": Platform(("vv", "vh"), (-12.113, -18.673), (8.314, 8.017), (3.5, 4.0), 10.0, scale=1.0),
    "modis": Platform(
        ("red", "nir", "blue", "green", "swir12", "swir16", "swir22"),
        (1072.0, 1624.0, 931.0, 1023.0, 1599.0, 1404.0, 1051.0),
        (1643.0, 1878.0, 1449.0, 1538.0, 1763.0, 1618.0, 1396.0),
        (0.645, 0.858, 0.469, 0.555, 1.24, 1.64, 2.13),
        500.0,
    ),
    "satellogic": Platform(
        ("red", "green", "blue", "nir"),
        (1451.54, 1456.54, 1543.22, 2132.68),
        (995.48, 771.29, 708.86, 1236.71),
        (0.64, 0.545, 0.48, 0.825),
        1.0,
    ),
}
