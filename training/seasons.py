"""Recolour a picture to another season: each kind of ground gets another colour, field by field."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.float32]

#: Colours of vegetation, soil and snow through the year: red, green and blue, relative to their mean.
PALETTE = np.array(
    [
        (1.15, 1.02, 0.83),  # straw, bare soil
        (0.85, 1.20, 0.95),  # meadow
        (1.30, 0.95, 0.75),  # autumn leaves
        (0.90, 1.05, 1.05),  # dark conifers, water
        (1.00, 1.00, 1.00),  # leafless branches, asphalt
        (0.98, 1.00, 1.02),  # snow, haze
    ],
    np.float32,
)
#: Sample of pixels for finding kinds of ground.
SAMPLE = 400


def other_season(image: Picture, rng: np.random.Generator) -> Picture:
    """Recolour a picture: kinds of ground by k-means of smoothed colour, some of them divided into fields.

    Parameters
    ----------
    image : ndarray, shape (3, h, w)
        Red, green, blue, 0..1.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (3, h, w)
        Edges do not move; colour, brightness and local contrast differ by kind and field.
    """
    from scipy.ndimage import gaussian_filter

    h, w = image.shape[-2:]
    smooth = np.stack([gaussian_filter(band, float(rng.uniform(1.0, 4.0))) for band in image])
    kinds = _kinds(smooth, int(rng.integers(2, 7)), rng)
    fields = _fields(h, w, int(rng.integers(3, 40)), rng)
    # A kind is recoloured as a whole, or field by field.
    divided = rng.random(int(kinds.max()) + 1) < 0.4
    number = np.where(divided[kinds], 1 + fields, 0) * (int(kinds.max()) + 1) + kinds
    count = int(number.max()) + 1
    strength = float(rng.uniform(0.1, 0.5))
    colours = np.where(rng.random((count, 1)) < 0.6, PALETTE[rng.integers(len(PALETTE), size=count)], 1.0)
    gains = colours ** (2 * strength) * np.exp(rng.normal(0, (0.3 * strength), (count, 3)))
    gains *= np.exp(rng.normal(0, strength, (count, 1)))
    contrasts = np.exp(rng.normal(0, strength, count))
    same = rng.random(count) < 0.35
    gains[same], contrasts[same] = 1, 1
    gain = gains.astype(np.float32)[number].transpose(2, 0, 1)
    contrast = contrasts.astype(np.float32)[number]
    edge = float(rng.uniform(0.5, 1.5))
    gain = np.stack([gaussian_filter(g, edge) for g in gain])
    contrast = gaussian_filter(contrast, edge)
    local = np.stack([gaussian_filter(band, 2.0) for band in image])
    return np.clip((local + contrast * (image - local)) * gain, 0, 1).astype(np.float32)


def _kinds(smooth: Picture, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return numbers of the kinds of ground (h, w) by a few rounds of k-means on a sample of pixels."""
    pixels = smooth.reshape(3, -1).T
    sample = pixels[rng.integers(len(pixels), size=SAMPLE)]
    centres = sample[:count].copy()
    for _ in range(6):
        nearest = ((sample[:, None] - centres[None]) ** 2).sum(-1).argmin(1)
        for k in range(count):
            if (nearest == k).any():
                centres[k] = sample[nearest == k].mean(0)
    distance = -2 * pixels @ centres.T + (centres**2).sum(1)
    found: npt.NDArray[np.int64] = distance.argmin(1).reshape(smooth.shape[-2:])
    return found


def _fields(h: int, w: int, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return numbered cells of a Voronoi diagram of random points (h, w)."""
    rows, columns = rng.uniform(0, h, count), rng.uniform(0, w, count)
    from scipy.spatial import cKDTree

    places = np.stack(np.mgrid[:h, :w], axis=-1).reshape(-1, 2)
    cell: npt.NDArray[np.int64] = cKDTree(np.stack([rows, columns], axis=1)).query(places)[1].reshape(h, w)
    return cell
