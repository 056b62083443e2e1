"""Open STAC items, collections, static catalogues and APIs as lazy cubes.

Each module holds one step: `addresses` (what a document may name), `documents` (reading JSON), `find` (which items),
`assets` (which bands an item has), `scenes` (how their numbers become physical values), `grid` (the common pixel
grid), `reader` (pixels, through odc-stac) and `load` (the whole).
"""

from eowidgets.cube.sources.stac.find import is_stac
from eowidgets.cube.sources.stac.load import open_stac

__all__ = ["is_stac", "open_stac"]
