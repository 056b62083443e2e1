"""Changes of a town between two dates: the scenarios of :data:`~eowidgets.simulate.town.SCENARIOS`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from eowidgets.simulate.structures import BOTH, Building, When, draw_building
from eowidgets.simulate.texture import anywhere, fractal
from eowidgets.simulate.town import (
    BARE,
    FIELD,
    GONE,
    GRASS,
    LAWN,
    NEW,
    SCENARIOS,
    SOIL,
    WATER,
    Layout,
    Town,
    footprint,
)


def draw_town(shape: tuple[int, int], rng: np.random.Generator, scenario: str) -> Town:
    """Draw a place and its changes.

    Parameters
    ----------
    scenario : str
        Key of :data:`SCENARIOS`, or ``"any"``.
    """
    if scenario == "any":
        shares = np.array(list(SCENARIOS.values()))
        scenario = str(rng.choice(list(SCENARIOS), p=shares / shares.sum()))
    plan = Layout(shape, rng, scenario)
    _RECIPES[scenario](plan)
    _ground(plan)
    plan.scatter_trees()
    return plan.town


def _settle(plan: Layout, *, roads: int | None = None, dense: float | None = None) -> None:
    """Draw existing roads, houses and, rarely, a hall."""
    rng = plan.rng
    grid = roads is None and rng.random() < 0.3
    lines = (
        plan.grid() if grid else [plan.polyline() for _ in range(int(rng.integers(0, 3)) if roads is None else roads)]
    )
    style = plan.road_style()
    for line in lines:
        plan.add_road(line, BOTH, style if grid else plan.road_style())
    if rng.random() < 0.15:
        plan.hall(BOTH)
    share = dense if dense is not None else float(rng.choice((0.0, rng.uniform(0.05, 0.4), rng.uniform(0.4, 1.0))))
    for road in list(plan.town.roads):
        plan.houses_along(road, BOTH, share)


def _nothing(plan: Layout) -> None:
    _settle(plan)


def _infill(plan: Layout) -> None:
    rng = plan.rng
    _settle(plan, roads=int(rng.integers(1, 3)), dense=float(rng.choice((0.0, rng.uniform(0.1, 0.6)))))
    left = int(rng.choice((1, 1, 2, 2, 3, 4, 6, 8)))
    for road in plan.town.roads:
        left -= plan.houses_along(road, NEW, float(rng.uniform(0.15, 0.7)), most=left)


def _estate(plan: Layout) -> None:
    rng = plan.rng
    h, w = plan.shape
    part = rng.random() < 0.4
    if part:  # one side of the image only
        y, x = np.mgrid[:h, :w]
        angle = rng.uniform(0, 2 * np.pi)
        side = (x - w / 2) * np.cos(angle) + (y - h / 2) * np.sin(angle)
        plan.allowed = side > rng.uniform(-0.15, 0.2) * w
    roads: When = NEW if rng.random() < 0.75 else BOTH
    style = plan.road_style()
    lines = plan.grid() if rng.random() < 0.6 else [plan.polyline() for _ in range(int(rng.integers(1, 4)))]
    for line in lines:
        inside = [p for p in line if plan.allowed[int(np.clip(p[1], 0, h - 1)), int(np.clip(p[0], 0, w - 1))]]
        if len(inside) > 3:
            plan.add_road(inside, roads, style)
    old = float(rng.choice((0.0, 0.15, 0.4), p=(0.7, 0.2, 0.1)))
    share = float(rng.uniform(0.45, 1.0))
    for road in list(plan.town.roads):
        plan.houses_along(road, BOTH, old)
        plan.houses_along(road, NEW, share)
    if rng.random() < 0.12:
        plan.hall(NEW)
    if part and rng.random() < 0.5:
        plan.allowed = ~plan.allowed
        _settle(plan, roads=1)


def _road(plan: Layout) -> None:
    _settle(plan, roads=int(plan.rng.integers(0, 3)))
    for _ in range(int(plan.rng.integers(1, 3))):
        plan.add_road(plan.polyline(), NEW, plan.road_style())
    # Houses on the new road are removed: their demolition would be a second change.
    plan.town.buildings = [b for b in plan.town.buildings if not _on_new_road(plan, b)]


def _on_new_road(plan: Layout, building: Building) -> bool:
    reach = max(p.a for p in building.parts)
    for road in plan.town.roads:
        if road.when == NEW:
            points = np.array(road.points)
            if np.hypot(points[:, 0] - building.x, points[:, 1] - building.y).min() < reach + road.width + 8:
                return True
    return False


def _commerce(plan: Layout) -> None:
    rng = plan.rng
    for _ in range(int(rng.integers(0, 3))):
        plan.add_road(plan.polyline(), BOTH, plan.road_style())
    if rng.random() < 0.4:
        plan.add_road(plan.polyline(), NEW, plan.road_style())
    for _ in range(int(rng.choice((1, 1, 2, 3)))):
        plan.hall(NEW)
    for road in list(plan.town.roads):
        plan.houses_along(road, BOTH, float(rng.choice((0.0, 0.2))))


def _demolition(plan: Layout) -> None:
    rng = plan.rng
    _settle(plan, roads=int(rng.integers(1, 3)), dense=float(rng.uniform(0.2, 0.9)))
    houses = plan.town.buildings
    for i in rng.permutation(len(houses))[: int(rng.integers(1, 7))]:
        houses[i].when = GONE


def _rebuilding(plan: Layout) -> None:
    rng = plan.rng
    _settle(plan, roads=int(rng.integers(1, 3)), dense=float(rng.uniform(0.2, 0.9)))
    houses = plan.town.buildings
    for i in rng.permutation(len(houses))[: int(rng.integers(1, 5))]:
        old = houses[i]
        old.when = GONE
        y, x = old.y + rng.normal(0, 2), old.x + rng.normal(0, 2)
        houses.append(draw_building(float(y), float(x), old.angle, NEW, rng, large=old.large))


def _court(plan: Layout) -> None:
    """Draw new houses around a turning circle, whose street is new or already exists."""
    rng = plan.rng
    _settle(plan, roads=int(rng.integers(0, 2)), dense=float(rng.choice((0.0, 0.4))))
    when: When = NEW if rng.random() < 0.6 else BOTH
    before = len(plan.town.roads)
    for _ in range(int(rng.integers(1, 3))):
        width, colour, _ = plan.road_style()
        plan.add_road(plan.court(), when, (float(np.clip(width, 12, 18)), colour, False))
    for road in plan.town.roads[before:]:
        plan.houses_along(road, NEW, float(rng.uniform(0.4, 1.0)))


def _paving(plan: Layout) -> None:
    """Draw new streets, turning circles and parking lots, without a building."""
    rng = plan.rng
    _settle(plan, roads=int(rng.integers(0, 2)))
    if rng.random() < 0.8:
        width, colour, marked = plan.road_style()
        turning = rng.random() < 0.6
        line = plan.court() if turning else plan.polyline()
        plan.add_road(line, NEW, (float(np.clip(width, 12, 18)), colour, marked and not turning))
    for _ in range(int(rng.integers(1, 4))):
        plan.parking_lot(NEW if rng.random() < 0.7 else GONE)
    plan.town.buildings = [b for b in plan.town.buildings if not _on_new_road(plan, b)]


_RECIPES = {
    "nothing": _nothing,
    "infill": _infill,
    "estate": _estate,
    "road": _road,
    "commerce": _commerce,
    "demolition": _demolition,
    "rebuilding": _rebuilding,
    "court": _court,
    "paving": _paving,
}


def _ground(plan: Layout) -> None:
    """Draw lawns and bare soil around buildings, on the dates on which they exist; fields and meadows change too."""
    rng, town = plan.rng, plan.town
    h, w = plan.shape
    after = int(rng.choice((LAWN, LAWN, SOIL, BARE)))
    old = int(rng.choice((LAWN, LAWN, LAWN, BARE)))
    for which, kind in ((BOTH, old), (NEW, after), (GONE, old)):
        near = around(town, which, (h, w), rng)
        for date in (0, 1):
            # The garden of a demolished building remains.
            if which[date] or which == GONE:
                town.cover[date][near & (town.cover[date] != WATER)] = kind
        if which == NEW and rng.random() < 0.2:  # the ground is already being prepared
            town.cover[0][near & (town.cover[0] != LAWN)] = SOIL
    if rng.random() < 0.35:  # crops and meadows are not change
        parcel = int(rng.integers(int(town.parcel.max()) + 1))
        open_land = (town.parcel == parcel) & np.isin(town.cover[1], (GRASS, FIELD, BARE))
        town.cover[1][open_land] = rng.choice((GRASS, FIELD, BARE, SOIL))


def around(town: Town, when: When, shape: tuple[int, int], rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return the ground around all buildings, roads and lots that exist on these dates, with an irregular edge."""
    from PIL import Image, ImageDraw
    from scipy.ndimage import gaussian_filter

    plan = footprint(shape, [b for b in town.buildings if b.when == when])
    wide = gaussian_filter(plan.astype(np.float32), rng.uniform(7, 20), truncate=2.0)
    image = Image.new("L", (shape[1], shape[0]))
    draw = ImageDraw.Draw(image)
    for road in town.roads:
        if road.when == when:
            draw.line(road.points, fill=1, width=int(road.width + rng.uniform(4, 14)), joint="curve")
    for lot in town.lots:
        if lot.when == when and lot.parking:
            draw.polygon(lot.corners, fill=1)
    roads = np.asarray(image) > 0
    ragged = 0.08 * anywhere(fractal(1.2, 72), shape, rng)
    return np.asarray((wide + ragged * (wide > 0.02) > 0.07) | roads)
