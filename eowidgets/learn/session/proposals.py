"""Propose places to label next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.arguments import Count, checked
from eowidgets.contract.labels import ClassInfo, Labels
from eowidgets.cube.globe import lonlat
from eowidgets.cube.grid import pixel
from eowidgets.errors import InputError, shown
from eowidgets.learn.session import editing
from eowidgets.learn.session.features import GridFeatures, Tile
from eowidgets.learn.session.live_map import LiveMap, Pixels
from eowidgets.learn.session.places import LEAST, Place, spread

Array = npt.NDArray[Any]
#: Added to the uncertainty of places outside the area of applicability.
UNLIKE = 0.5


@checked
class Proposals:
    """Mix-in of :class:`~eowidgets.learn.session.session.TeachSession`."""

    cube: Any
    box: Any
    labels: Labels
    live: LiveMap
    grid: GridFeatures
    pixels: Callable[[], Pixels]

    def least_sure(self, count: Count = 10, view: Tile | None = None) -> list[Place]:
        """Return places to label next: uncertain, unlike the labelled places, and spread over the map.

        Parameters
        ----------
        count : int
        view : Tile, optional
            Part of the map to search.

        Raises
        ------
        InputError
            If the model is not fitted.
        """
        from scipy.ndimage import uniform_filter

        labelled = self._need_map()

        def score(tile: Tile) -> Array:
            one = self.live.predict(tile)
            doubt = 1 - np.where(np.isfinite(one.margin), one.margin, 1)
            # The mean of a neighbourhood, so that single pixels on edges are not selected.
            found = uniform_filter(doubt + UNLIKE * one.unlike, 3, mode="nearest") / (1 + UNLIKE)
            return np.where(np.isfinite(one.margin), found, -np.inf)

        return self._proposed(score, count, view, labelled)

    def more_like(
        self,
        positive: Sequence[tuple[float, float]],
        negative: Sequence[tuple[float, float]] = (),
        count: Count = 10,
    ) -> list[Place]:
        """Return places similar to some points and dissimilar to others, ranked by a small classifier.

        Parameters
        ----------
        positive, negative : sequence of (float, float)
            Longitude and latitude; without negative points, pixels spread over the cube are used.
        count : int

        Raises
        ------
        InputError
            Without a positive point, or for a point outside the cube.
        """
        if not positive:
            raise InputError("positive of TeachSession.more_like is empty: give at least one point.")
        at = np.array([pixel(self.cube, lon, lat) for lon, lat in (*positive, *negative)], "int64").reshape(-1, 2)
        target = np.repeat([1, 0], [len(positive), len(negative)])
        pixels = Pixels(at[:, 0], at[:, 1], target, np.arange(len(at)))
        return self._like(pixels, count)

    def more_of(self, name: str, count: Count = 10) -> list[Place]:
        """Return places similar to the labels of a class and dissimilar to those of others.

        Raises
        ------
        InputError
            If the class has no label.
        """
        one, found = editing.class_of(self.labels, name), self.pixels()
        index = self.labels.classes.index(one)
        if not (found.target == index).any():
            raise InputError(f"The class {shown(one.name)} has no label yet: label a place of it first.")
        return self._like(replace(found, target=(found.target == index).astype("int64")), count)

    def _like(self, pixels: Pixels, count: int) -> list[Place]:
        tiles = [tile for tile in self.grid.tiles() if self.grid.has(tile)]
        for tile in [] if tiles else self.grid.tiles()[:1]:
            self.grid.of(tile)
        if not (pixels.target == 0).any():
            rng, (height, width) = np.random.default_rng(0), self.grid.shape
            other = rng.integers(0, [height, width], (min(200, height * width), 2))
            pixels = Pixels(
                np.concatenate([pixels.rows, other[:, 0]]),
                np.concatenate([pixels.columns, other[:, 1]]),
                np.concatenate([pixels.target, np.zeros(len(other), "int64")]),
                np.concatenate([pixels.label, pixels.label.max() + 1 + np.arange(len(other))]),
            )
        ranking = LiveMap(self.grid, self.live.inside)
        ranking.fit(pixels, (ClassInfo(0, "other", "#888888"), ClassInfo(1, "like", "#0072b2")), "like")

        def score(tile: Tile) -> Array:
            one = ranking.predict(tile)
            chance = np.where(one.classes == 1, one.probability, 1 - one.probability)
            return np.where(np.isfinite(chance), chance, -np.inf)

        like = pixels.target == 1
        labelled = self.pixels()
        near = (
            np.concatenate([pixels.rows[like], labelled.rows]),
            np.concatenate([pixels.columns[like], labelled.columns]),
        )
        return self._proposed(score, count, None, near, least=5 * count)

    def _need_map(self) -> tuple[Array, Array]:
        if self.live.model is None or self.live.pixels is None or not self.live.done():
            raise InputError(
                "There is no map yet: label places of two classes, and draw the map first (panels do so; in code, call repaint)."
            )
        return self.live.pixels.rows, self.live.pixels.columns

    def _proposed(
        self,
        score: Callable[[Tile], Array],
        count: int,
        view: Tile | None,
        near: tuple[Array, Array],
        least: int = LEAST,
    ) -> list[Place]:
        parts: list[tuple[Array, Array, Array]] = []
        for tile in self.grid.tiles(view):
            if not self.grid.has(tile):
                continue
            found = score(tile)
            here = (near[0] >= tile.top) & (near[0] < tile.bottom) & (near[1] >= tile.left) & (near[1] < tile.right)
            found[near[0][here] - tile.top, near[1][here] - tile.left] = -np.inf
            y, x = np.nonzero(np.isfinite(found))
            parts.append((y + tile.top, x + tile.left, found[y, x]))
        if not parts:
            return []
        row, column, value = (np.concatenate(values) for values in zip(*parts, strict=True))
        # A few pixels of each label are enough for the minimum distance.
        some = np.linspace(0, len(near[0]) - 1, min(len(near[0]), 200)).astype(int)
        chosen = spread(value, row, column, count, (near[0][some], near[1][some]), least)
        lon, lat = lonlat(self.box, column[chosen] + 0.5, row[chosen] + 0.5)
        return [
            Place(float(a), float(b), int(row[i]), int(column[i]), float(value[i]))
            for a, b, i in zip(lon, lat, chosen, strict=True)
        ]
