"""Superpixels: fields, clearings and other patches that are similar through the series."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.errors import MissingExtraError

Array = npt.NDArray[Any]
#: Weight of spatial distance relative to feature distance, and number of principal components.
COMPACTNESS, COMPONENTS = 0.1, 6


def parcels(features: Array, size: int) -> Array:
    """Segment pixels by SLIC (Achanta et al., 2012) over the principal components of their features.

    Parameters
    ----------
    features : array, shape (h, w, features)
        NaN where nothing was observed.
    size : int
        Approximate number of pixels of a superpixel.

    Returns
    -------
    array, shape (h, w), int64
        Number of the superpixel of each pixel, -1 where nothing was observed.

    Raises
    ------
    MissingExtraError
        Without scikit-image.
    """
    try:
        from skimage.segmentation import slic
    except ImportError as error:
        raise MissingExtraError("Labelling a field by a click", "teach") from error
    known: Array = np.asarray(np.isfinite(features).all(axis=2))
    if known.sum() < 2:
        return np.where(known, 0, -1)
    picture = _components(features, known)
    count = max(2, round(known.sum() / size))
    mask = None if known.all() else known
    found = slic(
        picture, n_segments=count, compactness=COMPACTNESS, channel_axis=-1, start_label=1, mask=mask, slic_zero=False
    )
    return np.where(known, found.astype("int64") - 1, -1)


def _components(features: Array, known: Array) -> Array:
    """Return the principal components, scaled by the standard deviation of the first."""
    flat = features[known].astype("float64")
    spread = flat.std(axis=0)
    z = (flat - flat.mean(axis=0)) / np.where(spread > 0, spread, 1)
    _, vectors = np.linalg.eigh(z.T @ z / len(z))
    found = z @ vectors[:, ::-1][:, :COMPONENTS]
    scale = found[:, 0].std()
    picture = np.zeros((*known.shape, found.shape[1]))
    picture[known] = found / (scale if scale > 0 else 1)
    return picture
