"""Images of aircraft on aprons, runways and grass, seen from above, with their rotated boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.errors import InputError, unknown
from eowidgets.simulate.aircraft_types import KINDS, Aircraft, draw_aircraft
from eowidgets.simulate.airfield import Canvas, Colour, draw_ground, draw_things, jittered, rectangle, somewhere

if TYPE_CHECKING:
    import geopandas as gpd

Field = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]

#: Kinds of ground and their frequencies; a town has no aircraft.
PLACES = {"apron": 0.36, "edge": 0.24, "runway": 0.14, "grass": 0.14, "town": 0.12}
BODIES: tuple[Colour, ...] = (
    *((0.74, 0.74, 0.74),) * 5,
    *((0.55, 0.56, 0.58), (0.38, 0.39, 0.41), (0.24, 0.26, 0.24)),
    *((0.62, 0.12, 0.10), (0.10, 0.18, 0.45), (0.70, 0.55, 0.12)),
)
WARPLANES: tuple[Colour, ...] = ((0.38, 0.40, 0.42), (0.26, 0.28, 0.29), (0.20, 0.22, 0.17), (0.34, 0.30, 0.22))
LIVERIES: tuple[Colour, ...] = (
    (0.60, 0.10, 0.10),
    (0.08, 0.15, 0.42),
    (0.10, 0.32, 0.18),
    (0.68, 0.50, 0.10),
    (0.7,) * 3,
)
#: Number of attempts to place an aircraft before it is left out.
TRIES = 12


@dataclass(slots=True, eq=False)
class Airfield:
    """An image and the aircraft in it.

    Attributes
    ----------
    image : ndarray, shape (3, h, w), float32
        Reflectance of red, green, blue, 0..1.
    boxes : ndarray, shape (n, 5)
        Centre x, centre y, length along the fuselage, span (pixels), and the angle of the nose in radians from x towards y;
        (0, 0) is the outer corner of the first pixel.
    kinds : tuple of str
        Type of each aircraft.
    resolution : float
        Metres per pixel.
    """

    image: Field
    boxes: Points
    kinds: tuple[str, ...]
    resolution: float

    def cube(self) -> xr.Dataset:
        """Return the image as a cube of one date."""
        import odc.geo.xr  # noqa: F401
        import rioxarray  # noqa: F401

        height, width = self.image.shape[1:]
        coords = {
            "time": np.array(["2022-08-01"], "datetime64[ns]"),
            "y": 5_000_000 - self.resolution * (np.arange(height) + 0.5),
            "x": 500_000 + self.resolution * (np.arange(width) + 0.5),
        }
        dims, shape = ("time", "y", "x"), (1, height, width)
        bands = {b: (dims, self.image[i][None], {"units": "1"}) for i, b in enumerate(("red", "green", "blue"))}
        cube: xr.Dataset = xr.Dataset(coords=coords).rio.write_crs("EPSG:32633").rio.write_transform()
        cube = cube.assign(bands)
        cube["valid"], cube["clouds"] = (dims, np.ones(shape, bool)), (dims, np.zeros(shape, bool))
        cube.attrs = {"title": "Simulated aircraft", "sensor": "aerial", "source": "eowidgets simulator of aircraft"}
        return cube

    def truth(self) -> gpd.GeoDataFrame:
        """Return the boxes as polygons in the CRS of :meth:`cube`, with the columns ``class`` and ``kind``."""
        import geopandas
        import shapely

        scale = self.resolution * np.array([1, -1])
        shapes = [
            shapely.Polygon(rectangle(b[:2], b[2], b[3], b[4]) * scale + (500_000, 5_000_000)) for b in self.boxes
        ]
        columns = {"class": ["aircraft"] * len(shapes), "kind": list(self.kinds)}
        return geopandas.GeoDataFrame(columns, geometry=shapes, crs="EPSG:32633")


def simulate_aircraft(
    *,
    height: int = 256,
    width: int = 256,
    resolution: float = 0.5,
    place: str = "any",
    cut: bool = False,
    seed: int = 0,
) -> Airfield:
    """Simulate an image of aircraft on the ground.

    Eight types of aircraft, from light ones of 7 m to airliners of 76 m, are drawn in any orientation, alone, in rows or
    along a runway, with their shadows, among buildings, vehicles, painted crosses, masts and trees. Light, haze, blur and noise
    vary between images.

    Parameters
    ----------
    height, width : int
        Pixels, at least 64 each.
    resolution : float
        Metres per pixel, 0.2 to 2.
    place : str
        Key of :data:`PLACES`, or ``"any"``: drawn by their frequencies.
    cut : bool
        Aircraft may extend beyond the image; one whose centre is inside has a box. Otherwise all are complete.
    seed : int
        The same seed gives the same image, bit for bit.

    Returns
    -------
    Airfield

    Raises
    ------
    InputError
        For an unknown place, an image that is too small, or a resolution out of range.

    Examples
    --------
    >>> scene = simulate_aircraft(height=128, width=128, place="apron", seed=1)
    >>> scene.image.shape, scene.boxes.shape[1]
    ((3, 128, 128), 5)
    """
    if place != "any" and place not in PLACES:
        raise unknown("place", place, [*PLACES, "any"])
    if min(height, width) < 64:
        raise InputError(f"An image of {height} x {width} pixels is too small: give at least 64 x 64.")
    if not 0.2 <= resolution <= 2:
        raise InputError(f"The resolution is {resolution:g} m: give 0.2 to 2.")
    rng = np.random.default_rng([seed, 11])
    if place == "any":
        place = str(rng.choice(list(PLACES), p=list(PLACES.values())))
    direction, low = rng.uniform(0, 2 * np.pi), rng.uniform(0.25, 1.6)
    canvas = Canvas(height, width, resolution, low * np.array([np.cos(direction), np.sin(direction)]))
    centre, angle = draw_ground(canvas, place, rng)
    first_things = rng.random() < 0.5  # drawing buildings first leaves less room for aircraft
    if first_things:
        draw_things(canvas, place, rng)
    placed = [] if place == "town" else _fleet(canvas, place, centre, angle, rng, cut)
    if not first_things:
        draw_things(canvas, place, rng)
    for plane, where, heading in placed:
        _paint(canvas, plane, where, heading, rng)
    boxes = np.array([(*where, p.length, p.span, heading) for p, where, heading in placed]).reshape(-1, 5)
    boxes[:, :4] /= resolution
    inside = np.all((boxes[:, :2] > 0) & (boxes[:, :2] < (width, height)), axis=1)
    kinds = tuple(p.kind for (p, _, _), one in zip(placed, inside, strict=True) if one)
    return Airfield(_photographed(canvas.finish(rng), rng), boxes[inside], kinds, resolution)


Placed = tuple[Aircraft, Points, float]


def _fleet(
    canvas: Canvas, place: str, centre: Points, angle: float, rng: np.random.Generator, cut: bool
) -> list[Placed]:
    """Choose aircraft and their positions."""
    area = canvas.extent[0] * canvas.extent[1] / 128**2
    names, shares = list(KINDS), np.array([k.share for k in KINDS.values()])
    if place == "grass":
        shares = shares * np.array([KINDS[n].length[1] < 30 for n in names])
    found: list[Placed] = []
    for _ in range(1 + rng.poisson((0.8 if place == "runway" else 2.0) * area)):
        kind = str(rng.choice(names, p=shares / shares.sum()))
        plane = draw_aircraft(kind, rng)
        for _ in range(TRIES):
            where, heading = somewhere(canvas, rng), float(rng.uniform(0, 2 * np.pi))
            if place == "runway":
                where = centre + (rng.uniform(-0.7, 0.7) * canvas.extent[0]) * np.array([np.cos(angle), np.sin(angle)])
                heading = angle + np.pi * rng.integers(2) + rng.normal(0, 0.03)
            if _put(canvas, plane, where, heading, cut):
                found.append((plane, where, heading))
                if place != "runway" and rng.random() < 0.4:
                    found += _row(canvas, found[-1], rng, cut)
                break
    return found


def _row(canvas: Canvas, first: Placed, rng: np.random.Generator, cut: bool) -> list[Placed]:
    """Place more aircraft of the same type next to the first one."""
    plane, where, heading = first
    gap, slant = plane.span * rng.uniform(1.05, 1.4), rng.choice((0.0, 0.0, 0.3, -0.3))
    step = gap * np.array([-np.sin(heading) + slant * np.cos(heading), np.cos(heading) + slant * np.sin(heading)])
    found: list[Placed] = []
    for i in range(1, int(rng.integers(2, 7))):
        other = draw_aircraft(plane.kind, rng) if rng.random() < 0.3 else plane
        at, turned = where + i * step + rng.normal(0, 0.3, 2), heading + rng.normal(0, 0.02)
        if rng.random() < 0.15:
            continue  # an empty stand
        if not _put(canvas, other, at, turned, cut):
            break
        found.append((other, at, turned))
    return found


def _put(canvas: Canvas, plane: Aircraft, where: Points, heading: float, cut: bool) -> bool:
    """Reserve the position of an aircraft if it is free and, unless ``cut``, inside the image."""
    box = rectangle(where, plane.length, plane.span, heading)
    if not cut and not ((box > 0).all() and (box < canvas.extent).all()):
        return False
    return canvas.free(rectangle(where, 0.92 * plane.length, 0.92 * plane.span, heading))


def _paint(canvas: Canvas, plane: Aircraft, where: Points, heading: float, rng: np.random.Generator) -> None:
    """Draw an aircraft with its colours and its shadow."""
    palette = WARPLANES if plane.kind == "fighter" else BODIES
    body = jittered(palette[int(rng.integers(len(palette)))], rng)
    wing = body if plane.kind in ("fighter", "light") else jittered((0.56, 0.57, 0.58), rng)
    livery = jittered(LIVERIES[int(rng.integers(len(LIVERIES)))], rng) if plane.kind != "fighter" else body
    colours = {"body": body, "wing": wing, "tail": jittered(wing, rng, 0.05), "engine": jittered(wing, rng, 0.2)}
    colours["fin"] = livery if rng.random() < 0.8 else jittered(body, rng, 0.2)
    turn = np.array([(np.cos(heading), np.sin(heading)), (-np.sin(heading), np.cos(heading))])
    for part in plane.parts:
        canvas.raise_(part.points @ turn + where, colours[part.name], part.height, solid=part.name == "fin")
    if plane.kind != "light" and rng.random() < 0.7:  # cockpit windows
        nose = np.array([(0.47, -0.02), (0.455, -0.025), (0.455, 0.025), (0.47, 0.02)]) * plane.length
        canvas.raise_(nose @ turn + where, (0.07, 0.07, 0.08), 0)


def _photographed(albedo: Field, rng: np.random.Generator) -> Field:
    """Apply light, haze, blur and noise."""
    from scipy.ndimage import gaussian_filter

    haze, air = rng.uniform(0, 0.18), np.array((0.16, 0.19, 0.24), np.float32)[:, None, None]
    gain = np.exp(rng.normal(0, 0.18)) * np.exp(rng.normal(0, 0.05, (3, 1, 1)))
    image = (albedo * (1 - haze) + haze * air) * gain
    width = rng.uniform(0.3, 1.1)
    image = gaussian_filter(image, (0, width, width))
    image = image + rng.uniform(0.002, 0.015) * rng.standard_normal(image.shape, dtype=np.float32)
    return np.asarray(image.clip(0, 1), np.float32)
