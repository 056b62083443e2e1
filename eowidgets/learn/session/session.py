"""Labels that are added interactively, and the map that is updated after each of them."""

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
from eowidgets.contract.labels import Labels
from eowidgets.contract.labels.labels import LabelsLike
from eowidgets.cube.admission import admit
from eowidgets.cube.area import Area, AreaLike
from eowidgets.cube.grid import geobox, georeference, north_up, pixel
from eowidgets.errors import InputError
from eowidgets.learn.session import editing
from eowidgets.learn.session.features import GridFeatures, Tile
from eowidgets.learn.session.ground import Ground
from eowidgets.learn.session.live_map import LiveMap, Pixels, dataset
from eowidgets.learn.session.proposals import Proposals
from eowidgets.models.taught.model import TaughtModel

Array = npt.NDArray[Any]
#: Approximate number of pixels of a field that a click labels.
FIELD = 36
#: Number of pixels above which only the part in view is mapped at once.
SMALL = 4_000_000
#: Names of the classes of a session without labels.
FIRST = ("class 1", "class 2")


@checked
class TeachSession(Proposals):
    """Label places of a cube, and map the rest with a model that is fitted again after every label.

    Parameters
    ----------
    cube : Dataset
    labels : optional
        Initial labels: anything that ``eow.Labels.of`` accepts.
    area : optional
        Anything that ``eow.Area.of`` accepts: the extent of the map and of the proposed places.
    by : str
        Name of the labelling person, stored with each label. Empty by default.
    features : str, optional
        As for :func:`eowidgets.teach`; by default chosen by the number of dates and the resolution.

    Attributes
    ----------
    cube : Dataset
        Georeferenced, rows from north to south.
    labels : Labels
    grid : GridFeatures
        The features of the pixels.
    live : LiveMap
        The map.
    ground : Ground
        Labels and superpixels on the grid.

    Raises
    ------
    InputError
        For a cube without a CRS, or labels that are numbers or pixels.

    Examples
    --------
    >>> import eowidgets as eow
    >>> from eowidgets.learn.session import TeachSession
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
        self.labels = editing.no_labels(())
        for name in FIRST:
            self.labels = editing.with_class(self.labels, name)
        if labels is not None:
            self.labels = _usable(Labels.of(labels))
        inside = None if self.area is None else np.asarray(self.area.mask(self.box))
        self.grid = GridFeatures(self.cube, features)
        self.live = LiveMap(self.grid, inside)
        self.ground = Ground(self.box, self.grid)

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
        """Add a class; without a colour it gets an unused one."""
        self._change(editing.with_class(self.labels, name, color))

    def rename_class(self, old: str, new: Name) -> None:
        """Rename a class."""
        self._change(self.labels.renamed(old, new))

    def color_class(self, name: str, color: str) -> None:
        """Change the colour of a class."""
        self._change(editing.recolored(self.labels, name, color))

    def merge_classes(self, names: Sequence[str], into: Name) -> None:
        """Merge several classes into one, which keeps their labels."""
        self._change(self.labels.merged(list(names), into))

    def remove_class(self, name: str) -> None:
        """Remove a class and its labels."""
        self._change(editing.without_class(self.labels, name))

    # --- labels -------------------------------------------------------------------------------------------------

    def click(self, lon: float, lat: float, name: str, *, size: Count | None = FIELD, image: str = "") -> int:
        """Label the field, or the pixel, at a point; labels of other classes there are replaced.

        Parameters
        ----------
        lon, lat : float
            In degrees.
        name : str
            Name of the class.
        size : int, optional
            Approximate number of pixels of a field; None labels the pixel alone.
        image : str
            Date of the displayed image.

        Returns
        -------
        int
            Number of added labels: 0 if the place already has a label of this class.

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
        shape = self.ground.pixel_shape(row, column) if size is None else self.ground.field(row, column, size)
        self._add(shape, name, image, replaced=here)
        return 1

    def draw(self, area: AreaLike, name: str, *, image: str = "") -> None:
        """Label the pixels of a polygon.

        Raises
        ------
        InputError
            If it contains no pixel of the cube, or there is no such class.
        """
        import shapely.geometry

        shape = shapely.geometry.shape(Area.of(area).geojson)
        if not len(self.ground.cover(shape)[0]):
            raise InputError("The polygon lies outside the cube: draw it on the image.")
        self._add(shape, name, image)

    def _add(self, shape: Any, name: str, image: str, replaced: Sequence[int] = ()) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        kept = editing.without_labels(self.labels, replaced)
        self._change(editing.with_label(kept, shape, name, by=self.by, labelled=now, image=image))

    def erase(self, lon: float, lat: float) -> int:
        """Remove the labels at a point, and return their number."""
        return self.remove(self.labels_at(*pixel(self.cube, lon, lat)))

    def remove(self, numbers: Sequence[int]) -> int:
        """Remove labels by their number in the table, and return how many were removed."""
        if numbers:
            self._change(editing.without_labels(self.labels, list(numbers)))
        return len(numbers)

    def add_labels(self, source: LabelsLike) -> int:
        """Add labels from a file or anything that ``eow.Labels.of`` accepts, and return how many were added."""
        given = _usable(Labels.of(source))
        mine = self.labels
        if not len(mine):  # default names are replaced
            kept = tuple(c for c in mine.classes if c.name not in FIRST)
            mine = replace(mine, classes=kept) if kept else replace(given, table=given.table.iloc[:0])
        self._change(mine + given)
        return len(given)

    def clear(self) -> None:
        """Remove all labels; the classes stay."""
        if len(self.labels):
            self._change(editing.no_labels(self.labels.classes))

    def undo(self) -> bool:
        """Revert the last change, and return whether there was one."""
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
        """Replace the initial labels of the session."""
        self.labels, self._undone = _usable(labels), []
        self._tell()

    def _tell(self) -> None:
        for callback in self._listeners:
            callback()

    # --- places -------------------------------------------------------------------------------------------------

    def labels_at(self, row: int, column: int) -> list[int]:
        """Return the numbers of the labels that cover a pixel."""
        return self.ground.labels_at(self.labels, row, column)

    def superpixels(self, row: int, column: int, size: Count = FIELD) -> tuple[Tile, Array]:
        """Return the superpixels around a pixel; see :meth:`Ground.superpixels`."""
        return self.ground.superpixels(row, column, size)

    def pixels(self) -> Pixels:
        """Return the labelled pixels; those with labels of different classes are left out."""
        return self.ground.pixels(self.labels)

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
            raise InputError("There is no label yet: choose a class and click places of it on the image.")
        return self.live.fit(found, self.labels.classes, self.labels.name)

    def repaint(
        self, view: Tile | None = None, checkpoint: Callable[[], None] = lambda: None
    ) -> Iterator[tuple[Tile, float]]:
        """Fit the model, and predict tile by tile: tiles in view first, then, for a small cube, the rest.

        Parameters
        ----------
        view : Tile, optional
            Visible part of the map; the whole cube by default.
        checkpoint : callable
            Called between steps; may raise to stop.

        Yields
        ------
        Tile
            The predicted tile.
        float
            Completed share.
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
        """Return the class map with probability, and the mask of pixels outside the area of applicability.

        Parameters
        ----------
        part : Tile, optional
            Part of the grid; by default all of it.

        Returns
        -------
        Dataset
            ``class``, ``class_probability`` and ``class_unlike``; no class where there is no prediction yet.
        """
        whole = part or Tile(0, 0, *self.grid.shape)
        rows, columns = whole.slices
        return dataset(
            self.live.values(whole), self.labels.classes, self.cube.isel(y=rows, x=columns), self.labels.name
        )

    def __repr__(self) -> str:
        """Return the numbers of labels and classes."""
        return f"TeachSession: {len(self.labels)} labels of {len(self.labels.classes)} classes"


def _usable(labels: Labels) -> Labels:
    if labels.raster is not None:
        raise InputError("These labels are the pixels of a raster, which cannot be edited: give points or polygons.")
    if labels.numeric:
        raise InputError("These labels are numbers, but the session maps classes: use eow.teach(cube, labels).")
    return labels
