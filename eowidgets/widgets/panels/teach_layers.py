"""Layers that a teach panel adds to viewer and map: the class map, labels, proposed places, and pins of the last labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import rioxarray  # noqa: F401  (gives .rio)
import xarray as xr

from eowidgets.contract.labels import ClassInfo
from eowidgets.cube.export.layers import NO_CLASS
from eowidgets.cube.grid import geobox
from eowidgets.learn.session import Place, TeachSession
from eowidgets.learn.session.features import Tile
from eowidgets.render.result import result_picture, thin

Array = npt.NDArray[Any]
CLASSES, PROBABILITY, TESTED, LABELS, NEXT = "class map", "probability", "tested map", "labels", "places to label"
ALL = (CLASSES, PROBABILITY, TESTED, LABELS, NEXT)
#: Pins of the last labels; a viewer keeps six.
PINNED = 5
#: Pixels of the ring around a proposed place, and of the view around it.
RING, AROUND = 3.0, 24
#: Side, in pixels, of the part in view that of a large cube that is mapped after every label.
VIEW = 768
#: Width in pixels of the stripes that mark uncertain areas.
STRIPE = 2
_PROPOSED = {
    "flag_values": np.array([1, 2], "uint8"),
    "flag_meanings": "proposed this_one",
    "colors": "#f0e442 #ffffff",
    "nodata": NO_CLASS,
    "long_name": NEXT,
}


class TeachLayers:
    """Draw the state of a session on viewer and map.

    Parameters
    ----------
    session : TeachSession
    viewer : TimeViewer or None
    map : AreaMap or None
    """

    def __init__(self, session: TeachSession, viewer: Any, map: Any) -> None:
        self.session, self.viewer, self.map = session, viewer, map
        #: The class map of the tested model.
        self.tested: xr.Dataset | None = None
        #: Extent and legend of each layer of the viewer: if they are unchanged, only pixels are sent.
        self._sent: dict[str, str] = {}

    def view(self) -> Tile:
        """Return the part of the grid in view; for a large cube, at most the part that is mapped at once."""
        seen = self._seen()
        if self.session.small:
            return seen
        (top, bottom), (left, right) = (_middle(*ends) for ends in ((seen.top, seen.bottom), (seen.left, seen.right)))
        return Tile(top, left, bottom, right)

    def _seen(self) -> Tile:
        height, width = self.session.grid.shape
        whole = Tile(0, 0, height, width)
        bounds = list(getattr(self.viewer, "bounds", None) or [])
        if len(bounds) != 4:
            return whole
        west, south, east, north = bounds
        inverse = ~self.session.box.affine
        (x0, y0), (x1, y1) = inverse @ (west, north), inverse @ (east, south)
        top, left = max(0, int(np.floor(min(y0, y1)))), max(0, int(np.floor(min(x0, x1))))
        bottom, right = min(height, int(np.ceil(max(y0, y1)))), min(width, int(np.ceil(max(x0, x1))))
        return Tile(top, left, bottom, right) if top < bottom and left < right else whole

    def part(self) -> Tile:
        """Return the part of the grid that layers cover: all of a small cube, the tiles in view of a large one."""
        if self.session.small:
            return Tile(0, 0, *self.session.grid.shape)
        tiles = self.session.grid.tiles(self.view())
        return Tile(
            min(t.top for t in tiles),
            min(t.left for t in tiles),
            max(t.bottom for t in tiles),
            max(t.right for t in tiles),
        )

    def look_at(self, place: Place) -> None:
        """Centre the view on a proposed place."""
        if self.viewer is not None:
            affine, (height, width) = self.session.box.affine, self.session.grid.shape
            # Within the cube if it is large enough: at its edge half of the view would be empty.
            row = min(max(place.row + 0.5, min(AROUND, height / 2)), max(height - AROUND, height / 2))
            column = min(max(place.column + 0.5, min(AROUND, width / 2)), max(width - AROUND, width / 2))
            x0, y0 = affine @ (column - AROUND, row - AROUND)
            x1, y1 = affine @ (column + AROUND, row + AROUND)
            self.viewer.bounds = [float(v) for v in (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))]
        elif self.map is not None:
            self.map.center = (place.lat, place.lon)

    # --- layers -------------------------------------------------------------------------------------------------

    def show_map(self, what: str, opacity: float, hatch: bool) -> None:
        """Show the classes, their probability, or neither."""
        drawn = {"classes": CLASSES, "probability": PROBABILITY, "tested": TESTED}.get(what)
        if drawn != TESTED and self.session.live.model is None:
            drawn = None
        for name in (CLASSES, PROBABILITY, TESTED):
            if name != drawn:
                self.drop(name)
        if drawn is None:
            return
        if drawn == TESTED:
            if self.tested is not None:
                self._put(self.tested, TESTED, opacity)
            return
        found = self.session.map(self.part())
        name = self.session.labels.name
        if drawn == PROBABILITY:
            layer = found[[f"{name}_probability"]].rename({f"{name}_probability": PROBABILITY})
        else:
            layer = found[[name]].rename({name: CLASSES})
            if hatch:
                row, column = np.indices(layer[CLASSES].shape)
                striped = found[f"{name}_unlike"].values & ((row + column) // STRIPE % 2 == 0)
                layer[CLASSES].values[striped] = NO_CLASS
        self._put(layer, drawn, opacity)

    def show_labels(self) -> None:
        """Show the labelled pixels in the colours of their classes."""
        labels = self.session.labels
        if not len(labels):
            self.drop(LABELS)
            return
        part = self.part()
        image = np.full(part.shape, NO_CLASS, "uint8")
        for shape, value in zip(labels.table["geometry"], labels.table["target"].tolist(), strict=True):
            rows, columns = self.session.ground.cover(shape)
            here = (rows >= part.top) & (rows < part.bottom) & (columns >= part.left) & (columns < part.right)
            image[rows[here] - part.top, columns[here] - part.left] = value
        self._put(self._layer(image, part, LABELS, legend(labels.classes, LABELS)), LABELS, 1.0)

    def show_places(self, places: Sequence[Place], at: int) -> None:
        """Show rings around the proposed places; the ring of the current one is white."""
        if not places:
            self.drop(NEXT)
            return
        part = self.part()
        image = np.full(part.shape, NO_CLASS, "uint8")
        side = np.arange(-int(RING) - 1, int(RING) + 2)
        down, across = (a.ravel() for a in np.meshgrid(side, side, indexing="ij"))
        ring = np.abs(np.hypot(down, across) - RING) < 0.6
        for number, place in enumerate(places):
            rows, columns = place.row + down[ring] - part.top, place.column + across[ring] - part.left
            here = (rows >= 0) & (rows < part.shape[0]) & (columns >= 0) & (columns < part.shape[1])
            image[rows[here], columns[here]] = 2 if number == at else 1
        self._put(self._layer(image, part, NEXT, _PROPOSED), NEXT, 1.0)

    def _layer(self, image: Array, part: Tile, name: str, attrs: dict[str, Any]) -> xr.Dataset:
        rows, columns = part.slices
        empty: xr.Dataset = self.session.cube.isel(y=rows, x=columns)
        empty = empty.drop_vars(list(empty.data_vars)).drop_dims("time", errors="ignore")
        made: xr.Dataset = empty.assign({name: (("y", "x"), image, attrs)})
        return made

    def _put(self, layer: xr.Dataset, name: str, opacity: float) -> None:
        if self.viewer is not None:
            self._to_viewer(layer, name, opacity)
        if self.map is not None:
            at = thin(layer)
            rgba, key = result_picture(at[name])
            self.map.show_image(rgba, geobox(at), name, key, opacity)

    def _to_viewer(self, layer: xr.Dataset, name: str, opacity: float) -> None:
        values = layer[name]
        key = repr([values.dtype, values.shape, float(layer.x[0]), float(layer.y[0]), values.attrs])
        old = next((k for k in self.viewer.layers if k["key"] == name), None)
        if old is not None and self._sent.get(name) == key and values.dtype == np.uint8:
            self.viewer.update_region(name, 0, 0, 0, values.values, band=name)
        else:
            self.viewer.add_layer(layer, name, opacity=opacity)
            self._sent[name] = key
        others = [k for k in self.viewer.layers if k["key"] not in ALL]
        mine = sorted((k for k in self.viewer.layers if k["key"] in ALL), key=lambda k: ALL.index(k["key"]))
        visible = old is None or old["visible"]
        mine = [{**k, "visible": visible, "opacity": opacity} if k["key"] == name else k for k in mine]
        if self.viewer.layers != [*others, *mine]:
            self.viewer.layers = [*others, *mine]

    def drop(self, name: str) -> None:
        """Remove a layer, if it exists."""
        if self.viewer is not None and any(k["key"] == name for k in self.viewer.layers):
            self.viewer.remove_layer(name)
        if self.map is not None:
            self.map.drop_image(name)


def _middle(low: int, high: int) -> tuple[int, int]:
    start = max(low, (low + high - VIEW) // 2)
    return start, min(high, start + VIEW)


def legend(classes: Sequence[ClassInfo], name: str) -> dict[str, Any]:
    """Return the attributes by which a class map has names and colours."""
    return {
        "flag_values": np.array([c.value for c in classes], "uint8"),
        "flag_meanings": " ".join("_".join(c.name.split()) for c in classes),
        "colors": " ".join(c.color for c in classes),
        "nodata": NO_CLASS,
        "long_name": name,
    }


class LabelPins:
    """The last labels as pins in the colours of their classes, and the user's changes of these pins.

    Parameters
    ----------
    session : TeachSession
    """

    def __init__(self, session: TeachSession) -> None:
        self.session = session
        #: Position of the click of each label, by its shape.
        self._clicked: dict[bytes, tuple[float, float]] = {}
        self._shown: dict[tuple[float, float], bytes] = {}
        self._own: list[dict[str, Any]] = []

    def clicked(self, lon: float, lat: float) -> None:
        """Store the position of the click of the newest label."""
        self._clicked[self.session.labels.table["geometry"].iloc[-1].wkb] = (lon, lat)

    def pins(self) -> list[dict[str, Any]]:
        """Return the pins of the user, and those of the last labels."""
        labels = self.session.labels
        colors = {c.value: c.color for c in labels.classes}
        self._shown, made = {}, []
        for shape, value in list(zip(labels.table["geometry"], labels.table["target"].tolist(), strict=True))[-PINNED:]:
            lon, lat = self._at(shape)
            self._shown[_key(lon, lat)] = shape.wkb
            made.append({"lon": lon, "lat": lat, "color": colors[value]})
        return [*self._own, *made]

    def _at(self, shape: Any) -> tuple[float, float]:
        point = shape.representative_point()
        return self._clicked.get(shape.wkb, (float(point.x), float(point.y)))

    def keep(self, pins: Sequence[dict[str, Any]]) -> None:
        """Store the pins that are not labels as those of the user."""
        self._own = [pin for pin in pins if "lon" in pin and _key(pin["lon"], pin["lat"]) not in self._shown]

    def own(self) -> list[dict[str, Any]]:
        """Return the pins of the user."""
        return list(self._own)

    def changes(self, pins: Sequence[dict[str, Any]]) -> tuple[list[tuple[float, float]], list[int]]:
        """Return the new points, and the numbers of the labels whose pins were removed."""
        now = {_key(pin["lon"], pin["lat"]): pin for pin in pins if "lon" in pin}
        table = self.session.labels.table["geometry"]
        known = {_key(*self._at(shape)) for shape in table} | {_key(p["lon"], p["lat"]) for p in self._own}
        new = [(pin["lon"], pin["lat"]) for key, pin in now.items() if key not in known]
        gone = {shape for key, shape in self._shown.items() if key not in now}
        if not new:
            self._own = [pin for pin in self._own if _key(pin["lon"], pin["lat"]) in now]
        return new, [i for i, shape in enumerate(table) if shape.wkb in gone]


def _key(lon: float, lat: float) -> tuple[float, float]:
    return round(float(lon), 8), round(float(lat), 8)
