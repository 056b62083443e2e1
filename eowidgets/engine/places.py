"""Places of a cube, given as the geometries of a table, with one result each."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from eowidgets.contract.model import Model
from eowidgets.contract.prepare import check_inputs, resolution_of, wanted_bands
from eowidgets.cube.admission import admit
from eowidgets.cube.grid import georeference
from eowidgets.engine.blame import blame
from eowidgets.engine.fitted import Fitted
from eowidgets.engine.items import Items, Share
from eowidgets.engine.predict import Piece, Site
from eowidgets.engine.provenance import content_hash, describe
from eowidgets.engine.reader import RasterBlock, Reader
from eowidgets.engine.surroundings import kept
from eowidgets.engine.workload import days_of, for_one_run, learn_from
from eowidgets.errors import InputError, shown, warn_user


@dataclass(frozen=True)
class Place:
    """One place.

    Attributes
    ----------
    x, y : float
        Its centroid in pixels of the cube.
    geometry : shapely geometry
        In the CRS of the cube.
    """

    x: float
    y: float
    geometry: Any


class Places(Items):
    """Places of a cube; subclasses define what is read of each.

    Parameters
    ----------
    model : Model
    cube : Dataset
    places : GeoDataFrame
    """

    what = "places"
    formats = (".gpkg", ".parquet")
    #: Call in the provenance.
    call: ClassVar[str]

    def __init__(self, model: Model, cube: xr.Dataset, places: Any) -> None:
        if not (hasattr(places, "to_crs") and hasattr(places, "geometry")) or places.crs is None:
            raise InputError("places must be a GeoDataFrame with a CRS: open the file with geopandas.read_file(...).")
        self.cube, self._table = georeference(admit(cube)), places
        with blame(model, "when it was given this cube"), kept():
            self.model = for_one_run(model)
            check_inputs(self.model, self.cube)
            self.bands = wanted_bands(self.model, self.cube)
        dates = self.cube["time"].values.astype("datetime64[ns]")
        with blame(model, "when it was asked for its dates"), kept():
            self.dates = Fitted(self.model).out_dates(dates)
        resolution = resolution_of(self.cube) or 1.0
        self.site = Site(self.bands, days_of(dates), days_of(self.dates), self.cube.odc.geobox, resolution)
        self.reader = Reader(self.cube, self.bands)

    def content(self) -> str:
        """Return a fingerprint of the pixels and of the places."""
        shapes = hashlib.sha256("".join(self._table.geometry.to_wkb(hex=True).fillna("")).encode())
        return (
            f"{content_hash(self.cube, self.bands)} {shapes.hexdigest()} {list(self._table.columns)} {self._table.crs}"
        )

    def learn(self, log: Callable[[str], None]) -> None:
        """Let the model learn from the cube."""
        learn_from(self.model, self.cube, log)

    def __len__(self) -> int:
        return len(self._table)

    @property
    def pixels(self) -> float:
        """Pixels times dates of all places."""
        return float(len(self) * self.size[0] * self.size[1] * len(self.site.days))

    @cached_property
    def places(self) -> list[Place | None]:
        """The places that lie in the cube; None for others."""
        shapes = self._table.geometry.to_crs(str(self.site.geobox.crs))
        inverse, (height, width) = ~self.site.geobox.affine, self.site.geobox.shape
        found: list[Place | None] = []
        for shape, centre in zip(shapes, shapes.centroid, strict=True):
            x, y = inverse @ (centre.x, centre.y) if centre is not None and not centre.is_empty else (np.nan, np.nan)
            found.append(Place(x, y, shape) if 0 <= x < width and 0 <= y < height else None)
        return found

    @abstractmethod
    def read(self, place: Place) -> RasterBlock | None:
        """Read the model's input of one place; None without data."""

    def shares(self, batch: int) -> Iterator[Share]:
        """Read some places at a time."""
        rows, columns = (slice(0, n) for n in self.size)
        dates = slice(0, len(self.site.days))
        for start in range(0, len(self), batch):
            some = range(start, min(start + batch, len(self)))
            read = {i: self.read(p) for i in some if (p := self.places[i]) is not None}
            numbers = [i for i, block in read.items() if block is not None]
            pieces = [
                Piece(block, rows, columns, dates, self.site.lonlat(p.y, p.x))
                for i, block in read.items()
                if block is not None and (p := self.places[i]) is not None
            ]
            yield Share(numbers, pieces, self.site, self.dates, self.model, len(some))

    def table(self, numbers: list[int], columns: dict[str, list[Any]]) -> Any:
        """Return the places with the results as further columns."""
        taken = [name for name in columns if name in self._table.columns]
        if taken:
            raise InputError(f"The places have a column {shown(taken[0])} already: rename it, or drop it first.")
        outside = sum(place is None for place in self.places)
        if outside:
            warn_user(f"{outside} of {len(self)} places lie outside the cube and have no result.")
        return self._table.iloc[numbers].assign(**columns)

    def notes(self, seed: int, engine: dict[str, Any]) -> dict[str, Any]:
        """Return the provenance of a run over the cube."""
        notes = describe(self.model, self.cube, self.bands, None, seed, engine)
        return {**notes, "call": self.call, self.call: len(self)}
