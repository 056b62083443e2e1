"""Layout of a place at half a metre, on two dates: ground, roads, buildings, trees, and changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from eowidgets.simulate.land import voronoi
from eowidgets.simulate.structures import BOTH, Building, Lot, Pool, Road, When, draw_building
from eowidgets.simulate.texture import anywhere, fractal

#: Scenarios of change between the dates, and their frequencies.
SCENARIOS: dict[str, float] = {
    "nothing": 0.34,
    "infill": 0.14,
    "estate": 0.16,
    "road": 0.04,
    "commerce": 0.08,
    "demolition": 0.08,
    "rebuilding": 0.04,
    "court": 0.07,
    "paving": 0.05,
}
#: Ground types, with their colours when dry and when green.
GROUND: tuple[tuple[str, tuple[float, float, float], tuple[float, float, float]], ...] = (
    ("grass", (0.55, 0.50, 0.36), (0.31, 0.42, 0.22)),
    ("forest", (0.38, 0.33, 0.26), (0.20, 0.27, 0.15)),
    ("bareland", (0.62, 0.53, 0.42), (0.60, 0.52, 0.42)),
    ("field", (0.47, 0.38, 0.29), (0.27, 0.42, 0.19)),
    ("lawn", (0.50, 0.47, 0.33), (0.29, 0.42, 0.21)),
    ("desert", (0.71, 0.62, 0.49), (0.66, 0.60, 0.46)),
    ("water", (0.16, 0.22, 0.22), (0.14, 0.20, 0.17)),
    ("soil", (0.68, 0.56, 0.43), (0.64, 0.55, 0.42)),
)
GRASS, FOREST, BARE, FIELD, LAWN, DESERT, WATER, SOIL = range(len(GROUND))
GONE: When = (True, False)
NEW: When = (False, True)


@dataclass(slots=True)
class Tree:
    """A tree; ``kind`` is the index of its colour."""

    y: int
    x: int
    radius: int
    variant: int
    kind: int
    when: When


@dataclass(slots=True)
class Town:
    """All objects of a place; lists are in drawing order.

    Attributes
    ----------
    parcel : ndarray, shape (h, w), intp
    cover : ndarray, shape (2, h, w), uint8
        Index into :data:`GROUND` before and after.
    scenario : str
        Key of :data:`SCENARIOS`.
    """

    parcel: npt.NDArray[np.intp]
    cover: npt.NDArray[np.uint8]
    scenario: str
    roads: list[Road] = field(default_factory=list)
    lots: list[Lot] = field(default_factory=list)
    pools: list[Pool] = field(default_factory=list)
    buildings: list[Building] = field(default_factory=list)
    trees: list[Tree] = field(default_factory=list)


class Layout:
    """Draw a :class:`Town`, and keep a map of occupied ground."""

    def __init__(self, shape: tuple[int, int], rng: np.random.Generator, scenario: str) -> None:
        self.shape, self.rng = shape, rng
        self.taken = np.zeros(shape, bool)
        self.allowed = np.ones(shape, bool)
        parcel = voronoi(shape, rng.uniform(60, 260), rng)
        count = int(parcel.max()) + 1
        main = rng.choice((GRASS, FOREST, BARE, FIELD, DESERT), p=(0.3, 0.25, 0.2, 0.1, 0.15))
        kinds = np.where(rng.random(count) < 0.65, main, rng.choice((GRASS, FOREST, BARE, FIELD, WATER), count))
        wet = (kinds == WATER) & (rng.random(count) < 0.7)
        kinds[wet] = main
        cover = kinds[parcel].astype(np.uint8)
        woods = anywhere(fractal(1.5, 71), shape, rng)
        if rng.random() < 0.4:
            cover[(woods > np.quantile(woods, rng.uniform(0.5, 0.9))) & (cover != WATER)] = FOREST
        self.town = Town(parcel, np.stack([cover, cover]), scenario)

    # ------------------------------------------------------------ roads

    def polyline(self) -> list[tuple[float, float]]:
        """Draw a straight, bent or winding line through the image."""
        h, w = self.shape
        rng = self.rng
        angle, through = rng.uniform(0, np.pi), np.array([rng.uniform(0.15, 0.85) * w, rng.uniform(0.15, 0.85) * h])
        along = np.array([np.cos(angle), np.sin(angle)])
        across = np.array([-along[1], along[0]])
        t = np.linspace(-1.5, 1.5, 40) * max(h, w)
        bend = rng.choice((0.0, 1.0), p=(0.5, 0.5)) * rng.uniform(5, 35)
        wave = bend * np.sin(t / rng.uniform(40, 110) + rng.uniform(0, 6))
        points = through + t[:, None] * along + wave[:, None] * across
        if rng.random() < 0.3:  # ends in the image
            points = points[(t < rng.uniform(0, 60)) if rng.random() < 0.5 else (t > -rng.uniform(0, 60))]
        return [(float(x), float(y)) for x, y in points]

    def grid(self) -> list[list[tuple[float, float]]]:
        """Draw the streets of an estate: parallel lines and a few that cross them."""
        h, w = self.shape
        rng = self.rng
        angle, gap = rng.uniform(0, np.pi), rng.uniform(86, 130)
        along = np.array([np.cos(angle), np.sin(angle)])
        across = np.array([-along[1], along[0]])
        centre, reach = np.array([w / 2, h / 2]), max(h, w)
        bend, pace = rng.choice((0.0, 1.0)) * rng.uniform(4, 22), rng.uniform(50, 120)
        t = np.linspace(-1, 1, 30) * reach
        lines = []
        for k in np.arange(-reach, reach, gap):
            points = centre + t[:, None] * along + (k + bend * np.sin(t / pace))[:, None] * across
            lines.append([(float(x), float(y)) for x, y in points])
        for k in np.arange(-reach, reach, gap * rng.uniform(1.6, 3.5)):
            points = centre + (k + rng.uniform(-20, 20)) * along + t[:, None] * across
            lines.append([(float(x), float(y)) for x, y in points])
        return lines

    def court(self) -> list[tuple[float, float]]:
        """Draw a street that ends in a turning circle (cul-de-sac) within the image."""
        h, w = self.shape
        rng = self.rng
        centre = np.array([rng.uniform(0.2, 0.8) * w, rng.uniform(0.2, 0.8) * h])
        angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(16, 26)
        away = np.array([np.cos(angle), np.sin(angle)])
        bend = rng.uniform(-30, 30)
        t = np.linspace(max(h, w), reach, 24)
        side = np.array([-away[1], away[0]])
        street = centre + t[:, None] * away + (bend * np.sin(t / rng.uniform(40, 90)))[:, None] * side
        # Two turns, the second one closer to the centre: together they pave the disc.
        turn = np.linspace(angle, angle + 4 * np.pi, 49)
        radius = np.where(np.arange(49) < 25, reach, reach / 3)
        circle = centre + radius[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
        return [(float(x), float(y)) for x, y in np.concatenate([street, circle])]

    def parking_lot(self, when: When) -> bool:
        """Add a parking lot without a building if there is room."""
        rng = self.rng
        for _ in range(20):
            y, x = rng.uniform(0.1, 0.9) * self.shape[0], rng.uniform(0.1, 0.9) * self.shape[1]
            place = draw_building(float(y), float(x), float(rng.uniform(0, np.pi)), when, rng, large=True)
            place.parts = place.parts[:1]
            if not self.free(place, 3.0):
                continue
            p, c, s = place.parts[0], np.cos(place.angle), np.sin(place.angle)
            corners = [
                (float(x + u * c - v * s), float(y + u * s + v * c))
                for u, v in ((-p.a, -p.b), (p.a, -p.b), (p.a, p.b), (-p.a, p.b))
            ]
            colour = np.full(3, rng.choice((0.2, 0.36, 0.6)) * rng.uniform(0.85, 1.15), np.float32)
            self.town.lots.append(Lot(corners, colour, when, parking=bool(rng.random() < 0.8)))
            return True
        return False

    def add_road(
        self, points: list[tuple[float, float]], when: When, style: tuple[float, npt.NDArray[np.float32], bool]
    ) -> None:
        """Add a road and reserve its ground."""
        from PIL import Image, ImageDraw

        width, colour, marked = style
        road = Road(points, width, colour, when, marked)
        self.town.roads.append(road)
        plan = Image.new("L", (self.shape[1], self.shape[0]))
        ImageDraw.Draw(plan).line(points, fill=1, width=int(width) + 4, joint="curve")
        self.taken |= np.asarray(plan) > 0

    def road_style(self) -> tuple[float, npt.NDArray[np.float32], bool]:
        """Draw width, colour and markings of a road."""
        rng = self.rng
        kind = rng.choice(("asphalt", "concrete", "dirt"), p=(0.45, 0.42, 0.13))
        base = {"asphalt": (0.38, 0.38, 0.39), "concrete": (0.64, 0.62, 0.58), "dirt": (0.63, 0.54, 0.42)}[str(kind)]
        width = float(
            rng.uniform(6, 11)
            if kind == "dirt"
            else rng.choice((rng.uniform(10, 17), rng.uniform(18, 34)), p=(0.85, 0.15))
        )
        colour = np.array(base, np.float32) * np.float32(rng.uniform(0.75, 1.2))
        return width, colour, bool(kind == "asphalt" and rng.random() < 0.6)

    # ------------------------------------------------------------ buildings

    def free(self, building: Building, margin: float) -> bool:
        """Reserve the ground of a building if it is free and at least half in the image."""
        y, x = building.y, building.x
        if not (4 < y < self.shape[0] - 4 and 4 < x < self.shape[1] - 4 and self.allowed[int(y), int(x)]):
            return False
        plan = footprint(self.shape, [building], margin)
        if (plan & self.taken).any():
            return False
        self.taken |= plan
        return True

    def houses_along(self, road: Road, when: When, share: float, most: int = 10_000) -> int:
        """Add houses along a road, with drives and pools; return their number."""
        rng = self.rng
        pts = np.array(road.points)
        step = np.diff(pts, axis=0)
        length = np.hypot(*step.T)
        at = np.concatenate([[0], np.cumsum(length)])
        gap, made = rng.uniform(34, 54), 0
        setback = road.width / 2 + rng.uniform(20, 32)
        for d in np.arange(rng.uniform(0, gap), at[-1], gap):
            i = min(int(np.searchsorted(at, d, "right")) - 1, len(step) - 1)
            along = step[i] / max(length[i], 1e-6)
            across = np.array([-along[1], along[0]])
            for side in (-1.0, 1.0):
                if rng.random() > share or made >= most:
                    continue
                x, y = pts[i] + (d - at[i]) * along + side * (setback + rng.uniform(-2, 3)) * across
                turn = 0.0 if rng.random() < 0.8 else np.pi / 2
                angle = float(np.arctan2(along[1], along[0])) + turn + rng.normal(0, 0.03)
                house = draw_building(float(y), float(x), angle, when, rng)
                if not self.free(house, 1.0):
                    continue
                self.town.buildings.append(house)
                made += 1
                if rng.random() < 0.6:
                    self.drive(house, across * side, setback, road.width, when)
                if rng.random() < 0.08:
                    px, py = np.array([x, y]) + side * across * rng.uniform(20, 26)
                    self.town.pools.append(Pool(float(py), float(px), float(rng.uniform(3, 6)), when))
        return made

    def drive(self, house: Building, out: npt.NDArray[np.float64], setback: float, width: float, when: When) -> None:
        """Add a drive from a house to its road."""
        rng = self.rng
        side = np.array([-out[1], out[0]]) * rng.uniform(2, 4)
        shift = np.array([-out[1], out[0]]) * rng.uniform(-6, 6)
        near = np.array([house.x, house.y]) + shift
        far = near - out * (setback - width / 2 + 1)
        corners = [near - side, near + side, far + side, far - side]
        colour = np.array((0.66, 0.64, 0.60), np.float32) * np.float32(rng.uniform(0.8, 1.15))
        self.town.lots.append(Lot([(float(a), float(b)) for a, b in corners], colour, when))

    def hall(self, when: When, *, parking: float = 0.7) -> bool:
        """Add a large building, and often its parking lot, if there is room."""
        rng = self.rng
        for _ in range(30):
            y, x = rng.uniform(0.12, 0.88) * self.shape[0], rng.uniform(0.12, 0.88) * self.shape[1]
            angle = rng.uniform(0, np.pi)
            hall = draw_building(float(y), float(x), float(angle), when, rng, large=True)
            if not self.free(hall, 3.0):
                continue
            self.town.buildings.append(hall)
            if rng.random() < parking:
                p = hall.parts[0]
                c, s = np.cos(angle), np.sin(angle)
                deep, wide, sign = rng.uniform(18, 46), p.a * rng.uniform(0.8, 1.3), rng.choice((-1.0, 1.0))
                corners = [
                    (x + u * c - sign * v * s, y + u * s + sign * v * c)
                    for u, v in ((-wide, 0.0), (wide, 0.0), (wide, p.b + deep), (-wide, p.b + deep))
                ]
                shade = rng.choice((0.36, 0.6)) * rng.uniform(0.85, 1.15)
                colour = np.full(3, shade, np.float32)
                self.town.lots.append(Lot([(float(a), float(b)) for a, b in corners], colour, when, parking=True))
            return True
        return False

    def scatter_trees(self) -> None:
        """Add single trees, clumps, and the trees of forests on either date."""
        rng, town = self.rng, self.town
        h, w = self.shape
        kinds = int(rng.integers(0, 3))
        for _ in range(int(rng.choice((0, 1, 2, 4)) * rng.integers(10, 40) * h * w / 65536)):
            y, x = int(rng.integers(h)), int(rng.integers(w))
            if not self.taken[y, x]:
                # A few trees come and go, which does not count as change.
                when = BOTH if rng.random() < 0.93 else (NEW if rng.random() < 0.7 else GONE)
                r = int(rng.integers(3, 8))
                town.trees.append(Tree(y, x, r, int(rng.integers(12)), (kinds + int(rng.random() < 0.2)) % 3, when))
        gap = rng.uniform(6.0, 10.0)
        rows, columns = int(h / gap) + 2, int(w / gap) + 2
        ys = ((np.arange(rows)[:, None] + rng.random((rows, columns))) * gap).astype(int).ravel()
        xs = ((np.arange(columns)[None] + rng.random((rows, columns))) * gap).astype(int).ravel()
        inside = (ys < h) & (xs < w)
        dense = rng.uniform(0.6, 1.0)
        for y, x in zip(ys[inside], xs[inside], strict=True):
            there = town.cover[:, y, x] == FOREST
            if there.any() and rng.random() < dense:
                r = int(rng.integers(int(gap * 0.5), int(gap * 0.9) + 1))
                when = (bool(there[0]), bool(there[1]))
                town.trees.append(Tree(int(y), int(x), r, int(rng.integers(12)), kinds, when))


def footprint(shape: tuple[int, int], buildings: Sequence[Building], margin: float = 0.0) -> npt.NDArray[np.bool_]:
    """Return the ground under buildings, seen from straight above, extended by a margin."""
    from PIL import Image, ImageDraw

    image = Image.new("L", (shape[1], shape[0]))
    draw = ImageDraw.Draw(image)
    for building in buildings:
        c, s = np.cos(building.angle), np.sin(building.angle)
        for p in building.parts:
            half = np.array([p.a + margin, p.b + margin])
            corners = [(float(p.x + u * c - v * s), float(p.y + u * s + v * c)) for u, v in _CORNERS * half]
            draw.polygon(corners, fill=1)
    return np.asarray(image) > 0


_CORNERS = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
