"""Errors of predicted images: differences of reflectance, structure and spectral angle."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.metrics.pairs import Array, compared, mean


def rmse(predicted: npt.ArrayLike, target: npt.ArrayLike, where: npt.ArrayLike | None = None) -> float:
    """Return the root mean squared error, in the units of the data.

    Parameters
    ----------
    predicted, target : array-like
        Of the same shape. NaN in `target` is left out as unknown. NaN in `predicted` is a missing prediction: the score is
        NaN, unless `where` excludes it.
    where : array-like of bool, optional
        Broadcasts to `target`: mask of the values to compare.

    Raises
    ------
    InputError
        If the shapes differ or nothing is left to compare.

    Examples
    --------
    >>> rmse([0.1, 0.2, 0.6], [0.1, 0.2, 0.3], where=[True, False, True]).__round__(4)
    0.2121
    """
    predicted, target, where = compared(predicted, target, where)
    return float(np.sqrt(mean((predicted - target) ** 2, where)))


def mae(predicted: npt.ArrayLike, target: npt.ArrayLike, where: npt.ArrayLike | None = None) -> float:
    """Return the mean absolute error, in the units of the data; arguments as in :func:`rmse`."""
    predicted, target, where = compared(predicted, target, where)
    return mean(np.abs(predicted - target), where)


def psnr(
    predicted: npt.ArrayLike, target: npt.ArrayLike, where: npt.ArrayLike | None = None, span: float = 1.0
) -> float:
    """Return the peak signal-to-noise ratio in decibel; infinite if nothing differs.

    `span` is the range of the data, 1 for reflectance; the other arguments as in :func:`rmse`.
    """
    error = rmse(predicted, target, where)
    return float("inf") if error == 0 else float(20 * np.log10(span / error))


def ssim(
    predicted: npt.ArrayLike, target: npt.ArrayLike, where: npt.ArrayLike | None = None, span: float = 1.0
) -> float:
    """Return the structural similarity (Wang et al. 2004, doi:10.1109/TIP.2003.819861), at most 1.

    Parameters
    ----------
    predicted, target : array-like, shape (..., y, x)
        Every plane is compared separately; the score is the mean over all of them.
    where : array-like of bool, optional
        Broadcasts to `target`. Pixels outside it are used neither as centres nor within the windows around others.
    span : float
        Range of the data, 1 for reflectance.

    Notes
    -----
    The window is a Gaussian of sigma 1.5 over 11 × 11 pixels, K1 = 0.01, K2 = 0.03, variances without Bessel's
    correction. At the edges of the image and of `where` the remaining weights are scaled to sum to one; other
    implementations drop a frame of five pixels, which with a cloud mask would drop nearly everything.
    """
    from scipy.ndimage import gaussian_filter

    predicted, target, where = compared(predicted, target, where, least=2)
    sigma = (*[0.0] * (target.ndim - 2), 1.5, 1.5)

    def window(values: Array) -> Array:
        # Radius 5 is truncated at 5 / 1.5 sigmas; the weight outside the image is zero.
        spread: Array = gaussian_filter(np.where(where, values, 0.0), sigma, mode="constant", truncate=5 / 1.5)
        return spread

    with np.errstate(invalid="ignore", divide="ignore"):
        weight = window(np.ones(target.shape))
        a, b = window(predicted) / weight, window(target) / weight
        # Centred on one mean first: the difference of two large squares would lose the small variances.
        centre = target[where].mean()
        u, v = predicted - centre, target - centre
        du, dv = a - centre, b - centre
        var_a, var_b = window(u * u) / weight - du**2, window(v * v) / weight - dv**2
        both = window(u * v) / weight - du * dv
        c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
        similar = (2 * a * b + c1) * (2 * both + c2) / ((a**2 + b**2 + c1) * (var_a + var_b + c2))
    return mean(similar, where)


def sam(predicted: npt.ArrayLike, target: npt.ArrayLike, where: npt.ArrayLike | None = None, axis: int = -3) -> float:
    """Return the mean spectral angle in degrees (Kruse et al. 1993): 0 if spectra differ by brightness only.

    Parameters
    ----------
    predicted, target : array-like
        With the bands along `axis`, by default ``(..., band, y, x)``.
    where : array-like of bool, optional
        Over the axes without the bands. A spectrum is used if all its bands are known and not all of them are zero.
    """
    predicted, target, _ = compared(predicted, target, None)
    predicted, target = np.moveaxis(predicted, axis, -1), np.moveaxis(target, axis, -1)
    known = np.isfinite(target).all(-1) & (np.nan_to_num(target) != 0).any(-1)
    if where is not None:
        known &= np.broadcast_to(np.asarray(where, bool), known.shape)
    u, v = _unit(predicted), _unit(target)
    # Kahan's form: acos loses precision for small angles.
    angle = 2 * np.arctan2(np.linalg.norm(u - v, axis=-1), np.linalg.norm(u + v, axis=-1))
    return float(np.degrees(mean(angle, known)))


def _unit(spectra: Array) -> Array:
    length: Any = np.linalg.norm(spectra, axis=-1, keepdims=True)
    return np.asarray(np.divide(spectra, length, out=np.zeros_like(spectra), where=length != 0))
