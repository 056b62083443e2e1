"""Windows of 64 pixels of Sentinel-2 for the small encoders, each drawn once in a round, and crops of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.encode_images import Place

SIDE = 64


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """A batch of windows.

    Attributes
    ----------
    dates : array, shape (3, n, bands, 64, 64)
        Three dates of each window, the same one three times where there are no others; NaN in bands that were not measured.
    lonlat : array, shape (n, 2)
        NaN for chips, whose places are not given.
    classes : array, shape (n,), int
        Classes of chips; -1 for windows.
    """

    dates: np.ndarray
    lonlat: np.ndarray
    classes: np.ndarray


class Windows:
    """Draw chips of EuroSAT and windows of places; in a round each chip comes once, and each place as often as it is large.

    Parameters
    ----------
    chips : array, shape (n, 3, 64, 64)
    classes : array, shape (n,), int
    places : sequence of Place
    bands : int
        Chips get further bands without values.
    seasonal : int
        Windows a round of every place with seasons.
    """

    def __init__(
        self, chips: np.ndarray, classes: np.ndarray, places: Sequence[Place], bands: int, seasonal: int
    ) -> None:
        self.chips, self.classes, self.places = chips, classes, places
        self.lacking = bands - chips.shape[1]
        counts = [seasonal if len(p.values) > 1 else (p.values.shape[-1] // SIDE) ** 2 for p in places]
        #: Chips, then places, by numbers from 0 on.
        self.round = np.concatenate(
            [np.arange(len(chips)), len(chips) + np.repeat(np.arange(len(places)), np.array(counts))]
        )

    def draw(self, seed: int, step: int, batch: int, rng: np.random.Generator) -> Draw:
        """Return the batch of a step; a round is shuffled by its own number, so that nothing comes twice in it."""
        n = len(self.round)
        steps = n // batch
        order = np.random.default_rng([seed, step // steps, 7]).permutation(self.round)
        found = [self._one(i, rng) for i in order[step % steps * batch :][:batch]]
        dates, lonlat, classes = (list(part) for part in zip(*found, strict=True))
        return Draw(np.stack(dates, 1), np.array(lonlat, np.float32), np.array(classes))

    def _one(self, i: int, rng: np.random.Generator) -> tuple[np.ndarray, tuple[float, float], int]:
        if i < len(self.chips):
            chip = np.pad(self.chips[i], ((0, self.lacking), (0, 0), (0, 0)), constant_values=np.nan)
            return np.stack([chip] * 3), (np.nan, np.nan), int(self.classes[i])
        place = self.places[i - len(self.chips)]
        dates = np.zeros(3, int) if len(place.values) == 1 else rng.permutation(_four(place, rng))[:3]
        top, left = (rng.integers(n - SIDE + 1) for n in place.values.shape[-2:])
        return place.values[dates, :, top : top + SIDE, left : left + SIDE], place.lonlat or (np.nan, np.nan), -1


def _four(place: Place, rng: np.random.Generator) -> np.ndarray:
    """Return four dates of a year of a place."""
    if place.seasons is not None and len(place.seasons):
        found: np.ndarray = place.seasons[rng.integers(len(place.seasons))]
        return found
    return np.linspace(0, len(place.values) - 1, 4).round().astype(int)


def cropped(x: Tensor, rng: np.random.Generator, side: int, low: float, high: float) -> Tensor:
    """Cut a part of every image (n, c, h, w), turned and mirrored, and scaled to ``side`` pixels.

    Parameters
    ----------
    low, high : float
        Least and largest share of the side of the image.
    """
    n = len(x)
    scale = rng.uniform(low, high, (n, 1))
    shift = rng.uniform(-1, 1, (n, 2)) * (1 - scale)
    turn = rng.integers(4, size=n) * np.pi / 2
    mirror = np.where(rng.random(n) < 0.5, 1.0, -1.0)
    cos, sin = np.cos(turn), np.sin(turn)
    # (n, 2, 3): what the place (x, y) of the result is in the image, both from -1 to 1.
    affine = np.stack([mirror * cos, -sin, mirror * sin, cos], -1).reshape(n, 2, 2) * scale[..., None]
    theta = torch.from_numpy(np.concatenate([affine, shift[..., None]], -1).astype("float32"))
    grid = functional.affine_grid(theta, [n, x.shape[1], side, side], align_corners=False)
    return functional.grid_sample(x, grid, padding_mode="reflection", align_corners=False)


def lit(x: Tensor, rng: np.random.Generator, light: float, tint: float) -> Tensor:
    """Change the light of every image (n, c, h, w) and of its bands by factors around one."""
    n, c = x.shape[:2]
    factor = np.exp(rng.normal(0, light, (n, 1)) + rng.normal(0, tint, (n, c)))
    return x * torch.from_numpy(factor.astype("float32"))[:, :, None, None]
