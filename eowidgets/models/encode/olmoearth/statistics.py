"""Scale values as in the training of OlmoEarth: the statistics of its training data, and missing bands."""

from __future__ import annotations

import torch
from torch import Tensor

from eowidgets.models.encode.olmoearth.config import OPTICAL

#: Mean and standard deviation of each band, in reflectance times 10 000 and in dB: norm_configs/computed.json of the authors.
STATISTICS = {
    "blue": (1188.9413, 1859.1924),
    "green": (1407.7739, 1727.7387),
    "red": (1513.0574, 1740.7757),
    "nir": (2755.4813, 1612.2566),
    "rededge1": (1890.9893, 1754.732),
    "rededge2": (2483.7812, 1622.1173),
    "rededge3": (2722.7282, 1621.8226),
    "nir08": (2885.5703, 1611.3588),
    "swir16": (2562.8526, 1441.5472),
    "swir22": (1914.1383, 1328.8914),
    "coastal": (1115.8494, 1955.6992),
    "nir09": (3269.8126, 2651.0884),
    "vv": (-11.649, 10.8404),
    "vh": (-17.7454, 10.2163),
}
#: Wavelength of each band in nm, by which the authors choose the replacement of a missing band.
WAVELENGTHS = dict(zip(OPTICAL, (490, 560, 665, 842, 705, 740, 783, 865, 1610, 2190, 443, 945), strict=True))


def normalised(bands: tuple[str, ...], values: Tensor) -> Tensor:
    """Scale values, shape (..., c, h, w): mean - 2 std becomes 0, mean + 2 std becomes 1."""
    mean, std = (values.new_tensor([STATISTICS[b][i] for b in bands])[:, None, None] for i in (0, 1))
    return (values - (mean - 2 * std)) / (4 * std)


def optical(bands: tuple[str, ...], values: Tensor, *, copied: bool) -> Tensor:
    """Scale the available Sentinel-2 bands, and put them in the order of the network.

    Parameters
    ----------
    bands : tuple of str
        Common names along ``c``.
    values : Tensor, shape (..., c, h, w)
        Reflectance times 10 000.
    copied : bool
        Whether a missing band is copied from the one nearest in wavelength, the shorter of two; otherwise it is 0.

    Returns
    -------
    Tensor, shape (..., 12, h, w)
    """
    if copied:
        source = [min(bands, key=lambda b: (abs(WAVELENGTHS[b] - WAVELENGTHS[one]), WAVELENGTHS[b])) for one in OPTICAL]
        return normalised(OPTICAL, values[..., [bands.index(b) for b in source], :, :])
    out = torch.zeros(*values.shape[:-3], len(OPTICAL), *values.shape[-2:], dtype=values.dtype, device=values.device)
    out[..., [OPTICAL.index(b) for b in bands], :, :] = normalised(bands, values)
    return out
