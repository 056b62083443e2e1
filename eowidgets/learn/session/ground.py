"""Labels, superpixels and pixels on the grid of a cube."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.contract.labels import Labels
from eowidgets.contract.labels.pixels import cover
from eowidgets.cube.globe import lonlat
from eowidgets.errors import InputError
from eowidgets.learn.session.features import GridFeatures, Tile
from eowidgets.learn.session.live_map import Pixels
from eowidgets.learn.session.parcels import parcels
from eowidgets.learn.thinning import thinned

Array = npt.NDArray[Any]


class Ground:
    """Find the labels at a pixel, and the pixels of labels; both are cached.

    Parameters
    ----------
    box : GeoBox
    grid : GridFeatures
    """

    def __init__(self, box: Any, grid: GridFeatures) -> None:
        self.box, self.grid = box, grid
        self._covered: dict[bytes, tuple[Array, Array]] = {}
        self._parcels: dict[tuple[Tile, int], Array] = {}

    def labels_at(self, labels: Labels, row: int, column: int) -> list[int]:
        """Return the numbers of the labels that cover a pixel."""
        found = []
        for number, shape in enumerate(labels.table["geometry"]):
            rows, columns = self.cover(shape)
            if bool(((rows == row) & (columns == column)).any()):
                found.append(number)
        return found

    def pixel_shape(self, row: int, column: int) -> Any:
        """Return the centre of a pixel in degrees."""
        from shapely.geometry import Point

        lon, lat = lonlat(self.box, [column + 0.5], [row + 0.5])
        return Point(float(lon[0]), float(lat[0]))

    def superpixels(self, row: int, column: int, size: int) -> tuple[Tile, Array]:
        """Return the superpixels around a pixel.

        Parameters
        ----------
        row, column : int
        size : int
            Approximate number of pixels of a superpixel.

        Returns
        -------
        Tile
        array, shape of the tile
            Number of the superpixel of each pixel, -1 where nothing was observed.
        """
        tile = self.grid.tile_at(row, column)
        if (tile, size) not in self._parcels:
            self._parcels[tile, size] = parcels(np.asarray(self.grid.of(tile), "float32"), size)
        return tile, self._parcels[tile, size]

    def field(self, row: int, column: int, size: int) -> Any:
        """Return the outline in degrees of the superpixel that contains a pixel.

        Raises
        ------
        InputError
            If nothing was observed there.
        MissingExtraError
            Without scikit-image.
        """
        import shapely
        from rasterio.features import shapes
        from shapely.geometry import shape

        tile, found = self.superpixels(row, column, size)
        number = found[row - tile.top, column - tile.left]
        if number < 0:
            raise InputError("Nothing was observed at this place: click another place.")
        mask = found == number
        outline = shapely.union_all([shape(s) for s, _ in shapes(mask.astype("uint8"), mask=mask)])
        corner = np.array([tile.left, tile.top])
        return shapely.transform(outline, lambda at: np.stack(lonlat(self.box, *(at + corner).T), axis=1))

    def cover(self, shape: Any) -> tuple[Array, Array]:
        """Return rows and columns of the pixels of a geometry in degrees."""
        key = shape.wkb
        if key not in self._covered:
            one = np.empty(1, dtype=object)
            one[0] = shape
            found = cover(one, self.box)
            self._covered[key] = found.row, found.column
        return self._covered[key]

    def pixels(self, labels: Labels) -> Pixels:
        """Return the labelled pixels; those with labels of different classes are left out."""
        table, order = labels.table, {c.value: i for i, c in enumerate(labels.classes)}
        parts = [self.cover(shape) for shape in table["geometry"]]
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
