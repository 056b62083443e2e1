"""Limits of the stretch of CROMA's images: mean plus and minus two standard deviations of each band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from eowidgets.contract.feeds import Batch
from eowidgets.cube.schema import valid

#: Common names of the Sentinel-2 bands in the order of the training data, without cirrus.
OPTICAL = (
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
#: Bands that replace one that a cube lacks, nearest wavelength first.
STAND_IN = {
    "coastal": ("blue",),
    "rededge1": ("red",),
    "rededge2": ("rededge3", "rededge1", "nir"),
    "rededge3": ("nir08", "nir"),
    "nir08": ("nir",),
    "nir09": ("nir08", "nir"),
    "swir16": ("swir22", "nir08", "nir"),
    "swir22": ("swir16", "nir08", "nir"),
}
NEEDED = ("blue", "green", "red", "nir")

#: Of SSL4EO-S12 (Sentinel-2 L1C in reflectance times 10 000, Sentinel-1 in dB), the training data.
TRAINING = {
    "coastal": (1605.57504906, 786.78685367),
    "blue": (1390.78157673, 850.34818441),
    "green": (1314.8729939, 875.06484736),
    "red": (1363.52445545, 1138.84957046),
    "rededge1": (1549.44374991, 1122.17775652),
    "rededge2": (2091.74883118, 1161.59187054),
    "rededge3": (2371.7172463, 1274.39184232),
    "nir": (2299.90463006, 1248.42891965),
    "nir08": (2560.29504086, 1345.52684884),
    "nir09": (830.06605044, 577.31607053),
    "swir16": (2177.07172323, 1336.09932639),
    "swir22": (1524.06546312, 1136.53823676),
    "vv": (-12.54847273, 5.25697717),
    "vh": (-20.19237134, 5.91150917),
}
#: Maximum rows, columns and dates of a cube that are read for its statistics.
THINNED = 256, 32
#: Smallest standard deviation: a constant band becomes 0.5.
LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation of a band, in the units of the images."""

    mean: float
    std: float


def of_training() -> dict[str, Spread]:
    """Return the statistics of the training data, in reflectance and dB."""
    return {b: _scaled(b, *pair) for b, pair in TRAINING.items()}


def _scaled(band: str, mean: float, std: float) -> Spread:
    unit = 1.0 if band in ("vv", "vh") else 10_000.0
    return Spread(mean / unit, std / unit)


def of_values(x: Tensor, seen: Tensor, bands: tuple[str, ...]) -> dict[str, Spread]:
    """Return the statistics of images.

    Parameters
    ----------
    x : Tensor, shape (n, t, c, h, w)
    seen : Tensor, shape (n, t, h, w), bool
    bands : tuple of str
        Common names along ``c``.
    """
    found = {}
    for i, band in enumerate(bands):
        values = x[:, :, i][seen].double()
        enough = len(values) > 1
        mean = float(values.mean()) if enough else 0.0
        found[band] = Spread(mean, max(float(values.std()), LEAST) if enough else 1.0)
    return found


def of_batch(batch: Batch) -> dict[str, Spread]:
    """Return the statistics of the observed pixels of a batch."""
    return of_values(batch.x, batch.usable, batch.bands)


def thinned(cube: xr.Dataset, bands: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    """Read some rows, columns and dates of a cube: values (1, t, c, h, w), and where observed (1, t, h, w)."""
    side, dates = THINNED
    steps = {"y": max(1, cube.sizes["y"] // side), "x": max(1, cube.sizes["x"] // side)}
    steps["time"] = max(1, cube.sizes["time"] // dates)
    part = cube.isel({dim: slice(None, None, step) for dim, step in steps.items()})
    seen = valid(part).transpose("time", "y", "x").values.astype(bool)
    if "clouds" in part:
        seen &= ~part["clouds"].transpose("time", "y", "x").values.astype(bool)
    stacked = np.stack([part[b].transpose("time", "y", "x").values for b in bands], axis=1).astype("float32")
    seen &= np.isfinite(stacked).all(axis=1)
    return torch.from_numpy(np.nan_to_num(stacked))[None], torch.from_numpy(seen)[None]
