"""Pairs at 10 m: real Sentinel-2 pictures of two dates, with settlements, halls and roads drawn into one of them.

Ground that differs and is not built (fields, clearings, sand of another place) is pasted as well: it is never change for a
network of buildings. No real place with new buildings was available, so buildings are drawn.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

import eowidgets as eow
from eowidgets.cube.schema import stack
from eowidgets.simulate.texture import anywhere, fractal

Picture = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

ROAD, BUILDING = 1, 2
#: Reflectance of roofs (red, green, blue): concrete, tiles, slate, sheet metal, white halls.
ROOFS = np.array(
    [(0.22, 0.21, 0.20), (0.24, 0.15, 0.11), (0.11, 0.11, 0.12), (0.20, 0.23, 0.28), (0.42, 0.41, 0.40)], np.float32
)
ASPHALT = np.array((0.13, 0.13, 0.13), np.float32)
#: Dates of a series that are used: clearings and buildings of later years would be unlabelled change.
FIRST = 8


class Coarse:
    """Draws pairs at 10 m.

    Parameters
    ----------
    folder : Path, optional
        Sentinel-2 patches of 12 bands (GeoTIFF), in addition to the embedded cubes.
    """

    def __init__(self, folder: Path | None) -> None:
        self.places: list[Picture] = []  # each (dates, 3, h, w)
        for name in ("bouconne", "romania"):
            x = stack(eow.open(name, clouds=None), ("red", "green", "blue")).to_numpy().astype(np.float32)
            whole = np.isfinite(x).all(axis=(1, 2, 3)) & (np.nanmean(x[:, 2], axis=(1, 2)) < 0.12)
            self.places.append(x[whole][:FIRST])
        if folder is not None and folder.is_dir():
            import rasterio

            for path in sorted(folder.rglob("*.tif")):
                with rasterio.open(path) as file:
                    self.places.append(file.read((4, 3, 2)).astype(np.float32)[None] / 10_000)

    def draw(self, rng: np.random.Generator, side: int) -> tuple[Picture, npt.NDArray[np.int64]]:
        """Draw a pair (2, 3, side, side) and its classes (side, side)."""
        # The embedded places have several dates and seasons: they are drawn more often.
        place = int(rng.integers(2)) if rng.random() < 0.5 else int(rng.integers(len(self.places)))
        side = min(side, *self.places[place].shape[-2:])
        pair = _window(self.places[place], rng, side, dates=2)
        truth = np.zeros((side, side), np.int64)
        for _ in range(int(rng.integers(0, 4))):
            other = _window(self.places[int(rng.integers(len(self.places)))], rng, side, dates=1)[0]
            where = _blob((side, side), rng)
            pair[int(rng.integers(2))][:, where] = other[:, where]
        for _ in range(int(rng.integers(0, 4))):
            when = int(rng.integers(3))  # before, after, or on both dates, which is not change
            dates = (0, 1) if when == 2 else (when,)
            what = int(rng.integers(3))
            where = (_blob((side, side), rng), _hall((side, side), rng), _line((side, side), rng))[what]
            cover, share = _surface((side, side), rng, what)
            for date in dates:
                light = np.float32(np.exp(rng.normal(0, 0.1)))
                made = pair[date] * (1 - share) + light * cover * share
                pair[date][:, where] = made[:, where]
            truth[where] = (ROAD if what == 2 else BUILDING) if when < 2 else 0
        return pair, truth


def _window(x: Picture, rng: np.random.Generator, side: int, dates: int) -> Picture:
    """Cut (dates, 3, side, side) out of a place, smaller places mirrored to that size."""
    h, w = x.shape[-2:]
    if min(h, w) < side:
        x = np.pad(x, ((0, 0), (0, 0), (0, max(side - h, 0)), (0, max(side - w, 0))), mode="reflect")
    r, c = (int(rng.integers(0, s - side + 1)) for s in x.shape[-2:])
    return np.array(x[rng.integers(len(x), size=dates), :, r : r + side, c : c + side])


def _blob(shape: tuple[int, int], rng: np.random.Generator) -> Mask:
    field = anywhere(fractal(1.6, 91), shape, rng)
    return np.asarray(field > np.quantile(field, rng.uniform(0.9, 0.995)))


def _hall(shape: tuple[int, int], rng: np.random.Generator) -> Mask:
    """Draw one to four adjacent rectangles of 30 to 200 m."""
    plan = Image.new("L", shape[::-1])
    pen, angle = ImageDraw.Draw(plan), rng.uniform(0, np.pi)
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    centre = rng.uniform(0, 1, 2) * shape[::-1]
    for _ in range(int(rng.integers(1, 5))):
        a, b = rng.uniform(1.5, 10), rng.uniform(1.5, 6)
        corners = [centre + s * a * along + t * b * across for s, t in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        pen.polygon([(float(x), float(y)) for x, y in corners], fill=1)
        centre = centre + (2 * b + rng.uniform(2, 6)) * across
    return np.asarray(plan) > 0


def _line(shape: tuple[int, int], rng: np.random.Generator) -> Mask:
    """Draw a road of one or two pixels with a bend."""
    plan = Image.new("L", shape[::-1])
    ends = rng.uniform(-0.2, 1.2, (3, 2)) * shape[::-1]
    ImageDraw.Draw(plan).line([(float(x), float(y)) for x, y in ends], fill=1, width=int(rng.integers(1, 3)))
    return np.asarray(plan) > 0


def _surface(shape: tuple[int, int], rng: np.random.Generator, what: int) -> tuple[Picture, Picture]:
    """Draw reflectance (3, h, w) of a settlement, hall or road, and its share of a pixel (h, w)."""
    if what:
        colour = ASPHALT if what == 2 else ROOFS[int(rng.integers(len(ROOFS)))]
        cover = colour[:, None, None] * np.exp(0.12 * rng.standard_normal((1, *shape)))
        return cover.astype(np.float32), np.full(shape, rng.uniform(0.6, 1.0), np.float32)
    # Roofs of a few pixels, each with its colour and its share of garden, in blocks between streets.
    size, gap = int(rng.integers(1, 4)), int(rng.integers(5, 12))
    rows, columns = (-(-s // size) for s in shape)
    choice = ROOFS[rng.choice(len(ROOFS), (rows, columns), p=rng.dirichlet(np.ones(len(ROOFS))))]
    choice = choice * np.exp(0.25 * rng.standard_normal((rows, columns, 1)))
    share = rng.uniform(0.25, 1.0, (rows, columns))
    cover = np.kron(choice, np.ones((size, size, 1)))[: shape[0], : shape[1]].transpose(2, 0, 1)
    parts = np.kron(share, np.ones((size, size)))[: shape[0], : shape[1]]
    y, x = np.mgrid[: shape[0], : shape[1]]
    angle = rng.uniform(0, np.pi)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    street = (u % gap < 1) | (v % gap < 1)
    cover[:, street], parts[street] = ASPHALT[:, None], 0.7
    return cover.astype(np.float32), parts.astype(np.float32)
