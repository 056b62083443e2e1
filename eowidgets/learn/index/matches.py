"""Results of a search: places in order of similarity, as a table, as pins for the viewer, and as a score map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from eowidgets.arguments import WholeFromZero, checked
from eowidgets.cube.area_file import need_geopandas
from eowidgets.cube.grid import georeference
from eowidgets.errors import InputError
from eowidgets.learn.index.cells import Floats, Ints
from eowidgets.learn.index.nearest import all_scores
from eowidgets.learn.index.ranking import Ranking

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from eowidgets.learn.index.index import Index

#: Share of the pixels below the lower end of the colour scale of a score map, because the matches are at the other end.
LOW = 0.5


@checked
@dataclass(frozen=True, eq=False)
class Matches:
    """Places of an index in order of their score; returned by :meth:`Index.find`.

    Attributes
    ----------
    index : Index
    ranking : Ranking
    rows : array (k,)
        Rows of the index.
    scores : array (k,)
        The cosine or the negative distance to the nearest example; with counter-examples a sum of standardised scores.
    """

    index: Index
    ranking: Ranking
    rows: Ints
    scores: Floats

    @cached_property
    def table(self) -> pd.DataFrame:
        """DataFrame with ``lon``, ``lat``, ``score``, ``title`` and ``date``, the best first."""
        import pandas as pd

        lon, lat, number = self.index.places(self.rows)
        parts = [self.index.parts[i] for i in number]
        columns = {"lon": lon, "lat": lat, "score": self.scores}
        return pd.DataFrame(columns | {"title": [p.title for p in parts], "date": [p.date for p in parts]})

    def gdf(self) -> gpd.GeoDataFrame:
        """Return the table as a GeoDataFrame of points (EPSG:4326).

        Raises
        ------
        MissingExtraError
            Without geopandas.
        """
        geopandas = need_geopandas("A GeoDataFrame")
        points = geopandas.points_from_xy(self.table.lon, self.table.lat)
        return geopandas.GeoDataFrame(self.table.drop(columns=["lon", "lat"]), geometry=points, crs="EPSG:4326")

    @property
    def pins(self) -> list[dict[str, Any]]:
        """Return pins for ``viewer.pins``, named by rank and score."""
        return [
            {"lon": float(lon), "lat": float(lat), "name": f"{i + 1}. score {score:.3g}"}
            for i, (lon, lat, score) in enumerate(zip(self.table.lon, self.table.lat, self.scores, strict=True))
        ]

    def score_map(self, part: WholeFromZero = 0) -> xr.DataArray:
        """Return the score of every pixel of one cube, for a layer.

        Parameters
        ----------
        part : int
            Position of the cube (and date) in ``index.parts``.

        Returns
        -------
        DataArray (y, x)
            NaN for cells without a vector.

        Raises
        ------
        InputError
            For a position that does not exist.
        """
        if part >= len(self.index.parts):
            raise InputError(f"The index has {len(self.index.parts)} parts: part={part} is too large, the first is 0.")
        one, first = self.index.parts[part], sum(len(p.cells) for p in self.index.parts[:part])
        scores = all_scores(self.ranking, self.index.matrix[first : first + len(one.cells)])
        values = np.full(one.box.height * one.box.width, np.nan, np.float32)
        values[one.cells] = scores
        columns, rows = np.arange(one.box.width) + 0.5, np.arange(one.box.height) + 0.5
        affine = one.box.affine
        coords = {"y": affine.f + affine.e * rows, "x": affine.c + affine.a * columns}
        limits = np.quantile(scores, [LOW, 1]) if len(scores) else (0.0, 1.0)
        attrs: dict[str, Any] = {
            "role": "result",
            "long_name": "Similarity to the examples",
            "units": "1",
            "title": one.title,
        }
        attrs |= {"vmin": float(limits[0]), "vmax": float(limits[1])}
        found = xr.Dataset({"similarity": (("y", "x"), values.reshape(one.box.shape), attrs)}, coords)
        return georeference(found.rio.write_crs(one.box.crs.to_wkt()))["similarity"]

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield one mapping per place, the best first."""
        names = [str(name) for name in self.table]
        return (dict(zip(names, row, strict=True)) for row in self.table.itertuples(index=False))

    def __repr__(self) -> str:
        """Show the table."""
        return f"Matches({len(self)} places)\n{self.table.to_string(max_rows=20)}" if len(self) else "Matches(0 places)"

    def _repr_html_(self) -> str:
        return str(self.table.head(20).to_html(float_format="{:.6g}".format))
