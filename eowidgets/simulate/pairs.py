"""Two images of a simulated place at half a metre, years apart, and the true changes between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.errors import InputError, unknown
from eowidgets.simulate.camera import Light, draw_light, exposed, lit
from eowidgets.simulate.happen import draw_town
from eowidgets.simulate.structures import plant, stamp
from eowidgets.simulate.texture import anywhere, fractal
from eowidgets.simulate.town import FIELD, FOREST, GROUND, SCENARIOS, WATER, Town

Image = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

METRES = 0.5
#: Smaller numbers of changed pixels are edge effects, not a changed object.
LEAST = 12
CROWNS = np.array([(0.24, 0.31, 0.17), (0.20, 0.25, 0.14), (0.30, 0.35, 0.18)], np.float32)
BARE_CROWN = np.array((0.40, 0.36, 0.31), np.float32)


@dataclass(slots=True, eq=False)
class Pair:
    """Two images and their reference data.

    Attributes
    ----------
    before, after : ndarray, shape (3, h, w), float32
        Red, green, blue, 0..1.
    buildings, roads : ndarray, shape (2, h, w), bool
        Visible buildings and roads on each date.
    change : ndarray, shape (h, w), uint8
        Values of :data:`CHANGES`: new or vanished objects; buildings have priority over roads.
    town : Town
        All objects of the place.
    """

    before: Image
    after: Image
    buildings: Mask
    roads: Mask
    change: npt.NDArray[np.uint8]
    town: Town

    def cube(self) -> xr.Dataset:
        """Return both images as a cube of two dates, bands red, green and blue, with the reference as layer ``change``."""
        import odc.geo.xr  # noqa: F401
        import rioxarray  # noqa: F401

        h, w = self.change.shape
        coords = {
            "time": np.array(["2016-05-01", "2022-08-01"], "datetime64[ns]"),
            "y": 5_000_000 - METRES * (np.arange(h) + 0.5),
            "x": 500_000 + METRES * (np.arange(w) + 0.5),
        }
        both = np.stack([self.before, self.after])
        dims = ("time", "y", "x")
        bands = {b: (dims, both[:, i], {"units": "1"}) for i, b in enumerate(("red", "green", "blue"))}
        cube: xr.Dataset = xr.Dataset(coords=coords).rio.write_crs("EPSG:32633").rio.write_transform()
        cube = cube.assign(bands)
        cube["valid"] = (dims, np.ones(both[:, 0].shape, bool))
        cube["clouds"] = (dims, np.zeros(both[:, 0].shape, bool))
        cube["change"] = (("y", "x"), self.change, {"role": "layer", "long_name": "what changed"})
        cube.attrs = {"title": "Simulated pair", "sensor": "aerial", "source": "eowidgets simulator of pairs"}
        return cube


def simulate_pair(
    *,
    height: int = 256,
    width: int = 256,
    scenario: str = "any",
    seed: int = 0,
    grounds: Sequence[Image] = (),
) -> Pair:
    """Simulate two images of a place taken years apart.

    Roofs, roads, drives, parking lots with cars, pools and trees are drawn with their heights, lit by the sun of each
    date and seen from its angle: shadows move, roofs are displaced, trees lose leaves, crops and lawns change colour,
    cars come and go, and the second image is misregistered by up to about a pixel. None of that is change. New or
    vanished buildings and roads are.

    Parameters
    ----------
    height, width : int
        Pixels of half a metre, at least 64 each.
    scenario : str
        Key of :data:`~eowidgets.simulate.town.SCENARIOS`, or ``"any"``: drawn by their frequencies.
    seed : int
        The same seed gives the same pair, bit for bit.
    grounds : sequence of ndarray, shape (3, h, w)
        Real images whose texture is used for the ground, any positive scale.

    Returns
    -------
    Pair

    Raises
    ------
    InputError
        For an unknown scenario or a size that is too small.

    Examples
    --------
    >>> pair = simulate_pair(height=64, width=64, scenario="nothing", seed=3)
    >>> int(pair.change.max())
    0
    """
    if scenario != "any" and scenario not in SCENARIOS:
        raise unknown("scenario", scenario, [*SCENARIOS, "any"])
    if min(height, width) < 64:
        raise InputError(f"A pair of {height} x {width} pixels is too small: give at least 64 x 64.")
    rng = np.random.default_rng([seed, 7])
    shape = (height, width)
    town = draw_town(shape, rng, scenario)
    fixed = _fixed(town, shape, rng, grounds)
    images, buildings, roads, changed = (
        [],
        np.zeros((2, *shape), bool),
        np.zeros((2, *shape), bool),
        np.zeros(shape, np.uint8),
    )
    for date in (0, 1):
        light = draw_light(rng)
        albedo, tall, masks = _draw(town, date, light, fixed, rng)
        buildings[date], roads[date] = masks[0], masks[1] & ~masks[0]
        changed[masks[3] & ~masks[0]] = np.maximum(changed, 1)[masks[3] & ~masks[0]]
        changed[masks[2]] = 2
        images.append(exposed(lit(albedo, tall, light), light, rng, moved=date == 1))
    for value in (1, 2):
        if np.count_nonzero(changed == value) < LEAST:
            changed[changed == value] = 0
    return Pair(images[0], images[1], buildings, roads, changed, town)


@dataclass(slots=True)
class _Fixed:
    """Shared by both dates: textures and colours of the parcels."""

    grain: Image
    blotch: Image
    borrowed: Image
    rows: Image
    tone: npt.NDArray[np.float32]


def _fixed(town: Town, shape: tuple[int, int], rng: np.random.Generator, grounds: Sequence[Image]) -> _Fixed:
    parcels = int(town.parcel.max()) + 1
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    angle, gap = rng.uniform(0, np.pi), rng.uniform(3, 9)
    rows = np.sin((x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / gap)).astype(np.float32)
    borrowed = np.ones((3, *shape), np.float32)
    if len(grounds) and rng.random() < 0.8:
        picture = grounds[int(rng.integers(len(grounds)))]
        zoom = int(rng.integers(1, 5))
        need = (-(-shape[0] // zoom), -(-shape[1] // zoom))
        r0, c0 = (int(rng.integers(0, max(s - n, 0) + 1)) for s, n in zip(picture.shape[1:], need, strict=True))
        part = picture[:, r0 : r0 + need[0], c0 : c0 + need[1]]
        part = np.pad(part, ((0, 0), (0, need[0] - part.shape[1]), (0, need[1] - part.shape[2])), mode="reflect")
        if zoom > 1:
            from scipy.ndimage import zoom as stretch

            part = stretch(part, (1, zoom, zoom), order=1)
        part = part[:, : shape[0], : shape[1]]
        part = np.rot90(part, 2 * int(rng.integers(2)), (1, 2))
        share = part / np.maximum(part.mean(axis=(1, 2), keepdims=True), 1e-6)
        borrowed = (np.clip(share, 0.3, 2.5) ** rng.uniform(0.4, 1.0)).astype(np.float32)
    return _Fixed(
        anywhere(fractal(0.6, 81), shape, rng),
        anywhere(fractal(1.4, 82), shape, rng),
        borrowed,
        rows,
        np.exp(0.12 * rng.standard_normal((parcels, 1)) + 0.04 * rng.standard_normal((parcels, 3))).astype(np.float32),
    )


def _draw(
    town: Town, date: int, light: Light, fixed: _Fixed, rng: np.random.Generator
) -> tuple[Image, Image, tuple[Mask, Mask, Mask, Mask]]:
    """Draw colour and height of one date; masks of buildings, roads, changed buildings, changed roads."""
    from PIL import Image as Picture
    from PIL import ImageDraw

    shape = town.parcel.shape
    albedo = _ground(town, date, light, fixed, rng)
    tall = np.zeros(shape, np.float32)
    road_mask, road_changed = np.zeros(shape, bool), np.zeros(shape, bool)
    grain = 1 + 0.04 * fixed.grain + 0.05 * fixed.blotch
    size = (shape[1], shape[0])

    def painted(draw_it: object) -> Mask:
        plan = Picture.new("L", size)
        draw_it(ImageDraw.Draw(plan))  # type: ignore[operator]
        return np.asarray(plan) > 0

    for lot in (t for t in town.lots if t.when[date]):
        where = painted(lambda d, c=lot.corners: d.polygon(c, fill=1))
        albedo[:, where] = (lot.colour[:, None, None] * light.tint * grain)[:, where]
        if lot.parking:
            _park(albedo, lot.corners, where, rng)
    for road in (r for r in town.roads if r.when[date]):
        width = max(int(road.width), 2)
        where = painted(lambda d, r=road, w=width: d.line(r.points, fill=1, width=w, joint="curve"))
        albedo[:, where] = (road.colour[:, None, None] * light.tint * grain)[:, where]
        if road.marked:
            middle = painted(lambda d, r=road: d.line(r.points, fill=1, width=1))
            albedo[:, middle] = 0.75
        road_mask |= where
        if road.when != (True, True):
            road_changed |= where
    _drive_cars(town, date, albedo, tall, rng)
    for pool in (p for p in town.pools if p.when[date]):
        box = (pool.x - pool.radius, pool.y - 0.7 * pool.radius, pool.x + pool.radius, pool.y + 0.7 * pool.radius)
        albedo[:, painted(lambda d, b=box: d.ellipse(b, fill=1))] = np.array((0.25, 0.55, 0.66))[:, None]
    building_mask, building_changed = np.zeros(shape, bool), np.zeros(shape, bool)
    for building in (b for b in town.buildings if b.when[date]):
        mine = np.zeros(shape, bool) if building.when != (True, True) else building_mask
        tint = light.tint * float(np.exp(rng.normal(0, 0.06)))
        stamp(building, albedo, tall, mine, light.lean, tint, fixed.grain)
        if building.when != (True, True):
            building_mask |= mine
            building_changed |= mine
    leafless = light.green < 0.35 and rng.random() < 0.5
    jitter = np.exp(0.1 * rng.standard_normal(3)).astype(np.float32)
    for tree in (t for t in town.trees if t.when[date]):
        if building_mask[tree.y, tree.x] or road_mask[tree.y, tree.x]:
            continue
        colour = CROWNS[tree.kind] * jitter * np.float32(0.8 + 0.03 * tree.variant)
        if leafless:
            colour = BARE_CROWN * np.float32(0.85 + 0.03 * tree.variant)
        plant(albedo, tall, tree.y, tree.x, tree.radius, tree.variant, colour, 2.0 * tree.radius, bare=leafless)
    return albedo, tall, (building_mask, road_mask, building_changed, road_changed)


def _ground(town: Town, date: int, light: Light, fixed: _Fixed, rng: np.random.Generator) -> Image:
    """Return the colour of the ground: its kind, the season, and the tones of the parcel and of the year."""
    parcels = len(fixed.tone)
    dry, green = (np.array([g[i] for g in GROUND], np.float32) for i in (1, 2))
    season = np.clip(light.green + 0.15 * rng.standard_normal(parcels), 0, 1).astype(np.float32)
    this_year = np.exp(0.08 * rng.standard_normal((parcels, 1))).astype(np.float32)
    # Kind and parcel to colour: (kinds, parcels, 3).
    table = dry[:, None] + season[None, :, None] * (green - dry)[:, None]
    table = table * (fixed.tone * this_year)[None]
    kind = town.cover[date].astype(np.intp)
    albedo = np.ascontiguousarray(table[kind, town.parcel].transpose(2, 0, 1))
    own = anywhere(fractal(1.1, 83), kind.shape, rng)
    rough = 1 + 0.07 * fixed.grain + 0.10 * fixed.blotch + 0.06 * own
    albedo *= fixed.borrowed * rough.clip(0.4, 1.8)
    albedo *= 1 + 0.08 * fixed.rows * (kind == FIELD)
    albedo[:, kind == FOREST] *= 0.8
    water = kind == WATER
    albedo[:, water] = (0.9 * np.array(GROUND[WATER][2], np.float32)[:, None, None] * (1 + 0.04 * own))[:, water]
    return np.asarray(albedo, np.float32)


def _park(albedo: Image, corners: list[tuple[float, float]], where: Mask, rng: np.random.Generator) -> None:
    """Draw markings and rows of parked cars, which differ between dates."""
    (ax, ay), (bx, by), (cx, cy) = corners[0], corners[1], corners[2]
    along, across = np.array([bx - ax, by - ay]), np.array([cx - bx, cy - by])
    wide, deep = float(np.hypot(*along)), float(np.hypot(*across))
    along, across = along / max(wide, 1e-6), across / max(deep, 1e-6)
    full = rng.uniform(0.0, 0.8)
    for v in np.arange(6, deep - 6, 22):
        for u in np.arange(4, wide - 4, 6):
            if rng.random() < full:
                centre = np.array([ax, ay]) + u * along + v * across
                _box(albedo, centre, across, 4.5, 2.0, _car(rng), where)


def _drive_cars(town: Town, date: int, albedo: Image, tall: Image, rng: np.random.Generator) -> None:
    for road in (r for r in town.roads if r.when[date]):
        for _ in range(int(rng.poisson(2))):
            i = int(rng.integers(len(road.points) - 1))
            a, b = np.array(road.points[i]), np.array(road.points[i + 1])
            along = (b - a) / max(float(np.hypot(*(b - a))), 1e-6)
            side = np.array([-along[1], along[0]]) * rng.choice((-1, 1)) * road.width / 4
            _box(albedo, a + rng.random() * (b - a) + side, along, 4.5, 2.0, _car(rng), None)


def _car(rng: np.random.Generator) -> Image:
    grey = rng.choice((0.15, 0.3, 0.55, 0.85))
    return np.asarray(np.clip(grey + 0.1 * rng.standard_normal(3), 0.05, 0.95), np.float32)


def _box(
    albedo: Image,
    centre: npt.NDArray[np.float64],
    along: npt.NDArray[np.float64],
    a: float,
    b: float,
    colour: Image,
    where: Mask | None,
) -> None:
    h, w = albedo.shape[1:]
    x0, y0 = int(centre[0]) - 6, int(centre[1]) - 6
    if x0 < 0 or y0 < 0 or x0 + 13 > w or y0 + 13 > h:
        return
    gy, gx = np.mgrid[y0 : y0 + 13, x0 : x0 + 13]
    u = (gx - centre[0]) * along[0] + (gy - centre[1]) * along[1]
    v = (gy - centre[1]) * along[0] - (gx - centre[0]) * along[1]
    inside = (np.abs(u) < a) & (np.abs(v) < b)
    if where is not None:
        inside &= where[y0 : y0 + 13, x0 : x0 + 13]
    albedo[:, y0 : y0 + 13, x0 : x0 + 13][:, inside] = colour[:, None]
