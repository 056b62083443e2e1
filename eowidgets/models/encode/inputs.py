"""Input groups of Sentinel-1 and Sentinel-2 channels for series encoders, taken from a batch, and patches with gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from eowidgets.contract.feeds import Batch
from eowidgets.cube.globe import lonlat

#: East and north per column, and per row.
Steps = tuple[tuple[float, float], tuple[float, float]]

RADAR = "S1"
INDEX = "NDVI"
#: Common names of the bands of each group.
GROUPS = {
    RADAR: ("vv", "vh"),
    "S2_RGB": ("blue", "green", "red"),
    "S2_Red_Edge": ("rededge1", "rededge2", "rededge3"),
    "S2_NIR_10m": ("nir",),
    "S2_NIR_20m": ("nir08",),
    "S2_SWIR": ("swir16", "swir22"),
    INDEX: ("nir", "red"),
}
NEEDED = ("blue", "green", "red", "nir")
OPTIONAL = tuple(b for bands in GROUPS.values() for b in bands if b not in NEEDED)

#: Scale of reflectance in the training data, which are integers.
SCALE = 10_000.0
#: Smallest radar backscatter: -50 dB.
DARKEST = 1e-5


@dataclass(frozen=True, slots=True)
class Group:
    """Values of a group of channels, and their validity.

    Attributes
    ----------
    values : Tensor, shape (b, t, channels, h, w)
        Reflectance times 10 000, radar backscatter in dB, or NDVI.
    seen : Tensor, shape (b, t, h, w), bool
        Optical groups: the ground was observed. Radar: a value was measured, because radar penetrates clouds.
    """

    values: Tensor
    seen: Tensor


def groups_of(batch: Batch, *, decibel: bool) -> dict[str, Group]:
    """Return the groups whose bands are in the batch.

    Parameters
    ----------
    batch : Batch
    decibel : bool
        Whether radar backscatter is already in dB.
    """
    whole = {name: bands for name, bands in GROUPS.items() if set(bands) <= set(batch.bands)}
    return {name: _group(batch, name, [batch.bands.index(b) for b in bands], decibel) for name, bands in whole.items()}


def _group(batch: Batch, name: str, channels: list[int], decibel: bool) -> Group:
    if name == RADAR:
        power = batch.raw[:, :, channels]
        return Group(power if decibel else 10 * power.clamp_min(DARKEST).log10(), batch.measured)
    x = batch.x[:, :, channels]
    if name == INDEX:
        total, difference = x.sum(dim=2, keepdim=True), x[:, :, :1] - x[:, :, 1:]
        x = torch.where(total > 0, difference / total, 0.0)
        return Group(x, batch.usable)
    return Group(x * SCALE, batch.usable)


def months_of(batch: Batch) -> Tensor:
    """Return the month of every date, 0 for January, shape (t,), int64."""
    months = np.asarray(batch.days.cpu(), "int64").astype("datetime64[D]").astype("datetime64[M]").astype("int64") % 12
    return torch.as_tensor(months, device=batch.x.device)


def steps_of(box: Any) -> Steps:
    """Return the displacement of a column and of a row east and north, in the middle of a raster, in degrees of arc.

    Parameters
    ----------
    box : odc.geo GeoBox

    Returns
    -------
    ((float, float), (float, float))
        East and north per column, and per row.
    """
    y, x = (n / 2 for n in box.shape)
    lon, lat = lonlat(box, np.array([x, x + 1, x]), np.array([y, y, y + 1]))
    # A step may cross the meridian of 180 degrees.
    east = ((lon[1:] - lon[0] + 180) % 360 - 180) * np.cos(np.radians(lat[0]))
    north = lat[1:] - lat[0]
    return (float(east[0]), float(north[0])), (float(east[1]), float(north[1]))


def lonlat_of(batch: Batch, steps: Steps) -> Tensor:
    """Return longitude and latitude of every pixel, shape (b, h, w, 2), from the centre of its window.

    Parameters
    ----------
    batch : Batch
    steps : ((float, float), (float, float))
        From :func:`steps_of`.
    """
    h, w = batch.x.shape[-2:]
    rows, columns = (torch.arange(n, device=batch.x.device) - (n - 1) / 2 for n in (h, w))
    east, north = (rows[:, None] * row + columns * column for column, row in zip(*steps, strict=True))
    lon, lat = (part[:, None, None] for part in batch.lonlat.unbind(-1))
    lat = lat + north
    return torch.stack([lon + east / torch.deg2rad(lat).cos(), lat], dim=-1)


def per_patch(values: Tensor, seen: Tensor, patch: int) -> tuple[Tensor, Tensor]:
    """Fill the missing part of each patch with the mean of its observed part, date by date.

    Parameters
    ----------
    values : Tensor, shape (b, t, c, h patch, w patch)
    seen : Tensor, shape (b, t, h patch, w patch), bool
    patch : int

    Returns
    -------
    (Tensor, Tensor)
        The filled values, and a mask of patches with at least half of their pixels observed, shape (b, t, h, w), bool.
    """
    known = seen.to(values.dtype)
    share = functional.avg_pool2d(known, patch)
    # (b t) c h w -> b t c h w
    total = functional.avg_pool2d((values * known.unsqueeze(2)).flatten(0, 1), patch)
    total = total.view(*values.shape[:3], *share.shape[-2:])
    mean = total / share.clamp_min(1 / patch**2).unsqueeze(2)
    spread = mean.repeat_interleave(patch, dim=-2).repeat_interleave(patch, dim=-1)
    return torch.where(seen.unsqueeze(2), values, spread), share >= 0.5
