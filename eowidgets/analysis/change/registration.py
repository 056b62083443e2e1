"""Do two images lie on each other? Sub-pixel phase correlation tells by how much they do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.cube.grid import geobox
from eowidgets.cube.schema import bands, usable
from eowidgets.errors import InputError, MissingExtraError

#: Images that lie further apart than this (pixels) show change along every edge.
TOO_FAR = 0.5
#: Fewer pixels at a side, or a smaller share seen on both dates, have no correlation to speak of.
SMALLEST, SEEN = 16, 0.3
#: Shifts are found to a fiftieth of a pixel.
_UPSAMPLE = 50


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the second image lies from the first.

    Attributes
    ----------
    x, y : float
        Pixels to the right and downwards.
    metres : float
        Length of the shift on the ground, or NaN where the CRS has no metres.
    """

    x: float
    y: float
    metres: float

    @property
    def pixels(self) -> float:
        """Length of the shift in pixels."""
        return float(np.hypot(self.x, self.y))

    @property
    def too_far(self) -> bool:
        """Whether it is above half a pixel."""
        return self.pixels > TOO_FAR

    def __str__(self) -> str:
        """One sentence."""
        ground = f" ({self.metres:.1f} m)" if np.isfinite(self.metres) else ""
        told = f"The two images lie {self.pixels:.2f} pixels{ground} apart"
        if self.too_far:
            return f"{told}, more than half a pixel: edges will look like change, so register them first."
        return f"{told}: near enough to compare."


def misregistration(before: xr.Dataset, after: xr.Dataset) -> Shift | None:
    """Measure how far two frames on the same grid lie apart.

    Parameters
    ----------
    before, after : Dataset (time=1, y, x) or (y, x)
        With the same bands. What is not seen on both is filled with the mean.

    Returns
    -------
    Shift or None
        None where too little was seen on both to tell.

    Notes
    -----
    Phase correlation with upsampling (Guizar-Sicairos et al., 2008, doi:10.1364/OL.33.000156) of the gradients of the
    mean of all bands, under a Hann window: gradients, because fields and seasons change their brightness more than
    their edges.
    """
    try:
        from skimage.registration import phase_cross_correlation
    except ImportError:
        raise MissingExtraError("Measuring misregistration", "lab") from None
    names = [b for b in bands(before) if b in bands(after)]
    if not names:
        raise InputError("The two images have no band in common: open both with the same bands.")
    box = geobox(before)
    if min(box.shape) < SMALLEST:
        return None
    seen = np.asarray((_plane(usable(before)) & _plane(usable(after))).values)
    if seen.mean() < SEEN:
        return None
    images = [_edges(np.mean([_plane(c[n]).values for n in names], axis=0), seen) for c in (before, after)]
    if any(not image.any() for image in images):
        return None
    moved, _, _ = phase_cross_correlation(  # type: ignore[no-untyped-call]
        *images, upsample_factor=_UPSAMPLE
    )
    # The library gives the way back: from the second image to the first.
    y, x = (-float(v) for v in moved)
    scale = 1.0 if box.crs is not None and box.crs.projected else float("nan")
    return Shift(x, y, float(np.hypot(x * box.resolution.x, y * box.resolution.y)) * scale)


def _plane(values: xr.DataArray) -> xr.DataArray:
    return values.isel(time=0) if "time" in values.dims else values


def _edges(image: npt.NDArray[np.float32], seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    filled = np.where(seen & np.isfinite(image), image, np.nan).astype(np.float64)
    # Single bright pixels would outweigh everything else.
    low, high = np.nanquantile(filled, [0.01, 0.99])
    filled = np.clip(np.where(np.isfinite(filled), filled, np.nanmean(filled)), low, high)
    size = np.hypot(*np.gradient(filled))
    taper = np.outer(np.hanning(size.shape[0]), np.hanning(size.shape[1]))
    result: npt.NDArray[np.float64] = (size - size.mean()) * taper
    return result
