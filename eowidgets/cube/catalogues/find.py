"""``eow.find``: what a catalogue has of an area, and what reading it costs, before it is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from annotated_types import Interval, doc

from eowidgets.arguments import Count, Positive, checked
from eowidgets.cube.area import AreaLike
from eowidgets.cube.catalogues.found import Found
from eowidgets.cube.catalogues.query import Query
from eowidgets.cube.catalogues.reading import sizes_of
from eowidgets.cube.catalogues.selection import select
from eowidgets.cube.open import CatalogueSource, Dates

Cloud = Annotated[float, Interval(ge=0, le=100), doc("the largest cloud cover in per cent, from 0 to 100")]


@checked
def find(
    catalogue: CatalogueSource,
    *,
    area: AreaLike | None = None,
    dates: Dates | None = None,
    cloud: Cloud | None = None,
    bands: str | Sequence[str] | None = None,
    resolution: Positive | None = None,
    collections: str | Sequence[str] | None = None,
    limit: Count = 10_000,
    measure: bool = True,
    timeout: Positive = 10.0,
    remote: bool = False,
    tick: Callable[[], None] | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Found:
    """Find the images that a catalogue has of an area, without reading them.

    Parameters
    ----------
    catalogue : str, Path, dict or pystac object
        A name of :func:`eowidgets.catalogues` such as ``"sentinel-2"``, the address of a STAC API or collection, a static
        catalogue (path or address), or STAC items.
    area : optional
        What :meth:`eowidgets.Area.of` takes. Named catalogues need it.
    dates : str or sequence, optional
        Solar days, as for :func:`eowidgets.open`.
    cloud : float, optional
        Largest cloud cover of a day in per cent, as the catalogue states it for whole images. Days without a statement
        are kept.
    bands : str or sequence of str, optional
        Bands for the estimate and for ``open``; by default those of the catalogue's entry.
    resolution : float, optional
        Pixel size for the estimate and for ``open``, in units of the CRS.
    collections : str or sequence of str, optional
        Collections to search, instead of those of the catalogue's entry.
    limit : int
        Most images that are taken; a sentence in ``problems`` states where there are more.
    measure : bool
        Whether the header and one tile of one file are read, to measure time and compression.
    timeout : float
        Seconds to wait for each answer of a server.
    remote : bool
        Whether a local catalogue may name addresses, and a server hosts in private networks.
    tick : callable, optional
        Called without arguments before each request and while waiting; what it raises ends the search.
    progress : callable, optional
        Called after each page with the number of images so far, and the number that the server states or None.

    Returns
    -------
    Found
        ``.table`` (one row per date), ``.estimate`` (bytes and seconds of reading), ``.problems`` (what the server failed
        to give), ``.select(dates)``, ``.open()``, ``.code()``.

    Raises
    ------
    InputError
        For an unknown name, no area, reversed dates, an area or dates without an image: one sentence, with the nearest
        names.
    SourceError
        If the server failed before it gave anything.

    Examples
    --------
    >>> find("sentinel-3", area=(22, 45, 22.1, 45.1))
    Traceback (most recent call last):
        ...
    eowidgets.errors.InputError: There is no catalogue named 'sentinel-3'. Did you mean 'sentinel-2' or 'sentinel-1' or ...
    """
    query = Query.of(
        catalogue,
        area=area,
        dates=dates,
        cloud=cloud,
        bands=bands,
        resolution=resolution,
        collections=collections,
        limit=limit,
        remote=remote,
    )
    selection = select(query, timeout=timeout, tick=tick, on_page=progress)
    if tick is not None:
        tick()
    return Found(selection, sizes_of(selection, measure=measure, timeout=timeout))
