"""The ground of an airfield and objects other than aircraft: pavement, markings, buildings, vehicles, trees."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from eowidgets.simulate.texture import anywhere, fractal

Field = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]
Colour = tuple[float, float, float]

#: Factor by which the drawing is finer than the image; it is averaged afterwards.
FINER = 2
#: Cell size of the occupancy map, in pixels.
CELL = 4
GRASS = ((0.07, 0.11, 0.05), (0.11, 0.13, 0.07), (0.17, 0.16, 0.10), (0.22, 0.19, 0.14))
CONCRETE = ((0.34, 0.33, 0.30), (0.28, 0.27, 0.26), (0.42, 0.40, 0.36), (0.24, 0.24, 0.24))
ASPHALT = ((0.11, 0.11, 0.11), (0.16, 0.16, 0.16), (0.08, 0.08, 0.09), (0.20, 0.19, 0.19))
ROOFS = ((0.55, 0.55, 0.54), (0.30, 0.30, 0.31), (0.42, 0.28, 0.22), (0.70, 0.69, 0.66), (0.22, 0.26, 0.32))
PAINT = ((0.75, 0.75, 0.73), (0.62, 0.52, 0.12))


@dataclass(slots=True, eq=False)
class Canvas:
    """An image being drawn: colours, shadow and occupancy.

    Parameters
    ----------
    height, width : int
        Pixels.
    resolution : float
        Metres per pixel.
    sun : ndarray, shape (2,)
        Metres by which the shadow of an object one metre high extends to the right and down.
    """

    height: int
    width: int
    resolution: float
    sun: Points
    colours: Image.Image = field(init=False)
    shadow: Image.Image = field(init=False)
    taken: Image.Image = field(init=False)
    raised: list[tuple[Points, Colour]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        size = (self.width * FINER, self.height * FINER)
        self.colours, self.shadow = Image.new("RGB", size), Image.new("L", size)
        self.taken = Image.new("L", (-(-self.width // CELL), -(-self.height // CELL)))

    @property
    def extent(self) -> tuple[float, float]:
        """Extent in metres to the right and down."""
        return self.width * self.resolution, self.height * self.resolution

    def paint(self, points: Points, colour: Colour) -> None:
        """Fill a polygon given in metres."""
        ImageDraw.Draw(self.colours).polygon(self._pixels(points), fill=_byte(colour))

    def line(self, points: Points, width: float, colour: Colour) -> None:
        """Draw a line given in metres."""
        thick = max(1, round(width * FINER / self.resolution))
        ImageDraw.Draw(self.colours).line(self._pixels(points), fill=_byte(colour), width=thick)

    def raise_(self, points: Points, colour: Colour, height: float, *, solid: bool = False) -> None:
        """Add a raised polygon, given in metres, with its shadow; a solid one extends down to the ground."""
        pen = ImageDraw.Draw(self.shadow)
        for share in (0.0, 0.35, 0.7, 1.0) if solid else (1.0,):
            pen.polygon(self._pixels(points + self.sun * height * share), fill=255)
        self.raised.append((points, colour))

    def free(self, points: Points) -> bool:
        """Return whether the place is free, and reserve it if so."""
        plan = Image.new("L", self.taken.size)
        corners = [tuple(p) for p in points / (self.resolution * CELL)]
        ImageDraw.Draw(plan).polygon(corners, fill=255)
        if bool((np.asarray(plan) & np.asarray(self.taken)).any()):
            return False
        ImageDraw.Draw(self.taken).polygon(corners, fill=255)
        return True

    def finish(self, rng: np.random.Generator) -> Field:
        """Return the albedo (3, h, w) with shadows and textures."""
        from scipy.ndimage import gaussian_filter

        shape = (self.height, self.width)
        dark = gaussian_filter(_reduced(self.shadow), 0.6) * rng.uniform(0.45, 0.75)
        ground = _reduced(self.colours)
        grain = 1 + 0.05 * anywhere(fractal(0.6, 91), shape, rng) + 0.09 * anywhere(fractal(1.3, 92), shape, rng)
        ground = ground * grain.clip(0.5, 1.6) * (1 - dark)
        # Raised objects are drawn over the shadows.
        above = Image.new("RGB", self.colours.size)
        for points, colour in self.raised:
            ImageDraw.Draw(above).polygon(self._pixels(points), fill=_byte(colour))
        share = self.cover()
        rough = 1 + 0.03 * anywhere(fractal(0.8, 93), shape, rng)
        return np.asarray(ground * (1 - share) + _reduced(above) * rough, np.float32)

    def cover(self) -> Field:
        """Return the share of every pixel (h, w) that is covered by raised objects."""
        cover = Image.new("L", self.colours.size)
        for points, _ in self.raised:
            ImageDraw.Draw(cover).polygon(self._pixels(points), fill=255)
        return _reduced(cover)

    def _pixels(self, points: Points) -> list[tuple[float, float]]:
        return [tuple(p) for p in points * (FINER / self.resolution)]


def _byte(colour: Colour) -> tuple[int, int, int]:
    r, g, b = (int(np.clip(c, 0, 1) * 255 + 0.5) for c in colour)
    return r, g, b


def _reduced(image: Image.Image) -> Field:
    """Return an image as (h, w) or (3, h, w), 0..1, averaged to the pixels of the result."""
    small = np.asarray(image.reduce(FINER), np.float32) / np.float32(255)
    return small if small.ndim == 2 else small.transpose(2, 0, 1)


def rectangle(centre: Points, length: float, width: float, angle: float) -> Points:
    """Return the corners (4, 2) of a rectangle; ``angle`` in radians from x towards y."""
    along = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    across = np.array([-np.sin(angle), np.cos(angle)]) * width / 2
    return np.array(
        [centre - along - across, centre + along - across, centre + along + across, centre - along + across]
    )


def jittered(colour: Colour, rng: np.random.Generator, spread: float = 0.1) -> Colour:
    """Return a colour with different brightness, and slightly different hue."""
    bright = np.exp(rng.normal(0, spread))
    r, g, b = (float(c * bright * np.exp(rng.normal(0, 0.2 * spread))) for c in colour)
    return r, g, b


def pick(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    """Draw one of some colours."""
    return jittered(colours[int(rng.integers(len(colours)))], rng)


def somewhere(canvas: Canvas, rng: np.random.Generator) -> Points:
    """Draw a random point of the image, in metres."""
    return rng.uniform(0, 1, 2) * canvas.extent


def draw_ground(canvas: Canvas, place: str, rng: np.random.Generator) -> tuple[Points, float]:
    """Draw pavement, grass and markings; return a point and the direction along which aircraft line up.

    Parameters
    ----------
    canvas : Canvas
    place : {"apron", "runway", "grass", "edge", "town"}
    rng : Generator
    """
    reach = 2 * float(np.hypot(*canvas.extent))
    everything = rectangle(np.array(canvas.extent) / 2, reach, reach, 0)
    centre, angle = somewhere(canvas, rng), float(rng.uniform(0, 2 * np.pi))
    paved = pick(CONCRETE if rng.random() < 0.6 else ASPHALT, rng)
    canvas.paint(everything, paved if place == "apron" else pick(GRASS, rng))
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    if place == "runway":
        width = rng.uniform(23, 60)
        canvas.paint(rectangle(centre, reach, width, angle), paved)
        _runway_marks(canvas, centre, angle, width, rng)
    elif place == "edge":
        canvas.paint(rectangle(centre + across * reach / 4, reach, reach / 2, angle), paved)
        centre = centre + across * rng.uniform(15, 50)
    elif place == "town":
        for _ in range(int(rng.integers(1, 4))):
            canvas.paint(rectangle(somewhere(canvas, rng), reach, rng.uniform(5, 14), angle), pick(ASPHALT, rng))
            spot, long, wide = somewhere(canvas, rng), rng.uniform(20, 70), rng.uniform(20, 70)
            canvas.paint(rectangle(spot, long, wide, angle), pick(ASPHALT + CONCRETE, rng))
    if place in ("apron", "edge"):
        _slabs(canvas, angle, paved, rng)
    if place in ("apron", "edge", "runway"):
        for _ in range(int(rng.integers(0, 4))):
            _taxi_line(canvas, rng)
    for _ in range(int(rng.integers(0, 9))):  # oil, repairs
        tone = jittered(paved, rng, 0.3)
        spot, long, wide = somewhere(canvas, rng), rng.uniform(0.6, 9), rng.uniform(0.6, 9)
        canvas.paint(rectangle(spot, long, wide, rng.uniform(0, 3)), tone)
    return centre, angle


def _runway_marks(canvas: Canvas, centre: Points, angle: float, width: float, rng: np.random.Generator) -> None:
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    white = jittered(PAINT[0], rng)
    reach = float(np.hypot(*canvas.extent))
    for offset in np.arange(-reach, reach, 50.0):
        canvas.paint(rectangle(centre + along * offset, 30, 0.9, angle), white)
    for side in (-1, 1):
        canvas.paint(rectangle(centre + across * side * (width / 2 - 1), 2 * reach, 0.9, angle), white)
    if rng.random() < 0.5:  # threshold and aiming-point markings
        start = centre + along * rng.uniform(-0.5, 0.5) * reach
        for i in np.arange(-width / 2 + 3, width / 2 - 2, 3.6):
            canvas.paint(rectangle(start + across * i, 30, 1.8, angle), white)
        for side in (-1, 1):
            canvas.paint(rectangle(start + along * 90 + across * side * width / 5, 45, 6, angle), white)


def _slabs(canvas: Canvas, angle: float, paved: Colour, rng: np.random.Generator) -> None:
    """Draw the joints between concrete slabs."""
    if rng.random() < 0.4:
        return
    gap, tone = rng.uniform(4, 9), jittered(tuple(0.85 * c for c in paved), rng, 0.05)  # type: ignore[arg-type]
    reach = float(np.hypot(*canvas.extent))
    for turn in (0.0, np.pi / 2):
        a = angle + turn
        along, across = np.array([np.cos(a), np.sin(a)]), np.array([-np.sin(a), np.cos(a)])
        for offset in np.arange(-reach, reach, gap):
            start = np.array(canvas.extent) / 2 + across * offset
            canvas.line(np.array([start - along * reach, start + along * reach]), 0.2, tone)


def _taxi_line(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a yellow or white line with a bend."""
    start, a = somewhere(canvas, rng), rng.uniform(0, 2 * np.pi)
    turn, radius = rng.choice((-1, 0, 1)), rng.uniform(15, 50)
    points = [start]
    for i in range(24):
        a += turn * 6.0 / radius if 8 <= i < 14 else 0.0
        points.append(points[-1] + 6.0 * np.array([np.cos(a), np.sin(a)]))
    tone = jittered(PAINT[int(rng.random() < 0.7)], rng)
    canvas.line(np.array(points), rng.uniform(0.3, 0.9), tone)


def draw_things(canvas: Canvas, place: str, rng: np.random.Generator) -> None:
    """Draw objects that resemble aircraft: buildings, vehicles, containers, bridges, crosses, trees and masts."""
    area = canvas.extent[0] * canvas.extent[1] / 128**2
    many = 3.0 if place == "town" else 1.0
    for _ in range(rng.poisson(0.5 * many * area)):
        _building(canvas, rng)
    for _ in range(rng.poisson(0.8 * area)):
        _cross(canvas, rng)
    for _ in range(rng.poisson(0.7 * many * area)):
        _vehicles(canvas, rng)
    for _ in range(rng.poisson((3 if place in ("town", "grass", "edge") else 0.5) * area)):
        _tree(canvas, rng)
    for _ in range(rng.poisson(0.5 * area)):  # a boarding bridge, a pipe, a fence
        shape = rectangle(somewhere(canvas, rng), rng.uniform(15, 45), rng.uniform(0.8, 4), rng.uniform(0, np.pi))
        if canvas.free(shape):
            canvas.raise_(shape, pick(ROOFS, rng), rng.uniform(1, 6), solid=True)


def _building(canvas: Canvas, rng: np.random.Generator) -> None:
    centre, a = somewhere(canvas, rng), rng.uniform(0, np.pi)
    long, wide = rng.uniform(8, 60), rng.uniform(6, 28)
    main = rectangle(centre, long, wide, a)
    if not canvas.free(main):
        return
    roof, tall = pick(ROOFS, rng), rng.uniform(3, 14)
    canvas.raise_(main, roof, tall, solid=True)
    along = np.array([np.cos(a), np.sin(a)])
    if rng.random() < 0.35:  # a wing that forms a T, an L or a cross
        wing = rectangle(centre + along * rng.uniform(-0.4, 0.4) * long, wide * 0.6, long * rng.uniform(0.4, 1), a)
        canvas.raise_(wing, roof, tall, solid=True)
    for _ in range(int(rng.integers(0, 5))):
        spot = centre + along * rng.uniform(-0.4, 0.4) * long
        canvas.raise_(rectangle(spot, rng.uniform(1, 4), rng.uniform(1, 4), a), jittered(roof, rng, 0.3), 0.5)
    if rng.random() < 0.4:
        canvas.raise_(rectangle(centre, long, wide / 2, a) + 0.25 * wide, jittered(roof, rng, 0.15), 0)


def _cross(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a white cross, a T or an arrow as painted on closed pavement, or a light roof of that shape."""
    centre, a = somewhere(canvas, rng), rng.uniform(0, np.pi)
    long, wide = rng.uniform(5, 36), rng.uniform(0.9, 4)
    ratio, shift = rng.uniform(0.4, 1.1), rng.choice((0.0, 0.0, 0.3, 0.5)) * long
    along = np.array([np.cos(a), np.sin(a)])
    bars = [rectangle(centre, long, wide, a), rectangle(centre + along * shift, wide, long * ratio, a)]
    if not canvas.free(rectangle(centre, long, long * ratio, a)):
        return
    tone, tall = pick((*PAINT, *ROOFS), rng), float(rng.choice((0.0, rng.uniform(1, 5))))
    for bar in bars:
        if tall:
            canvas.raise_(bar, tone, tall, solid=True)
        else:
            canvas.paint(bar, tone)


def _vehicles(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw one vehicle, or a row of cars or containers."""
    start, a = somewhere(canvas, rng), rng.uniform(0, np.pi)
    count = int(rng.choice((1, 1, 2, 6, 12)))
    long, wide = (
        (rng.uniform(4, 5.2), rng.uniform(1.7, 2.1)) if count > 2 else (rng.uniform(4, 14), rng.uniform(1.8, 3))
    )
    aside = np.array([-np.sin(a), np.cos(a)]) * (wide + rng.uniform(0.4, 1.2))
    for i in range(count):
        shape = rectangle(start + i * aside, long, wide, a + rng.normal(0, 0.02))
        if rng.random() < 0.8 and canvas.free(shape):
            tone = float(rng.choice((0.75, 0.6, 0.1, 0.2, 0.35)))
            paint = jittered((tone, tone, tone), rng, 0.15 if rng.random() < 0.7 else 0.9)
            canvas.raise_(shape, paint, 1.6, solid=True)
            cabin = rectangle(shape.mean(axis=0), 0.3 * long, 0.8 * wide, a)
            canvas.raise_(cabin, (0.08, 0.09, 0.1), 0)


def _tree(canvas: Canvas, rng: np.random.Generator) -> None:
    radius, turn = rng.uniform(1.5, 6), np.linspace(0, 2 * np.pi, 12, endpoint=False)
    edge = np.stack([np.cos(turn), np.sin(turn)], 1) * (radius * rng.uniform(0.75, 1.1, 12))[:, None]
    shape = somewhere(canvas, rng) + edge
    if canvas.free(shape):
        canvas.raise_(shape, jittered((0.06, 0.09, 0.04), rng, 0.2), 1.5 * radius, solid=True)
