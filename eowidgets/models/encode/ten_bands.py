"""The ten bands of Sentinel-2 at 10 and 20 m, and numbers that bring reflectance to order one, for small encoders."""

from __future__ import annotations

BANDS = ("blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "swir16", "swir22")
#: Reflectance of common land and its spread per band; round numbers, not fitted.
MEAN = (0.06, 0.09, 0.10, 0.13, 0.22, 0.26, 0.28, 0.29, 0.22, 0.15)
STD = (0.06, 0.06, 0.08, 0.08, 0.10, 0.11, 0.12, 0.12, 0.11, 0.10)
