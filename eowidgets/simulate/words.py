"""Captions of a simulated pair: facts counted from its reference data, and sentences composed of them.

Words and turns of phrase are those of the captions of LEVIR-CC and LEVIR-MCI (people describing real pairs).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eowidgets.cube.labels import NO_CHANGE, PLACES
from eowidgets.simulate.pairs import Pair
from eowidgets.simulate.town import BARE, DESERT, FIELD, FOREST, GRASS, LAWN, SOIL

GROUNDS = {
    GRASS: "grass",
    FOREST: "woods",
    BARE: "bareland",
    SOIL: "bareland",
    DESERT: "desert",
    FIELD: "grass",
    LAWN: "grass",
}
#: Minimum number of changed pixels of a road that is mentioned.
ROAD_LEAST = 250


@dataclass(frozen=True, slots=True)
class Facts:
    """Changes as counts and places.

    Attributes
    ----------
    houses, halls, roads, parking : int
        Numbers of new objects.
    gone : int
        Number of vanished buildings.
    where : str
        One of :data:`PLACES`, or ``""`` if the change is spread over the image.
    ground : str
        Previous ground: grass, woods, bareland, desert, or ``""``.
    along : bool
        Whether the new buildings are along an existing road.
    """

    houses: int = 0
    halls: int = 0
    roads: int = 0
    parking: int = 0
    gone: int = 0
    where: str = ""
    ground: str = ""
    along: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything changed that captions mention."""
        return bool(self.houses or self.halls or self.roads or self.gone)


def facts(pair: Pair) -> Facts:
    """Count the changes of a pair."""
    if not pair.change.any():
        return Facts()
    town, (h, w) = pair.town, pair.change.shape
    # A house at the edge of the image of which almost nothing is visible is not counted.
    new = [b for b in town.buildings if b.when == (False, True)]
    gone = [b for b in town.buildings if b.when == (True, False)]
    built = pair.change == 2
    if not built.any():
        new, gone = [], []
    road = pair.change == 1
    new_roads = sum(_long(r.points, h, w) for r in town.roads if r.when == (False, True))
    roads = min(new_roads, 9) if road.sum() >= ROAD_LEAST else 0
    thing = built if built.any() else road
    rows, columns = np.nonzero(thing)
    where = ""
    if (
        np.percentile(rows, 90) - np.percentile(rows, 10) < 0.6 * h
        or np.percentile(columns, 90) - np.percentile(columns, 10) < 0.6 * w
    ):
        y, x = rows.mean() / h, columns.mean() / w
        wide_y = np.percentile(rows, 90) - np.percentile(rows, 10) > 0.6 * h
        wide_x = np.percentile(columns, 90) - np.percentile(columns, 10) > 0.6 * w
        i = 1 if wide_y else int(np.digitize(y, (0.36, 0.64)))
        j = 1 if wide_x else int(np.digitize(x, (0.36, 0.64)))
        where = PLACES[i][j] if not (wide_y or wide_x) or (i, j) != (1, 1) else ""
    covers = town.cover[0][thing]
    kind = int(np.bincount(covers).argmax())
    old_roads = pair.roads[0] & ~road
    return Facts(
        houses=sum(not b.large for b in new),
        halls=sum(b.large for b in new),
        roads=roads,
        parking=sum(t.parking and t.when == (False, True) for t in town.lots) if new else 0,
        gone=len(gone),
        where=where,
        ground=GROUNDS.get(kind, ""),
        along=bool(old_roads.sum() > ROAD_LEAST),
    )


def _long(points: list[tuple[float, float]], h: int, w: int) -> bool:
    """Return whether a road extends over at least 40 pixels of the image."""
    p = np.array(points)
    inside = (p[:, 0] > 0) & (p[:, 0] < w) & (p[:, 1] > 0) & (p[:, 1] < h)
    step = np.hypot(*np.diff(p, axis=0).T)
    return bool(step[inside[:-1]].sum() > 40)


def how_many(n: int, one: tuple[str, ...], many: tuple[str, ...]) -> list[str]:
    """Return noun phrases for a number of objects, the likeliest first."""
    if n == 1:
        return [f"a {word}" for word in one]
    words = {2: ("two",), 3: ("three", "some"), 4: ("four", "several"), 5: ("several", "some")}.get(
        n, ("several", "some") if n < 8 else ("many",)
    )
    return [f"{count} {word}" for count in words for word in many]


def templates(f: Facts, rng: np.random.Generator, count: int = 5) -> list[str]:
    """Return sentences that are true of the facts; the five of :data:`NO_CHANGE` if nothing changed."""
    if not f.changed:
        return list(NO_CHANGE[:count])
    return [_sentence(f, rng, i) for i in range(count)]


def _sentence(f: Facts, rng: np.random.Generator, turn: int) -> str:
    things, plural = _things(f, rng)
    if not things:
        what = how_many(f.gone, ("house", "building"), ("houses", "buildings"))[
            0 if f.gone == 1 else int(rng.integers(2))
        ]
        lost = ("disappears", "is removed") if f.gone == 1 else ("disappear", "are removed")
        return _join(what, str(rng.choice(lost)), _where(f, rng) if turn % 2 else _beside(f, rng))
    verb = (
        ("appear", "are built", "are constructed", "have been built")
        if plural
        else ("appears", "is built", "is constructed", "has been built")
    )
    said = str(rng.choice(verb, p=(0.3, 0.4, 0.15, 0.15)))
    if f.ground == "woods" and turn % 3 == 2:
        removed = str(rng.choice(("trees are removed and", "some trees are removed and", "the woods are replaced by")))
        return _join(removed, things, "" if removed.endswith("by") else said)
    place = (_ground, _where, _beside)[turn % 3](f, rng)
    return _join(things, said, place or _ground(f, rng))


def _things(f: Facts, rng: np.random.Generator) -> tuple[str, bool]:
    parts: list[str] = []
    count = 0
    if f.halls:
        parts.append(
            str(rng.choice(how_many(f.halls, ("large building", "building"), ("large buildings", "buildings"))))
        )
        count += f.halls
        if f.parking and rng.random() < 0.6:
            parts[-1] += " with a parking lot"
    if f.houses:
        parts.append(
            str(rng.choice(how_many(f.houses, ("house", "villa", "building"), ("houses", "villas", "buildings"))))
        )
        count += f.houses
    if f.roads:
        parts.append(
            str(rng.choice(how_many(f.roads, ("road",), ("roads",)) if f.roads < 3 else ("some roads", "roads")))
        )
        count += f.roads
    if f.roads and f.houses and rng.random() < 0.5:
        parts.reverse()
    return " and ".join(parts), count > 1


def _where(f: Facts, rng: np.random.Generator) -> str:
    if not f.where:
        return ""
    if " " in f.where:
        return str(rng.choice((f"at the {f.where} corner of the scene", f"in the {f.where} of the scene")))
    if f.where in ("left", "right"):
        return str(rng.choice((f"on the {f.where} side of the scene", f"on the {f.where} of the scene")))
    return f"at the {f.where} of the scene" if f.where != "center" else "in the center of the scene"


def _ground(f: Facts, rng: np.random.Generator) -> str:
    words = {
        "grass": ("on the grass", "in the open space", "on the meadow"),
        "woods": ("in the woods", "in the forest"),
        "bareland": ("on the bareland", "in the bareland"),
        "desert": ("in the desert",),
    }.get(f.ground)
    return str(rng.choice(words)) if words else ""


def _beside(f: Facts, rng: np.random.Generator) -> str:
    if f.along and (f.houses or f.halls or f.gone):
        return str(rng.choice(("along the road", "beside the road")))
    if f.roads and f.houses > 3 and rng.random() < 0.3:
        return "in neat rows"
    return ""


def _join(*parts: str) -> str:
    return " ".join(p for p in parts if p)
