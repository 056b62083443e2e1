"""Labels that grow click by click, and the map that follows them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.arguments import Count, Name, checked
from eowidgets.contract.labels import ClassInfo, Labels
from eowidgets.contract.labels.labels import LabelsLike
from eowidgets.contract.labels.pixels import cover
from eowidgets.cube.admission import admit
from eowidgets.cube.area import Area, AreaLike
from eowidgets.cube.globe import lonlat
from eowidgets.cube.grid import geobox, georeference, north_up, pixel
from eowidgets.errors import InputError, shown
from eowidgets.learn.material import thinned
from eowidgets.learn.session import editing
from eowidgets.learn.session.features import GridFeatures, Tile
from eowidgets.learn.session.live_map import LiveMap, Pixels, dataset
from eowidgets.learn.session.parcels import parcels
from eowidgets.learn.session.places import LEAST, Place, spread
from eowidgets.models.taught.model import TaughtModel

Array = npt.NDArray[Any]
#: Pixels of a field that a click labels, about.
FIELD = 36
#: Pixels above which only the part in view is mapped at once.
SMALL = 4_000_000
#: Names of the classes of a session without labels.
FIRST = ("class 1", "class 2")
#: Added to the uncertainty of places that are unlike everything that was labelled.
UNLIKE = 0.5


@checked
class TeachSession:
    """Label places of a cube, and map the rest with a model that is fitted again after every label.

    Parameters
    ----------
    cube : Dataset
    labels : optional
        Whatever ``eow.Labels.of`` takes: the labels to begin with.
    area : optional
        Whatever ``eow.Area.of`` takes: the map and the proposed places lie in it.
    by : str
        Who labels; written with each label. Empty by default.
    features : str, optional
        As for :func:`eowidgets.teach`; by default what suits the number of dates and the resolution.

    Attributes
    ----------
    cube : Dataset
        Georeferenced, rows from north to south.
    labels : Labels
    live : LiveMap
        The map.

    Raises
    ------
    InputError
        For a cube without a CRS, or labels that are numbers or pixels.

    Examples
    --------
    >>> import eowidgets as eow
    >>> session = TeachSession(eow.open("romania"))
    >>> session.rename_class("class 1", "forest")
    >>> session.click(22.1505, 45.2035, "forest", size=None)
    1
    >>> session.labels.counts()
    {'forest': 1, 'class 2': 0}
    """

    def __init__(
        self,
        cube: xr.Dataset,
        labels: LabelsLike | None = None,
        area: AreaLike | None = None,
        *,
        by: str = "",
        features: str | None = None,
    ) -> None:
        self.cube = north_up(georeference(admit(cube)))
        self.box = geobox(self.cube)
        self.by = by
        self.area = None if area is None else Area.of(area)
        self._lock = threading.RLock()
        self._undone: list[Labels] = []
        self._listeners: list[Callable[[], None]] = []
        self._covered: dict[bytes, tuple[Array, Array]] = {}
        self._parcels: dict[tuple[Tile, int], Array] = {}
        self.labels = editing.no_labels(())
        for name in FIRST:
            self.labels = editing.with_class(self.labels, name)
        if labels is not None:
            self.labels = _usable(Labels.of(labels))
        inside = None if self.area is None else np.asarray(self.area.mask(self.box))
        self.live = LiveMap(GridFeatures(self.cube, features), inside)

    @property
    def grid(self) -> GridFeatures:
        """The features of the pixels."""
        return self.live.grid

    @property
    def small(self) -> bool:
        """Whether the whole cube is mapped after every label."""
        height, width = self.grid.shape
        return height * width <= SMALL

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call a function after every change of labels or classes."""
        self._listeners.append(callback)

    # --- classes ------------------------------------------------------------------------------------------------

    def add_class(self, name: Name, color: str | None = None) -> None:
        """Add a class; without a colour it gets one that no other class has."""
        self._change(editing.with_class(self.labels, name, color))

    def rename_class(self, old: str, new: Name) -> None:
        """Give a class another name."""
        self._change(self.labels.renamed(old, new))

    def color_class(self, name: str, color: str) -> None:
        """Give a class another colour."""
        self._change(editing.recolored(self.labels, name, color))

    def merge_classes(self, names: Sequence[str], into: Name) -> None:
        """Make one class of several, which keep their labels."""
        self._change(self.labels.merged(list(names), into))

    def remove_class(self, name: str) -> None:
        """Remove a class and its labels."""
        self._change(editing.without_class(self.labels, name))

    # --- labels -------------------------------------------------------------------------------------------------

    def click(self, lon: float, lat: float, name: str, *, size: Count | None = FIELD, image: str = "") -> int:
        """Label the field, or the pixel, that holds a point; labels of other classes there are replaced.

        Parameters
        ----------
        lon, lat : float
            In degrees.
        name : str
            Of the class.
        size : int, optional
            Pixels of a field, about; None labels the pixel alone.
        image : str
            Date of the image that was looked at.

        Returns
        -------
        int
            How many labels were added: 0 where the place has a label of this class already.

        Raises
        ------
        InputError
            For a point outside the cube, or a class that does not exist.
        MissingExtraError
            For a field, without scikit-image.
        """
        row, column = pixel(self.cube, lon, lat)
        one = editing.class_of(self.labels, name)
        here = self.labels_at(row, column)
        targets = self.labels.table["target"]
        if any(targets.iloc[i] == one.value for i in here):
            return 0
        shape = self.pixel_shape(row, column) if size is None else self.field(row, column, size)
        self._add(shape, name, image, replaced=here)
        return 1

    def draw(self, area: AreaLike, name: str, *, image: str = "") -> None:
        """Label the pixels of a polygon.

        Raises
        ------
        InputError
            If it holds no pixel of the cube, or there is no such class.
        """
        import shapely.geometry

        shape = shapely.geometry.shape(Area.of(area).geojson)
        if not len(self._cover(shape)[0]):
            raise InputError("The polygon lies outside the cube: draw it on the picture.")
        self._add(shape, name, image)

    def _add(self, shape: Any, name: str, image: str, replaced: Sequence[int] = ()) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        kept = editing.without_labels(self.labels, replaced)
        self._change(editing.with_label(kept, shape, name, by=self.by, labelled=now, image=image))

    def erase(self, lon: float, lat: float) -> int:
        """Remove the labels at a point, and return how many there were."""
        return self.remove(self.labels_at(*pixel(self.cube, lon, lat)))

    def remove(self, numbers: Sequence[int]) -> int:
        """Remove labels by their number in the table, and return how many there were."""
        if numbers:
            self._change(editing.without_labels(self.labels, list(numbers)))
        return len(numbers)

    def add_labels(self, source: LabelsLike) -> int:
        """Add the labels of a file or of whatever ``eow.Labels.of`` takes, and return how many were added."""
        given = _usable(Labels.of(source))
        mine = self.labels
        if not len(mine):  # names that nobody chose are replaced
            kept = tuple(c for c in mine.classes if c.name not in FIRST)
            mine = replace(mine, classes=kept) if kept else replace(given, table=given.table.iloc[:0])
        self._change(mine + given)
        return len(given)

    def clear(self) -> None:
        """Remove all labels; the classes stay."""
        if len(self.labels):
            self._change(editing.no_labels(self.labels.classes))

    def undo(self) -> bool:
        """Take the last change back, and return whether there was one."""
        with self._lock:
            if not self._undone:
                return False
            self.labels = self._undone.pop()
        self._tell()
        return True

    def _change(self, labels: Labels) -> None:
        with self._lock:
            self._undone.append(self.labels)
            self.labels = labels
        self._tell()

    def start_with(self, labels: Labels) -> None:
        """Take labels as those that the session begins with."""
        self.labels, self._undone = _usable(labels), []
        self._tell()

    def _tell(self) -> None:
        for callback in self._listeners:
            callback()

    # --- places -------------------------------------------------------------------------------------------------

    def labels_at(self, row: int, column: int) -> list[int]:
        """Return the numbers of the labels that cover a pixel."""
        found = []
        for number, shape in enumerate(self.labels.table["geometry"]):
            rows, columns = self._cover(shape)
            if bool(((rows == row) & (columns == column)).any()):
                found.append(number)
        return found

    def pixel_shape(self, row: int, column: int) -> Any:
        """Return the centre of a pixel in degrees."""
        from shapely.geometry import Point

        lon, lat = lonlat(self.box, [column + 0.5], [row + 0.5])
        return Point(float(lon[0]), float(lat[0]))

    def superpixels(self, row: int, column: int, size: Count = FIELD) -> tuple[Tile, Array]:
        """Return the patches of ground around a pixel.

        Parameters
        ----------
        row, column : int
        size : int
            Pixels of a patch, about.

        Returns
        -------
        Tile
        array, shape of the tile
            Number of the patch of each pixel, -1 where nothing was observed.
        """
        tile = self.grid.tile_at(row, column)
        if (tile, size) not in self._parcels:
            self._parcels[tile, size] = parcels(np.asarray(self.grid.of(tile), "float32"), size)
        return tile, self._parcels[tile, size]

    def field(self, row: int, column: int, size: Count = FIELD) -> Any:
        """Return the outline in degrees of the patch of ground that holds a pixel.

        Raises
        ------
        InputError
            Where nothing was observed.
        MissingExtraError
            Without scikit-image.
        """
        import shapely
        from rasterio.features import shapes
        from shapely.geometry import shape

        tile, found = self.superpixels(row, column, size)
        number = found[row - tile.top, column - tile.left]
        if number < 0:
            raise InputError("Nothing was observed at this place: click another.")
        mask = found == number
        outline = shapely.union_all([shape(s) for s, _ in shapes(mask.astype("uint8"), mask=mask)])
        corner = np.array([tile.left, tile.top])
        return shapely.transform(outline, lambda at: np.stack(lonlat(self.box, *(at + corner).T), axis=1))

    def _cover(self, shape: Any) -> tuple[Array, Array]:
        key = shape.wkb
        if key not in self._covered:
            one = np.empty(1, dtype=object)
            one[0] = shape
            found = cover(one, self.box)
            self._covered[key] = found.row, found.column
        return self._covered[key]

    def pixels(self) -> Pixels:
        """Return the labelled pixels; those with labels of different classes are left out."""
        table, order = self.labels.table, {c.value: i for i, c in enumerate(self.labels.classes)}
        parts = [self._cover(shape) for shape in table["geometry"]]
        sizes = [len(rows) for rows, _ in parts]
        none = np.zeros(0, "int64")
        rows, columns = (np.concatenate([none, *(part[i] for part in parts)]) for i in range(2))
        label = np.repeat(np.arange(len(parts)), sizes)
        target = np.array([order[v] for v in table["target"].tolist()], "int64")[label] if len(parts) else none
        place = rows * self.grid.shape[1] + columns
        pair = np.unique(np.stack([place, target]), axis=1)
        several, count = np.unique(pair[0], return_counts=True)
        kept = ~np.isin(place, several[count > 1])
        _, first = np.unique(place[kept], return_index=True)
        chosen = np.flatnonzero(kept)[np.sort(first)]
        chosen = chosen[thinned(label[chosen], target[chosen], 0)] if len(chosen) else chosen
        return Pixels(rows[chosen], columns[chosen], target[chosen], label[chosen])

    # --- the map ------------------------------------------------------------------------------------------------

    def fit(self) -> TaughtModel:
        """Fit the model to the labels.

        Raises
        ------
        InputError
            Without labels, or with labels of one class only.
        """
        found = self.pixels()
        if not len(found.rows):
            raise InputError("There is no label yet: choose a class and click places of it on the picture.")
        return self.live.fit(found, self.labels.classes, self.labels.name)

    def repaint(
        self, view: Tile | None = None, checkpoint: Callable[[], None] = lambda: None
    ) -> Iterator[tuple[Tile, float]]:
        """Fit the model, and predict tile by tile: those in view first, then, of a small cube, the rest.

        Parameters
        ----------
        view : Tile, optional
            What is looked at; the whole cube by default.
        checkpoint : callable
            Called between steps; may raise to stop.

        Yields
        ------
        Tile
            The tile that was predicted.
        float
            Share that is done.
        """
        self.fit()
        first = self.grid.tiles(view)
        rest = [tile for tile in self.grid.tiles() if tile not in first] if self.small else []
        for done, tile in enumerate([*first, *rest], 1):
            checkpoint()
            self.grid.of(tile, checkpoint)
            self.live.predict(tile)
            yield tile, done / (len(first) + len(rest))

    def map(self, part: Tile | None = None) -> xr.Dataset:
        """Return the class map with probability, and where the ground is unlike everything that was labelled.

        Parameters
        ----------
        part : Tile, optional
            Part of the grid; by default all of it.

        Returns
        -------
        Dataset
            ``class``, ``class_probability`` and ``class_unlike``; no class where the model was not run yet.
        """
        whole = part or Tile(0, 0, *self.grid.shape)
        rows, columns = whole.slices
        return dataset(
            self.live.values(whole), self.labels.classes, self.cube.isel(y=rows, x=columns), self.labels.name
        )

    # --- where to label next ------------------------------------------------------------------------------------

    def least_sure(self, count: Count = 10, view: Tile | None = None) -> list[Place]:
        """Return places that are worth a label: uncertain, unlike what was labelled, and spread over the map.

        Parameters
        ----------
        count : int
        view : Tile, optional
            Part of the map to look in.

        Raises
        ------
        InputError
            Before the model was fitted.
        """
        from scipy.ndimage import uniform_filter

        labelled = self._need_map()

        def score(tile: Tile) -> Array:
            one = self.live.predict(tile)
            doubt = 1 - np.where(np.isfinite(one.margin), one.margin, 1)
            # Of a place, not of a pixel on an edge.
            found = uniform_filter(doubt + UNLIKE * one.unlike, 3, mode="nearest") / (1 + UNLIKE)
            return np.where(np.isfinite(one.margin), found, -np.inf)

        return self._proposed(score, count, view, labelled)

    def more_like(
        self,
        positive: Sequence[tuple[float, float]],
        negative: Sequence[tuple[float, float]] = (),
        count: Count = 10,
    ) -> list[Place]:
        """Return places that resemble some points and not others, ranked by a small classifier.

        Parameters
        ----------
        positive, negative : sequence of (float, float)
            Longitude and latitude; without negative ones, pixels spread over the cube take their place.
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
        """Return places that resemble the labels of a class and not those of others.

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
            raise InputError("There is no map yet: label places of two classes first.")
        return self.live.pixels.rows, self.live.pixels.columns

    def _proposed(
        self,
        score: Callable[[Tile], Array],
        count: int,
        view: Tile | None,
        near: tuple[Array, Array],
        least: int = LEAST,
    ) -> list[Place]:
        rows, columns, scores = [], [], []
        for tile in self.grid.tiles(view):
            if not self.grid.has(tile):
                continue
            found = score(tile)
            here = (near[0] >= tile.top) & (near[0] < tile.bottom) & (near[1] >= tile.left) & (near[1] < tile.right)
            found[near[0][here] - tile.top, near[1][here] - tile.left] = -np.inf
            y, x = np.nonzero(np.isfinite(found))
            rows.append(y + tile.top), columns.append(x + tile.left), scores.append(found[y, x])
        if not rows:
            return []
        row, column, value = (np.concatenate(parts) for parts in (rows, columns, scores))
        # A few pixels of each label are enough to keep a distance from it.
        some = np.linspace(0, len(near[0]) - 1, min(len(near[0]), 200)).astype(int)
        chosen = spread(value, row, column, count, (near[0][some], near[1][some]), least)
        lon, lat = lonlat(self.box, column[chosen] + 0.5, row[chosen] + 0.5)
        return [
            Place(float(a), float(b), int(row[i]), int(column[i]), float(value[i]))
            for a, b, i in zip(lon, lat, chosen, strict=True)
        ]

    def __repr__(self) -> str:
        """Return how many labels of how many classes there are."""
        return f"TeachSession: {len(self.labels)} labels of {len(self.labels.classes)} classes"


def _usable(labels: Labels) -> Labels:
    if labels.raster is not None:
        raise InputError("These labels are the pixels of a raster, which cannot be edited: give points or polygons.")
    if labels.numeric:
        raise InputError("These labels are numbers, and a map of classes is taught here: use  eow.teach(cube, labels).")
    return labels
