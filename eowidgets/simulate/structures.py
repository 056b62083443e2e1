"""Objects of a very-high-resolution scene: buildings, roads, paved lots and trees.

Lengths are in pixels of half a metre. Every object has flags for its presence on the two dates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.simulate.texture import anywhere, fractal

Field = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Grid = npt.NDArray[np.floating[Any]]
#: Presence before and after.
When = tuple[bool, bool]
BOTH: When = (True, True)

#: Roof colours (red, green, blue), from dark shingle to white sheet metal; the last three are rare.
ROOFS = np.array(
    [
        (0.36, 0.32, 0.29),
        (0.27, 0.26, 0.26),
        (0.46, 0.40, 0.35),
        (0.52, 0.33, 0.26),
        (0.58, 0.52, 0.44),
        (0.62, 0.61, 0.60),
        (0.80, 0.79, 0.77),
        (0.42, 0.26, 0.21),
        (0.34, 0.42, 0.52),
        (0.33, 0.42, 0.34),
        (0.17, 0.17, 0.19),
    ],
    np.float32,
)
ROOF_SHARE = np.array([19, 17, 15, 8, 11, 10, 6, 5, 2, 1, 6], np.float64)


@dataclass(slots=True)
class Part:
    """A rectangle of a building: centre, half sides along its own axes, and the angle of the first axis."""

    y: float
    x: float
    a: float
    b: float


@dataclass(slots=True)
class Building:
    """A footprint of one or more rectangles under one roof.

    Attributes
    ----------
    parts : list of Part
    angle : float
        Angle of the first axis, radians from the x axis.
    roof : str
        ``hip``, ``gable`` or ``flat``.
    height : float
        Height of the eaves, pixels.
    pitch : float
        Rise of the roof over run.
    colour : ndarray, shape (3,)
    large : bool
        Hall, store or block of flats rather than a house.
    when : (bool, bool)
    clutter : int
        Seed of the objects on a flat roof.
    """

    parts: list[Part]
    angle: float
    roof: str
    height: float
    pitch: float
    colour: Field
    large: bool
    when: When
    clutter: int = 0

    @property
    def y(self) -> float:
        """Row of the first part's centre."""
        return self.parts[0].y

    @property
    def x(self) -> float:
        """Column of the first part's centre."""
        return self.parts[0].x


@dataclass(slots=True)
class Road:
    """A strip along a polyline; ``points`` are (x, y), as required by Pillow."""

    points: list[tuple[float, float]]
    width: float
    colour: Field
    when: When
    marked: bool = False


@dataclass(slots=True)
class Lot:
    """A paved rectangle with parked cars, or a driveway; corners are (x, y)."""

    corners: list[tuple[float, float]]
    colour: Field
    when: When
    parking: bool = False


@dataclass(slots=True)
class Pool:
    """A swimming pool."""

    y: float
    x: float
    radius: float
    when: When


def draw_building(
    y: float, x: float, angle: float, when: When, rng: np.random.Generator, *, large: bool = False
) -> Building:
    """Draw the shape of a building: one rectangle, or an L, T, U or stepped union of them."""
    if large:
        a, b = rng.uniform(22, 62), rng.uniform(14, 40)
    else:
        a = rng.uniform(9, 20)
        b = a * rng.uniform(0.5, 1.0)
    parts = [Part(y, x, a, b)]
    c, s = np.cos(angle), np.sin(angle)
    for _ in range(int(rng.choice((0, 1, 2, 3), p=(0.3, 0.4, 0.2, 0.1)))):
        # A wing extends from one of the sides of the main part.
        wa, wb = a * rng.uniform(0.25, 0.6), b * rng.uniform(0.4, 1.0)
        u = rng.uniform(-1, 1) * (a - wa)
        v = rng.choice((-1.0, 1.0)) * b * rng.uniform(0.5, 1.0)
        parts.append(Part(y + u * s + v * c, x + u * c - v * s, wa, wb))
    flat = (large and rng.random() < 0.8) or rng.random() < 0.06
    colour = ROOFS[rng.choice(len(ROOFS), p=ROOF_SHARE / ROOF_SHARE.sum())]
    if large and rng.random() < 0.6:
        colour = ROOFS[rng.choice((4, 5, 6, 6))]
    colour = colour * np.float32(rng.uniform(0.8, 1.2)) * (1 + 0.05 * rng.standard_normal(3)).astype(np.float32)
    return Building(
        parts,
        angle,
        "flat" if flat else str(rng.choice(("hip", "gable"), p=(0.65, 0.35))),
        rng.uniform(10, 26) if large else rng.uniform(5, 11),
        0.0 if flat else rng.uniform(0.25, 0.75),
        colour,
        large,
        when,
        int(rng.integers(2**31)),
    )


def stamp(
    building: Building, albedo: Field, height: Field, mask: Mask, lean: tuple[float, float], tint: float, dirt: Field
) -> None:
    """Add a building to a date's colour (3, h, w), height (h, w) and mask, displaced according to the viewing angle.

    Parameters
    ----------
    lean : (float, float)
        Displacement in rows and columns per pixel of height.
    tint : float
        Factor on the roof's brightness on this date.
    dirt : ndarray, shape (h, w)
        Texture of the roof.
    """
    rows, columns = height.shape
    c, s = np.cos(building.angle), np.sin(building.angle)
    top = building.height
    reach = max(p.a + p.b for p in building.parts) + 2
    dy, dx = top * lean[0], top * lean[1]
    y0 = max(int(min(p.y for p in building.parts) + min(dy, 0) - reach), 0)
    y1 = min(int(max(p.y for p in building.parts) + max(dy, 0) + reach) + 1, rows)
    x0 = max(int(min(p.x for p in building.parts) + min(dx, 0) - reach), 0)
    x1 = min(int(max(p.x for p in building.parts) + max(dx, 0) + reach) + 1, columns)
    if y1 <= y0 or x1 <= x0:
        return
    gy = np.arange(y0, y1, dtype=np.float32)[:, None]
    gx = np.arange(x0, x1, dtype=np.float32)[None]
    window = (slice(y0, y1), slice(x0, x1))
    if abs(dy) + abs(dx) > 1.0:  # the facade visible from the viewing angle
        for share in (0.3, 0.65):
            wall = _inside(building, gy - share * dy, gx - share * dx, c, s)[0] > 0
            albedo[(slice(None), *window)][:, wall] = 0.8 * building.colour[:, None] + 0.06
            height[window][wall] = share * top
    depth, across, along = _inside(building, gy - dy, gx - dx, c, s)
    roof = depth > 0
    if not roof.any():
        return
    if building.roof == "hip":
        rise = building.pitch * depth
    elif building.roof == "gable":
        rise = building.pitch * across
    else:
        rise = np.where(depth < 1.5, 1.2, 0.0)  # the parapet
    shade = tint * (1 + 0.12 * dirt[window])
    if building.roof != "flat":
        # Rows of tiles or shingles; faint at half a metre.
        shade = shade * (1 + 0.03 * np.sin(2.1 * along + 1.7 * across))
    albedo[(slice(None), *window)][:, roof] = (building.colour[:, None, None] * shade)[:, roof]
    height[window][roof] = (top + rise)[roof].astype(np.float32)
    mask[window] |= roof
    if building.roof == "flat":
        _clutter(building, albedo, height, (gy - dy, gx - dx), window, depth, c, s)


def _inside(building: Building, gy: Grid, gx: Grid, c: float, s: float) -> tuple[Field, Field, Field]:
    """Return the distance to the outline (above 0 inside), to the long sides, and the coordinate along the first part."""
    depth: Grid | None = None
    across: Grid | None = None
    first: Grid | None = None
    for p in building.parts:
        u = (gx - p.x) * c + (gy - p.y) * s
        v = (gy - p.y) * c - (gx - p.x) * s
        du, dv = p.a - np.abs(u), p.b - np.abs(v)
        d = np.minimum(du, dv)
        side = dv if p.a >= p.b else du
        if depth is None or across is None:
            depth, across, first = d, np.where(d > 0, side, -1.0), u
        else:
            depth = np.maximum(depth, d)
            across = np.maximum(across, np.where(d > 0, side, -1.0))
    assert depth is not None and across is not None and first is not None  # noqa: S101  (a building has a part)
    return depth.astype(np.float32), across.astype(np.float32), first.astype(np.float32)


def _clutter(
    building: Building,
    albedo: Field,
    height: Field,
    grid: tuple[Grid, Grid],
    window: tuple[slice, slice],
    depth: Field,
    c: float,
    s: float,
) -> None:
    """Draw boxes, skylights and seams on a flat roof, the same on both dates."""
    rng = np.random.default_rng(building.clutter)
    main = building.parts[0]
    u = (grid[1] - main.x) * c + (grid[0] - main.y) * s
    v = (grid[0] - main.y) * c - (grid[1] - main.x) * s
    if rng.random() < 0.5:
        every = rng.uniform(6, 18)
        seam = (np.abs(u) % every < 1.0) & (depth > 1)
        albedo[(slice(None), *window)][:, seam] *= rng.uniform(0.85, 1.1)
    for _ in range(int(rng.integers(0, 12 if building.large else 3))):
        bu, bv = rng.uniform(-0.8, 0.8) * main.a, rng.uniform(-0.8, 0.8) * main.b
        box = (np.abs(u - bu) < rng.uniform(1, 4)) & (np.abs(v - bv) < rng.uniform(1, 4)) & (depth > 1)
        albedo[(slice(None), *window)][:, box] = rng.uniform(0.25, 0.85)
        height[window][box] += rng.uniform(1, 4)


@lru_cache(maxsize=64)
def crown(radius: int, variant: int) -> tuple[Field, Field]:
    """Return height 0..1 and texture of a tree crown, both (2 r + 1, 2 r + 1); height is negative outside."""
    rng = np.random.default_rng([radius, variant])
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32)
    lobes = 1 + 0.18 * np.cos(rng.integers(3, 7) * np.arctan2(y, x) + rng.uniform(0, 6)) * rng.uniform(0.3, 1)
    bump = anywhere(fractal(0.9, 61), (2 * radius + 1, 2 * radius + 1), rng)
    shape = 1 - (np.hypot(y, x) / (radius * lobes)) ** 2
    height = np.where(shape > 0, np.sqrt(shape.clip(0)) * (1 + 0.25 * bump), -1.0).astype(np.float32)
    texture = (1 + 0.15 * bump).astype(np.float32)
    height.setflags(write=False)
    texture.setflags(write=False)
    return height, texture


def plant(
    albedo: Field, height: Field, y: int, x: int, radius: int, variant: int, colour: Field, tall: float, *, bare: bool
) -> None:
    """Add one tree to colour and height; a leafless one is partly transparent."""
    rows, columns = height.shape
    y0, y1, x0, x1 = y - radius, y + radius + 1, x - radius, x + radius + 1
    cy, cx = max(y0, 0), max(x0, 0)
    ey, ex = min(y1, rows), min(x1, columns)
    if ey <= cy or ex <= cx:
        return
    high, texture = crown(radius, variant)
    part = (slice(cy - y0, ey - y0), slice(cx - x0, ex - x0))
    window = (slice(cy, ey), slice(cx, ex))
    h = high[part] * np.float32(tall)
    over = h > np.maximum(height[window], 0)
    cover = np.float32(0.45 if bare else 1.0)
    ground = albedo[(slice(None), *window)]
    ground[:, over] += cover * ((colour[:, None, None] * texture[part])[:, over] - ground[:, over])
    height[window][over] = h[over] * (np.float32(0.5) if bare else np.float32(1))
