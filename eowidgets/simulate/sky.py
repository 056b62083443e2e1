"""Atmosphere of one date: clouds, their shadows, haze and light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eowidgets.simulate.texture import SIZE, Field, cut, fractal

#: Reflectance of an opaque cloud, and path reflectance of haze of optical depth 1 (scattering falls with wavelength).
CLOUD = np.array([0.68, 0.66, 0.66, 0.67, 0.68, 0.68, 0.66, 0.67, 0.42, 0.36], np.float32)
HAZE = np.array([0.30, 0.22, 0.16, 0.14, 0.12, 0.11, 0.10, 0.09, 0.03, 0.02], np.float32)
#: Share of the light that remains in a full shadow, from the blue sky.
AMBIENT = np.array([0.55, 0.48, 0.42, 0.38, 0.34, 0.32, 0.30, 0.30, 0.22, 0.20], np.float32)


@dataclass(slots=True)
class Sky:
    """The sky of one date.

    Attributes
    ----------
    cloud : ndarray, shape (h, w), float32, optional
        Opacity 0..1 of thick and thin cloud; None on a clear date.
    shadow : ndarray, shape (h, w), float32, optional
        Obscured share of the direct sunlight, 0..1.
    haze : ndarray, shape (h, w), float32
        Optical depth.
    gain : ndarray, shape (bands,), float32
        View-angle and calibration noise.
    mask : ndarray, shape (h, w), bool
        Cloud or shadow.
    cast : (int, int)
        Rows and columns from a cloud to its shadow.
    """

    cloud: Field | None
    shadow: Field | None
    haze: Field
    gain: npt.NDArray[np.float32]
    mask: npt.NDArray[np.bool_]
    cast: tuple[int, int] = (0, 0)


#: Opacity and depth above which clouds and shadows are in the mask.
VISIBLE = 0.08


def draw_sky(
    shape: tuple[int, int], day: float, cover: float, resolution: float, latitude: float, rng: np.random.Generator
) -> Sky:
    """Draw the sky of one date.

    Parameters
    ----------
    day : float
        Day of the year; the sun is low in winter, and shadows are long.
    cover : float
        Share of the sky under cloud, on average over a wide area.
    """
    row, column = (int(v) for v in rng.integers(0, SIZE, 2))
    haze = np.float32(rng.gamma(1.2, 0.03)) * (1 + 0.3 * cut(fractal(2.2, 31), shape, column, row)).clip(0, 3)
    gain = (1 + 0.015 * rng.standard_normal(len(CLOUD))).astype(np.float32) * np.float32(
        1 + 0.02 * rng.standard_normal()
    )
    if cover < 0.01:
        return Sky(None, None, haze.astype(np.float32), gain, np.zeros(shape, bool))
    field, veil = fractal(1.55, 32), fractal(1.9, 33)
    level = np.float32(_level(cover))

    def opacity(r: int, c: int) -> Field:
        return np.asarray(((cut(field, shape, r, c) - level) * np.float32(3.0)).clip(0, 1), np.float32)

    thick = opacity(row, column)
    thin = ((cut(veil, shape, row + 300, column) - np.float32(_level(0.4 * cover))) * np.float32(0.25)).clip(0, 0.4)
    # The sun is in the south-east at mid-morning: shadows fall to the north-west.
    declination = -23.4 * np.cos(2 * np.pi * (day + 10) / 365.25)
    zenith = np.deg2rad(np.clip(abs(latitude - declination) + 12, 20, 75))
    distance = rng.uniform(800, 2500) * np.tan(zenith) / resolution
    azimuth = np.deg2rad(rng.uniform(145, 165))
    cast = (round(distance * np.cos(azimuth)), round(-distance * np.sin(azimuth)))
    shadow = opacity(row - cast[0], column - cast[1]) * (1 - thick)
    cloud = np.maximum(thick, thin).astype(np.float32)
    return Sky(cloud, shadow, haze.astype(np.float32), gain, (cloud > VISIBLE) | (shadow > VISIBLE), cast)


def _level(share: float) -> float:
    """Return the level that a normal variable exceeds with this probability."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(float(np.clip(1 - share, 1e-4, 1 - 1e-4)))


def weigh(sky: Sky, index: list[int]) -> tuple[Field, Field, Field, Field]:
    """Factorise the measurement as ``ground * (wa · fa) + wb · fb``, with few fields for all bands.

    Returns
    -------
    wa, fa : ndarray, shapes (bands, m) and (m, h, w)
        Weights and fields of the attenuation of the ground.
    wb, fb : ndarray, shapes (bands, m) and (m, h, w)
        Weights and fields of the added radiance.
    """
    gain, haze = sky.gain[index, None], HAZE[index, None]
    if sky.cloud is None or sky.shadow is None:
        return gain, np.ones((1, *sky.haze.shape), np.float32), haze, sky.haze[None]
    open_ = 1 - sky.cloud
    wa = np.concatenate([gain, gain * (AMBIENT[index, None] - 1)], axis=1)
    wb = np.concatenate([haze, CLOUD[index, None]], axis=1)
    return wa, np.stack([open_, open_ * sky.shadow]), wb, np.stack([open_ * sky.haze, sky.cloud])
