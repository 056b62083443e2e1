"""A sensor that a network was trained on: its bands, their wavelengths, and the statistics of its training data."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from eowidgets.models.encode.images import Imagery


@dataclass(frozen=True, slots=True)
class Limited(Imagery):
    """Images whose values are clipped to limits, as in 8-bit training data.

    Parameters
    ----------
    low, high : tuple of float
        Smallest and largest value of each band in the units of the cube; infinite for no limit.
    """

    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    def normalise(self, values: Tensor, bands: tuple[str, ...]) -> Tensor:
        """Clip the values, and scale them as in the training; see :meth:`Imagery.normalise`."""
        at = [self.bands.index(b) for b in bands]
        low, high = (values.new_tensor(part)[at, None, None] for part in (self.low, self.high))
        # dataclass(slots=True) makes a new class, in which super() without arguments fails.
        return Imagery.normalise(self, values.maximum(low).minimum(high), bands)


@dataclass(frozen=True, slots=True)
class Platform:
    """A sensor.

    Parameters
    ----------
    bands : tuple of str
        Common names in the order of the authors.
    mean, std : tuple of float
        In the units of the training data.
    wavelengths : tuple of float
        Micrometres, or the values that represent the polarisations of radar.
    resolution : float
        Pixel size in metres.
    scale, offset : float
        The values of the training data are ``value of the cube * scale + offset``.
    limits : tuple of float
        Largest value of each band in the units of the cube, if any.

    Examples
    --------
    >>> Platform(("red",), (10.0,), (2.0,), (0.65,), 1.0, scale=255.0).imagery(side=224, patch=16).optional
    ('red',)
    """

    bands: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    wavelengths: tuple[float, ...]
    resolution: float
    scale: float = 10_000.0
    offset: float = 0.0
    limits: tuple[float, ...] = ()

    def imagery(self, *, side: int, patch: int) -> Imagery:
        """Describe the images for the base of the encoders, for networks with this side and patch in pixels."""
        plain = Imagery(
            self.bands,
            scale=self.scale,
            mean=tuple(m - self.offset for m in self.mean),
            std=self.std,
            side=side,
            patch=patch,
            resolution=self.resolution,
            optional=self.bands,
        )
        if not self.limits:
            return plain
        fields = {name: getattr(plain, name) for name in Imagery.__dataclass_fields__}
        return Limited(**fields, low=(0.0,) * len(self.bands), high=self.limits)

    def widened(self, others: dict[str, float]) -> Platform:
        """Add bands by their wavelengths in micrometres, with statistics that are interpolated over the wavelength."""
        more = {name: wave for name, wave in others.items() if name not in self.bands}
        order = np.argsort(self.wavelengths)
        known = np.array(self.wavelengths)[order]

        def with_more(part: tuple[float, ...]) -> tuple[float, ...]:
            found = np.interp(list(more.values()), known, np.array(part)[order])
            return (*part, *map(float, found)) if part else ()

        return replace(
            self,
            bands=(*self.bands, *more),
            mean=with_more(self.mean),
            std=with_more(self.std),
            wavelengths=(*self.wavelengths, *more.values()),
            limits=with_more(self.limits) if self.limits else (),
        )
