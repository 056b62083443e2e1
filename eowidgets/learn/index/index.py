"""``eow.Index``: find places that look like an example."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr
from annotated_types import Len, doc

from eowidgets.arguments import Count, FilePath, NotNegative, checked
from eowidgets.errors import InputError
from eowidgets.learn.index.apart import Points, choose, on_sphere
from eowidgets.learn.index.cells import Floats, Ints, Part, read_parts
from eowidgets.learn.index.examples import ExampleLike, Examples, read_examples
from eowidgets.learn.index.matches import Matches
from eowidgets.learn.index.nearest import EXACT, Graph, all_scores, in_order, need_graph
from eowidgets.learn.index.ranking import BACKGROUND, Ranking
from eowidgets.learn.index.space import Space

Cubes = Annotated[
    xr.Dataset | Annotated[tuple[xr.Dataset, ...], Len(1)],
    doc("a cube with vectors, as eow.embed(cube) returns it, or a list of these"),
]


@checked
class Index:
    """The vectors of one or several cubes, searched by example; make one with :meth:`of` or :meth:`load`.

    Up to five million vectors all are compared; beyond that a graph of neighbours preselects, for which usearch is needed
    (``pip install 'eowidgets[search]'``).

    Parameters
    ----------
    parts : tuple of Part
        One per cube: the places of its vectors.
    vectors : array (n, features), float32
        Vectors of all parts, in the order of the parts.
    space : Space
        How vectors are scaled and compared.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from eowidgets.testing import tiny_cube
    >>> cube = tiny_cube()
    >>> means = np.stack([cube[b].mean("time").values for b in ("red", "nir")])
    >>> vectors = xr.Dataset({"embedding": (("feature", "y", "x"), means)}, {"y": cube.y, "x": cube.x})
    >>> index = Index.of(vectors.rio.write_crs(cube.rio.crs))
    >>> found = index.find(like=(27.001, 45.152), k=3, apart=50)
    >>> len(found), list(found.table)
    (3, ['lon', 'lat', 'score', 'title', 'date'])
    """

    def __init__(self, parts: tuple[Part, ...], vectors: npt.NDArray[np.float32], space: Space) -> None:
        self.parts, self.vectors, self.space = parts, vectors, space
        self.matrix: Floats = space.enter(vectors)
        self._ends = np.cumsum([len(p.cells) for p in parts])

    @classmethod
    def of(
        cls,
        embedded: Cubes,
        metric: Literal["cosine", "euclidean"] = "cosine",
        valid: xr.DataArray | None = None,
    ) -> Index:
        """Make an index of the vectors of cubes.

        Parameters
        ----------
        embedded : Dataset, or list of Datasets
            With a variable ``([time,] feature, y, x)``; of several, all from the same model.
        metric : {"cosine", "euclidean"}
            How vectors are compared, after each feature was brought to mean 0 and standard deviation 1.
        valid : DataArray (y, x) of bool, optional
            Which pixels of a single cube to take; None: those of its variable ``valid``.

        Returns
        -------
        Index
            The index.

        Raises
        ------
        InputError
            For cubes without vectors, with vectors of different lengths, or without a single pixel.
        MissingExtraError
            For more than five million vectors without usearch.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> vectors = eow.embed(tiny_cube(height=16, width=16), "series")
        >>> len(eow.Index.of(vectors))
        256
        """
        cubes = (embedded,) if isinstance(embedded, xr.Dataset) else embedded
        if valid is not None and len(cubes) > 1:
            raise InputError("valid applies to one cube: set the variable 'valid' of each cube instead.")
        found = [one for i, c in enumerate(cubes) for one in read_parts(c, valid, f"cube {i + 1}")]
        lengths = {matrix.shape[1] for _, matrix in found}
        if len(lengths) > 1:
            raise InputError(
                f"The cubes have vectors with different numbers of features, {sorted(lengths)}: embed all with the same model."
            )
        parts = tuple(part for part, _ in found if len(part.cells))
        if not parts:
            raise InputError(
                "The cube has no pixel with a vector: give a cube with observations, and a mask that includes some of them."
            )
        need_graph(sum(len(part.cells) for part in parts))
        kept = [matrix for _, matrix in found if len(matrix)]
        vectors = kept[0] if len(kept) == 1 else np.concatenate(kept)
        return cls(parts, vectors, Space.of(vectors, metric))

    def find(
        self,
        like: ExampleLike,
        unlike: ExampleLike = None,
        k: Count = 10,
        apart: NotNegative = 0.0,
    ) -> Matches:
        """Find the places that are most similar to examples.

        Parameters
        ----------
        like : point, pin, area, vectors, Dataset, or a list of these
            ``(lon, lat)``; ``{"lon": ..., "lat": ...}``; an area, of which all pixels are examples; an array
            ``(features,)`` or ``(n, features)``; or another cube with vectors of the same model.
        unlike : the same, optional
            What the answers must not look like: answers of an earlier search that were wrong, for example.
        k : int
            Number of places.
        apart : float
            Least distance in metres between two answers, and from the examples. 0 also returns neighbours.

        Returns
        -------
        Matches
            The best first; fewer than ``k`` where there are no more. Pixels that are examples are left out.

        Raises
        ------
        InputError
            For a point outside or without a vector, vectors of another length or with NaN, or nothing at all.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube(height=16, width=16)
        >>> west, south, east, north = cube.eow.bounds
        >>> index = eow.Index.of(eow.embed(cube, "series"))
        >>> len(index.find(like=((west + east) / 2, (south + north) / 2), k=3))
        3
        """
        liked = read_examples(like, self.parts, self.vectors, "like")
        none = Examples(self.vectors[:0], np.empty(0, np.int64), np.empty((0, 3)))
        disliked = none if unlike is None else read_examples(unlike, self.parts, self.vectors, "unlike")
        ranking = Ranking.of(
            self.space.enter(liked.vectors), self.space.enter(disliked.vectors), self._background, self.space.metric
        )
        large = len(self.matrix) > EXACT
        ranked = self._graph.in_order(ranking) if large else in_order(all_scores(ranking, self.matrix))
        taken, skip = np.concatenate([liked.points, disliked.points]), np.union1d(liked.rows, disliked.rows)
        rows, scores = choose(ranked, self._on_sphere, k, apart, taken, skip)
        return Matches(self, ranking, rows, scores)

    def save(self, path: FilePath) -> Path:
        """Write the index with its vectors, places and provenance.

        Parameters
        ----------
        path : str or Path
            ``.zarr``, or ``.parquet`` for a GeoParquet table that other tools read (``pip install 'eowidgets[parquet]'``).

        Returns
        -------
        Path

        Examples
        --------
        >>> import eowidgets as eow
        >>> import tempfile
        >>> from pathlib import Path
        >>> from eowidgets.testing import tiny_cube
        >>> index = eow.Index.of(eow.embed(tiny_cube(height=16, width=16), "series"))
        >>> index.save(Path(tempfile.mkdtemp()) / "places.zarr").name
        'places.zarr'
        """
        from eowidgets.learn.index.store import save

        return save(self, path)

    @classmethod
    def load(cls, path: FilePath) -> Index:
        """Read an index that :meth:`save` wrote; nothing in the file is executed.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        Index
            The index.

        Raises
        ------
        InputError, SourceError
            If there is no such file, it is damaged, or it holds something else.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import tempfile
        >>> from pathlib import Path
        >>> from eowidgets.testing import tiny_cube
        >>> index = eow.Index.of(eow.embed(tiny_cube(height=16, width=16), "series"))
        >>> len(eow.Index.load(index.save(Path(tempfile.mkdtemp()) / "places.zarr")))
        256
        """
        from eowidgets.learn.index.store import load

        return cls(*load(path))

    def places(self, rows: npt.NDArray[np.int64]) -> tuple[Points, Points, Ints]:
        """Return longitude, latitude and the number of the part of rows of the index.

        Parameters
        ----------
        rows : array (n,), int
            Positions of vectors.

        Returns
        -------
        (array, array, array), each (n,)
            Longitude and latitude in degrees, and the number of the part.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import numpy as np
        >>> from eowidgets.testing import tiny_cube
        >>> index = eow.Index.of(eow.embed(tiny_cube(height=16, width=16), "series"))
        >>> lon, lat, part = index.places(np.array([0, 1]))
        >>> part.tolist()
        [0, 0]
        """
        number = np.searchsorted(self._ends, rows, side="right")
        lon, lat = np.empty(len(rows)), np.empty(len(rows))
        for i in np.unique(number):
            here, part = number == i, self.parts[i]
            lon[here], lat[here] = part.lonlat(part.cells[rows[here] - (self._ends[i] - len(part.cells))])
        return lon, lat, number

    def __len__(self) -> int:
        """Return the number of vectors."""
        return len(self.vectors)

    def __repr__(self) -> str:
        """Show size, metric and cubes."""
        return f"Index({len(self):,} vectors of {self.vectors.shape[1]}, {self.space.metric}, {_titles(self.parts)})"

    @cached_property
    def _background(self) -> Floats:
        drawn = np.random.default_rng(0).choice(len(self.matrix), min(BACKGROUND, len(self.matrix)), replace=False)
        return self.matrix[np.sort(drawn)]

    @cached_property
    def _graph(self) -> Graph:
        return Graph(self.matrix, self.space.metric)

    def _on_sphere(self, rows: Ints) -> Points:
        lon, lat, _ = self.places(rows)
        return on_sphere(lon, lat)


def _titles(parts: Sequence[Part]) -> str:
    words: list[Any] = [f"{p.title} {p.date}".strip() for p in parts[:3]]
    return ", ".join(words) + (f" and {len(parts) - 3} more" if len(parts) > 3 else "")
