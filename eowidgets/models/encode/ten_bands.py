"""The ten bands of Sentinel-2 at 10 and 20 m, and the scaling of reflectance to order one for small encoders."""

from __future__ import annotations

from torch import Tensor

BANDS = ("blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "swir16", "swir22")
#: Typical mean and standard deviation of land per band; round numbers, not fitted.
MEAN = (0.06, 0.09, 0.10, 0.13, 0.22, 0.26, 0.28, 0.29, 0.22, 0.15)
STD = (0.06, 0.06, 0.08, 0.08, 0.10, 0.11, 0.12, 0.12, 0.11, 0.10)


def placed(values: Tensor, bands: tuple[str, ...]) -> Tensor:
    """Put scaled values (..., c, h, w) of the named bands in the order of all ten bands; missing bands are 0, the mean.

    Parameters
    ----------
    values : Tensor, shape (..., c, h, w)
    bands : tuple of str
        Common names along ``c``, all among :data:`BANDS`.

    Returns
    -------
    Tensor, shape (..., 10, h, w)
    """
    if bands == BANDS:
        return values
    out = values.new_zeros(*values.shape[:-3], len(BANDS), *values.shape[-2:])
    out[..., [BANDS.index(b) for b in bands], :, :] = values
    return out
