"""The input of ``predict``: measurements, masks, dates and place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from eowidgets.arguments import checked


@checked
@dataclass(slots=True)
class Batch:
    """A batch of windows, series or chips that the engine passes to :meth:`Model.predict`.

    Parameters
    ----------
    x : Tensor, shape (b, t, c, h, w), float32
        Reflectance (or what the cube holds). Exactly 0 where ``usable`` is False. Not to be changed in
        place: without clouds it is the same tensor as ``raw``.
    usable : Tensor, shape (b, t, h, w), bool
        True where the ground was observed: measured, no cloud, no shadow.
    measured : Tensor, shape (b, t, h, w), bool
        True where anything was measured, cloudy or not; ``raw`` holds it.
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
        Seed of the run. A model that draws random numbers from it, and not from torch's own generator, returns the same
        result whatever windows share its batch.
    sources : mapping of str to Batch
        The same ground from the further sources that the feed names, each with its pixels, bands and dates.

    Examples
    --------
    >>> import eowidgets as eow
    >>> import torch
    >>> x, seen = torch.ones(1, 2, 1, 4, 4), torch.ones(1, 2, 4, 4, dtype=torch.bool)
    >>> days = torch.tensor([17897.0, 17928.0], dtype=torch.float64)
    >>> batch = eow.Batch(x, seen, seen, x, days, days, ("red",), torch.zeros(1, 2), 10.0)
    >>> tuple(batch.x.shape), batch.bands
    ((1, 2, 1, 4, 4), ('red',))
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
    sources: Mapping[str, Batch] = field(default_factory=dict)

    def day_of_year(self) -> Tensor:
        """Return the day of year, 1 to 366, of every input date: shape (t,), float32.

        Returns
        -------
        Tensor, (t,), float32
            Days of year.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import torch
        >>> x, seen = torch.ones(1, 2, 1, 4, 4), torch.ones(1, 2, 4, 4, dtype=torch.bool)
        >>> days = torch.tensor([17897.0, 17928.0], dtype=torch.float64)
        >>> batch = eow.Batch(x, seen, seen, x, days, days, ("red",), torch.zeros(1, 2), 10.0)
        >>> batch.day_of_year()
        tensor([ 1., 32.])
        """
        dates = np.asarray(self.days.cpu(), dtype="int64").astype("datetime64[D]")
        doy = (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) + 1
        return torch.as_tensor(doy, dtype=torch.float32, device=self.x.device)
