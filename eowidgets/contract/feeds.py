"""Feeds: what a model needs to see, and in which pieces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from eowidgets.arguments import Count, Pixels, Positive, WholeFromZero, checked
from eowidgets.errors import InputError


@checked
@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of a cube: which bands and dates a model needs, and in which windows it is run.

    A model whose answer for a pixel depends on what else lies in its window (attention over the window, normalisation
    by its statistics) states ``size``. A model without ``size`` gives every pixel the same answer in any window that
    has its ``halo``; the engine chooses the window.

    Parameters
    ----------
    bands : tuple of str, optional
        Common names in the order the model wants them; None means any bands, as they come.
    optional_bands : tuple of str
        Bands that are used when the cube has them (a second sensor, say).
    min_dates, max_dates : int, optional
        Number of dates that make sense.
    resolution : float, optional
        Pixel size in metres that the model was trained on, to which cubes of another one are resampled; None means any.
    size : int, optional
        Side of the window in pixels, halo included; runs with another side are refused. None: the engine chooses it by
        the memory.
    halo : int
        Pixels of context at each side of a window.
    multiple : int
        The window's side must be a multiple of this (patch size times downsampling).
    dates : int, optional
        Dates in a window; None: all dates at once.
    date_halo : int
        Dates of context at each end when ``dates`` is set.
    blend : int, optional
        Pixels to each side of the border between two windows over which their answers are blended, at most ``halo``.
        None: half of ``halo``, so that the other half is context alone.

    Raises
    ------
    InputError
        For a blend wider than the halo.

    Examples
    --------
    >>> Windows(bands=("red", "nir"), min_dates=2, size=128, halo=16).halo
    16
    """

    bands: tuple[str, ...] | None = None
    min_dates: Count = 1
    max_dates: Count | None = None
    resolution: Positive | None = None
    optional_bands: tuple[str, ...] = ()
    size: Pixels | None = None
    halo: WholeFromZero = 0
    multiple: Pixels = 1
    dates: Count | None = None
    date_halo: WholeFromZero = 0
    blend: WholeFromZero | None = None

    def __post_init__(self) -> None:
        if self.blend is not None and not 0 <= self.blend <= self.halo:
            raise InputError(
                f"A window is to be blended over {self.blend} pixels with a halo of {self.halo}: "
                "give a blend between 0 and the halo."
            )


@dataclass(slots=True)
class Batch:
    """What the engine hands to :meth:`Model.predict`.

    Attributes
    ----------
    x : Tensor, shape (b, t, c, h, w), float32
        Reflectance (or what the cube holds). Exactly 0 where ``usable`` is False. Not to be changed in
        place: without clouds it is the same tensor as ``raw``.
    usable : Tensor, shape (b, t, h, w), bool
        The ground was seen: measured, no cloud, no shadow.
    measured : Tensor, shape (b, t, h, w), bool
        Something was measured, cloud or not; ``raw`` holds it.
    raw : Tensor, shape (b, t, c, h, w), float32
        As ``x`` but with the cloudy measurements kept (0 only where nothing was measured).
    days : Tensor, shape (t,), float64
        Days since 1970-01-01, increasing.
    out_days : Tensor, shape (s,), float64
        Days of the output frames (the same as ``days`` unless the model changes the dates).
    bands : tuple of str
        Common names along ``c``.
    lonlat : Tensor, shape (b, 2), float32
        Centre of each window in degrees.
    resolution : float
        Pixel size in metres.
    seed : int, optional
        Seed of the run. A model that draws random numbers from it, and not from torch's own generator, gives the same
        answer whatever windows share its batch.
    """

    x: Tensor
    usable: Tensor
    measured: Tensor
    raw: Tensor
    days: Tensor
    out_days: Tensor
    bands: tuple[str, ...]
    lonlat: Tensor
    resolution: float
    seed: int | None = None

    def day_of_year(self) -> Tensor:
        """Day of year 1..366 of every input date, shape (t,), float32."""
        dates = np.asarray(self.days.cpu(), dtype="int64").astype("datetime64[D]")
        doy = (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) + 1
        return torch.as_tensor(doy, dtype=torch.float32, device=self.x.device)
