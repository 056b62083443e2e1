"""Sun, atmosphere and camera of one date: shadows by object height, haze, blur, noise and misregistration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eowidgets.simulate.texture import anywhere, white

Image = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Light:
    """Imaging conditions of one date.

    Attributes
    ----------
    sun : (float, float, float)
        Direction to the sun: rows, columns, up; length 1.
    lean : (float, float)
        Rows and columns by which the view displaces a point one pixel high.
    green : float
        0 dry or leafless, 1 green.
    tint : float
        Factor on paved ground: wet or worn.
    diffuse : float
        Share of diffuse light.
    """

    sun: tuple[float, float, float]
    lean: tuple[float, float]
    green: float
    tint: float
    diffuse: float


def draw_light(rng: np.random.Generator) -> Light:
    """Draw the conditions of a date: sun elevation from 25 to 70 degrees, view up to about 17 degrees off nadir."""
    up, azimuth = np.deg2rad(rng.uniform(25, 70)), rng.uniform(0, 2 * np.pi)
    off, way = abs(rng.normal(0, 0.13)), rng.uniform(0, 2 * np.pi)
    sun = (np.cos(up) * np.cos(azimuth), np.cos(up) * np.sin(azimuth), np.sin(up))
    lean = (min(off, 0.3) * np.cos(way), min(off, 0.3) * np.sin(way))
    return Light(
        (float(sun[0]), float(sun[1]), float(sun[2])),
        (float(lean[0]), float(lean[1])),
        float(rng.beta(1.2, 1.0)),
        float(np.exp(rng.normal(0, 0.1))),
        float(rng.uniform(0.25, 0.6)),
    )


def lit(albedo: Image, tall: Image, light: Light) -> Image:
    """Illuminate a surface (3, h, w) of a height (h, w) by sun and sky."""
    gy, gx = np.gradient(tall)
    gy, gx = gy.clip(-1.2, 1.2), gx.clip(-1.2, 1.2)
    facing = (light.sun[2] - gy * light.sun[0] - gx * light.sun[1]) / np.sqrt(1 + gy**2 + gx**2)
    direct = (facing.clip(0) / light.sun[2]) * ~shadow(tall, light.sun)
    sky = np.array((0.92, 1.0, 1.12), np.float32)[:, None, None] * np.float32(light.diffuse)
    return np.asarray(albedo * (sky + (1 - light.diffuse) * direct.astype(np.float32)), np.float32)


def shadow(tall: Image, sun: tuple[float, float, float]) -> npt.NDArray[np.bool_]:
    """Return the cast shadows: pixels from which the sun is hidden by a higher point, shape (h, w).

    The horizon is computed by doubling: the maximum over 2 n steps is that over n steps and over the n steps beyond.
    """
    flat = float(np.hypot(sun[0], sun[1]))
    if flat < 1e-3:
        return np.zeros(tall.shape, bool)
    drop = sun[2] / flat  # fall of a ray in height per pixel
    dy, dx = sun[0] / flat, sun[1] / flat
    ray, steps = tall, 1
    while steps <= 64:
        ray = np.maximum(ray, _shift(ray, round(dy * steps), round(dx * steps)) - np.float32(drop * steps))
        steps *= 2
    return np.asarray(ray > tall + 0.7)


def _shift(field: Image, dy: int, dx: int) -> Image:
    """Return the value ``(dy, dx)`` pixels away; the edge value outside."""
    h, w = field.shape
    rows, columns = np.arange(h) + dy, np.arange(w) + dx
    moved: Image = field[rows.clip(0, h - 1)][:, columns.clip(0, w - 1)]
    return moved


def exposed(scene: Image, light: Light, rng: np.random.Generator, *, moved: bool) -> Image:
    """Simulate the camera: blur, misregistration, haze, white balance, gamma and noise; 0..1."""
    from scipy.ndimage import gaussian_filter, shift, zoom

    sigma = rng.uniform(0.5, 1.1)
    image = np.stack([gaussian_filter(band, sigma, truncate=2.5) for band in scene])
    if moved:
        # Most pairs are registered within half a pixel, some within two.
        far = rng.normal(0, 0.45, 2) if rng.random() < 0.8 else rng.normal(0, 1.2, 2)
        image = np.stack([shift(band, far, order=1, mode="nearest") for band in image])
    h, w = image.shape[1:]
    haze = (
        rng.uniform(0, 0.12)
        + 0.04 * zoom(rng.random((3, 3)), (h / 3, w / 3), order=1, grid_mode=True, mode="nearest")[:h, :w]
    )
    gain = np.exp(rng.normal(0, 0.15)) * np.exp(0.05 * rng.standard_normal(3))
    image = image * gain[:, None, None] * (1 - haze) + haze * np.array((0.75, 0.8, 0.9))[:, None, None]
    grey = image.mean(axis=0, keepdims=True)
    image = grey + rng.uniform(0.6, 1.25) * (image - grey)
    image = np.clip(image, 0, 1) ** np.exp(rng.normal(0, 0.18))
    noise = rng.uniform(0.002, 0.015)
    image = image + noise * np.stack([anywhere(white(84 + i), (h, w), rng) for i in range(3)])
    return np.asarray(np.clip(image, 0, 1), np.float32)
