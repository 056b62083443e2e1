"""Misregistration of two images, by sub-pixel phase correlation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.cube.grid import geobox
from eowidgets.cube.schema import bands, usable
from eowidgets.errors import InputError, MissingExtraError

#: Images that are further apart than this (pixels) show false change along edges.
TOO_FAR = 0.5
#: Minimum side in pixels, and minimum share observed on both dates, for a correlation.
SMALLEST, SEEN = 16, 0.3
#: Shifts are estimated to a fiftieth of a pixel.
_UPSAMPLE = 50


@dataclass(frozen=True, slots=True)
class Shift:
    """Offset of the second image from the first.

    Attributes
    ----------
    x, y : float
        Pixels to the right and downwards.
    metres : float
        Length of the shift on the ground; NaN where the CRS is not in metres.
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
        """Whether the shift is more than half a pixel."""
        return self.pixels > TOO_FAR

    def __str__(self) -> str:
        """Return one sentence."""
        ground = f" ({self.metres:.1f} m)" if np.isfinite(self.metres) else ""
        text = f"The two images are {self.pixels:.2f} pixels{ground} apart"
        if self.too_far:
            return f"{text}, more than half a pixel: edges cause false change, so register the images first."
        return f"{text}: close enough to compare."


def misregistration(before: xr.Dataset, after: xr.Dataset) -> Shift | None:
    """Measure the offset of two frames on the same grid.

    Parameters
    ----------
    before, after : Dataset (time=1, y, x) or (y, x)
        With the same bands. Pixels that are not observed in both are filled with the mean.

    Returns
    -------
    Shift or None
        None where too little was observed in both.

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
    # The library returns the shift from the second image to the first.
    y, x = (-float(v) for v in moved)
    scale = 1.0 if box.crs is not None and box.crs.projected else float("nan")
    return Shift(x, y, float(np.hypot(x * box.resolution.x, y * box.resolution.y)) * scale)


def _plane(values: xr.DataArray) -> xr.DataArray:
    return values.isel(time=0) if "time" in values.dims else values


def _edges(image: npt.NDArray[np.float32], seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    filled = np.where(seen & np.isfinite(image), image, np.nan).astype(np.float64)
    # Otherwise single bright pixels would dominate.
    low, high = np.nanquantile(filled, [0.01, 0.99])
    filled = np.clip(np.where(np.isfinite(filled), filled, np.nanmean(filled)), low, high)
    size = np.hypot(*np.gradient(filled))
    taper = np.outer(np.hanning(size.shape[0]), np.hanning(size.shape[1]))
    result: npt.NDArray[np.float64] = (size - size.mean()) * taper
    return result
