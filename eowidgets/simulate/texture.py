"""Random fields that are computed once and cut at a random offset for every date, a hundred times faster than a new field."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]

SIZE = 1024


@lru_cache(maxsize=16)
def fractal(slope: float, seed: int) -> Field:
    """Return a periodic field (SIZE, SIZE), mean 0, std 1, whose amplitude falls as ``frequency ** -slope``."""
    rng = np.random.default_rng([seed, 1])
    spectrum = np.fft.rfft2(rng.standard_normal((SIZE, SIZE), dtype=np.float32))
    fy, fx = np.fft.fftfreq(SIZE)[:, None], np.fft.rfftfreq(SIZE)[None]
    frequency = np.hypot(fy, fx)
    frequency[0, 0] = np.inf
    field = np.fft.irfft2(spectrum * frequency**-slope, s=(SIZE, SIZE))
    return _frozen((field / field.std()).astype(np.float32))


@lru_cache(maxsize=4)
def white(seed: int, spread: float = 1.0) -> Field:
    """Return white noise (SIZE, SIZE), mean 0."""
    noise = np.random.default_rng([seed, 2]).standard_normal((SIZE, SIZE), dtype=np.float32)
    return _frozen(noise * np.float32(spread))


@lru_cache(maxsize=4)
def speckle(looks: float, seed: int) -> Field:
    """Return radar speckle for a number of looks, in decibels, (SIZE, SIZE); the power has mean 1."""
    power = np.random.default_rng([seed, 3]).gamma(looks, 1 / looks, (SIZE, SIZE))
    return _frozen((10 * np.log10(power)).astype(np.float32))


def _frozen(field: Field) -> Field:
    field.setflags(write=False)  # shared by all scenes
    return field


def cut(field: Field, shape: tuple[int, int], row: int, column: int) -> Field:
    """Return a part of a periodic field that begins at any row and column (also negative)."""
    rows, columns = row % SIZE, column % SIZE
    if rows + shape[0] <= SIZE and columns + shape[1] <= SIZE:
        return field[rows : rows + shape[0], columns : columns + shape[1]]
    wrapped: Field = field.take(np.arange(row, row + shape[0]), axis=0, mode="wrap")
    return wrapped.take(np.arange(column, column + shape[1]), axis=1, mode="wrap")


def anywhere(field: Field, shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Return a part of a periodic field at a random place."""
    return cut(field, shape, int(rng.integers(SIZE)), int(rng.integers(SIZE)))
