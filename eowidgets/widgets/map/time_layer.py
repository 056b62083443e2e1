"""A series on a map: the viewer's frames on any ipyleaflet or leafmap map, scrubbed without a kernel round trip."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Unpack

import traitlets
import xarray as xr

from eowidgets.arguments import Pixels, checked
from eowidgets.errors import InputError
from eowidgets.render.mercator import MercatorSource
from eowidgets.render.source import FrameSource
from eowidgets.widgets.base import css, esm
from eowidgets.widgets.viewer.time_viewer import TimeViewer
from eowidgets.widgets.viewer.typed import TimeLayerOptions

if TYPE_CHECKING:
    import ipyleaflet

#: Traits that are linked with a viewer.
_LINKED = ("date", "bands", "index", "vmin", "vmax", "stretch", "gamma", "cmap", "clouds")


@checked
class TimeLayer(TimeViewer):
    """Frames of a cube on a map that exists already.

    The frames travel to the browser once, in the map's projection. Shown as a widget, the layer is a time axis; the map
    has the picture whether that is shown or not.

    Parameters
    ----------
    cube : Dataset
        With a CRS.
    map : ipyleaflet.Map
        Any map of ipyleaflet, leafmap among them; shown once or several times.
    viewer : TimeViewer, optional
        Date and style follow it, and it follows the layer.
    longest : int
        Longer side of the frames on the map, in pixels; larger cubes are thinned.
    **traits
        As for :class:`TimeViewer`.

    Raises
    ------
    InputError
        Without a CRS, or if ``map`` is not a map.

    Examples
    --------
    >>> import ipyleaflet
    >>> import eowidgets as eow
    >>> from eowidgets.widgets.map.time_layer import TimeLayer
    >>> TimeLayer(eow.open("romania"), ipyleaflet.Map(), index="NDVI", date="2019-07-06")
    TimeLayer: Forest in Romania, Sentinel-2, 2015-08 to 2021-01, 140 dates, NDVI (viridis), 2019-07-06
    """

    _esm = esm("map/time_layer")
    _css = css("viewer/time_viewer")
    map_id: Any = traitlets.Unicode().tag(sync=True)
    visible: Any = traitlets.Bool(True).tag(sync=True)
    credit: Any = traitlets.Unicode().tag(sync=True)
    #: While a shape is being drawn on the map, clicks are its corners.
    drawing: Any = traitlets.Bool(False).tag(sync=True)
    #: Name in the list of the map's layers.
    name = "frame"

    def __init__(
        self,
        cube: xr.Dataset,
        map: ipyleaflet.Map,
        *,
        viewer: TimeViewer | None = None,
        longest: Pixels = 1024,
        **traits: Unpack[TimeLayerOptions],
    ) -> None:
        if not hasattr(map, "model_id") or not hasattr(map, "layers"):
            raise InputError(f"A layer needs a map of ipyleaflet or leafmap, not {type(map).__name__}.")
        self._longest = longest
        given: dict[str, Any] = dict(traits)
        if viewer is not None:
            given = {n: getattr(viewer, n) for n in _LINKED} | given
        given["map_id"] = map.model_id
        super().__init__(cube, **given)
        self.credit = escape(str(self.cube.attrs.get("attribution", ""))[:200])
        if viewer is not None:
            self.follow(viewer)

    def follow(self, viewer: TimeViewer) -> None:
        """Keep date and style in step with a viewer, in the browser at once.

        Parameters
        ----------
        viewer : TimeViewer
            The viewer.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> viewer, area_map = eow.TimeViewer(cube), eow.AreaMap(cube)
        >>> area_map.frames.follow(viewer)
        >>> area_map.frames.group == viewer.store_id
        True
        """
        if not viewer.group:
            viewer.group = viewer.store_id
        self.group = viewer.group
        for name in _LINKED:
            traitlets.link((viewer, name), (self, name))

    def _source(self, cube: xr.Dataset | xr.DataArray, key: str = "cube") -> FrameSource:
        return MercatorSource(cube, longest=self._longest, key=key)

    def __repr__(self) -> str:
        """Return title, number of dates, layer and date; the same in every run."""
        title, dates, _, date, what = super().__repr__().split(": ", 1)[1].rsplit(", ", 4)
        return f"TimeLayer: {title}, {dates}, {what}, {date}"
